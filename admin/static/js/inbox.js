"use strict";
/* The number of waiting voicemails on the rail, on every page; asked for anew while the page is seen. */
(() => {
  const NEWS_MS = 30000;
  const link = document.querySelector("[data-voicemail-count]");
  if (!link) return;
  const title = link.title;
  const show = (count) => {
    let badge = link.querySelector(".uc-count");
    if (!badge) {
      badge = document.createElement("span");
      badge.className = "uc-count";
      badge.setAttribute("aria-hidden", "true");
      link.append(badge);
    }
    badge.hidden = count === 0;
    badge.textContent = count > 99 ? "99+" : String(count);
    link.setAttribute("aria-label", count ? `${title} (${count})` : title);
  };
  const ask = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(link.dataset.voicemailCount, { headers: { Accept: "application/json" } });
      if (answer.ok && !answer.redirected) show((await answer.json()).count);
    } catch { /* the page says itself when the server is away */ }
  };
  ask();
  setInterval(ask, NEWS_MS);
})();
