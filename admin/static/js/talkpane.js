"use strict";
/* The selected conversation: head, messages, who else looks, the composer or the disposition; and its side panel. */
const TalkPane = (() => {
  const { data, text, element, icon, button, clock, since, timer, timeOfDay, toast } = Dom;
  const RECALL_US = 120e6;
  const middle = document.getElementById("middle"), side = document.getElementById("side");
  const CHANNELS = { chat: "world", mail: "mail", wechat: "brand-wechat", weibo: "brand-weibo", app: "apps", sms: "message-2" };
  let built = null, headShown = "", footShown = "", sideShown = "", card = { id: null, content: null }, stick = true, finished = {};
  const header = element("header"), box = element("div", { role: "log", "aria-live": "polite", "aria-label": text("label.messages") });
  const scroll = element("div", { class: "uc-log", tabindex: "0" }, box), foot = element("div", { class: "uc-foot" });
  scroll.addEventListener("scroll", () => { stick = scroll.scrollTop > -40; });

  const size = (bytes) => (bytes > 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.max(1, Math.round(bytes / 1e3))} KB`);
  const channelIcon = (channel) => CHANNELS[channel] ?? "message-circle";
  const avatar = (name, channel) => element("span", { class: "uc-ava", "aria-hidden": "true" }, name.slice(0, 1), element("i", { class: `ti ti-${channelIcon(channel)} uc-ch` }));

  /* ---- messages */
  const words = (message) => {
    const detail = message.detail ?? {}, known = data.texts[`talk.event.${detail.code}`];
    return known ? text(`talk.event.${detail.code}`, { ...detail, by: detail.by ? text(`party.${detail.by}`) : "" }) : detail.code ?? "";
  };
  const attachment = (file) => (file.width
    ? element("a", { href: file.url, target: "_blank", rel: "noopener", class: "d-block" }, element("img", { src: file.url, alt: file.name, class: "uc-pic", loading: "lazy" }))
    : element("a", { class: "uc-tag", href: file.url, target: "_blank", rel: "noopener" }, icon("paperclip"), ` ${file.name} ${size(file.size_bytes)}`));
  const state = (message, head) => (message.sequence <= (head?.visitor_read_sequence ?? 0)
    ? [icon("checks"), " ", text("said.read")] : [icon("check"), " ", text("said.sent")]);
  const line = (message, head) => {
    const at = timeOfDay(message.sent_at_us).slice(0, 5);
    if (message.kind === "event") return element("p", { class: "uc-event" }, `${at} · ${words(message)}`);
    if (message.kind === "recall") return element("p", { class: "uc-event" }, `${at} · ${text(message.author === "visitor" ? "recalled.theirs" : "recalled.ours", { name: message.name })}`);
    const mine = message.author !== "visitor", own = message.agent_id === data.agent_id && message.author === "agent";
    const note = message.kind === "note";
    const canRecall = own && !message.is_recalled && since(message.sent_at_us) * 1e6 < RECALL_US && Talks.isMine(message.conversation_id);
    return element("article", { class: `uc-msg${note ? " is-note" : mine ? " is-mine" : ""}${message.is_recalled ? " is-recalled" : ""}` },
      element("p", { class: "uc-lines" }, note ? [icon("note"), " ", element("b", {}, `${message.name}${text("colon")}`)] : "",
        message.is_recalled ? element("i", {}, text("recalled")) : message.text, message.attachment ? attachment(message.attachment) : ""),
      element("footer", {}, at, mine && !note && !own && message.name ? ` · ${message.name}` : "", message.author === "system" ? ` · ${text("party.system")}` : "",
        note ? ` · ${text("note_hidden")}` : "", mine && !note && message.author === "agent" && !message.is_recalled ? [" · ", ...state(message, head)] : "",
        canRecall ? [" ", element("button", { type: "button", class: "uc-link", onclick: () => Talks.act.recall(message.conversation_id, message.sequence) }, text("recall"))] : ""));
  };
  const pending = (id, row) => element("article", { class: `uc-msg ${row.kind === "note" ? "is-note" : "is-mine"} is-pending${row.state === "failed" ? " uc-s-alert" : ""}` },
    element("p", { class: "uc-lines" }, row.text || [icon("paperclip"), " ", row.name ?? ""]),
    element("footer", {}, timeOfDay(row.at_us).slice(0, 5), row.state === "failed"
      ? [" · ", icon("alert-triangle"), " ", text("said.failed"), " ",
        element("button", { type: "button", class: "uc-link", onclick: () => Talks.resend(id, row.client_id) }, text("resend")), " ",
        element("button", { type: "button", class: "uc-link", onclick: () => Talks.discard(id, row.client_id) }, text("discard"))]
      : ` · ${text("said.sending")}`));
  const flat = (node) => node; // children may be lists: Dom.element flattens them
  /* Only what is new or changed is touched, so that a screen reader says only that. */
  const drawLog = (id, head) => {
    const rows = [];
    const messages = Talks.messages(id);
    if (messages.length && messages[0].sequence > 1) rows.push(["earlier", "", () => element("p", { class: "uc-event" }, element("button", { type: "button", class: "uc-link", onclick: () => Talks.earlier(id) }, text("earlier")))]);
    for (const message of messages) {
      const seen = message.author === "agent" && message.sequence <= (head?.visitor_read_sequence ?? 0);
      const young = message.agent_id === data.agent_id && since(message.sent_at_us) * 1e6 < RECALL_US;
      rows.push([`m${message.sequence}`, JSON.stringify([message, seen, young]), () => line(message, head)]);
    }
    for (const row of Talks.waitingToBeSent(id)) rows.push([`p${row.client_id}`, row.state, () => pending(id, row)]);
    const typing = Talks.typing(id);
    if (typing) rows.push(["typing", typing.preview ?? "", () => element("p", { class: "uc-typing" }, element("span", { class: "uc-dots", "aria-hidden": "true" }), text(typing.preview ? "types_what" : "types", { name: Talks.name(head), words: typing.preview }))]);
    const wanted = new Map(rows.map((row) => [row[0], row]));
    const present = new Map();
    for (const node of [...box.children]) {
      const row = wanted.get(node.dataset.key);
      if (row && node.dataset.was === row[1]) present.set(node.dataset.key, node);
      else node.remove();
    }
    let at = box.firstElementChild;
    for (const [key, was, build] of rows) {
      const kept = present.get(key);
      if (kept) { if (kept === at) at = at.nextElementSibling; else box.insertBefore(kept, at); continue; }
      const node = flat(build());
      if (key.startsWith("m")) document.dispatchEvent(new CustomEvent("uckefu:message", { detail: { message: messages.find((one) => `m${one.sequence}` === key), language: head?.language ?? "", node } }));
      node.dataset.key = key;
      node.dataset.was = was;
      box.insertBefore(node, at);
    }
    if (stick) scroll.scrollTop = 0; // the column is reversed: 0 is its end
  };

  /* ---- head and foot */
  const drawHead = (id, head, wrap) => {
    const mine = Talks.isMine(id), guest = Talks.isGuest(id), others = [...(guest ? [data.names.agents[head.agent_id] ?? { name: "?" }] : []), ...(head?.guests ?? []).filter((one) => one.agent_id !== data.agent_id)], now = JSON.stringify([id, guest, others, Talks.name(head), head?.queue, head?.opened_at_us, mine, Talks.isEnding(id), Boolean(head && Talks.isPutOff(head)), data.language]);
    if (now === headShown) return;
    headShown = now;
    const alt = (name, label) => ({ title: Shortcuts.title(name, label), "aria-label": label });
    const later = head && Talks.isPutOff(head);
    header.replaceChildren(avatar(Talks.name(head), head?.channel),
      element("div", { class: "uc-grow uc-min0" }, element("h1", { class: "uc-cut" }, Talks.name(head)),
        element("p", { class: "uc-meta uc-cut m-0" }, head ? [Desk.queue(head.queue), " · ", text("talk.since", { time: timeOfDay(head.opened_at_us).slice(0, 5) }), " · ", head.ended_at_us ? text("talk.over") : timer({ from: head.opened_at_us }),
          others.length ? element("span", { id: "talk-guests" }, " · ", icon("users"), ` ${text("guest.with", { names: others.map((one) => one.name).join(", ") })}`) : ""] : "")),
      ...(mine ? [
        button(later ? "btn-primary" : "btn-icon", "clock-pause", later ? text("take_up") : "", () => Talks.act.later(id, !later), alt("later", text(later ? "take_up" : "put_off"))),
        button("btn-icon", "users-plus", "", null, { popovertarget: "talk-invite", ...alt("invite", text("guest.invite")) }),
        button("btn-icon uc-ticketbutton", "ticket", "", () => Tickets.open(), alt("ticket", text("ticket.new"))),
        button("", "arrow-forward-up", text("transfer"), null, { popovertarget: "talk-transfer", ...alt("give", text("transfer")) }),
        button("", "circle-check", text("end"), () => Talks.act.end(id), { disabled: Talks.isEnding(id), ...alt("end", text("end")) }),
      ] : guest ? [button("", "door-exit", text("guest.leave"), () => Talks.act.leave(id))]
        : head && !head.agent_id && !head.ended_at_us && !wrap ? [button("btn-primary", "hand-grab", text("take"), () => Talks.act.take(id))] : []));
  };
  const dispositionForm = (wrap) => {
    const select = element("select", { class: "form-select w-auto", "aria-label": text("label.disposition"), "data-field": "talk-disposition" },
      element("option", { value: "" }, text("disposition")), ...data.names.dispositions.map((d) => element("option", { value: d.id }, d.title)));
    const note = element("input", { class: "form-control", maxlength: 2000, placeholder: text("note"), "aria-label": text("note") });
    return element("form", { class: "uc-composer uc-s-wrap uc-wrapform", onsubmit: (event) => {
      event.preventDefault();
      if (!select.value) { select.classList.add("is-invalid"); select.focus(); toast(text("choose_disposition")); return; }
      finished[wrap.offer_id] = true;
      Talks.act.finish({ offer_id: wrap.offer_id, disposition_id: Number(select.value), note: note.value });
    } }, element("div", {}, element("span", { class: "uc-state" }, icon("pencil"), " ", text("strip.wrap_up")), " ",
      timer({ to: wrap.ends_at_us, words: (s) => text("left", { time: clock(s) }) }), element("span", { class: "uc-grow" })),
    element("div", {}, select, note, element("button", { class: "btn btn-primary" }, icon("circle-check"), " ", text("talk.finish"))));
  };
  const drawFoot = (id, head, wrap) => {
    const mine = Talks.mayWrite(id) && !Talks.isEnding(id), others = Talks.others(id);
    const kind = wrap && !finished[wrap.offer_id] ? `wrap:${wrap.offer_id}` : mine ? "compose" : head && !head.ended_at_us ? "note" : "over";
    const now = JSON.stringify([id, kind, others, Talks.isEnding(id)]);
    if (now === footShown) return;
    const before = JSON.parse(footShown || "[]");
    footShown = now;
    const bar = element("p", { class: "uc-others uc-meta m-0", hidden: !others.length }, icon("eye"), " ", others.map((one) => text(one.writing ? "other.writes" : "other.looks", { name: one.name })).join(" · "));
    if (before[0] === id && before[1] === kind && kind !== "over") { foot.firstElementChild.replaceWith(bar); return; }
    if (kind.startsWith("wrap:")) foot.replaceChildren(bar, dispositionForm(wrap));
    else if (kind === "over") foot.replaceChildren(bar, element("p", { class: "uc-empty m-0 py-3" }, text(Talks.isEnding(id) ? "talk.is_ending" : "talk.over")));
    else foot.replaceChildren(bar, Composer.form);
  };

  /* ---- the side panel */
  const pairs = (...rows) => element("dl", { class: "uc-pairs mt-2" }, ...rows.filter(([, value]) => value).flatMap(([label, value]) => [element("dt", {}, text(label)), element("dd", {}, value)]));
  const reveal = (contact, number) => element("div", {}, element("span", { "data-number": true }, number.shown), " ",
    data.agent_id ? [Dialing.phone({ contact: contact.id, handle: number.handle }, number.shown), " "] : "",
    !data.may_reveal ? "" : element("button", { type: "button", class: "btn btn-ghost btn-icon uc-tiny", title: text("reveal"), "aria-label": text("reveal"), onclick: async (event) => {
      const shown = event.currentTarget.parentElement.querySelector("[data-number]");
      const answer = await Desk.post(`/contacts/${contact.id}/reveal`, { number: number.handle });
      if (answer?.number) shown.textContent = answer.number;
      else toast(text("not_revealed"));
    } }, icon("eye")), " ", element("span", { class: "uc-meta" }, number.place));
  const tags = (contact, all) => {
    const have = new Set(contact.tags.map((tag) => tag.id));
    const flip = async (tag) => { const answer = await Desk.post(`/desk/contacts/${contact.id}/tag`, { tag }); if (answer?.contact) { card.content.contact = answer.contact; drawSide(true); } };
    const dot = (tag) => element("i", { class: `uc-dot uc-tint-${tag.colour}`, "aria-hidden": "true" });
    return element("div", { class: "d-flex flex-wrap gap-1 mt-2 align-items-center" },
      ...contact.tags.map((tag) => element("span", { class: "uc-tag" }, dot(tag), ` ${tag.name} `, element("button", { type: "button", class: "btn-close uc-x", "aria-label": text("tag.remove", { name: tag.name }), onclick: () => flip(tag.id) }))),
      element("details", { class: "uc-addtag" }, element("summary", { class: "uc-tag" }, text("tag.add")),
        element("div", { class: "d-flex flex-wrap gap-1 mt-1" }, ...all.filter((tag) => !have.has(tag.id)).map((tag) => element("button", { type: "button", class: "uc-tag", onclick: () => flip(tag.id) }, dot(tag), ` ${tag.name} `, element("span", { class: "uc-meta" }, tag.uses))))));
  };
  const linkForm = (id, call) => {
    const results = element("ul", { class: "uc-menu" });
    const name = element("input", { class: "form-control", maxlength: 64, placeholder: text("link.name"), "aria-label": text("link.name") });
    const link = async (contactId) => {
      const url = call ? `/desk/caller/${encodeURIComponent(id)}/contact` : `/desk/talk/${encodeURIComponent(id)}/link`;
      if (call && !contactId && !name.value.trim()) { name.focus(); return; }
      const fresh = await Desk.post(url, { contact_id: contactId, name: name.value });
      if (!fresh) { toast(text("failed", { why: text("link.refused") })); return; }
      card = { id, content: fresh };
      if (call) Desk.relearnCaller(id); else await Talks.refresh();
      drawSide(true);
    };
    const search = element("input", { class: "form-control", type: "search", placeholder: text("link.search"), "aria-label": text("link.search"), oninput: async (event) => {
      const asked = event.target.value.trim();
      const answer = asked ? await Desk.fetchJson(`/desk/contacts?text=${encodeURIComponent(asked)}`) : { found: [] };
      if (event.target.value.trim() !== asked) return;
      results.replaceChildren(...(answer?.found ?? []).map((one) => element("li", {}, element("button", { type: "button", onclick: () => link(one.id) }, icon("link"), ` ${one.name} `, element("span", { class: "uc-meta" }, [one.company, one.number].filter(Boolean).join(" · "))))));
    } });
    return element("details", {}, element("summary", { class: "uc-meta" }, text("link.title")), element("div", { class: "d-grid gap-1 mt-1" }, search, results,
      call ? name : "", button("", "user-plus", text(call ? "link.new_caller" : "link.new"), () => link(0))));
  };
  const block = (id) => {
    const reason = element("input", { class: "form-control", maxlength: 255, required: true, placeholder: text("block.why"), "aria-label": text("block.why") });
    const days = element("select", { class: "form-select w-auto", "aria-label": text("block.days") }, ...[[1, "block.1"], [7, "block.7"], [30, "block.30"], [0, "block.0"]].map(([n, key]) => element("option", { value: n }, text(key))));
    return element("details", {}, element("summary", { class: "uc-meta" }, text("block.title")), element("form", { class: "d-flex flex-wrap gap-1 mt-1", onsubmit: async (event) => {
      event.preventDefault();
      if (await Desk.post(`/desk/talk/${encodeURIComponent(id)}/block`, { reason: reason.value, days: days.value })) toast(text("block.done"));
    } }, reason, days, element("button", { class: "btn uc-s-alert" }, icon("ban"), " ", text("block.do"))));
  };
  const pastLine = (entry) => [entry.outcome?.[data.language], entry.note, entry.agent, entry.talk].filter(Boolean).join(" · ") || text("no_talk");
  const pastList = (past) => (past.length ? element("ol", { class: "uc-trail" }, ...past.map((entry) => element("li", {},
    icon(entry.channel === "voice" ? (entry.direction === "outbound" ? "phone-outgoing" : "phone-incoming") : channelIcon(entry.channel)),
    element("a", { class: "uc-cut", title: pastLine(entry), href: entry.channel === "voice" ? `/calls/?text=${entry.interaction_id}&begin=&end=` : `/conversations/${entry.interaction_id}` }, pastLine(entry)),
    element("span", { class: "uc-meta" }, entry.when, entry.rating ? ` ★${entry.rating}` : "")))) : element("p", { class: "uc-meta m-0" }, text("no_past")));
  const section = (title, ...content) => element("section", {}, element("header", {}, element("h2", {}, title)), ...content);
  const sidePanel = (id, head, content, call = null) => {
    const { contact, visitor, trail, past } = content;
    const who = contact?.name ?? (call ? Desk.nameOf(call) : Talks.name(head));
    return [
      element("section", {},
        element("div", { class: "d-flex align-items-center gap-2" }, call ? element("span", { class: "uc-ava", "aria-hidden": "true" }, who.slice(0, 1), icon("phone-incoming uc-ch")) : avatar(who, head?.channel), element("div", { class: "uc-grow uc-min0" },
          element("h2", {}, contact ? element("a", { href: `/contacts/${contact.id}` }, who) : who, " ", contact?.vip_level ? element("span", { class: "uc-vip" }, icon("crown"), text("vip", { n: contact.vip_level })) : "",
            contact?.blocked ? element("span", { class: "uc-state uc-s-alert" }, icon("ban"), " ", text("block.is")) : ""),
          element("p", { class: "uc-meta m-0 uc-cut" }, contact?.company || (contact ? "" : text("link.none")))),
        contact ? element("a", { class: "btn btn-icon btn-ghost", href: `/contacts/${contact.id}/edit`, title: text("edit"), "aria-label": text("edit") }, icon("pencil")) : ""),
        contact ? pairs(["fact.number", contact.numbers.length ? contact.numbers.map((n) => reveal(contact, n)) : null], ["fact.mail", contact.email], ["note_of_contact", contact.note]) : "",
        contact?.fields.length ? element("dl", { class: "uc-pairs" }, ...contact.fields.flatMap(([title, value]) => [element("dt", {}, title), element("dd", {}, value)])) : "",
        call ? Panes.callFacts(call, contact?.numbers.some((n) => n.shown === call.number)) : "",
        contact ? tags(contact, content.all_tags) : linkForm(id, call)),
      section([text("ticket.title"), " ", content.tickets?.length || ""], ...Tickets.list(content.tickets ?? [])),
      visitor ? section(text("visitor.title"), pairs(["visitor.name", visitor.name], ["fact.number", visitor.phone && [visitor.phone, " ", data.agent_id ? Dialing.phone({ talk: id }, visitor.phone) : ""]], ["fact.mail", visitor.email], ["visitor.where", [visitor.region, visitor.address].filter(Boolean).join(" · ")],
        ["visitor.device", visitor.device], ["visitor.source", visitor.source], ["visitor.visits", visitor.visits ? text("visitor.count", { n: visitor.visits, time: visitor.stay || "—" }) : ""], ["visitor.page", visitor.page_title || visitor.page_url]),
      ...Object.entries(visitor.prechat).filter(([key]) => !["name", "phone", "email"].includes(key)).map(([key, value]) => element("p", { class: "uc-meta m-0" }, `${key}: ${value}`)), block(id)) : "",
      trail.length ? section(text("visitor.trail"), element("ol", { class: "uc-trail" }, ...trail.map((page) => element("li", {}, element("time", { class: "uc-meta" }, page.when), element("span", { class: "uc-cut", title: page.url }, page.title), element("span", { class: "uc-meta" }, page.stay))))) : "",
      section(text("past"), pastList(past)),
      section(text("known.title"), Knowledge.box),
    ].filter(Boolean);
  };
  const learn = async (id, call) => {
    card = { id, content: null };
    const content = await Desk.fetchJson(call ? `/desk/caller/${encodeURIComponent(id)}/panel` : `/desk/talk/${encodeURIComponent(id)}/card`);
    if (card.id !== id) return;
    card.content = content ?? { missing: true };
    drawSide();
  };
  let presentCall = null;
  const drawSide = (again = false) => {
    const call = Talks.selected() ? null : presentCall, id = Talks.selected() ?? call?.interaction_id, head = call ? null : Talks.head(id);
    if (!id) return;
    if (card.id !== id) { learn(id, call); }
    const now = JSON.stringify([id, card.content, call ? [Desk.nameOf(call), call.number] : Talks.name(head)]);
    if (now === sideShown && !again) return;
    if (!again && side.contains(document.activeElement) && sideShown.startsWith(JSON.stringify([id]).slice(0, -1)) && card.content) return;
    sideShown = now;
    if (!card.content || card.content.missing) side.replaceChildren(element("p", { class: "uc-empty" }, text(card.content ? "card_missing" : "card_loading")));
    else side.replaceChildren(...sidePanel(id, head, card.content, call));
  };

  return {
    channelIcon,
    draw(my) {
      const id = Talks.selected(), head = Talks.head(id);
      const wrap = (my?.conversation_wrap_ups ?? []).find((one) => one.interaction_id === id) ?? null;
      if (built !== id || middle.firstElementChild !== header) {
        built = id;
        headShown = footShown = sideShown = "";
        stick = true;
        box.replaceChildren();
        foot.replaceChildren();
        middle.replaceChildren(header, scroll, foot);
      }
      drawHead(id, head, wrap);
      drawLog(id, head);
      drawFoot(id, head, wrap);
      drawSide();
    },
    clear() { built = null; },
    /* The side panel of the present call, when no conversation is selected. */
    drawCaller(call) { presentCall = call; drawSide(); },
    forgetSide: () => { sideShown = ""; },
    /* Whom the side panel is about: the conversation or call, and its contact if it is known. */
    about: () => (card.id ? { id: card.id, contact: card.content?.contact ?? null } : null),
    takeTickets: (id, tickets) => { if (card.id === id && card.content) { card.content.tickets = tickets; drawSide(true); } },
  };
})();
