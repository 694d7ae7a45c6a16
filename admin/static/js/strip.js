"use strict";
/* The phone strip: always there, same place and height; only its content follows the agent's state. */
const Strip = (() => {
  const { data, text, element, icon, button, clock, timer } = Dom;
  const strip = document.getElementById("strip");
  let drawn = "", draft = { offer: "", disposition: "", note: "" };

  const grow = () => element("span", { class: "uc-grow" });
  const pill = (iconName, label) => element("span", { class: "uc-state" }, icon(iconName), " ", label);
  const hint = (words) => element("span", { class: "uc-cut uc-meta" }, words);
  const alt = (name) => ({ title: Shortcuts.label(name) || null });
  const withKey = (node, name) => { node.append(" ", Shortcuts.kbd(name)); return node; };
  const party = (call, ...more) => element("span", { class: "uc-cut" },
    element("b", {}, Desk.nameOf(call)), " ", Desk.nameOf(call) === call.number ? "" : call.number, " ",
    element("span", { class: "uc-meta" }, [call.region?.[data.language], Desk.queue(call.queue), ...more].filter(Boolean).join(" · ")));
  /* Replace the content, and give the focus back to the field or button that had it. */
  const put = (kind, ...children) => {
    const active = strip.contains(document.activeElement) ? document.activeElement : null;
    const field = active?.dataset.field, caret = active?.selectionStart;
    strip.className = `uc-strip uc-s-${kind}`;
    strip.replaceChildren(...children);
    const again = field && strip.querySelector(`[data-field="${field}"]`);
    if (!again) return;
    again.focus();
    if (typeof caret === "number") again.setSelectionRange(caret, caret);
  };

  const away = (link) => {
    if (!link.ever) return put("offline", pill("plug-connected", text("strip.connecting")), grow());
    return put("alert", pill("alert-triangle", text("strip.reconnecting")),
      element("span", { class: "uc-cut" }, timer({ from: link.lostUs, words: (s) => text("reconnecting_hint", { n: Math.max(1, Math.floor(s)) }) })),
      grow(), link.attempt ? element("span", { class: "uc-meta" }, text("attempt", { n: link.attempt })) : "");
  };
  const noAgent = () => put("offline", pill("phone", text("strip.no_agent")), hint(text(data.agent_id ? "unknown_agent_hint" : "no_agent_hint")), grow());
  const lost = (my) => put("alert", pill("alert-triangle", text("strip.lost")),
    element("span", { class: "uc-cut" }, text("lost_hint", { extension: my.extension })), grow());
  const missed = () => put("alert", pill("phone-off", text("status.no-answer")),
    element("span", { class: "uc-cut" }, text("no_answer_hint")), grow(),
    withKey(button("btn-primary", "circle-check", text("go_ready"), () => Desk.act.status("ready"), { "data-field": "ready", ...alt("ready") }), "ready"));
  const dialling = (dial) => put("talk",
    dial.stage === "phone" ? pill("device-landline-phone", text("strip.own_phone")) : pill("phone-outgoing", text("strip.dialling")),
    timer({ from: dial.began_at_us }), party(dial, dial.stage === "phone" ? text("own_phone_hint") : ""), grow(),
    withKey(button("btn-hangup", "phone-off", text("cancel_call"), () => Desk.act.hangup(), { "data-field": "hangup", ...alt("decline") }), "decline"));
  const idle = (my) => put("offline", pill("phone", text(my.state === "busy" ? "strip.busy" : "strip.idle")),
    ...(my.state === "busy" || my.state === "signed-out" ? [hint(text(my.state === "busy" ? "busy_hint" : "not_ready_hint")), grow(), ...Dialing.waiting()]
      : [Dialing.field(my), ...Dialing.failure(my), my.state === "idle" || my.dial_failure ? "" : element("span", { class: "uc-cut uc-meta uc-wide" }, text("not_ready_hint")), grow(), ...Dialing.waiting()]));
  const ringing = (offer) => {
    put("ring", pill("bell-ringing", text("strip.ringing")),
      timer({ to: offer.expires_at_us, label: text("label.left"), words: (s) => text("left_seconds", { n: Math.max(0, Math.ceil(s)) }) }),
      party(offer, text("waited", { time: clock(Dom.since(offer.entered_at_us)) })), grow(),
      element("div", { class: "d-flex gap-2 align-items-center", role: "toolbar", "aria-label": text("strip.ringing") },
        withKey(button("", "phone-off", text("decline"), () => Desk.act.decline(), { "data-field": "decline", ...alt("decline") }), "decline"),
        withKey(button("btn-answer", "phone", text("answer"), () => Desk.act.answer(), { "data-field": "answer", ...alt("answer") }), "answer")));
    strip.classList.add("is-ringing");
  };
  const talking = (call) => {
    const held = Boolean(call.held_since_us), muted = Boolean(call.muted_since_us), paused = call.recording_paused_since_us;
    put(held ? "ring" : "talk",
      held ? pill("player-pause", text("strip.held")) : pill("phone-call", text("strip.talking")),
      timer({ from: held ? call.held_since_us : call.connected_at_us, label: text(held ? "label.held" : "label.talked") }),
      party(call),
      muted ? element("span", { class: "uc-state uc-s-ring uc-plain" }, icon("microphone-off"), " ", text("muted")) : "",
      paused ? element("span", { class: "uc-state uc-s-ring uc-plain" }, icon("player-pause"), " ", text("recording_paused"), " ", timer({ from: paused }))
        : element("span", { class: "uc-state uc-s-alert uc-plain uc-wide" }, icon("circle-dot"), " ", text("recording")), Consult.watched(call), grow(),
      element("div", { class: "d-flex gap-1", role: "toolbar", "aria-label": text("label.controls") },
        button("", muted ? "microphone" : "microphone-off", text(muted ? "unmute" : "mute"), () => Desk.act.mute(!muted),
          { "aria-pressed": String(muted), "data-field": "mute", ...alt("mute") }),
        button("", held ? "player-play" : "player-pause", text(held ? "resume" : "hold"), () => Desk.act.hold(!held),
          { "aria-pressed": String(held), "data-field": "hold", ...alt("hold") }),
        button("", "arrow-forward-up", text("transfer"), null, { popovertarget: "transfer-menu", "data-field": "transfer", ...alt("transfer") }),
        button("", "users-plus", text("consult.conference"), () => Consult.conference(call), { "data-field": "conference", ...alt("conference") }),
        button("", "dialpad", text("keypad"), null, { popovertarget: "keypad", "data-field": "keypad", ...alt("keypad") }),
        button("", paused ? "circle-dot" : "player-record", text(paused ? "resume_recording" : "pause_recording"), () => Desk.act.pauseRecording(!paused),
          { "aria-pressed": String(Boolean(paused)), "data-field": "recording", ...alt("recording") }),
        button("btn-hangup ms-2", "phone-off", text("hangup"), () => Desk.act.hangup(), { "data-field": "hangup", ...alt("decline") })));
  };
  const wrapUp = (wrap) => {
    if (draft.offer !== wrap.offer_id) draft = { offer: wrap.offer_id, disposition: "", note: "" };
    const select = element("select", { class: "form-select w-auto", "aria-label": text("label.disposition"), required: true, "data-field": "disposition",
      onchange: (event) => { draft.disposition = event.target.value; select.classList.remove("is-invalid"); } },
    element("option", { value: "" }, text("disposition")),
    ...data.names.dispositions.map((d) => element("option", { value: d.id, selected: String(d.id) === draft.disposition }, d.title)));
    const note = element("input", { class: "form-control uc-note", maxlength: 2000, placeholder: text("note"), "aria-label": text("note"),
      "data-field": "note", oninput: (event) => { draft.note = event.target.value; } });
    note.value = draft.note;
    put("wrap", pill("pencil", text("strip.wrap_up")),
      timer({ to: wrap.ends_at_us, label: text("label.left"), words: (s) => text("left", { time: clock(s) }) }),
      element("span", { class: "uc-cut" }, element("b", {}, Desk.nameOf(wrap)), " ",
        element("span", { class: "uc-meta uc-wide" }, text("talked", { time: clock((wrap.ended_at_us - wrap.connected_at_us) / 1e6) }))),
      select, note, grow(),
      button("", "clock", text("extend"), () => Desk.act.extend(), { "data-field": "extend" }),
      withKey(button("btn-primary", "circle-check", text("finish"), () => Strip.finish(), { "data-field": "finish", ...alt("ready") }), "ready"));
  };

  return {
    /* Draw anew only when something changed, so that a menu or a half-written note stays as it is. */
    draw(my, link) {
      const now = JSON.stringify([link.connected, link.ever, link.connected ? 0 : link.attempt, my?.status, my?.state, my?.registered, my?.extension,
        my?.offer, my?.dial, my?.call, my?.wrap_up, Desk.nameOf(my?.offer ?? my?.dial ?? my?.call ?? my?.wrap_up),
        my?.dial_failure, my?.caller_numbers, my?.caller_number, Dialing.shown()]);
      if (now === drawn) return;
      drawn = now;
      if (!link.connected) away(link);
      else if (!data.agent_id || !my?.extension) noAgent();
      else if (my.call?.consult) Consult.draw(my.call, { put, pill, party, grow });
      else if (my.call) talking(my.call);
      else if (my.offer) ringing(my.offer);
      else if (my.dial) dialling(my.dial);
      else if (my.wrap_up) wrapUp(my.wrap_up);
      else if (!my.registered) lost(my);
      else if (my.status === "no-answer") missed();
      else idle(my);
    },
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
