"use strict";
/* The list, the caller's story in the middle, the contact on the side, and the screen pop. */
const Panes = (() => {
  const { data, text, element, icon, button, state, clock, since, timer, timeOfDay } = Dom;
  const list = document.getElementById("list"), middle = document.getElementById("middle");
  const side = document.getElementById("side"), pop = document.getElementById("pop");
  const STATES = {
    "signed-out": ["offline", "circle-dashed"], "not-ready": ["break", "coffee"], idle: ["ready", "circle-check"],
    offered: ["ring", "bell-ringing"], dialling: ["talk", "phone-outgoing"], talking: ["talk", "phone-call"], "wrap-up": ["wrap", "pencil"], busy: ["talk", "phone"],
  };
  let tab = "mine", listed = "", popped = "", shown = "";

  const avatar = (name, big = false) => element("span", { class: `uc-ava${big ? " uc-big" : ""}`, "aria-hidden": "true" }, name.slice(0, 1),
    element("i", { class: "ti ti-phone-incoming uc-ch" }));
  const empty = (words) => element("p", { class: "uc-empty" }, words);
  const reason = (why) => {
    if (!why?.rule) return text("none");
    return data.texts[`reason.${why.rule}`] ? text(`reason.${why.rule}`, why) : text("reason.other", why);
  };
  const vip = (contact) => (contact?.vip_level > 0
    ? element("span", { class: "uc-vip" }, icon("crown"), text("vip", { n: contact.vip_level })) : null);

  /* ---- the list */
  const item = (kind, call, wait, line) => element("li", {}, element("a", { class: `uc-item uc-s-${kind}`, href: "#middle", "aria-current": Talks.selected() ? null : "true",
    onclick: (event) => { event.preventDefault(); Talks.open(null); } },
    avatar(Desk.nameOf(call)), element("span", { class: "uc-cut" }, Desk.nameOf(call)), wait,
    element("p", { class: "uc-cut uc-meta" }, line)));
  const group = (title, one) => [element("h2", {}, text(title), " ", element("span", {}, "1")), element("ul", {}, one)];
  const calls = (my) => {
    if (my?.offer) return group("group.incoming", item("ring", my.offer,
      element("span", { class: "uc-wait uc-s-ring" }, icon("bell-ringing"), " ", text("state.offered")), Desk.line(my.offer)));
    if (my?.dial) return group("group.dialling", item("talk", my.dial,
      timer({ from: my.dial.began_at_us, whole: "uc-wait uc-s-talk uc-num" }), Desk.line(my.dial)));
    if (my?.call) return group("group.call", item("talk", my.call,
      timer({ from: my.call.connected_at_us, whole: "uc-wait uc-s-talk uc-num" }), Desk.line(my.call)));
    if (my?.wrap_up) return group("group.wrap_up", item("wrap", my.wrap_up,
      timer({ to: my.wrap_up.ends_at_us, whole: "uc-wait uc-s-wrap uc-num" }), Desk.line(my.wrap_up)));
    return [];
  };
  /* How long it has waited: exact below ten minutes, then in minutes, as nobody reads seconds there. */
  const waited = (seconds) => (seconds < 600 ? clock(seconds) : seconds < 36000 ? text("minutes", { n: Math.floor(seconds / 60) }) : text("hours", { n: Math.floor(seconds / 3600) }));
  const urgency = (head) => { const seconds = head.waiting_since_us && !Talks.isPutOff(head) ? since(head.waiting_since_us) : 0; return seconds >= 120 ? "alert" : seconds >= 60 ? "ring" : ""; };
  const lastWords = (head) => {
    const { last } = head;
    if (!last) return Desk.queue(head.queue);
    const words = last.kind === "text" ? last.text || text("recalled") : text(last.kind === "picture" ? "a_picture" : "a_file");
    return last.author === "visitor" ? words : text("me_said", { words });
  };
  const talk = (head) => {
    const kind = urgency(head), name = Talks.name(head), id = head.conversation_id;
    return element("li", {}, element("a", { class: "uc-item", href: `#talk-${id}`, "data-talk": id, "aria-current": Talks.selected() === id ? "true" : null,
      onclick: (event) => { event.preventDefault(); Talks.open(id); } },
    element("span", { class: "uc-ava", "aria-hidden": "true" }, name.slice(0, 1), element("i", { class: `ti ti-${TalkPane.channelIcon(head.channel)} uc-ch` })),
    element("span", { class: "uc-cut" }, name, " ", vip(head.contact)),
    element("span", { class: `uc-wait${kind ? ` uc-s-${kind}` : ""}` }, kind ? [icon(kind === "alert" ? "alert-triangle" : "clock"), " "] : "", timer({ from: head.waiting_since_us ?? head.last_message_at_us, words: waited })),
    element("p", { class: "uc-cut uc-meta" }, head.has_draft ? [icon("pencil"), " "] : "", lastWords(head)),
    head.unread ? element("span", { class: "uc-count", "aria-label": text("unread", { n: head.unread }) }, head.unread) : ""));
  };
  const talkGroup = (title, heads) => (heads.length ? [element("h2", {}, text(title), " ", element("span", {}, heads.length)), element("ul", {}, ...heads.map(talk))] : []);
  const wrapName = (one) => one.name || Talks.name(Talks.head(one.interaction_id));
  const wrapping = (my) => {
    const rows = my?.conversation_wrap_ups ?? [];
    return rows.length ? [element("h2", {}, text("group.wrap_up"), " ", element("span", {}, rows.length)), element("ul", {}, ...rows.map((one) => element("li", {}, element("a", {
      class: "uc-item uc-s-wrap", href: `#talk-${one.interaction_id}`, "data-wrap": one.interaction_id, "aria-current": Talks.selected() === one.interaction_id ? "true" : null,
      onclick: (event) => { event.preventDefault(); Talks.open(one.interaction_id); } },
    element("span", { class: "uc-ava", "aria-hidden": "true" }, wrapName(one).slice(0, 1), element("i", { class: `ti ti-${TalkPane.channelIcon(one.channel)} uc-ch` })), element("span", { class: "uc-cut" }, wrapName(one)),
    timer({ to: one.ends_at_us, whole: "uc-wait uc-s-wrap uc-num" }), element("p", { class: "uc-cut uc-meta" }, text("choose_disposition"))))))] : [];
  };
  /* While the pointer or the focus is in the list nothing moves: the order that is shown stays, news go to the end. */
  let order = [], callFirst = true, hadCall = false, aiming = false;
  const shownIn = new Map(); // conversation -> the group it is shown in
  const steady = (groups) => {
    const heads = Object.entries(groups).flatMap(([name, rows]) => rows.filter(fits).map((head) => ({ head, name })));
    if (using()) {
      const place = ({ head }) => { const at = order.indexOf(head.conversation_id); return at < 0 ? order.length : at; };
      heads.sort((a, b) => place(a) - place(b));
      for (const one of heads) one.name = shownIn.get(one.head.conversation_id) ?? one.name;
    }
    shownIn.clear();
    for (const { head, name } of heads) shownIn.set(head.conversation_id, name);
    const of = Object.fromEntries(Object.keys(groups).map((name) => [name, heads.filter((one) => one.name === name).map((one) => one.head)]));
    order = Object.values(of).flat().map((head) => head.conversation_id);
    return of;
  };
  /* Somebody aims: the focus is in the list, or the pointer is and has moved since the last key was pressed elsewhere. */
  const using = () => (aiming && list.matches(":hover")) || list.contains(document.activeElement);
  const wanted = () => document.getElementById("list-search").value.trim().toLowerCase();
  const fits = (head) => !wanted() || [Talks.name(head), head.last?.text, head.contact?.company].some((words) => words?.toLowerCase().includes(wanted()));
  const mine = (my) => {
    const { waiting: waitingForMe, answered, later } = steady(Talks.groups()), call = [...calls(my), ...wrapping(my)];
    const talks = [...talkGroup("group.waiting", waitingForMe), ...talkGroup("group.answered", answered), ...talkGroup("group.later", later)];
    callFirst = !talks.length || !using() || (callFirst && hadCall); // what comes while somebody aims pushes nothing down
    hadCall = call.length > 0;
    const all = callFirst ? [...call, ...talks] : [...talks, ...call];
    return all.length ? all : [empty(text(wanted() ? "empty.search" : "empty.mine"))];
  };
  const isCall = (member) => (member.channel ?? "voice") === "voice";
  const waiting = (board) => {
    const members = [...(board?.members ?? [])].sort((a, b) => a.entered_at_us - b.entered_at_us);
    if (!members.length) return [empty(text("empty.queue"))];
    return [element("ul", {}, ...members.map((member) => element("li", {}, element("div", { class: "uc-item" },
      element("span", { class: "uc-ava", "aria-hidden": "true" }, (member.name || member.number || "?").slice(0, 1), element("i", { class: `ti ti-${isCall(member) ? "phone-incoming" : TalkPane.channelIcon(member.channel)} uc-ch` })),
      element("span", { class: "uc-cut" }, member.name || member.number || text("unknown")), timer({ from: member.entered_at_us, whole: "uc-wait uc-num" }),
      element("p", { class: "uc-cut uc-meta" }, `${Desk.queue(member.queue)} · ${text("position", { n: member.position })}`),
      !isCall(member) && data.agent_id ? element("button", { type: "button", class: "btn uc-take", "data-take": member.interaction_id, onclick: () => Talks.act.take(member.interaction_id) }, text("take")) : ""))))];
  };
  const standing = (agent) => {
    if (!agent) return state("offline", "circle-dashed", text("state.signed-out"));
    if (agent.state !== "signed-out" && !agent.registered) return state("alert", "alert-triangle", text("strip.lost"));
    const [kind, iconName] = STATES[agent.state] ?? STATES["signed-out"];
    return state(kind, iconName, agent.state === "not-ready" ? text(`status.${agent.status}`) : text(`state.${agent.state}`));
  };
  /* A colleague's picture, else the first letter of the name. */
  const face = (id, who) => {
    const picture = data.names.agents[id]?.picture;
    return picture ? element("img", { class: "uc-face", src: `/users/picture/${id}?v=${picture.slice(0, 8)}`, alt: "" }) : who.slice(0, 1);
  };
  const colleagues = (board) => {
    const others = Object.entries(board?.agents ?? {}).filter(([id]) => Number(id) !== data.agent_id);
    if (!others.length) return [empty(text("empty.colleagues"))];
    return [element("ul", {}, ...others.map(([id, agent]) => {
      const who = data.names.agents[id]?.name ?? agent.extension;
      return element("li", {}, element("div", { class: "uc-item" }, element("span", { class: "uc-ava", "aria-hidden": "true" }, face(id, who)),
        element("span", { class: "uc-cut" }, who), standing(agent),
        element("p", { class: "uc-cut uc-meta" }, agent.extension, " · ", timer({ from: agent.state_since_us }),
          agent.capacity ? ` · ${text("talks_of", { n: agent.capacity.conversations, most: agent.capacity.maximum })}` : "")));
    }))];
  };

  /* What I served or missed today: a call that was missed, a talk whose disposition was not chosen in time. */
  let past24 = [];
  const learnRecent = async () => {
    const answer = await Desk.fetchJson("/desk/recent");
    if (!answer) return;
    past24 = answer.recent;
    listed = "";
    Desk.draw();
  };
  const lateForm = (row) => {
    const select = element("select", { class: "form-select w-auto", "aria-label": text("label.disposition") }, element("option", { value: "" }, text("disposition")), ...data.names.dispositions.map((d) => element("option", { value: d.id }, d.title)));
    return element("form", { class: "uc-late", onsubmit: async (event) => {
      event.preventDefault();
      if (!select.value) { select.focus(); return; }
      if ((await Desk.send("finish", { offer_id: row.offer_id, disposition_id: Number(select.value), note: "" }))?.ok) { Dom.toast(text("saved")); setTimeout(learnRecent, 1500); }
    } }, select, element("button", { class: "btn" }, text("save")));
  };
  const recentRow = (row) => {
    const who = row.name || row.number || text("unknown"), isCallRow = row.channel === "voice";
    const kind = row.missed ? "alert" : row.disposition ? "" : "wrap";
    return element("li", {}, element("div", { class: `uc-item${kind ? ` uc-s-${kind}` : ""}`, "data-recent": row.offer_id },
      element("span", { class: "uc-ava", "aria-hidden": "true" }, who.slice(0, 1), element("i", { class: `ti ti-${row.missed ? "phone-off" : isCallRow ? "phone-incoming" : TalkPane.channelIcon(row.channel)} uc-ch` })),
      element("span", { class: "uc-cut" }, isCallRow && row.number ? [Dialing.phone({ interaction: row.interaction_id }, row.number), " "] : "", element("a", { href: isCallRow ? `/calls/?text=${row.interaction_id}` : `/conversations/${row.interaction_id}` }, who)), element("span", { class: "uc-wait" }, row.when),
      element("p", { class: "uc-cut uc-meta" }, row.missed ? element("span", { class: "uc-wait uc-s-alert" }, text("recent.missed")) : [row.disposition ?? element("b", { class: "uc-s-wrap uc-wait" }, text("recent.open")), row.talk ? ` · ${row.talk}` : ""]),
      !row.missed && !row.disposition ? lateForm(row) : ""));
  };
  const recentList = () => (past24.length ? [element("ul", {}, ...past24.map(recentRow))] : [empty(text("empty.recent"))]);

  /* ---- the contact */
  const pairs = (...rows) => element("dl", { class: "uc-pairs mt-2" },
    ...rows.filter(([, value]) => value).flatMap(([label, value]) => [element("dt", {}, text(label)), element("dd", {}, value)]));
  const number = (call) => element("span", {}, element("span", { "data-number": true }, call.number), " ",
    data.agent_id ? [Dialing.phone({ interaction: call.interaction_id }, call.number), " "] : "",
    !data.may_reveal ? "" : element("button", { type: "button", class: "btn btn-ghost btn-icon uc-tiny", title: text("reveal"), "aria-label": text("reveal"),
      onclick: async (event) => {
        const shownNumber = event.target.closest("dd").querySelector("[data-number]");
        const answer = await Desk.post(`/desk/reveal/${encodeURIComponent(call.interaction_id)}`);
        if (answer?.number) shownNumber.textContent = answer.number;
        else Dom.toast(text("not_revealed"));
      } }, icon("eye")));
  const line = (entry) => [entry.outcome?.[data.language], entry.note, entry.agent].filter(Boolean).join(" · ") || text("no_talk");
  const past = (caller) => element("ol", { class: "uc-trail" }, ...(caller?.past ?? []).map((entry) => element("li", {},
    icon("phone-incoming"), element("span", { class: "uc-cut", title: line(entry) }, line(entry)),
    element("span", { class: "uc-meta" }, [entry.when, entry.talk].filter(Boolean).join(" · ")))));
  const history = (caller) => {
    if (caller?.missing) return element("p", { class: "uc-meta m-0" }, text("card_missing"));
    if (!caller) return element("p", { class: "uc-meta m-0" }, text("card_loading"));
    return caller.past?.length ? past(caller) : element("p", { class: "uc-meta m-0" }, text("no_past"));
  };
  const callFacts = (call, isKnown) => pairs(["fact.number", isKnown ? null : number(call)], ["fact.region", call.region?.[data.language]], [called(call) ? "fact.shown_as" : "fact.did", call.did ?? call.caller_number]);

  /* ---- the story of the present call */
  const called = (call) => ["outbound", "internal"].includes(call.direction);
  const story = (my, call) => {
    const why = Desk.reasonOf(call);
    const rows = [
      [call.began_at_us ?? call.entered_at_us, called(call) ? text("event.dialled") : text("event.entered", { queue: Desk.queue(call.queue) })],
      [my.offer ? my.state_since_us : null, text("event.offered", { reason: reason(why) })],
      [call.connected_at_us, called(call) ? text("event.answered") : why && !my.offer ? text("event.connected_why", { reason: reason(why) }) : text("event.connected")],
      [call.held_since_us, text("event.held")],
      [call.ended_at_us, text("event.ended")],
    ].filter(([us]) => us);
    return [
      element("header", {}, avatar(Desk.nameOf(call)), element("div", { class: "uc-grow" },
        element("h1", { class: "uc-cut" }, Desk.nameOf(call)), element("p", { class: "uc-meta uc-cut m-0" }, Desk.line(call)))),
      element("div", { class: "uc-log uc-story", tabindex: "0" }, element("div", { role: "log", "aria-live": "polite", "aria-label": text("label.story") },
        ...rows.map(([us, words]) => element("p", { class: "uc-event" }, `${timeOfDay(us)} · ${words}`)))),
    ];
  };

  /* ---- the screen pop: announced once, never takes the focus */
  const popUp = (offer, caller) => {
    const fact = (label, value) => element("div", {}, element("dt", { class: "uc-meta" }, text(label)), element("dd", {}, value || text("none")));
    const answer = button("btn-lg btn-answer flex-fill", "phone", text("answer"), () => Desk.act.answer());
    answer.append(" ", Shortcuts.kbd("answer"));
    const decline = button("btn-lg", "phone-off", text("decline"), () => Desk.act.decline());
    decline.append(" ", Shortcuts.kbd("decline"));
    pop.replaceChildren(
      element("div", { class: "d-flex align-items-start gap-3" }, avatar(Desk.nameOf(offer), true),
        element("div", { class: "uc-grow" },
          element("h2", { class: "uc-caller uc-cut", id: "pop-name" }, caller?.contact?.name ?? text("unknown"), " ", vip(caller?.contact)),
          element("p", { class: "m-0" }, element("span", { class: "uc-num" }, offer.number), " · ", icon("map-pin"), " ", offer.region?.[data.language] || text("none")),
          element("p", { class: "uc-meta m-0" }, caller?.contact?.company ?? "")),
        element("div", { class: "text-end text-nowrap" },
          timer({ to: offer.expires_at_us, whole: "uc-caller uc-num uc-s-ring", words: (s) => text("seconds", { n: Math.max(0, Math.ceil(s)) }) }),
          element("p", { class: "uc-meta m-0" }, text("next_agent")))),
      element("dl", { class: "uc-facts", id: "pop-facts" },
        fact("fact.queue", Desk.queue(offer.queue)), fact("fact.waited", clock(since(offer.entered_at_us))),
        fact("fact.intent", offer.intent), fact("fact.reason", reason(offer.reason))),
      element("div", { class: "d-grid gap-1" }, element("h3", {}, text("past")), history(caller),
        caller?.contact?.note ? element("p", { class: "uc-tag m-0 py-1 uc-wrapok" }, icon("note"), " ", caller.contact.note) : null),
      element("div", { class: "d-flex gap-2" },
        answer, decline));
    pop.hidden = false;
  };
  const drawPop = (my, caller) => {
    const now = my?.offer ? JSON.stringify([my.offer.offer_id, caller]) : "";
    if (now === popped) return;
    if (my?.offer) {
      if (!popped.startsWith(JSON.stringify([my.offer.offer_id]).slice(0, -1)))
        document.getElementById("announce").textContent = text(Shortcuts.label("decline") && Shortcuts.label("answer") ? "announce" : "announce_keyless",
          { answer: Shortcuts.label("answer"), key: Shortcuts.label("decline"), name: caller?.contact?.name ?? my.offer.number, queue: Desk.queue(my.offer.queue) });
      popUp(my.offer, caller);
    } else {
      pop.hidden = true;
      pop.replaceChildren();
    }
    popped = now;
  };

  /* Nothing moves under the pointer: a list that is being used gets its news when it is left. */
  const inUse = () => tab !== "mine" && using();
  let pointer = "";
  list.addEventListener("pointermove", ({ screenX, screenY }) => {
    if (pointer === `${screenX} ${screenY}`) return; // the list moved, not the pointer
    pointer = `${screenX} ${screenY}`;
    aiming = true;
  });
  document.addEventListener("keydown", (event) => { if (aiming && !list.contains(event.target)) { aiming = false; setTimeout(() => Desk.draw()); } });
  for (const event of ["pointerleave", "focusout"]) list.addEventListener(event, () => setTimeout(() => Desk.draw()));

  return {
    standing, callFacts,
    setTab(name) {
      tab = name;
      listed = "";
      document.querySelectorAll("[data-tab]").forEach((node) => node.setAttribute("aria-selected", String(node.dataset.tab === name)));
      if (name === "recent") learnRecent();
    },
    drawList(my, board) {
      const groups = Talks.groups(), talks = groups.waiting.length + groups.answered.length + groups.later.length;
      const count = talks + (my?.conversation_wrap_ups?.length ?? 0) + (my?.offer || my?.dial || my?.call || my?.wrap_up ? 1 : 0);
      document.querySelector("[data-count=mine]").textContent = count || "";
      document.querySelector("[data-count=queue]").textContent = board?.members?.length || "";
      const lines = (heads) => heads.map((head) => [head.conversation_id, head.unread, head.last, Talks.name(head), urgency(head), head.waiting_since_us, head.has_draft]);
      const now = JSON.stringify(tab === "mine" ? [my?.offer, my?.dial, my?.call, my?.wrap_up, my?.conversation_wrap_ups, Desk.nameOf(my?.offer ?? my?.dial ?? my?.call ?? my?.wrap_up), lines(groups.waiting), lines(groups.answered),
        lines(groups.later), Talks.selected(), wanted(), using()] : tab === "queue" ? [board?.members] : tab === "recent" ? [past24] : [board?.agents]);
      if (now === listed || (listed && inUse())) return;
      listed = now;
      const focused = list.contains(document.activeElement) ? document.activeElement.dataset.talk : null, top = list.scrollTop;
      list.replaceChildren(...(tab === "mine" ? mine(my) : tab === "queue" ? waiting(board) : tab === "recent" ? recentList() : colleagues(board)));
      list.scrollTop = top;
      if (focused) list.querySelector(`[data-talk="${CSS.escape(focused)}"]`)?.focus();
    },
    drawCall(my, caller) {
      const call = my?.call ?? my?.dial ?? my?.offer ?? my?.wrap_up;
      const now = JSON.stringify([call, caller, Boolean(my?.offer)]);
      if (Talks.selected()) shown = "";
      else if (now !== shown) {
        TalkPane.clear();
        shown = now;
        middle.replaceChildren(...(call ? story(my, call) : [element("h1", { class: "visually-hidden" }, text("label.story")), empty(text("empty.middle"))]));
        TalkPane.forgetSide();
        if (!call) side.replaceChildren(empty(text("empty.side")));
      }
      if (!Talks.selected()) TalkPane.drawCaller(call ?? null);
      drawPop(my, caller);
    },
    search: () => { listed = ""; Desk.draw(); },
  };
})();
