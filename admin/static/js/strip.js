"use strict";
/* The phone strip: always there, same place and height; only its content follows the agent's state. */
const Strip = (() => {
  const { data, text, element, icon, button, key, clock, timer } = Dom;
  const strip = document.getElementById("strip");
  let drawn = "", draft = { offer: "", disposition: "", note: "" };

  const grow = () => element("span", { class: "uc-grow" });
  const pill = (iconName, label) => element("span", { class: "uc-state" }, icon(iconName), " ", label);
  const party = (call, ...more) => element("span", { class: "uc-cut" },
    element("b", { "data-party": call.interaction_id }, Desk.nameOf(call)), " ", call.number, " ",
    element("span", { class: "uc-meta" }, [call.region?.[data.language], Desk.queue(call.queue), ...more].filter(Boolean).join(" · ")));
  const put = (kind, ...children) => {
    strip.className = `uc-strip uc-s-${kind}`;
    strip.replaceChildren(...children);
  };

  const lost = (my) => put("alert", pill("alert-triangle", text("strip.lost")),
    element("span", { class: "uc-cut" }, text("lost_hint", { extension: my.extension })), grow());
  const idle = (my) => put("offline", pill("phone", text(my.state === "busy" ? "strip.busy" : "strip.idle")),
    element("span", { class: "uc-cut uc-meta" }, my.status === "no-answer" ? text("no_answer_hint")
      : my.state === "busy" ? text("busy_hint")
        : my.state === "idle" ? text("idle_hint", { extension: my.extension }) : text("not_ready_hint")), grow());
  const ringing = (offer) => {
    put("ring", pill("bell-ringing", text("strip.ringing")),
      timer({ to: offer.expires_at_us, words: (s) => text("left_seconds", { n: Math.max(0, Math.ceil(s)) }) }),
      party(offer, text("waited", { time: clock(Dom.since(offer.entered_at_us)) })), grow(),
      button("", "phone-off", text("decline"), () => Desk.act.decline(), { title: "Alt Q" }),
      element("span", { class: "uc-state" }, icon("phone"), " ", text("answer_on_phone")));
    strip.querySelector(".btn").append(" ", key("Q"));
    strip.classList.add("is-ringing");
  };
  const talking = (call) => {
    const held = Boolean(call.held_since_us);
    put(held ? "ring" : "talk",
      held ? pill("player-pause", text("strip.held")) : pill("phone-call", text("strip.talking")),
      timer({ from: held ? call.held_since_us : call.connected_at_us }),
      party(call),
      element("span", { class: "uc-state uc-s-alert uc-plain" }, icon("circle-dot"), " ", text("recording")), grow(),
      button("", held ? "player-play" : "player-pause", text(held ? "resume" : "hold"), () => Desk.act.hold(!held),
        { "aria-pressed": String(held), title: "Alt P" }),
      button("", "arrow-forward-up", text("transfer"), null, { popovertarget: "transfer-menu", title: "Alt X" }),
      button("btn-hangup ms-2", "phone-off", text("hangup"), () => Desk.act.hangup(), { title: "Alt Q" }));
  };
  const wrapUp = (wrap) => {
    if (draft.offer !== wrap.offer_id) draft = { offer: wrap.offer_id, disposition: "", note: "" };
    const select = element("select", { class: "form-select w-auto", "aria-label": text("disposition"), required: true,
      onchange: (event) => { draft.disposition = event.target.value; select.classList.remove("is-invalid"); } },
    element("option", { value: "" }, text("disposition")),
    ...data.names.dispositions.map((d) => element("option", { value: d.id, selected: String(d.id) === draft.disposition }, d.title)));
    const note = element("input", { class: "form-control w-auto", maxlength: 2000, placeholder: text("note"), "aria-label": text("note"),
      oninput: (event) => { draft.note = event.target.value; } });
    note.value = draft.note;
    const finish = button("btn-primary", "circle-check", text("finish"), () => Strip.finish(), { title: "Alt Y" });
    finish.append(" ", key("Y"));
    put("wrap", pill("pencil", text("strip.wrap_up")),
      timer({ to: wrap.ends_at_us, words: (s) => text("left", { time: clock(s) }) }),
      element("span", { class: "uc-cut" }, element("b", {}, Desk.nameOf(wrap)), " ",
        element("span", { class: "uc-meta" }, text("talked", { time: clock((wrap.ended_at_us - wrap.connected_at_us) / 1e6) }))),
      select, note, grow(),
      button("", "clock", text("extend"), () => Desk.act.extend()), finish);
  };

  return {
    /* Draw anew only when something changed, so that a menu or a half-written note stays as it is. */
    draw(my, connected) {
      const now = JSON.stringify([connected, my?.status, my?.state, my?.registered, my?.extension, my?.offer, my?.call, my?.wrap_up]);
      if (now === drawn) return;
      drawn = now;
      if (!connected) put("alert", pill("alert-triangle", text("strip.reconnecting")), element("span", { class: "uc-cut" }, text("reconnecting_hint")), grow());
      else if (!data.agent_id || !my?.extension) put("offline", pill("phone", text("strip.no_agent")), element("span", { class: "uc-cut uc-meta" }, text("no_agent_hint")));
      else if (my.call) talking(my.call);
      else if (my.offer) ringing(my.offer);
      else if (my.wrap_up) wrapUp(my.wrap_up);
      else if (!my.registered) lost(my);
      else idle(my);
    },
    redraw(my, connected) { drawn = ""; this.draw(my, connected); },
    finish() {
      if (!draft.disposition) {
        const select = strip.querySelector("select");
        select?.classList.add("is-invalid");
        select?.focus();
        Dom.toast(text("choose_disposition"));
        return;
      }
      Desk.act.finish({ offer_id: draft.offer, disposition_id: Number(draft.disposition), note: draft.note });
    },
  };
})();
