"use strict";
/* A supervisor at a call: listen, whisper, barge, take over, leave. `supervision.js` shows it in the middle. */
const WatchCalls = (() => {
  const { data, text, element, icon, button, timer } = Dom;
  const MODES = [["listen", "ear"], ["whisper", "message-2"], ["barge", "users-plus"]];
  let extension = localStorage.getItem("uc-watch-extension") ?? "";

  const mine = (call) => (call?.supervised ?? []).find((one) => one.by === String(data.user_id)) ?? null;
  const ask = (call, send) => (mode) => {
    if (!data.extension) localStorage.setItem("uc-watch-extension", extension);
    return send("supervise", { agent_id: call.agent_id, mode, extension: data.extension ? "" : extension });
  };
  const words = (own) => (own ? text(own.is_there ? `spy.now.${own.mode}` : "spy.ringing") : text("spy.hint"));
  const phone = () => {
    const field = element("input", { class: "form-control w-auto", id: "watch-extension", inputmode: "numeric", maxlength: 16, placeholder: text("spy.extension"), "aria-label": text("spy.extension"),
      oninput: (event) => { extension = event.target.value.trim(); } });
    field.value = extension;
    return field;
  };

  return {
    /* What the drawing depends on. */
    key: (call) => [call?.interaction_id, call?.held_since_us, call?.consult?.mode, mine(call)],
    /* The middle pane for a call that goes on, or for one that is over. */
    draw(middle, call, { name, agent, queue, send }) {
      if (!call) { middle.replaceChildren(element("p", { class: "uc-empty" }, text("spy.over"))); return; }
      const own = mine(call), act = ask(call, send);
      middle.replaceChildren(
        element("header", {}, element("div", { class: "uc-grow uc-min0" }, element("h1", { class: "uc-cut" }, name),
          element("p", { class: "uc-meta uc-cut m-0" }, [text("watch.with", { name: agent }), queue].join(" · "))), timer({ from: call.connected_at_us })),
        element("section", { class: "p-3", "aria-label": text("spy.modes") },
          element("div", { class: "d-flex flex-wrap gap-2 align-items-center", role: "toolbar", "aria-label": text("spy.modes") },
            data.extension || own ? "" : phone(),
            element("div", { class: "uc-tabs" }, ...MODES.map(([mode, iconName]) =>
              element("button", { type: "button", "data-mode": mode, "aria-pressed": String(own?.mode === mode), onclick: () => act(mode) }, icon(iconName), " ", text(`spy.${mode}`)))),
            button("btn-primary", "hand-grab", text("spy.take-over"), () => act("take-over"), { "data-mode": "take-over" }),
            own ? button("btn-hangup", "phone-off", text("spy.stop"), () => act("stop"), { "data-mode": "stop" }) : ""),
          element("p", { class: `mt-2 mb-0 ${own ? "uc-state uc-s-talk" : "uc-meta"}`, role: "status" }, own ? [icon(own.is_there ? "headset" : "bell-ringing"), " "] : "", words(own))));
    },
  };
})();
