"use strict";
/* The desktop: one socket, the state that it shows, and what the agent can do. Nothing is counted or guessed here. */
const Desk = (() => {
  const { data, text, element, icon, timer, toast } = Dom;
  const PUSHED_WITHIN_MS = 1500; // the card of a new caller comes by itself; later, or after a reload, we ask for it
  const state = { my: null, board: null, boardAtUs: null, callers: {}, reasons: {} };
  const link = { connected: false, ever: false, attempt: 0, lostUs: null };
  const csrf = document.querySelector("meta[name=csrf-token]").content;
  const socket = io({ transports: ["websocket", "polling"], reconnectionDelay: 500, reconnectionDelayMax: 5000 });
  const STATUS = {
    ready: ["ready", "circle-check"], break: ["break", "coffee"], meal: ["break", "tools-kitchen-2"], meeting: ["break", "presentation"],
    training: ["break", "school"], "after-work": ["break", "clipboard-text"], offline: ["offline", "circle-dashed"], "no-answer": ["alert", "phone-off"],
  };

  const queue = (name) => data.names.queues[name] ?? name;
  const nameOf = (call) => state.callers[call?.interaction_id]?.contact?.name || call?.number || text("unknown");
  const line = (call) => [queue(call.queue), call.intent].filter(Boolean).join(" · ");
  const present = () => state.my?.offer ?? state.my?.dial ?? state.my?.call ?? state.my?.wrap_up ?? null;
  const reasonOf = (call) => call.reason ?? state.reasons[call.offer_id] ?? state.callers[call.interaction_id]?.reason ?? null;

  /* ---- asking */
  const send = (event, fields) => new Promise((done) => {
    if (!link.connected) { toast(text("failed", { why: text("why_lost") })); done(null); return; }
    socket.timeout(5000).emit(event, fields ?? null, (error, answer) => {
      if (error) toast(text("failed", { why: text("why_lost") }));
      else if (!answer?.ok) toast(answer?.message || text("failed", { why: answer?.code ?? "" }));
      done(error ? null : answer);
    });
  });
  /* Without a word when it fails: what asks by itself must not complain. */
  const askQuietly = (event, fields, waitMs = 5000) => new Promise((done) => {
    if (!link.connected) { done(null); return; }
    socket.timeout(waitMs).emit(event, fields ?? null, (error, answer) => done(error ? null : answer));
  });
  /* The answer of the server, a refusal too; null when there was none. */
  const fetchAny = async (url, options = {}) => {
    try {
      const answer = await fetch(url, { headers: { Accept: "application/json", "X-CSRFToken": csrf }, ...options });
      return { ...(await answer.json()), ...(answer.ok ? {} : { ok: false }) };
    } catch (error) {
      console.warn("fetch", url, error);
      return null;
    }
  };
  const fetchJson = async (url, options = {}) => {
    const answer = await fetchAny(url, options);
    return answer?.ok === false ? null : answer;
  };
  const post = (url, fields = {}) => fetchJson(url, { method: "POST", body: new URLSearchParams(fields) });
  const act = {
    status: async (status) => { if ((await send("status", { status }))?.code === "later") toast(text("after_call")); },
    decline: () => state.my?.offer && send("decline", { offer_id: state.my.offer.offer_id }),
    hold: (on) => send("hold", { on }),
    answer: async () => {
      const offer = state.my?.offer;
      if (!offer || !(await send("answer", { offer_id: offer.offer_id }))?.ok) return;
      // A phone that knows how to has answered by then; what others do is nobody's fault.
      setTimeout(() => state.my?.offer?.offer_id === offer.offer_id && toast(text("answer_on_phone_now")), 3000);
    },
    mute: (on) => state.my?.call && send("mute", { on }),
    hangup: () => (state.my?.call || state.my?.dial) && send("hangup"),
    digits: (digits) => state.my?.call && send("digits", { digits }),
    pauseRecording: (on) => state.my?.call && send("pause-recording", { on }),
    extend: () => send("extend"),
    finish: async (fields) => { if ((await send("finish", fields))?.ok) toast(text("saved")); },
    consult: async (kind, target) => {
      if ((await send("consult", { kind, target }))?.ok) document.getElementById("transfer-menu").hidePopover();
    },
    consultTo: (to) => state.my?.call && send("consult-to", { to }),
    transfer: async (kind, target) => {
      if ((await send("transfer", { kind, target }))?.ok) document.getElementById("transfer-menu").hidePopover();
    },
  };

  /* ---- showing */
  const drawStatus = () => {
    const button = document.getElementById("status-switch");
    if (!button || !state.my) return;
    const { status, next_status: next, status_since_us: since, state: system } = state.my;
    const [kind, iconName] = system === "signed-out" ? STATUS.offline : STATUS[status] ?? STATUS.offline;
    const words = system === "signed-out" ? text("status.offline") : text(`status.${status}`);
    const shown = JSON.stringify([kind, words, since, next]);
    if (button.dataset.shown === shown) return;
    button.dataset.shown = shown;
    button.className = `uc-switch uc-s-${kind}`;
    button.title = text("label.status", { status: words });
    button.replaceChildren(icon(iconName), " ", element("span", {}, words), " ", timer({ from: since }), " ",
      next ? element("span", { class: "uc-meta" }, text("then", { status: text(`status.${next}`) })) : "", icon("chevron-down"));
    document.querySelectorAll("[data-status]").forEach((node) => node.setAttribute("aria-pressed", String(node.dataset.status === (next || status))));
  };
  const drawEndpoint = () => {
    const endpoint = document.getElementById("endpoint");
    if (!endpoint || !state.my) return;
    const { registered, extension } = state.my;
    endpoint.className = `uc-wide ${registered ? "uc-meta" : "uc-wait uc-s-alert"}`;
    endpoint.replaceChildren(icon(registered ? "device-landline-phone" : "alert-triangle"), " ",
      text(registered ? "extension_ok" : "extension_lost", { extension }));
  };
  const drawFigures = () => {
    const figures = document.getElementById("figures");
    for (const [channel, section] of [["voice", figures], ["chat", document.getElementById("chat-figures")]]) {
      const counted = state.board?.totals?.[channel];
      section.querySelectorAll("[data-figure]").forEach((node) => { node.textContent = counted ? counted[node.dataset.figure] : "—"; });
      section.querySelector("[data-waiting]").classList.toggle("uc-s-ring", Boolean(counted?.waiting));
    }
    const old = !link.connected || !state.boardAtUs || Dom.since(state.boardAtUs) > 10;
    figures.classList.toggle("uc-stale", old);
    document.getElementById("chat-figures").classList.toggle("uc-stale", old);
    const away = document.getElementById("away");
    const lacks = !link.connected ? "" : Talks.isRecordAway() ? text("away.record") : state.board && old ? text("away.routing") : "";
    if (away.textContent !== lacks) away.textContent = lacks;
    away.hidden = !lacks;
    const age = document.getElementById("figures-age");
    age.hidden = !old || !state.boardAtUs;
    if (!age.hidden) age.textContent = text("stale", { time: Dom.timeOfDay(state.boardAtUs) });
  };
  const isFor = (name, chat) => { const channel = state.board?.queues?.[name]?.channel ?? "voice"; return chat ? channel !== "voice" : channel === "voice"; };
  const drawTalkTargets = () => {
    const note = document.getElementById("talk-transfer-note");
    const give = async (kind, target) => {
      if (!await Talks.act.transfer(Talks.selected(), kind, target, note.value)) return;
      note.value = "";
      document.getElementById("talk-transfer").hidePopover();
    };
    const row = (kind, target, ...children) => element("li", {}, element("button", { type: "button", "data-target": target, onclick: () => give(kind, target) }, ...children));
    const queues = Object.entries(data.names.queues).filter(([name]) => isFor(name, true)).map(([name, title]) => row("queue", name, icon("users"), " ", title));
    const agents = Object.entries(data.names.agents).filter(([id]) => Number(id) !== data.agent_id).map(([id, agent]) => {
      const there = state.board?.agents?.[id];
      return row("agent", id, icon("user"), ` ${agent.name}`, element("span", { class: "uc-meta uc-grow" }, there?.capacity ? ` ${text("talks_of", { n: there.capacity.conversations, most: there.capacity.maximum })}` : ""), Panes.standing(there));
    });
    document.getElementById("talk-transfer-targets").replaceChildren(...queues, ...agents);
  };
  const drawGuests = () => {
    const there = Object.entries(data.names.agents).filter(([id]) => Number(id) !== data.agent_id && (state.board?.agents?.[id]?.state ?? "signed-out") !== "signed-out");
    const ask = async (id, name) => { if (await Talks.act.invite(Talks.selected(), Number(id))) { document.getElementById("talk-invite").hidePopover(); toast(text("guest.invited", { name })); } };
    document.getElementById("talk-invite-targets").replaceChildren(...(there.length ? there.map(([id, agent]) => element("li", {}, element("button", { type: "button", "data-target": id, onclick: () => ask(id, agent.name) },
      icon("user"), ` ${agent.name}`, element("span", { class: "uc-grow" }), Panes.standing(state.board.agents[id])))) : [element("li", { class: "uc-meta" }, text("guest.none"))]));
  };
  const drawTargets = () => {
    const target = (kind, name, ...children) => element("li", {}, element("button", { type: "button", onclick: () => act.transfer(kind, name) }, ...children));
    const lines = Object.entries(data.names.queues).filter(([name]) => isFor(name, false));
    const queues = lines.map(([name, title]) => target("queue", name, icon("users"), " ", title));
    const agents = Object.entries(data.names.agents).filter(([id]) => Number(id) !== data.agent_id).map(([id, agent]) =>
      target("extension", agent.extension, icon("user"), ` ${agent.name} ${agent.extension}`, element("span", { class: "uc-grow" }), Panes.standing(state.board?.agents?.[id])));
    document.getElementById("transfer-targets").replaceChildren(...queues, ...agents);
    Consult.drawTargets(state.board, lines);
  };
  const draw = () => {
    const my = state.my, call = present();
    drawStatus();
    drawEndpoint();
    if (my) Consult.follow(my.call);
    Strip.draw(my, link);
    Panes.drawList(my, state.board);
    Panes.drawCall(my, call ? state.callers[call.interaction_id] : null);
    if (Talks.selected()) TalkPane.draw(my);
    drawFigures();
    for (const id of ["transfer-menu", "keypad"]) if (!my?.call && document.getElementById(id).matches(":popover-open")) document.getElementById(id).hidePopover();
    if (my?.offer && link.connected) Ringing.start(my.offer.offer_id, nameOf(my.offer), queue(my.offer.queue));
    else Ringing.stop();
  };
  const learn = (id, card) => {
    if (present()?.interaction_id !== id) return;
    state.callers = { [id]: { ...state.callers[id], ...card } };
    draw();
  };
  const askFor = async (id) => {
    if (present()?.interaction_id !== id || state.callers[id]) return;
    const card = await fetchJson(`/desk/caller/${encodeURIComponent(id)}`);
    learn(id, card ?? { missing: true });
  };
  let asked = "";
  const learnCaller = (fresh) => {
    const call = present();
    if (!call || asked === call.interaction_id) return;
    asked = call.interaction_id;
    setTimeout(() => askFor(call.interaction_id), fresh ? PUSHED_WITHIN_MS : 0);
  };
  const drawDay = async () => {
    if (!data.agent_id) return;
    const day = await fetchJson("/desk/my-day");
    if (day) document.querySelectorAll("[data-day]").forEach((node) => { node.textContent = day[node.dataset.day] ?? "—"; });
  };

  /* ---- listening */
  const takeMine = ({ now_us: nowUs, content }) => {
    Dom.setClock(nowUs);
    const before = state.my;
    const ids = (slice) => JSON.stringify((slice?.conversations ?? []).map((one) => one.interaction_id).sort());
    if (before && ids(before) !== ids(content)) setTimeout(Talks.refresh, 300); // by then the record has it
    const over = Boolean(before?.call || before?.wrap_up) && !content.call && !content.wrap_up;
    if (before && ids(before) !== ids(content)) setTimeout(drawDay, 1500);
    state.my = content.status ? content : null;
    if (content.offer) state.reasons = { [content.offer.offer_id]: content.offer.reason };
    learnCaller(Boolean(before && content.offer));
    draw();
    Dialing.drawChoices(state.my);
    if (over) setTimeout(drawDay, 1500); // by then the record has it
    if (over || (before?.offer && !content.offer)) for (const ms of [1500, 5000]) setTimeout(Dialing.refresh, ms);
  };
  const listen = () => {
    socket.on("connect", () => { Object.assign(link, { connected: true, ever: true, attempt: 0, lostUs: null }); draw(); });
    socket.on("disconnect", (why) => {
      if (why === "io server disconnect") { location.reload(); return; } // signed out, or another extension: ask who we are
      Object.assign(link, { connected: false, lostUs: Dom.now() * 1000 });
      draw();
    });
    socket.on("connect_error", (error) => { if (error.message === "forbidden") location.reload(); });
    socket.io.on("reconnect_attempt", (attempt) => { link.attempt = attempt; draw(); });
    socket.on("signed-out", () => location.reload());
    socket.on("my", takeMine);
    socket.on("caller", ({ interaction_id: id, card }) => learn(id, card));
    socket.on("board", ({ now_us: nowUs, at_us: atUs, content }) => {
      Dom.setClock(nowUs);
      Object.assign(state, { board: content, boardAtUs: atUs });
      draw();
    });
    setInterval(() => link.connected && socket.emit("here"), 10000);
    setInterval(() => { drawFigures(); if (Talks.selected() || state.my) draw(); }, 1000);
    Talks.start(socket);
  };
  const press = () => {
    document.querySelectorAll("[data-status]").forEach((node) => node.addEventListener("click", () => {
      act.status(node.dataset.status);
      document.getElementById("status-menu").hidePopover();
    }));
    const tabs = [...document.querySelectorAll("[data-tab]")];
    tabs.forEach((node, place) => {
      node.addEventListener("click", () => { Panes.setTab(node.dataset.tab); draw(); });
      node.addEventListener("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (!step) return;
        const next = tabs[(place + step + tabs.length) % tabs.length];
        next.focus();
        next.click();
      });
    });
    document.getElementById("transfer-menu").addEventListener("beforetoggle", drawTargets);
    document.getElementById("my-day")?.addEventListener("beforetoggle", (event) => event.newState === "open" && drawDay());
    document.getElementById("transfer-extension").addEventListener("submit", (event) => {
      event.preventDefault();
      const number = new FormData(event.target).get("extension");
      if (event.submitter?.value === "transfer") act.transfer("extension", number);
      else act.consult("number", number);
    });
    const ofMine = (act) => () => Talks.isMine(Talks.selected()) && act(Talks.selected());
    const keys = {
      answer: () => act.answer(),
      mute: () => state.my?.call && act.mute(!state.my.call.muted_since_us),
      decline: () => (state.my?.offer ? act.decline() : act.hangup()),
      hold: () => state.my?.call && act.hold(!state.my.call.held_since_us),
      transfer: () => state.my?.call && Consult.transfer(state.my.call),
      conference: () => Consult.conference(state.my?.call),
      ready: () => (state.my?.wrap_up ? Strip.finish() : act.status("ready")),
      break: () => act.status("break"),
      keypad: () => state.my?.call && document.getElementById("keypad").togglePopover(),
      recording: () => state.my?.call && act.pauseRecording(!state.my.call.recording_paused_since_us),
      next: () => Talks.step(1),
      previous: () => Talks.step(-1),
      note: () => Talks.selected() && Composer.note(),
      give: ofMine(() => document.getElementById("talk-transfer").togglePopover()),
      invite: ofMine(() => document.getElementById("talk-invite").togglePopover()),
      later: ofMine((id) => Talks.act.later(id, !Talks.isPutOff(Talks.head(id)))),
      end: ofMine((id) => Talks.act.end(id)),
      search: () => { search.focus(); search.select(); },
    };
    for (const [name, handler] of Object.entries(keys)) Shortcuts.on(name, handler);
    const search = document.getElementById("list-search");
    search.addEventListener("input", () => Panes.search());
    search.addEventListener("keydown", (event) => {
      if (event.key === "Escape") { search.value = ""; Panes.search(); }
      if (event.key === "Enter" || event.key === "ArrowDown") { event.preventDefault(); document.querySelector("#list a")?.focus(); }
    });
    document.getElementById("list").addEventListener("keydown", (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (!step || event.altKey) return;
      const items = [...document.querySelectorAll("#list a")], at = items.indexOf(document.activeElement);
      if (at < 0) return;
      event.preventDefault();
      (items[at + step] ?? search).focus();
    });
    document.getElementById("talk-transfer").addEventListener("beforetoggle", drawTalkTargets);
    document.getElementById("talk-invite").addEventListener("beforetoggle", drawGuests);
    document.querySelectorAll("[data-digit]").forEach((node) => node.addEventListener("click", () => act.digits(node.dataset.digit)));
    document.getElementById("keypad").addEventListener("keydown", (event) => {
      if (/^[0-9*#]$/.test(event.key) && !event.altKey && !event.ctrlKey && !event.metaKey) { event.preventDefault(); act.digits(event.key); }
    });
    document.addEventListener("keydown", (event) => {
      if (event.key === "?" && !event.isComposing && !event.target.closest("input, textarea, select")) document.getElementById("keys").togglePopover();
    });
  };
  const start = () => {
    listen();
    press();
    Ringing.prepare();
    drawDay();
    Dialing.start();
    draw();
  };
  return {
    start, draw, act, post, fetchJson, fetchAny, send, ask: (event, fields) => askQuietly(event, fields), askQuietly, nameOf, queue, line, reasonOf,
    relearnCaller: async (id) => { const card = await fetchJson(`/desk/caller/${encodeURIComponent(id)}`); if (card) learn(id, card); },
    connected: () => link.connected, inCall: () => Boolean(state.my?.call),
  };
})();
Desk.start();
