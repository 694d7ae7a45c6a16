"use strict";
/* Where the agent writes: reply or note, quick replies, emoji, files, the draft that the server keeps. */
const Composer = (() => {
  const { data, text, element, icon, toast } = Dom;
  const MOST = 1000, DRAFT_MS = 600, TYPING_MS = 3000, FRESH_MS = 30000;
  const EMOJI = [..."😀😁😂😊😍😘😜🤔😅😭😱😡👍👎👌🙏👏💪🤝❤️🌹🎉🎁🔥⭐✅❌❓❗⏰📞📦🚚💰🧾🔧🏠☀️🌙☕"].filter((sign) => sign !== "\ufe0f");
  let id = null, mode = "text", replies = { replies: [], variables: {} }, fetchedMs = 0, chosen = 0, draftTimer = null, typedMs = 0, wroteMs = 0, touched = false;
  const tool = (iconName, label, onclick, extra = {}) => element("button", { type: "button", class: "btn btn-icon btn-ghost", title: label, "aria-label": label, onclick, ...extra }, icon(iconName));

  const area = element("textarea", { maxlength: 4000, "aria-autocomplete": "list", "aria-controls": "quick", "data-field": "message" });
  const picker = element("ul", { class: "uc-pop uc-menu uc-quick", role: "listbox", id: "quick", hidden: true, "aria-label": text("quick.title") });
  const tabs = ["text", "note"].map((kind) => element("button", { type: "button", role: "tab", "data-mode": kind, onclick: () => setMode(kind) }, text(`mode.${kind}`)));
  const draftState = element("span", { class: "uc-meta uc-grow uc-cut" });
  const counter = element("span", { class: "uc-meta me-2" });
  const send = element("button", { class: "btn btn-primary", type: "submit" }, icon("send-2"), " ", text("say"));
  const file = element("input", { type: "file", class: "visually-hidden", tabindex: "-1", "aria-hidden": "true", multiple: true, onchange: () => { attach(file.files); file.value = ""; } });
  const emoji = element("div", { class: "uc-pop uc-emoji", popover: "auto", id: "emoji" },
    ...EMOJI.map((sign) => element("button", { type: "button", class: "btn btn-icon btn-ghost", onclick: () => { emoji.hidePopover(); insert(sign); } }, sign)));
  const form = element("form", { class: "uc-composer", onsubmit: (event) => { event.preventDefault(); submit(); } },
    picker,
    element("div", {}, element("div", { class: "uc-tabs", role: "tablist" }, ...tabs), element("span", { class: "uc-grow" }),
      tool("mood-smile", text("emoji"), null, { popovertarget: "emoji" }),
      tool("photo", text("picture"), () => { file.accept = "image/*"; file.click(); }),
      tool("paperclip", text("attach"), () => { file.accept = ""; file.click(); }),
      tool("bolt", text("quick.title"), () => { if (!area.value) insert("/"); area.focus(); look(); })),
    area, element("div", {}, draftState, counter, send), file);
  document.body.append(emoji);

  const setMode = (kind, byHand = true) => {
    mode = kind;
    for (const tab of tabs) tab.setAttribute("aria-selected", String(tab.dataset.mode === kind));
    form.classList.toggle("is-note", kind === "note");
    const who = Talks.name(Talks.head(id));
    area.setAttribute("aria-label", text(kind === "note" ? "label.note" : "label.reply", { name: who }));
    area.placeholder = text(kind === "note" ? "hint.note" : "hint.reply");
    if (!byHand) return;
    touched = true;
    area.focus();
    saveSoon();
  };
  /* As if it had been typed, so that undo takes it back. */
  const insert = (words, { whole = false } = {}) => {
    area.focus();
    if (whole) area.select();
    if (!document.execCommand("insertText", false, words)) area.setRangeText(words, area.selectionStart, area.selectionEnd, "end");
    typed();
  };
  const count = () => { counter.textContent = `${area.value.length} / ${MOST}`; counter.classList.toggle("uc-s-alert", area.value.length > MOST); };
  const [sends, breaks] = data.enter_sends ? ["Enter", "Shift Enter"] : ["Shift Enter", "Enter"];
  const enterHint = [["draft.sends", sends], ["draft.breaks", breaks]].flatMap(([key, label], place) => [place ? " · " : "", element("kbd", {}, label), ` ${text(key)}`]);
  const save = () => {
    clearTimeout(draftTimer);
    draftTimer = null;
    if (!id) return;
    const shown = id;
    Talks.drafted(id, { kind: mode, text: area.value });
    Desk.askQuietly("draft", { conversation_id: id, kind: mode, text: area.value.slice(0, 4000) }).then((answer) => {
      if (shown === id) draftState.replaceChildren(answer?.ok ? text("draft.saved") : text("draft.kept_here"), " · ", ...enterHint);
    });
  };
  const saveSoon = () => { clearTimeout(draftTimer); draftTimer = setTimeout(save, DRAFT_MS); };
  const typed = () => {
    touched = true;
    count();
    saveSoon();
    look();
    wroteMs = Date.now();
    if (mode === "text" && area.value && !area.value.startsWith("/") && Date.now() - typedMs > TYPING_MS) {
      typedMs = Date.now();
      Desk.askQuietly("typing", { conversation_id: id });
    }
  };

  /* ---- quick replies */
  const fetchReplies = async () => {
    if (Date.now() - fetchedMs < FRESH_MS) return;
    const fresh = await Desk.fetchJson("/desk/quick-replies");
    if (fresh) { replies = fresh; fetchedMs = Date.now(); }
  };
  const found = () => {
    const asked = area.value.slice(1).toLowerCase(), number = Number(asked);
    const rows = replies.replies.map((reply, place) => ({ ...reply, number: place + 1 }));
    if (asked && Number.isInteger(number)) return rows.filter((row) => String(row.number).startsWith(asked)).slice(0, 8);
    const fits = (row) => [row.shortcut, row.title, row.text].some((words) => words.toLowerCase().includes(asked));
    return rows.filter(fits).slice(0, 8);
  };
  const look = async () => {
    const asks = area.value.startsWith("/") && !area.value.includes("\n");
    if (!asks) { picker.hidden = true; area.removeAttribute("aria-activedescendant"); return; }
    await fetchReplies();
    if (!area.value.startsWith("/")) return;
    const rows = found();
    chosen = Math.min(chosen, Math.max(0, rows.length - 1));
    picker.hidden = false;
    picker.replaceChildren(...(rows.length ? rows.map((row, place) => element("li", { role: "none" }, element("button", {
      type: "button", role: "option", id: `quick-${place}`, "aria-selected": String(place === chosen), tabindex: "-1", onclick: () => use(row),
    }, element("span", { class: "uc-num uc-meta" }, row.number), element("b", {}, `/${row.shortcut || row.title}`), element("span", { class: "uc-cut uc-meta" }, row.text),
    place === chosen ? element("kbd", {}, "Tab") : element("span", { class: "uc-tag" }, text(row.own ? "quick.own" : "quick.shared"))))) : [element("li", { class: "uc-meta px-2" }, text("quick.none"), " ", element("a", { href: "/quick-replies" }, text("quick.keep")))]));
    if (rows.length) picker.append(element("li", { class: "text-end" }, element("a", { class: "uc-meta", href: "/quick-replies" }, text("quick.keep"))));
    if (rows.length) area.setAttribute("aria-activedescendant", `quick-${chosen}`);
  };
  const values = () => {
    const head = Talks.head(id);
    return { customer: head?.contact?.name || head?.name || "", agent: data.name, queue: head ? Desk.queue(head.queue) : "", time: Dom.timeOfDay(Dom.now() * 1000).slice(0, 5) };
  };
  const use = (row) => {
    const filled = Object.entries(values()).reduce((words, [key, value]) =>
      (replies.variables[key] ?? []).reduce((all, one) => (value ? all.replaceAll(`{${one}}`, value) : all), words), row.text);
    picker.hidden = true;
    chosen = 0;
    insert(filled, { whole: true });
    Desk.post(`/desk/quick-replies/${row.id}/used`);
  };
  const unfilled = (words) => Object.values(replies.variables).flat().find((one) => words.includes(`{${one}}`));

  /* ---- sending */
  const submit = () => {
    touched = true;
    const words = area.value.trim();
    if (!words || !id) return;
    if (words.length > MOST) { toast(text("too_long", { n: MOST })); return; }
    const open = unfilled(words);
    if (open) { toast(text("quick.unfilled", { name: `{${open}}` })); area.setSelectionRange(area.value.indexOf(`{${open}}`), area.value.indexOf(`{${open}}`) + open.length + 2); return; }
    const kind = mode, saying = { conversation_id: id, kind, text: words, language: Talks.head(id)?.language ?? "" };
    document.dispatchEvent(new CustomEvent("uckefu:say", { detail: saying })); // a translation may change `text`
    area.value = "";
    count();
    picker.hidden = true;
    Talks.say(id, { text: String(saying.text), kind });
    save();
    if (kind === "note") setMode("text");
  };
  const attach = (files) => { for (const one of files) Talks.say(id, { file: one, name: one.name, kind: mode === "note" ? "note" : "text" }); };

  area.addEventListener("input", typed);
  area.addEventListener("paste", (event) => { if (event.clipboardData.files.length) { event.preventDefault(); attach(event.clipboardData.files); } });
  area.addEventListener("dragover", (event) => event.preventDefault());
  area.addEventListener("drop", (event) => { if (event.dataTransfer.files.length) { event.preventDefault(); attach(event.dataTransfer.files); } });
  area.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229) return;
    if (!picker.hidden) {
      const rows = found();
      if (["ArrowDown", "ArrowUp"].includes(event.key) && rows.length) { event.preventDefault(); chosen = (chosen + (event.key === "ArrowDown" ? 1 : -1) + rows.length) % rows.length; look(); return; }
      if (["Tab", "Enter"].includes(event.key) && rows.length && !event.shiftKey) { event.preventDefault(); use(rows[chosen]); return; }
      if (event.key === "Escape") { event.preventDefault(); picker.hidden = true; return; }
    }
    if (event.key === "Enter" && event.shiftKey === !data.enter_sends && !event.altKey && !event.ctrlKey && !event.metaKey) { event.preventDefault(); submit(); }
  });
  return {
    form,
    /* The conversation that is shown now, with what was written in it before. */
    show(conversationId, draft, focus) {
      if (draftTimer) save();
      id = conversationId;
      fetchReplies();
      if (area.value !== draft.text) area.value = draft.text;
      setMode(Talks.mayWrite(id) ? draft.kind : "note", false);
      if (focus) requestAnimationFrame(() => area.isConnected && area.focus());
      draftState.textContent = draft.text ? text("draft.saved") : text("draft.hint");
      touched = false;
      count();
      look();
    },
    /* The server's draft; what was typed meanwhile is newer. */
    learn(conversationId, draft) {
      if (conversationId !== id) return;
      if (!touched && area.value !== draft.text) area.value = draft.text;
      if (!touched) setMode(Talks.mayWrite(id) ? draft.kind : "note", false);
      count();
    },
    leave() { if (draftTimer) save(); id = null; },
    elsewhere(conversationId, draft) {
      if (conversationId !== id || document.activeElement === area) return;
      area.value = draft.text;
      count();
    },
    isWriting: () => Boolean(area.value) && Date.now() - wroteMs < 15000,
    note: () => setMode(mode === "note" ? "text" : "note"),
    focus: () => area.focus(),
    /* Words at the caret, as if typed; false when nobody can write here now. */
    put: (words) => { if (!id || !area.isConnected) return false; insert(words); return true; },
  };
})();
