"use strict";
/* Attended transfer and three-way: whom to consult (in the transfer menu), and the strip while it goes on. */
const Consult = (() => {
  const { data, text, element, icon, button, timer, toast } = Dom;
  let told; // when the consult ended of which was told last; undefined until the first look

  const who = (consult) => {
    const agent = data.names.agents[consult.third_agent_id];
    const one = agent ? `${agent.name} ${consult.number}` : consult.number;
    return consult.asked_queue ? `${Desk.queue(consult.asked_queue)} · ${one}` : one;
  };
  const shortly = (consult) => data.names.agents[consult.third_agent_id]?.name ?? consult.number;
  const to = (way) => Desk.act.consultTo(way);
  const state = (consult) => {
    if (!consult.answered_at_us) return [icon("phone-outgoing"), " ", text("consult.ringing", { who: who(consult) }), " · ", timer({ from: consult.began_at_us })];
    const key = { private: "consult.consulting", customer: "consult.aside", together: "consult.together" }[consult.mode];
    return [icon(consult.mode === "customer" ? "player-pause" : "phone-call"), " ", text(key, { who: who(consult) }), " · ", timer({ from: consult.answered_at_us })];
  };
  const buttons = (consult) => {
    if (!consult.answered_at_us) return [button("btn-hangup ms-2", "phone-off", text("consult.cancel"), () => to("end"), { "data-field": "consult-end" })];
    const swap = consult.mode === "customer"
      ? button("", "transfer", text("consult.to_third", { who: shortly(consult) }), () => to("private"), { "data-field": "consult-swap" })
      : button("", "transfer", text("consult.to_customer"), () => to("customer"), { "data-field": "consult-swap" });
    return [
      consult.mode === "together" ? "" : swap,
      consult.mode === "together" ? "" : button("", "users-plus", text("consult.three"), () => to("together"), { "data-field": "consult-three" }),
      button("btn-primary", "arrow-forward-up", text(consult.mode === "together" ? "consult.leave" : "consult.complete"), () => to("complete"), { "data-field": "consult-complete" }),
      button("btn-hangup ms-2", "phone-off", text("consult.end"), () => to("end"), { "data-field": "consult-end" }),
    ];
  };

  return {
    /* The strip: the customer's part, the third one's, what can be done. */
    draw(call, { put, pill, party, grow }) {
      const { consult } = call, held = Boolean(call.held_since_us);
      put(held ? "ring" : "talk",
        held ? pill("player-pause", text("strip.held")) : pill("phone-call", text("strip.talking")),
        timer({ from: held ? call.held_since_us : call.connected_at_us }), party(call),
        element("span", { class: "uc-state uc-s-talk uc-plain uc-cut" }, ...state(consult)), this.watched(call), grow(),
        element("div", { class: "d-flex gap-1", role: "toolbar", "aria-label": text("label.controls") }, ...buttons(consult)));
    },
    /* A supervisor who is in the call, when the agent is to see it. */
    watched(call) {
      const seen = (call.supervised ?? []).find((one) => one.mode === "barge") ?? call.supervised?.[0];
      if (!seen) return "";
      return element("span", { class: "uc-state uc-s-ring uc-plain", "data-supervised": seen.mode }, icon("headset"), " ", text(seen.mode === "barge" ? "barged" : "overheard"));
    },
    /* Say what became of it, however short it was, unless the agent ended it or it became a transfer. */
    follow(call) {
      const over = call?.consult_over, at = over?.at_us ?? 0;
      if (at && told !== undefined && at > told && over.result !== "cancelled" && !call.consult) {
        toast(text(over.result === "ended" ? "consult.over.ended" : "consult.over.not-reached", { who: who(over) }));
      }
      told = Math.max(told ?? 0, at);
    },
    /* Alt C: all three talk; without a consult, whom to ask. */
    conference(call) {
      if (call?.consult) to("together");
      else if (call) this.open();
    },
    /* Alt X in a consult completes it. */
    transfer(call) {
      if (call?.consult) to("complete");
      else document.getElementById("transfer-menu").togglePopover();
    },
    open() {
      const menu = document.getElementById("transfer-menu");
      if (!menu.matches(":popover-open")) menu.showPopover();
      document.querySelector("#consult-targets button")?.focus();
    },
    /* The colleagues and the queues for calls that can be asked, in the transfer menu. */
    drawTargets(board, queues) {
      const row = (id, agent) => element("li", {}, element("button", { type: "button", "data-consult": id, onclick: () => Desk.act.consult("agent", id) },
        icon("user"), ` ${agent.name} ${agent.extension}`, element("span", { class: "uc-grow" }), Panes.standing(board?.agents?.[id])));
      const line = ([name, title]) => element("li", {}, element("button", { type: "button", "data-consult-queue": name, onclick: () => Desk.act.consult("queue", name) },
        icon("users"), ` ${title}`, element("span", { class: "uc-grow" }), element("span", { class: "uc-meta" }, text("consult.whoever"))));
      const agents = Object.entries(data.names.agents).filter(([id, agent]) => Number(id) !== data.agent_id && agent.extension);
      document.getElementById("consult-targets").replaceChildren(...agents.map(([id, agent]) => row(id, agent)), ...queues.map(line));
    },
  };
})();
