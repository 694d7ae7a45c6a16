"use strict";
/* The list, the caller's story in the middle, the contact on the side, and the screen pop. */
const Panes = (() => {
  const { data, text, element, icon, button, state, key, clock, since, timer } = Dom;
  const list = document.getElementById("list"), middle = document.getElementById("middle");
  const side = document.getElementById("side"), pop = document.getElementById("pop");
  const STATES = {
    "signed-out": ["offline", "circle-dashed"], "not-ready": ["break", "coffee"], idle: ["ready", "circle-check"],
    offered: ["ring", "bell-ringing"], talking: ["talk", "phone-call"], "wrap-up": ["wrap", "pencil"], busy: ["talk", "phone"],
  };
  let tab = "mine", popped = "", shown = "";

  const avatar = (name, big = false) => element("span", { class: `uc-ava${big ? " uc-big" : ""}` }, name.slice(0, 1),
    element("i", { class: "ti ti-phone-incoming uc-ch", "aria-hidden": "true" }));
  const empty = (words) => element("p", { class: "uc-empty" }, words);
  const reason = (why) => {
    if (!why?.rule) return text("none");
    const known = data.texts[`reason.${why.rule}`];
    return known ? text(`reason.${why.rule}`, why) : text("reason.other", why);
  };
  const vip = (contact) => (contact?.vip_level > 0
    ? element("span", { class: "uc-vip" }, icon("crown"), `VIP ${contact.vip_level}`) : null);

  const item = (kind, call, wait, line) => element("li", {}, element("a", { class: `uc-item uc-s-${kind}`, href: "#middle", "aria-current": "true" },
    avatar(Desk.nameOf(call)), element("span", { class: "uc-cut" }, Desk.nameOf(call)), wait,
    element("p", { class: "uc-cut uc-meta" }, line)));
  const group = (title, count, ...items) => [element("h2", {}, text(title), " ", element("span", {}, String(count))), element("ul", {}, ...items)];
  const mine = (my) => {
    if (my?.offer) return group("group.incoming", 1, item("ring", my.offer,
      element("span", { class: "uc-wait uc-s-ring" }, icon("bell-ringing"), " ", text("state.offered")), Desk.line(my.offer)));
    if (my?.call) return group("group.call", 1, item(my.call.held_since_us ? "ring" : "talk", my.call,
      timer({ from: my.call.connected_at_us, whole: "uc-wait uc-s-talk uc-num" }), Desk.line(my.call)));
    if (my?.wrap_up) return group("group.wrap_up", 1, item("wrap", my.wrap_up,
      timer({ to: my.wrap_up.ends_at_us, whole: "uc-wait uc-s-wrap uc-num" }), Desk.line(my.wrap_up)));
    return [empty(text("empty.mine"))];
  };
  const waiting = (board) => {
    const members = board?.members ?? [];
    if (!members.length) return [empty(text("empty.queue"))];
    return [element("ul", {}, ...members.map((member) => element("li", {}, element("div", { class: "uc-item" },
      avatar("#"), element("span", { class: "uc-cut" }, member.number), timer({ from: member.entered_at_us, whole: "uc-wait uc-num" }),
      element("p", { class: "uc-cut uc-meta" }, `${Desk.queue(member.queue)} · ${text("position", { n: member.position })}`)))))];
  };
  const colleagues = (board) => {
    const others = Object.entries(board?.agents ?? {}).filter(([id]) => Number(id) !== data.agent_id);
    if (!others.length) return [empty(text("empty.colleagues"))];
    return [element("ul", {}, ...others.map(([id, agent]) => {
      const [kind, iconName] = STATES[agent.state] ?? STATES["signed-out"];
      const who = data.names.agents[id]?.name ?? agent.extension;
      const word = agent.state === "not-ready" ? text(`status.${agent.status}`) : text(`state.${agent.state}`);
      return element("li", {}, element("div", { class: "uc-item" }, element("span", { class: "uc-ava" }, who.slice(0, 1)),
        element("span", { class: "uc-cut" }, who), state(kind, iconName, word),
        element("p", { class: "uc-cut uc-meta" }, agent.extension, " · ", timer({ from: agent.state_since_us }))));
    }))];
  };

  const pairs = (...rows) => element("dl", { class: "uc-pairs mt-2" },
    ...rows.filter(([, value]) => value).flatMap(([label, value]) => [element("dt", {}, text(label)), element("dd", {}, value)]));
  const number = (call) => element("span", {}, element("span", { "data-number": true }, call.number), " ",
    element("button", { type: "button", class: "btn btn-ghost btn-icon uc-tiny", title: text("reveal"), "aria-label": text("reveal"),
      onclick: async (event) => {
        const answer = await Desk.post(`/desk/reveal/${encodeURIComponent(call.interaction_id)}`);
        if (answer?.number) event.target.closest("dd").querySelector("[data-number]").textContent = answer.number;
      } }, icon("eye")));
  const past = (caller) => element("ol", { class: "uc-trail" }, ...(caller?.past ?? []).map((entry) => element("li", {},
    icon("phone-incoming"), element("span", { class: "uc-cut", title: entry.what }, entry.what),
    element("span", { class: "uc-meta" }, `${entry.when} ${entry.talk}`))));
  const contact = (call, caller) => {
    const known = caller?.contact;
    return [
      element("section", {},
        element("div", { class: "d-flex align-items-center gap-2" }, avatar(Desk.nameOf(call)),
          element("div", { class: "uc-grow" }, element("h2", {}, Desk.nameOf(call), " ", vip(known)),
            element("p", { class: "uc-meta m-0" }, known?.company ?? ""))),
        pairs(["fact.number", number(call)], ["fact.region", call.region?.[data.language]], ["note_of_contact", known?.note]),
        caller?.missing ? element("p", { class: "uc-meta" }, caller.missing) : null),
      element("section", {}, element("header", {}, element("h2", {}, text("past"))),
        caller?.past?.length ? past(caller) : element("p", { class: "uc-meta" }, text("no_past"))),
    ];
  };
  const at = (us) => new Date(us / 1000).toLocaleTimeString(data.language === "zh" ? "zh-CN" : "en-GB", { timeZone: data.timezone, hour12: false });
  const story = (my, call) => {
    const rows = [
      [call.entered_at_us, text("event.entered", { queue: Desk.queue(call.queue) })],
      [my.offer ? call.offered_at_us : null, my.offer ? text("event.offered", { reason: reason(call.reason) }) : ""],
      [call.connected_at_us, text("event.connected")],
      [call.held_since_us, text("event.held")],
      [call.ended_at_us, text("event.ended")],
    ].filter(([us]) => us);
    return [
      element("header", {}, avatar(Desk.nameOf(call)), element("div", { class: "uc-grow" },
        element("h1", { class: "uc-cut" }, Desk.nameOf(call)), element("p", { class: "uc-meta uc-cut m-0" }, Desk.line(call)))),
      element("div", { class: "uc-log" }, element("div", { role: "log", "aria-live": "polite" },
        ...rows.map(([us, words]) => element("p", { class: "uc-event" }, `${at(us)} · ${words}`)))),
    ];
  };
  const popUp = (offer, caller) => {
    const fact = (label, value) => element("div", {}, element("dt", { class: "uc-meta" }, text(label)), element("dd", {}, value || text("none")));
    const decline = button("btn-lg", "phone-off", text("decline"), () => Desk.act.decline());
    decline.append(" ", key("Q"));
    pop.replaceChildren(
      element("div", { class: "d-flex align-items-start gap-3" }, avatar(Desk.nameOf(offer), true),
        element("div", { class: "uc-grow" },
          element("h2", { class: "uc-caller", id: "pop-name" }, Desk.nameOf(offer), " ", vip(caller?.contact)),
          element("p", { class: "m-0 uc-num" }, offer.number, " · ", icon("map-pin"), " ", offer.region?.[data.language] || text("none")),
          element("p", { class: "uc-meta m-0" }, caller?.contact?.company ?? "")),
        element("div", { class: "text-end" },
          timer({ to: offer.expires_at_us, whole: "uc-caller uc-num uc-s-ring fw-bold", words: (s) => text("left_seconds", { n: Math.max(0, Math.ceil(s)) }) }),
          element("p", { class: "uc-meta m-0" }, text("next_agent")))),
      element("dl", { class: "uc-facts", id: "pop-facts" },
        fact("fact.queue", Desk.queue(offer.queue)), fact("fact.waited", clock(since(offer.entered_at_us))),
        fact("fact.intent", offer.intent), fact("fact.reason", reason(offer.reason))),
      element("div", { class: "d-grid gap-1" }, element("h3", {}, text("past")),
        caller?.past?.length ? past(caller) : element("p", { class: "uc-meta m-0" }, text("no_past"))),
      caller?.contact?.note ? element("p", { class: "uc-tag m-0 py-1 uc-wrapok" }, icon("note"), " ", caller.contact.note) : "",
      element("div", { class: "d-flex gap-2" },
        element("span", { class: "uc-state flex-fill justify-content-center uc-s-ready" }, icon("phone"), " ", text("answer_on_phone")), decline));
    pop.hidden = false;
  };

  return {
    setTab(name) {
      tab = name;
      document.querySelectorAll("[data-tab]").forEach((node) => node.setAttribute("aria-selected", String(node.dataset.tab === name)));
    },
    drawList(my, board) {
      document.querySelector("[data-count=mine]").textContent = my?.offer || my?.call || my?.wrap_up ? "1" : "";
      document.querySelector("[data-count=queue]").textContent = board?.members?.length || "";
      list.replaceChildren(...(tab === "mine" ? mine(my) : tab === "queue" ? waiting(board) : colleagues(board)));
    },
    drawCall(my, caller) {
      const call = my?.call ?? my?.offer ?? my?.wrap_up;
      const now = JSON.stringify([call, caller]);
      if (now !== shown) {
        shown = now;
        middle.replaceChildren(...(call ? story(my, call) : [empty(text("empty.middle"))]));
        side.replaceChildren(...(call ? contact(call, caller) : []));
      }
      const popNow = my?.offer ? JSON.stringify([my.offer.offer_id, caller]) : "";
      if (popNow === popped) return;
      popped = popNow;
      if (my?.offer) popUp(my.offer, caller);
      else { pop.hidden = true; pop.replaceChildren(); }
    },
  };
})();
