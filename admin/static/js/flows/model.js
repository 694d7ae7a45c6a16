"use strict";
/* The flow that is edited: its text, which is the truth, and what the server reads in it. Canvas, form and YAML listen. */
const Model = (() => {
  const { data, text: words, post, toast, refusal } = Flow;
  const TYPING_MS = 300, BURST_MS = 1200, MOST_UNDOS = 200;
  const listeners = [];
  const state = {
    reading: data.reading, text: data.reading.text, places: data.reading.places, selected: null, undos: [], redos: [],
    mark: data.mark, typedAt: 0, busy: false, isSaved: true,
  };
  let tail = Promise.resolve(), typing = null;

  const tell = (what) => listeners.forEach((listener) => listener(what));
  const on = (listener) => listeners.push(listener);
  const box = (name = state.selected) => state.reading.boxes.find((each) => each.name === name);
  const node = (name = state.selected) => state.reading.nodes[name];
  const problemsOf = (name) => state.reading.problems.filter((problem) => problem.node === name);
  const snapshot = () => ({ text: state.text, places: { ...state.places }, selected: state.selected });
  const remember = () => {
    state.undos.push(snapshot());
    if (state.undos.length > MOST_UNDOS) state.undos.shift();
    state.redos = [];
    state.isSaved = false;
  };
  /* One question at a time, each on the text that the one before left. */
  const inTurn = (work) => (tail = tail.then(work, work));
  const take = (reading) => {
    const was = state.reading;
    state.reading = reading.is_yaml ? reading : { ...was, text: reading.text, problems: reading.problems, is_yaml: false, playable: false };
    state.text = reading.text;
    if (reading.is_yaml) state.places = reading.places;
    if (state.selected && !box()) state.selected = null;
    tell("reading");
  };
  const ask = async (changes = []) => {
    const answer = await post(data.urls.read, { text: state.text, positions: state.places, changes });
    if (answer.ok) take(answer.body);
    else toast(refusal(answer));
    return answer.ok;
  };
  const flush = () => {
    if (!typing) return;
    clearTimeout(typing);
    typing = null;
    inTurn(() => ask());
  };
  /* Changes by canvas or form. */
  const change = (changes, { select = undefined, place = null } = {}) => {
    flush();
    return inTurn(async () => {
      const before = snapshot(), { undos, redos, isSaved } = { ...state, undos: [...state.undos], redos: [...state.redos] };
      remember();
      if (place) state.places = { ...state.places, [place.name]: [place.x, place.y] };
      for (const each of changes) {
        if (each.do !== "rename" || !state.places[each.node]) continue;
        const { [each.node]: where, ...others } = state.places;
        state.places = { ...others, [each.to]: where };
      }
      const ok = await ask(changes);
      if (!ok) Object.assign(state, before, { undos, redos, isSaved });
      else if (select !== undefined) choose(select);
      tell("history");
      return ok;
    });
  };
  /* The YAML was typed in. */
  const type = (text) => {
    const now = Date.now();
    if (now - state.typedAt > BURST_MS) remember();
    state.typedAt = now;
    state.isSaved = false;
    state.text = text;
    clearTimeout(typing);
    typing = setTimeout(() => { typing = null; inTurn(() => (state.text === text ? ask() : null)); }, TYPING_MS);
    tell("history");
  };
  const move = (name, x, y) => {
    remember();
    state.places = { ...state.places, [name]: [Math.round(x), Math.round(y)] };
    tell("history");
  };
  const travel = (from, to) => {
    flush();
    return inTurn(async () => {
      const there = state[from].pop();
      if (!there) return;
      state[to].push(snapshot());
      Object.assign(state, there, { isSaved: false, typedAt: 0 });
      await ask();
      tell("history");
    });
  };
  const choose = (name) => {
    state.selected = name && box(name) ? name : null;
    tell("selection");
  };
  /* Keep the draft; {ok} or {conflict: message}. */
  const save = (over = false) => {
    flush();
    return inTurn(async () => {
      const sent = { text: state.text, positions: state.places, mark: state.mark, over };
      const answer = await post(data.urls.save, sent);
      if (answer.status === 409 && answer.body.code === "draft-changed") return { conflict: answer.body.message };
      if (!answer.ok) { toast(refusal(answer)); return {}; }
      state.mark = answer.body.mark;
      state.isSaved = state.text === sent.text;
      tell("history");
      return { ok: true };
    });
  };
  const settled = async () => { flush(); await tail; };
  const freshName = (kind) => {
    const taken = state.reading.nodes;
    for (let n = 1; ; n += 1) {
      const name = n === 1 && !taken[kind] ? kind : `${kind}_${n}`;
      if (!taken[name]) return name;
    }
  };
  addEventListener("beforeunload", (event) => { if (!state.isSaved) event.preventDefault(); });
  return {
    state, on, box, node, problemsOf, change, type, move, choose, save, settled, freshName, words,
    undo: () => travel("undos", "redos"), redo: () => travel("redos", "undos"),
  };
})();
