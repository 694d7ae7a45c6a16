"use strict";
/* The number of waiting voicemails on the rail, on every page; a new one is announced once in this browser: words and a tone. */
(() => {
  const NEWS_MS = 15000, SEEN = "uckefu.voicemail";
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
  const tone = async () => {
    if (document.documentElement.dataset.ringing || (typeof Desk !== "undefined" && Desk.inCall?.())) return;
    const audio = new AudioContext();
    await Promise.race([audio.resume(), new Promise((done) => setTimeout(done, 300))]);
    if (audio.state !== "running") { audio.close(); return; } // the browser allows no sound before a click
    for (const [index, hertz] of [660, 880, 660].entries()) {
      const oscillator = audio.createOscillator(), gain = audio.createGain(), at = audio.currentTime + index * 0.15;
      oscillator.frequency.value = hertz;
      gain.gain.setValueAtTime(0.0001, at);
      gain.gain.exponentialRampToValueAtTime(0.12, at + 0.02);
      gain.gain.exponentialRampToValueAtTime(0.0001, at + 0.14);
      oscillator.connect(gain).connect(audio.destination);
      oscillator.start(at);
      oscillator.stop(at + 0.15);
    }
    setTimeout(() => audio.close(), 1000);
  };
  const say = (words) => {
    Toasts.show(words, link.href);
    document.documentElement.dataset.voicemails = String(Number(document.documentElement.dataset.voicemails ?? 0) + 1);
    tone();
  };
  /* Once in this browser, however many pages are open; what waited before the first look is no news. */
  const announce = (newest) => {
    const seen = Number(localStorage.getItem(SEEN) ?? -1), at = newest ? newest.at_us : 0;
    if (at <= seen) return;
    localStorage.setItem(SEEN, String(at));
    if (seen >= 0) say(newest.words);
  };
  const ask = async () => {
    try {
      const answer = await fetch(link.dataset.voicemailCount, { headers: { Accept: "application/json" } });
      if (!answer.ok || answer.redirected) return;
      const { count, newest } = await answer.json();
      show(count);
      announce(newest);
    } catch { /* the page says itself when the server is away */ }
  };
  ask();
  setInterval(ask, NEWS_MS);
})();
