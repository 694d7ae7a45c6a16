"use strict";
/* The supervisor's live view: every call and chat now, reading along, a note to the agent, giving a chat to somebody,
   signing an agent out. What is shown comes from the server; each act is noted there. */
(() => {
  const { data, text, element, icon, button, state, clock, since, timer, timeOfDay, toast } = Dom;
  const EVERY_MS = 3000;
  const list = document.getElementById("list"), middle = document.getElementById("middle"), side = document.getElementById("agents");
  const search = document.getElementById("watch-search");
  const socket = io({ transports: ["websocket", "polling"], reconnectionDelayMax: 5000 });
  const STATES = {
    "signed-out": ["offline", "circle-dashed"], "not-ready": ["break", "coffee"], idle: ["ready", "circle-check"], offered: ["ring", "bell-ringing"],
    talking: ["talk", "phone-call"], "wrap-up": ["wrap", "pencil"], busy: ["talk", "phone"],
  };
  let now = { calls: [], talks: [] }, board = null, watched = null, onCall = null, messages = new Map(), drawn = "", listed = "", agentsDrawn = "", box = null;
  const random = () => [...crypto.getRandomValues(new Uint8Array(16))].map((n) => n.toString(16).padStart(2, "0")).join("");
  const queue = (name) => data.names.queues[name] ?? name;
  const agentName = (id) => data.names.agents[id]?.name ?? text("watch.nobody");
  const send = (event, fields) => new Promise((done) => socket.timeout(6000).emit(event, fields, (error, answer) => {
    if (error || !answer?.ok) toast(answer?.message || text("failed", { why: text("why_lost") }));
    done(error ? null : answer);
  }));

  /* ---- the list */
  const item = (row, current, kind, iconName, who, wait, words) => element("li", {}, element(row.conversation_id || row.part === "call" ? "a" : "div", {
    class: `uc-item${kind ? ` uc-s-${kind}` : ""}`, href: row.conversation_id ? `#${row.conversation_id}` : row.part === "call" ? `#call-${row.agent_id}` : null, "aria-current": current ? "true" : null, "data-talk": row.conversation_id ?? (row.part === "call" ? `call-${row.agent_id}` : null),
    onclick: (event) => { event.preventDefault(); if (row.conversation_id) watch(row.conversation_id); else if (row.part === "call") watchCall(row.agent_id); } },
  element("span", { class: "uc-ava", "aria-hidden": "true" }, who.slice(0, 1), element("i", { class: `ti ti-${iconName} uc-ch` })),
  element("span", { class: "uc-cut" }, who), wait, element("p", { class: "uc-cut uc-meta" }, words)));
  const PARTS = { waiting: ["", "hourglass"], offer: ["ring", "bell-ringing"], call: ["talk", "phone-call"], wrap_up: ["wrap", "pencil"] };
  const callLine = (call) => {
    const name = agentName(call.agent_id);
    const words = { waiting: text("watch.waiting"), offer: text("watch.ringing", { name }), call: text("watch.with", { name }), wrap_up: text("watch.wrap_up", { name }) }[call.part];
    const [kind, iconName] = PARTS[call.part];
    return item(call, call.part === "call" && call.agent_id === onCall, kind, iconName, call.name || call.number || text("unknown"), timer({ from: call.connected_at_us ?? call.entered_at_us, whole: "uc-wait uc-num" }), `${words} · ${queue(call.queue)}`);
  };
  const urgency = (talk) => { const seconds = talk.waiting_since_us ? since(talk.waiting_since_us) : 0; return seconds >= 120 ? "alert" : seconds >= 60 ? "ring" : ""; };
  const talkLine = (talk) => {
    const kind = urgency(talk);
    const wait = element("span", { class: `uc-wait${kind ? ` uc-s-${kind}` : ""}` }, kind ? [icon(kind === "alert" ? "alert-triangle" : "clock"), " "] : "", timer({ from: talk.waiting_since_us ?? talk.last_message_at_us }));
    const words = [talk.agent_id ? text("watch.with", { name: agentName(talk.agent_id) }) : text("watch.waiting"), queue(talk.queue), talk.last?.text].filter(Boolean).join(" · ");
    return item(talk, talk.conversation_id === watched, "", "world", talk.name || text("talk.visitor", { id: talk.visitor_id.slice(0, 6) }), wait, words);
  };
  const group = (title, rows, line) => (rows.length ? [element("h2", {}, text(title), " ", element("span", {}, rows.length)), element("ul", {}, ...rows.map(line))] : []);
  const fits = (row) => { const asked = search.value.trim().toLowerCase(); return !asked || [row.name, row.number, queue(row.queue), agentName(row.agent_id)].some((words) => words?.toLowerCase().includes(asked)); };
  const drawList = () => {
    const calls = now.calls.filter(fits), chats = now.talks.filter(fits);
    const key = JSON.stringify([calls, chats, chats.map(urgency), watched, onCall]);
    if (key === listed) return;
    listed = key;
    const by = (rows) => [...rows].sort((a, b) => (a.waiting_since_us ?? Infinity) - (b.waiting_since_us ?? Infinity));
    const all = [...group("group.calls", calls, callLine), ...group("group.queued", by(chats.filter((talk) => !talk.agent_id)), talkLine), ...group("group.served", by(chats.filter((talk) => talk.agent_id)), talkLine)];
    const top = list.scrollTop, focused = document.activeElement?.dataset?.talk;
    list.replaceChildren(...(all.length ? all : [element("p", { class: "uc-empty" }, text("watch.none"))]));
    list.scrollTop = top;
    if (focused) list.querySelector(`[data-talk="${CSS.escape(focused)}"]`)?.focus();
  };

  /* ---- reading along */
  const line = (message) => {
    const at = timeOfDay(message.sent_at_us), known = data.texts[`talk.event.${message.detail?.code}`];
    if (message.kind === "event") return element("p", { class: "uc-event" }, `${at} · ${known ? text(`talk.event.${message.detail.code}`, { ...message.detail, by: message.detail.by ? text(`party.${message.detail.by}`) : "" }) : message.detail?.code}`);
    if (message.kind === "recall") return element("p", { class: "uc-event" }, `${at} · ${text("recalled")}`);
    const mine = message.author !== "visitor";
    return element("article", { class: `uc-msg${message.kind === "note" ? " is-note" : mine ? " is-mine" : ""}` },
      element("p", { class: "uc-lines" }, message.is_recalled ? element("i", {}, text("recalled")) : message.text, message.attachment ? element("a", { class: "uc-tag", href: message.attachment.url, target: "_blank", rel: "noopener" }, icon("paperclip"), ` ${message.attachment.name}`) : ""),
      element("footer", {}, `${at} · ${message.name || text(`party.${message.author}`)}`, message.kind === "note" ? ` · ${text("note_hidden")}` : ""));
  };
  const drawLog = () => box?.replaceChildren(...[...messages.values()].sort((a, b) => a.sequence - b.sequence).map(line));
  const drawCall = () => {
    const call = now.calls.find((row) => row.part === "call" && row.agent_id === onCall);
    const key = JSON.stringify(["call", onCall, WatchCalls.key(call)]);
    if (key === drawn) return;
    drawn = key;
    const mode = middle.contains(document.activeElement) ? document.activeElement.dataset.mode : null;
    WatchCalls.draw(middle, call, { name: call?.name || call?.number || text("unknown"), agent: agentName(onCall), queue: queue(call?.queue), send: async (...asked) => { const answer = await send(...asked); refresh(); return answer; } });
    if (mode) middle.querySelector(`[data-mode="${mode}"]`)?.focus();
  };
  const watchCall = (agentId) => {
    if (watched) send("unwatch", { conversation_id: watched });
    watched = null;
    onCall = agentId;
    draw();
  };
  const drawMiddle = () => {
    if (onCall) { drawCall(); return; }
    const talk = now.talks.find((row) => row.conversation_id === watched);
    const key = JSON.stringify([watched, talk?.agent_id, Boolean(talk), Object.keys(board?.agents ?? {})]);
    if (key === drawn) return;
    const typed = middle.querySelector("input")?.value ?? "";
    drawn = key;
    if (!watched) { middle.replaceChildren(element("p", { class: "uc-empty" }, text("watch.pick"))); return; }
    box = element("div", { role: "log", "aria-live": "polite", "aria-label": text("label.messages") });
    const to = element("select", { class: "form-select w-auto", id: "give-to", "aria-label": text("watch.take") }, ...Object.entries(data.names.agents)
      .filter(([id]) => Number(id) !== talk?.agent_id && board?.agents?.[id] && board.agents[id].state !== "signed-out").map(([id, agent]) => element("option", { value: id }, agent.name)));
    const note = element("input", { class: "form-control", maxlength: 1000, placeholder: text("watch.whisper"), "aria-label": text("watch.whisper"), value: typed });
    middle.replaceChildren(
      element("header", {}, element("div", { class: "uc-grow uc-min0" }, element("h1", { class: "uc-cut" }, talk?.name || text("talk.visitor", { id: watched.slice(0, 6) })),
        element("p", { class: "uc-meta uc-cut m-0" }, [talk ? queue(talk.queue) : text("talk.over"), talk?.agent_id ? agentName(talk.agent_id) : "", text("watch.read")].filter(Boolean).join(" · "))),
      ...(talk && to.options.length ? [to, button("", "hand-grab", text("watch.take"), async () => {
        const name = agentName(to.value);
        if ((await send("watch-take", { conversation_id: watched, agent_id: Number(to.value) }))?.ok) toast(text("watch.gave", { name }));
        refresh();
      })] : [])),
      element("div", { class: "uc-log", tabindex: "0" }, box),
      talk ? element("form", { class: "uc-composer is-note", onsubmit: async (event) => {
        event.preventDefault();
        const words = note.value.trim();
        if (words && (await send("whisper", { conversation_id: watched, client_id: random(), text: words }))?.ok) note.value = "";
      } }, element("div", {}, note, element("button", { class: "btn btn-primary" }, icon("ear"), " ", text("watch.say")))) : element("p", { class: "uc-empty m-0 py-3" }, text("talk.over")));
    drawLog();
  };
  const watch = async (id) => {
    if (watched && watched !== id) send("unwatch", { conversation_id: watched });
    watched = id;
    onCall = null;
    messages = new Map();
    draw();
    const answer = await send("watch", { conversation_id: id });
    if (watched !== id || !answer?.ok) return;
    for (const message of answer.messages) messages.set(message.sequence, message);
    drawLog();
  };

  /* ---- agents */
  const drawAgents = () => {
    const rows = Object.entries(board?.agents ?? {});
    const key = JSON.stringify(rows);
    if (key === agentsDrawn) return;
    agentsDrawn = key;
    side.replaceChildren(element("section", {}, element("header", {}, element("h2", {}, `${text("watch.agents")} ${rows.length}`)), element("ul", { class: "uc-agents" }, ...rows.map(([id, agent]) => {
      const [kind, iconName] = STATES[agent.state] ?? STATES["signed-out"], name = data.names.agents[id]?.name ?? agent.extension;
      const words = agent.state === "not-ready" ? text(`status.${agent.status}`) : text(`state.${agent.state}`);
      return element("li", { "data-agent": id }, element("div", { class: "d-flex align-items-center gap-2" }, element("b", { class: "uc-grow uc-cut" }, `${name} ${agent.extension}`), state(kind, iconName, words)),
        element("div", { class: "d-flex align-items-center gap-2 uc-meta" }, element("span", { class: "uc-grow" }, timer({ from: agent.state_since_us }), agent.capacity ? ` · ${text("talks_of", { n: agent.capacity.conversations, most: agent.capacity.maximum })}` : ""),
          agent.state !== "signed-out" ? button("uc-small", "door-exit", text("watch.sign_out"), async () => {
            if ((await send("agent-status", { agent_id: Number(id), status: "offline" }))?.ok) toast(text("watch.signed_out", { name }));
          }) : ""));
    }))));
  };
  const draw = () => { drawList(); drawMiddle(); drawAgents(); };

  const refresh = async () => {
    try {
      const answer = await fetch("/supervision/now", { headers: { Accept: "application/json" } });
      if (answer.ok) now = await answer.json();
    } catch (error) { console.warn("now", error); }
    const age = document.getElementById("age"), old = !now.at_us || since(now.at_us) > 10;
    age.textContent = old && now.at_us ? text("stale", { time: timeOfDay(now.at_us) }) : "";
    list.classList.toggle("uc-stale", old);
    draw();
  };
  socket.on("board", ({ now_us: nowUs, content }) => { Dom.setClock(nowUs); board = content; drawAgents(); drawMiddle(); });
  socket.on("message", ({ message }) => {
    if (message.conversation_id !== watched) return;
    if (message.kind === "recall" && messages.has(message.detail.sequence)) messages.set(message.detail.sequence, { ...messages.get(message.detail.sequence), is_recalled: true });
    messages.set(message.sequence, message);
    drawLog();
  });
  socket.on("conversation", refresh);
  socket.on("connect", () => { if (watched) watch(watched); refresh(); });
  socket.on("resync", () => { if (watched) watch(watched); });
  socket.on("signed-out", () => location.reload());
  search.addEventListener("input", drawList);
  setInterval(refresh, EVERY_MS);
  setInterval(() => socket.connected && socket.emit("here"), 10000);
  refresh();
})();
