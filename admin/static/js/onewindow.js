"use strict";
/* What only one window of this browser does at a time (ringing.js: the ring, the tone of a chat). Web Locks say which;
   a page by plain http has none, so there the windows agree over a BroadcastChannel: whoever asks and hears nothing for
   a moment holds it, a holder answers who asks, of two holders the later one steps back, and who waits asks again, so
   that a window that has crashed holds nothing. */
const OneWindow = (() => {
  const SETTLE_MS = 300, AGAIN_MS = 1000, PATIENT_MS = 2000; // a holder that is busy answers late

  const byLock = (name, { begin, end, waits }) => {
    let done = null, over = false;
    navigator.locks.request(`uckefu.${name}`, waits ? {} : { ifAvailable: true }, (lock) => {
      if (!lock || over) return null;
      begin();
      return new Promise((resolve) => { done = resolve; });
    });
    return () => {
      over = true;
      if (!done) return;
      end();
      done();
      done = null;
    };
  };

  const me = [...crypto.getRandomValues(new Uint32Array(2))].join("-");
  const wishes = new Map();
  let channel = null;
  const tell = (kind, wish) => channel.postMessage({ kind, name: wish.name, from: me, sinceMs: wish.sinceMs });
  const ask = (wish, settleMs = SETTLE_MS) => {
    clearTimeout(wish.timer);
    wish.state = "asks";
    tell("asks", wish);
    wish.timer = setTimeout(() => take(wish), settleMs);
  };
  const take = (wish) => {
    Object.assign(wish, { state: "holds", sinceMs: Date.now() });
    tell("holds", wish);
    wish.begin();
  };
  const wait = (wish) => {
    clearTimeout(wish.timer);
    if (!wish.waits) { wishes.delete(wish.name); return; }
    wish.state = "waits";
    wish.timer = setTimeout(() => ask(wish, PATIENT_MS), AGAIN_MS);
  };
  const letGo = (wish) => {
    if (wishes.get(wish.name) !== wish) return;
    wishes.delete(wish.name);
    clearTimeout(wish.timer);
    if (wish.state === "holds") wish.end();
    if (wish.state !== "waits") tell("free", wish);
  };
  const hear = ({ data: { kind, name, from, sinceMs } }) => {
    const wish = wishes.get(name);
    if (!wish) return;
    if (kind === "free") { if (wish.state === "waits") ask(wish); return; }
    if (wish.state === "holds") {
      const isOlder = sinceMs < wish.sinceMs || (sinceMs === wish.sinceMs && from < me);
      if (kind === "asks" || !isOlder) { tell("holds", wish); return; }
      wish.end();
      wait(wish);
    } else if (wish.state === "asks") {
      if (kind === "holds" || from < me) wait(wish);
      else tell("asks", wish); // it may have begun to listen after I asked
    }
  };
  const byChannel = (name, acts) => {
    if (!channel) {
      channel = new BroadcastChannel("uckefu.windows");
      channel.addEventListener("message", hear);
      window.addEventListener("pagehide", () => [...wishes.values()].forEach(letGo));
    }
    if (wishes.has(name)) letGo(wishes.get(name));
    const wish = { name, sinceMs: 0, ...acts };
    wishes.set(name, wish);
    ask(wish);
    return () => letGo(wish);
  };

  return {
    /* `begin` when this window has it, `end` when it has not any more. With `waits` it may come later, else now or never.
       Returns what lets it go. */
    hold: (name, { begin, end = () => {}, waits = false }) => (navigator.locks ? byLock : byChannel)(name, { begin, end, waits }),
  };
})();
