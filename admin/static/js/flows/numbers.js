"use strict";
/* The numbers on the canvas: how many callers passed each arrow on a day; today's come anew while somebody looks. */
const Numbers = (() => {
  const NEWS_MS = 15000;
  const { at, data, text } = Flow;
  const field = at("numbers-day");
  let found = null;

  const load = async () => {
    let answer;
    try { answer = await fetch(`${data.urls.passages}?day=${encodeURIComponent(field.value)}`, { headers: { Accept: "application/json" } }); } catch { return; }
    if (!answer.ok || answer.redirected) return;
    const fresh = await answer.json(), isNew = JSON.stringify(fresh) !== JSON.stringify(found);
    found = fresh;
    const any = Object.keys(found.nodes).length > 0;
    at("numbers-words").textContent = text(any ? "numbers" : "no_numbers");
    if (isNew) Canvas.count(any ? found : null);
    if (isNew) Form.draw();
  };
  const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.round(seconds % 60)).padStart(2, "0")}`;
  /* What is known of the callers of one node, in words. */
  const words = (name) => {
    const about = found?.nodes[name];
    if (!about) return "";
    const parts = [text("passes", { n: about.count.toLocaleString() })];
    if (about.left) parts.push(text("left", { n: about.left.toLocaleString() }));
    if (about.failed) parts.push(text("failed", { n: about.failed.toLocaleString() }));
    if (about.count) parts.push(text("stay", { time: clock(about.seconds) }));
    return parts.join(" · ");
  };
  field.value = data.today;
  field.max = data.today;
  field.addEventListener("change", load);
  setInterval(() => { if (!document.hidden && field.value === data.today) load(); }, NEWS_MS);
  load();
  return { words };
})();
