"use strict";
/* The desktop: one socket, the state that it shows, and what the agent can do. Nothing is counted or guessed here. */
const Desk = (() => {
  const { data, text, element, icon, timer, toast } = Dom;
  const state = { my: null, board: null, connected: false, callers: {}, boardAtUs: null };
  const csrf = document.querySelector("meta[name=csrf-token]").content;
  const socket = io({ transports: ["websocket", "polling"], reconnectionDelay: 500, reconnectionDelayMax: 5000 });
  const STATUS = {
    ready: ["ready", "circle-check"], break: ["break", "coffee"], meal: ["break", "tools-kitchen-2"], meeting: ["break", "presentation"],
    training: ["break", "school"], offline: ["offline", "circle-dashed"], "no-answer": ["alert", "phone-off"],
  };

  const queue = (name) => data.names.queues[name] ?? name;
  const nameOf = (call) => state.callers[call?.interaction_id]?.contact?.name || call?.number || text("unknown");
  const line = (call) => [queue(call.queue), call.intent].filter(Boolean).join(" · ");

  /* ---- asking */
  const send = (event, fields) => new Promise((done) => {
    if (!state.connected) { toast(text("failed", { why: text("why_lost") })); done(null); return; }
    socket.timeout(5000).emit(event, fields ?? null, (error, answer) => {
      if (error) toast(text("failed", { why: text("why_lost") }));
      else if (!answer?.ok) toast(answer?.message || text("failed", { why: answer?.code ?? "" }));
      done(error ? null : answer);
    });
  });
  const fetchJson = async (url, options = {}) => {
    try {
      const answer = await fetch(url, { headers: { Accept: "application/json", "X-CSRFToken": csrf }, ...options });
      return answer.ok ? await answer.json() : null;
    } catch (error) {
      console.warn("fetch", url, error);
      return null;
    }
  };
  const post = (url) => fetchJson(url, { method: "POST" });
  const act = {
    status: (status) => send("status", { status }),
    decline: () => state.my?.offer && send("decline", { offer_id: state.my.offer.offer_id }),
    hold: (on) => send("hold", { on }),
    hangup: () => state.my?.call && send("hangup"),
    extend: () => send("extend"),
    finish: async (fields) => { if ((await send("finish", fields))?.ok) toast(text("saved")); },
    transfer: async (kind, target) => {
      if ((await send("transfer", { kind, target }))?.ok) document.getElementById("transfer-menu").hidePopover();
    },
  };

  /* ---- showing */
  const drawStatus = () => {
    const button = document.getElementById("status-switch");
    if (!button || !state.my) return;
    const { status, status_since_us: since, state: system } = state.my;
    const [kind, iconName] = system === "signed-out" ? STATUS.offline : STATUS[status] ?? STATUS.offline;
    const words = system === "signed-out" ? text("status.offline") : text(`status.${status}`);
    button.className = `uc-switch uc-s-${kind}`;
    button.replaceChildren(icon(iconName), " ", element("span", {}, words), " ", timer({ from: since }), " ", icon("chevron-down"));
    document.querySelectorAll("[data-status]").forEach((node) => node.setAttribute("aria-pressed", String(node.dataset.status === status)));
    const endpoint = document.getElementById("endpoint");
    endpoint.replaceChildren(icon("device-desktop"), " ", text(state.my.registered ? "extension_ok" : "extension_lost", { extension: state.my.extension }));
    endpoint.classList.toggle("uc-s-alert", !state.my.registered);
  };
  const drawFigures = () => {
    const totals = state.board?.totals?.voice;
    const figures = document.getElementById("figures");
    figures.querySelectorAll("[data-figure]").forEach((node) => { node.textContent = totals ? totals[node.dataset.figure] : "—"; });
    const old = !state.connected || !state.boardAtUs || Dom.since(state.boardAtUs) > 10;
    figures.classList.toggle("uc-stale", old);
    const age = document.getElementById("figures-age");
    age.hidden = !old || !state.boardAtUs;
    if (!age.hidden) age.textContent = text("stale", { time: new Date(state.boardAtUs / 1000).toLocaleTimeString("en-GB") });
  };
  const drawTargets = () => {
    const queues = Object.entries(data.names.queues).map(([name, title]) => element("li", {}, element("button", { type: "button",
      onclick: () => act.transfer("queue", name) }, icon("users"), " ", title)));
    const agents = Object.entries(data.names.agents).filter(([id]) => Number(id) !== data.agent_id).map(([, agent]) => element("li", {},
      element("button", { type: "button", onclick: () => act.transfer("extension", agent.extension) }, icon("user"), ` ${agent.name} ${agent.extension}`)));
    document.getElementById("transfer-targets").replaceChildren(...queues, ...agents);
  };
  const draw = () => {
    const my = state.my, call = my?.call ?? my?.offer ?? my?.wrap_up;
    drawStatus();
    Strip.draw(my, state.connected);
    Panes.drawList(my, state.board);
    Panes.drawCall(my, call ? state.callers[call.interaction_id] : null);
    drawFigures();
    if (my?.offer && state.connected) Ringing.start(nameOf(my.offer), queue(my.offer.queue));
    else Ringing.stop();
  };
  const learnCaller = async () => {
    const call = state.my?.offer ?? state.my?.call ?? state.my?.wrap_up;
    if (!call || call.interaction_id in state.callers) return;
    const id = call.interaction_id;
    state.callers = { [id]: null };
    const caller = await fetchJson(`/desk/caller/${encodeURIComponent(id)}`);
    if (caller) state.callers[id] = caller;
    else delete state.callers[id];
    Strip.redraw(state.my, state.connected);
    draw();
  };
  const drawDay = async () => {
    if (!data.agent_id) return;
    const day = await fetchJson("/desk/my-day");
    if (day) document.querySelectorAll("[data-day]").forEach((node) => { node.textContent = day[node.dataset.day] ?? "—"; });
  };

  /* ---- listening */
  const start = () => {
    socket.on("connect", () => { state.connected = true; draw(); });
    socket.on("disconnect", () => { state.connected = false; draw(); });
    socket.on("my", ({ now_us: nowUs, content }) => {
      Dom.setClock(nowUs);
      const talked = Boolean(state.my?.call || state.my?.wrap_up) && !content.call && !content.wrap_up;
      state.my = content.status ? content : null;
      draw();
      learnCaller();
      if (talked) drawDay();
    });
    socket.on("board", ({ now_us: nowUs, at_us: atUs, content }) => {
      Dom.setClock(nowUs);
      state.board = content;
      state.boardAtUs = atUs;
      draw();
    });
    setInterval(() => state.connected && socket.emit("here"), 10000);
    setInterval(drawFigures, 1000);
    document.querySelectorAll("[data-status]").forEach((node) => node.addEventListener("click", () => {
      act.status(node.dataset.status);
      document.getElementById("status-menu").hidePopover();
    }));
    document.querySelectorAll("[data-tab]").forEach((node) => node.addEventListener("click", () => { Panes.setTab(node.dataset.tab); draw(); }));
    document.getElementById("transfer-extension").addEventListener("submit", (event) => {
      event.preventDefault();
      act.transfer("extension", new FormData(event.target).get("extension"));
    });
    const keys = {
      KeyQ: () => (state.my?.offer ? act.decline() : act.hangup()),
      KeyP: () => state.my?.call && act.hold(!state.my.call.held_since_us),
      KeyX: () => state.my?.call && document.getElementById("transfer-menu").togglePopover(),
      KeyY: () => (state.my?.wrap_up ? Strip.finish() : act.status("ready")),
      KeyO: () => act.status("break"),
    };
    document.addEventListener("keydown", (event) => {
      if (!event.altKey || event.ctrlKey || event.metaKey || event.getModifierState("AltGraph") || !keys[event.code]) return;
      event.preventDefault();
      keys[event.code]();
    });
    Ringing.prepare();
    drawTargets();
    drawDay();
    draw();
  };
  return { state, start, act, post, nameOf, queue, line };
})();
Desk.start();
