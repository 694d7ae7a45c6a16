"use strict";
/* Small tools of the desktop's scripts: texts from the page, buttons and states (elements.js), running clocks. */
const Dom = (() => {
  const data = JSON.parse(document.getElementById("desk-data").textContent);
  let offset = 0; // server's clock minus ours, in ms

  const text = (key, values = {}) =>
    (data.texts[key] ?? key).replace(/\{(\w+)\}/g, (_all, name) => values[name] ?? "");

  const { element, icon } = Elements;
  const button = (kind, iconName, label, onclick, extra = {}) =>
    element("button", { type: "button", class: `btn ${kind}`, ...(onclick ? { onclick } : {}), ...extra }, icon(iconName), " ", label);
  const state = (name, iconName, label) => element("span", { class: `uc-state uc-s-${name}` }, icon(iconName), " ", label);

  const now = () => Date.now() + offset;
  const setClock = (nowUs) => { offset = nowUs / 1000 - Date.now(); };
  const clock = (seconds) => {
    const whole = Math.max(0, Math.floor(seconds));
    const two = (n) => String(n).padStart(2, "0");
    const hours = Math.floor(whole / 3600);
    const rest = `${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
    return hours ? `${hours}:${rest}` : rest;
  };
  const since = (us) => (us ? (now() - us / 1000) / 1000 : 0);
  /* An instant as a time of day of the centre, wherever the browser is. */
  const timeOfDay = (us) => new Date(us / 1000).toLocaleTimeString("en-GB", { timeZone: data.timezone, hour12: false });
  const running = new Set();
  /* A <time> that says `words(seconds)`; counts up from `from`, or down to `to` (both in µs). */
  const timer = ({ from = null, to = null, words = clock, whole = "uc-num", label = null }) => {
    const node = element("time", { class: whole, "aria-label": label });
    const draw = () => { node.textContent = words(from ? since(from) : -since(to)); };
    draw();
    running.add([node, draw]);
    return node;
  };
  setInterval(() => {
    for (const pair of running) pair[0].isConnected ? pair[1]() : running.delete(pair);
  }, 500);

  /* A message for eight seconds; with `undo` {label, run} a button that takes it back. */
  const toast = (message, undo = null, shownMs = 8000) => {
    const node = element("p", { class: "uc-toast m-0" }, message,
      undo && [" ", element("button", { type: "button", class: "uc-link", onclick: () => { node.remove(); undo.run(); } }, undo.label)]);
    document.getElementById("toasts").append(node);
    setTimeout(() => node.remove(), shownMs);
  };
  return { data, text, element, icon, button, state, now, setClock, clock, since, timeOfDay, timer, toast };
})();
