"use strict";
/* The ring: one window of several sounds (onewindow.js says which), a title, a notification when the page is hidden. */
const Ringing = (() => {
  const { text } = Dom;
  const plainTitle = document.title;
  const favicon = document.getElementById("favicon");
  const plainIcon = favicon?.href;
  let audio = null, beat = null, ringing = null, release = null;

  const tone = () => {
    const begin = audio.currentTime;
    for (const [index, hertz] of [523, 659, 784].entries()) {
      const oscillator = audio.createOscillator(), gain = audio.createGain();
      oscillator.frequency.value = hertz;
      gain.gain.setValueAtTime(0.0001, begin + index * 0.16);
      gain.gain.exponentialRampToValueAtTime(0.25, begin + index * 0.16 + 0.02);
      gain.gain.exponentialRampToValueAtTime(0.0001, begin + index * 0.16 + 0.15);
      oscillator.connect(gain).connect(audio.destination);
      oscillator.start(begin + index * 0.16);
      oscillator.stop(begin + index * 0.16 + 0.16);
    }
  };
  const unlock = async () => {
    audio ??= new AudioContext();
    await Promise.race([audio.resume(), new Promise((done) => setTimeout(done, 300))]);
    document.getElementById("sound-blocked")?.toggleAttribute("hidden", audio.state === "running");
    return audio.state === "running";
  };
  const sound = () => {
    const play = async () => { if (ringing !== null && await unlock()) tone(); };
    document.documentElement.dataset.ringing = "here";
    play();
    beat = setInterval(play, 2000);
  };
  const silence = () => {
    clearInterval(beat);
    delete document.documentElement.dataset.ringing;
    beat = null;
  };
  const letGo = () => { release?.(); release = null; };
  const notify = (name, queue) => {
    if (!document.hidden || !("Notification" in window) || Notification.permission !== "granted") return;
    new Notification(text("notify", { name, queue }), { tag: "uckefu-offer" });
  };
  const soft = () => {
    const begin = audio.currentTime;
    for (const [index, hertz] of [880, 660].entries()) {
      const oscillator = audio.createOscillator(), gain = audio.createGain();
      oscillator.type = "triangle";
      oscillator.frequency.value = hertz;
      gain.gain.setValueAtTime(0.0001, begin + index * 0.12);
      gain.gain.exponentialRampToValueAtTime(0.12, begin + index * 0.12 + 0.02);
      gain.gain.exponentialRampToValueAtTime(0.0001, begin + index * 0.12 + 0.3);
      oscillator.connect(gain).connect(audio.destination);
      oscillator.start(begin + index * 0.12);
      oscillator.stop(begin + index * 0.12 + 0.3);
    }
  };
  let chimedMs = 0;
  return {
    /* One tone for a conversation, in one window only; silent while a call rings or goes on. */
    async chime(name, queue) {
      if (ringing !== null || Desk.inCall() || Date.now() - chimedMs < 1500) return;
      chimedMs = Date.now();
      document.documentElement.dataset.chimes = String(Number(document.documentElement.dataset.chimes ?? 0) + 1);
      const play = async () => {
        if (document.hidden && "Notification" in window && Notification.permission === "granted") new Notification(text("notify_talk", { name, queue }), { tag: "uckefu-talk" });
        if (await unlock()) soft();
        setTimeout(free, 500); // long enough that the other windows find it taken
      };
      const free = OneWindow.hold("chime", { begin: play });
    },
    /* Ring for one offer; a name that is learnt later only changes the title. */
    start(offerId, name, queue) {
      document.title = text("title.ringing", { name });
      if (ringing === offerId) return;
      letGo();
      ringing = offerId;
      if (favicon) favicon.href = favicon.dataset.ringing;
      notify(name, queue);
      release = OneWindow.hold("ring", { begin: sound, end: silence, waits: true });
    },
    stop() {
      if (ringing === null) return;
      ringing = null;
      letGo();
      if (favicon) favicon.href = plainIcon;
      document.title = plainTitle;
    },
    prepare() {
      const blocked = document.getElementById("sound-blocked");
      if (!blocked) return;
      blocked.textContent = blocked.title = text("sound_blocked");
      blocked.addEventListener("click", unlock);
      document.addEventListener("pointerdown", unlock, { once: true });
      document.addEventListener("keydown", unlock, { once: true });
      unlock();
      if ("Notification" in window && Notification.permission === "default")
        document.addEventListener("pointerdown", () => Notification.requestPermission(), { once: true });
    },
  };
})();
