"use strict";
/* The ring: one window of several sounds (elected by a lock), a title, a notification when the page is hidden. */
const Ringing = (() => {
  const { text } = Dom;
  const plainTitle = document.title;
  let audio = null, beat = null, name = null, release = null;

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
    const play = async () => { if (name !== null && await unlock()) tone(); };
    play();
    beat = setInterval(play, 2000);
    return new Promise((done) => { release = done; });
  };
  const silence = () => {
    clearInterval(beat);
    release?.();
    beat = release = null;
  };
  const notify = (queue) => {
    if (!document.hidden || !("Notification" in window) || Notification.permission !== "granted") return;
    new Notification(text("notify", { name, queue }), { tag: "uckefu-offer" });
  };
  return {
    start(who, queue) {
      if (name === who) return;
      name = who;
      document.title = text("title.ringing", { name: who });
      notify(queue);
      if (navigator.locks) navigator.locks.request("uckefu.ring", () => (name === null ? null : sound()));
      else sound();
    },
    stop() {
      if (name === null) return;
      name = null;
      silence();
      document.title = plainTitle;
    },
    prepare() {
      const blocked = document.getElementById("sound-blocked");
      if (!blocked) return;
      blocked.textContent = text("sound_blocked");
      const wake = () => unlock();
      blocked.addEventListener("click", wake);
      document.addEventListener("pointerdown", wake, { once: true });
      document.addEventListener("keydown", wake, { once: true });
      unlock();
      if ("Notification" in window && Notification.permission === "default")
        document.addEventListener("pointerdown", () => Notification.requestPermission(), { once: true });
    },

  };
})();
