"use strict";
/* The strip while nobody talks: the dial field, the number shown, missed calls and voicemails; and why a call failed. */
const Dialing = (() => {
  const { data, text, element, icon, button } = Dom;
  const REFRESH_MS = 30000;
  let bar = { missed: [], voicemails: [] }, typed = "";

  const phone = (fields, number) => button("btn-ghost btn-icon uc-tiny", "phone", "", null,
    { "data-dial": new URLSearchParams(fields).toString(), title: text("call_number", { number }), "aria-label": text("call_number", { number }) });
  const empty = (words) => element("p", { class: "uc-meta m-0" }, words);
  const fresh = (rows) => rows.filter((one) => one.is_new).length;
  const counted = (key, rows) => [text(key, { n: rows.length }), fresh(rows) ? text("n_new", { n: fresh(rows) }) : ""].filter(Boolean).join(" · ");
  const row = (one, fields, ...more) => element("li", { class: "uc-waitrow", "data-new": String(one.is_new) },
    element("span", { class: "uc-grow uc-cut" }, one.is_new ? element("span", { class: "uc-state uc-s-alert uc-plain" }, text(one.sound ? "not_heard" : "not_seen")) : "", " ",
      element("b", {}, one.name || one.number), " ", element("span", { class: "uc-meta" }, [one.name ? one.number : "", one.queue, one.when, one.length].filter(Boolean).join(" · "))),
    ...more, fields ? button("", "phone-plus", text("call_back"), null, { "data-dial": new URLSearchParams(fields).toString() }) : "");
  const fill = (id, rows, none) => {
    const place = document.getElementById(id);
    if (!place || place.contains(document.activeElement) || [...place.querySelectorAll("audio")].some((sound) => !sound.paused)) return;
    place.replaceChildren(rows.length ? element("ul", { class: "uc-waitrows" }, ...rows) : empty(text(none)));
  };
  const drawLists = () => {
    fill("missed-list", bar.missed.map((one) => row(one, { interaction: one.interaction_id })), "no_missed");
    fill("voicemail-list", bar.voicemails.map((one) => row(one, one.can_call ? { voicemail: one.id } : null,
      element("audio", { class: "uc-audio", controls: true, preload: "none", src: one.sound, onplaying: refresh, onended: refresh, "aria-label": text("play_message", { name: one.name || one.number }) }))), "no_voicemails");
  };
  const refresh = async () => {
    if (!data.agent_id) return;
    const answer = await Desk.fetchJson("/desk/callbar");
    if (!answer?.missed) return;
    bar = answer;
    drawLists();
    Desk.draw();
  };
  const submit = async (event) => {
    event.preventDefault();
    const field = event.target.elements.number;
    if (!field.value.trim()) { field.focus(); return; }
    if (await Dial.call({ number: field.value.trim() })) typed = "";
  };
  const field = (my) => element("form", { class: "d-flex gap-2 align-items-center", onsubmit: submit },
    (() => {
      const input = element("input", { class: "form-control uc-dialfield", type: "text", inputmode: "tel", name: "number", maxlength: 64, autocomplete: "off",
        placeholder: text("dial_field"), "aria-label": text("label.dial_field"), "data-field": "dial", oninput: (event) => { typed = event.target.value; } });
      input.value = typed;
      return input;
    })(),
    element("button", { class: "btn", "data-field": "call" }, icon("phone"), " ", text("call")),
    (my.caller_numbers?.length ?? 0) > 1
      ? element("select", { class: "form-select w-auto", "aria-label": text("label.shown_as"), "data-field": "shown", onchange: (event) => Desk.post("/desk/calling", { caller_number: event.target.value }) },
        ...my.caller_numbers.map((number) => element("option", { value: number, selected: number === my.caller_number }, text("shown_as", { number }))))
      : my.caller_number ? element("span", { class: "uc-meta uc-wide" }, text("shown_as", { number: my.caller_number })) : "");
  const KNOWN = { ALLOTTED_TIMEOUT: "NO_ANSWER", NO_USER_RESPONSE: "NO_ANSWER", PROGRESS_TIMEOUT: "NO_ANSWER", INVALID_NUMBER_FORMAT: "UNALLOCATED_NUMBER", SUBSCRIBER_ABSENT: "NO_ANSWER" };
  const why = ({ why: where, cause }) => {
    const name = KNOWN[cause] ?? cause;
    if (where === "phone") return text(name === "USER_NOT_REGISTERED" ? `fail.${name}` : "fail.phone");
    return data.texts[`fail.${name}`] && name !== "USER_NOT_REGISTERED" ? text(`fail.${name}`) : text("fail.other", { cause });
  };
  const failure = (my) => (my.dial_failure ? [
    element("span", { class: "uc-state uc-s-alert uc-plain", role: "status" }, icon("phone-x"), " ", text("not_reached", { number: my.dial_failure.number, why: why(my.dial_failure) })),
    button("", "refresh", text("again"), null, { "data-dial": new URLSearchParams({ interaction: my.dial_failure.interaction_id }).toString(), "data-field": "again" })] : []);
  const waiting = () => {
    const last = bar.missed[0];
    return [
      last ? button("", "phone-x", counted("missed_n", bar.missed), null, { popovertarget: "missed", "data-field": "missed", title: `${last.name || last.number} ${last.when}` }) : "",
      last ? button("uc-wide", "phone-plus", `${text("call_back")} ${last.name || last.number}`, null, { "data-dial": new URLSearchParams({ interaction: last.interaction_id }).toString(), "data-field": "call-back" }) : "",
      bar.voicemails.length ? button("", "microphone", counted("voicemails_n", bar.voicemails), null, { popovertarget: "voicemails", "data-field": "voicemails" }) : "",
    ];
  };
  const drawChoices = (my) => {
    const choice = document.querySelector("[data-auto-answer]");
    choice?.setAttribute("aria-pressed", String(Boolean(my?.auto_answer)));
  };
  const start = () => {
    document.querySelector("[data-auto-answer]")?.addEventListener("click", async (event) => {
      const on = event.currentTarget.getAttribute("aria-pressed") !== "true";
      if (await Desk.post("/desk/calling", { auto_answer: on ? "1" : "0" })) Dom.toast(text(on ? "auto_answer_on" : "auto_answer_off"));
    });
    // Seen is what was on the list while it was open; it stays marked until it is closed.
    document.getElementById("missed")?.addEventListener("toggle", async (event) => {
      if (event.newState === "open" && fresh(bar.missed)) await Desk.post("/desk/callbar/seen", {});
      else if (event.newState === "closed") refresh();
    });
    refresh();
    setInterval(refresh, REFRESH_MS);
  };
  return { start, refresh, field, failure, waiting, phone, drawChoices, shown: () => [bar.missed, bar.voicemails] };
})();
