"use strict";
/* My conversations: heads, messages by sequence, what waits to be sent, who types. The server has the truth; a page
   that was away asks for what is after its last sequence. Nothing is drawn here. */
const Talks = (() => {
  const { data, text, toast } = Dom;
  const SAY_MS = 8000, AGAIN_MS = 3000, UNDO_MS = 8000, LOOK_MS = 10000, READ_ELSEWHERE_MS = 500, KEPT = "uckefu.outbox";
  const heads = new Map(), logs = new Map(), typing = new Map(), others = new Map(), ending = new Map(), drafts = new Map();
  const fetched = new Set();
  let selected = null, outbox = {}, flushing = new Set(), known = false;
  const away = { read: false, write: false }; // what the record did not answer last
  let rereading = null;

  const random = () => [...crypto.getRandomValues(new Uint8Array(16))].map((n) => n.toString(16).padStart(2, "0")).join("");
  const keep = () => sessionStorage.setItem(KEPT, JSON.stringify(Object.fromEntries(
    Object.entries(outbox).map(([id, rows]) => [id, rows.filter((row) => !row.file)]))));
  const log = (id) => logs.get(id) ?? logs.set(id, new Map()).get(id);
  const last = (id) => Math.max(0, ...log(id).keys());
  const name = (head) => head?.contact?.name || head?.name || text("talk.visitor", { id: head?.short ?? "" });
  const isPutOff = (head) => Boolean(head.later_us) && (!head.waiting_since_us || head.waiting_since_us <= head.later_us);

  /* ---- what the server says */
  const put = (message) => {
    const rows = log(message.conversation_id);
    rows.set(message.sequence, message);
    if (message.kind === "recall") {
      const taken = rows.get(message.detail.sequence);
      if (taken) rows.set(taken.sequence, { ...taken, is_recalled: true, text: "", attachment: null });
    }
    const waiting = outbox[message.conversation_id];
    if (waiting?.some((row) => row.client_id === message.client_id)) {
      outbox[message.conversation_id] = waiting.filter((row) => row.client_id !== message.client_id);
      keep();
    }
  };
  const take = (head) => heads.set(head.conversation_id, { ...heads.get(head.conversation_id), ...head });
  const refresh = async () => {
    if (!data.agent_id) return;
    const answer = await Desk.ask("talks");
    if (answer) away.read = answer.code === "try-again";
    clearTimeout(rereading);
    if (away.read) rereading = setTimeout(refresh, AGAIN_MS);
    if (!answer?.ok) return;
    const fresh = new Set(answer.talks.map((head) => head.conversation_id));
    for (const id of [...heads.keys()]) if (!fresh.has(id) && id !== selected) heads.delete(id);
    for (const head of answer.talks) {
      const isNew = known && !heads.has(head.conversation_id);
      take(head);
      if (isNew) Ringing.chime(name(head), Desk.queue(head.queue));
    }
    known = true;
    Desk.draw();
  };
  const markRead = () => {
    const head = heads.get(selected);
    if (head && isGuest(selected)) take({ conversation_id: selected, unread: 0 });
    if (!head || head.agent_id !== data.agent_id || !document.hasFocus()) return;
    const sequence = last(selected);
    if (!sequence || sequence <= (head.agent_read_sequence ?? 0)) return;
    take({ conversation_id: selected, agent_read_sequence: sequence, unread: 0 });
    Desk.ask("read", { conversation_id: selected, sequence });
  };
  /* Another window of this agent, here or on another machine, may have it open: then it is read at once, and nothing sounds. */
  const chimeUnlessRead = (id) => setTimeout(() => {
    const head = heads.get(id);
    if (head?.unread) Ringing.chime(name(head), Desk.queue(head.queue));
  }, READ_ELSEWHERE_MS);
  const onMessage = ({ message, waiting_since_us: waiting }) => {
    const id = message.conversation_id, head = heads.get(id);
    if (!log(id).has(message.sequence)) {
      put(message);
      if (message.author === "visitor") {
        typing.delete(id);
        if (head && message.kind !== "recall") {
          take({ conversation_id: id, unread: (head.unread ?? 0) + 1 });
          if (id !== selected || !document.hasFocus()) chimeUnlessRead(id);
        }
      }
    }
    if (head) {
      take({ conversation_id: id, waiting_since_us: waiting, last_message_at_us: message.sent_at_us, last_sequence: Math.max(head.last_sequence ?? 0, message.sequence) });
      if (["text", "picture", "file"].includes(message.kind)) take({ conversation_id: id, last: { author: message.author, kind: message.kind, text: message.text.slice(0, 80) } });
    } else refresh();
    if (id === selected) { if (last(id) > log(id).size && missing(id)) catchUp(id); markRead(); }
    Desk.draw();
  };
  /* Something between what was shown first and the newest did not come. */
  const missing = (id) => { const keys = [...log(id).keys()].sort((a, b) => a - b); return keys.at(-1) - keys[0] + 1 !== keys.length; };
  const catchUp = async (id) => {
    const keys = [...log(id).keys()].sort((a, b) => a - b);
    const gap = keys.findIndex((key, place) => place && key !== keys[place - 1] + 1);
    const answer = await Desk.ask("talk-open", { conversation_id: id, after: gap > 0 ? keys[gap - 1] : keys.at(-1) ?? 0 });
    if (answer?.ok) { answer.messages.forEach(put); take(answer.head); Desk.draw(); }
  };
  const onConversation = (head) => {
    const known = heads.get(head.conversation_id);
    const mine = !head.ended_at_us && (head.agent_id === data.agent_id || (known && isGuest(head.conversation_id)));
    if (mine && !heads.has(head.conversation_id)) { refresh(); return; }
    if (heads.has(head.conversation_id)) take(head);
    if (!mine && head.conversation_id !== selected) heads.delete(head.conversation_id);
    Desk.draw();
  };

  /* ---- opening */
  const open = async (id, { focus = true } = {}) => {
    if (selected && selected !== id) Desk.ask("talk-close", { conversation_id: selected });
    const before = selected;
    selected = id;
    if (before && before !== id && !mayWrite(before)) heads.delete(before);
    history.replaceState(null, "", id ? `#talk-${id}` : location.pathname);
    Desk.draw();
    if (!id) { Composer.leave(); return; }
    Composer.show(id, drafts.get(id) ?? { kind: "text", text: "" }, focus);
    const answer = await Desk.ask("talk-open", { conversation_id: id, after: fetched.has(id) ? last(id) : 0 });
    if (selected !== id) return;
    if (!answer || answer.code === "try-again") { // it stays chosen; a lost connection opens it again by itself
      if (Desk.connected()) { away.read = true; setTimeout(() => selected === id && open(id, { focus: false }), AGAIN_MS); }
      return;
    }
    if (!answer.ok) { selected = null; Composer.leave(); Desk.draw(); return; }
    away.read = false;
    answer.messages.forEach(put);
    fetched.add(id);
    take(answer.head);
    drafts.set(id, answer.draft);
    others.set(id, answer.others);
    Desk.draw();
    Composer.learn(id, answer.draft);
    markRead();
    flush(id);
  };
  const isMine = (id) => { const head = heads.get(id); return Boolean(head) && head.agent_id === data.agent_id && !head.ended_at_us; };
  const isGuest = (id) => { const head = heads.get(id); return Boolean(head) && !head.ended_at_us && head.agent_id !== data.agent_id && (head.guests ?? []).some((one) => one.agent_id === data.agent_id); };
  const mayWrite = (id) => isMine(id) || isGuest(id);
  /* A colleague came or went; when it is me, the list has one more or one less. */
  const onGuest = async ({ conversation_id: id, agent_id: agent, on }) => {
    if (agent === data.agent_id && !on) { heads.delete(id); if (selected === id) await open(null); Desk.draw(); return; }
    await refresh();
    if (selected === id) await open(id, { focus: false });
  };
  const earlier = async (id) => {
    const first = Math.min(...log(id).keys());
    const answer = await Desk.ask("talk-earlier", { conversation_id: id, before: first });
    if (answer?.ok) answer.messages.forEach(put);
    Desk.draw();
  };

  /* ---- sending: in order, one at a time; the same client id until it is acknowledged */
  const say = (id, fields) => {
    const row = { client_id: random(), state: "sending", at_us: Dom.now() * 1000, text: "", kind: "text", ...fields };
    (outbox[id] ??= []).push(row);
    keep();
    Desk.draw();
    flush(id);
  };
  const upload = async (id, row) => {
    if (row.attachment_id || !row.file) return true;
    const form = new FormData();
    form.append("file", row.file);
    const answer = await Desk.fetchAny(`/chat/agent/files/${encodeURIComponent(id)}`, { method: "POST", body: form });
    if (answer?.ok === false || !answer?.attachment) { row.why = answer?.message || answer?.detail || answer?.code || text("why_lost"); return false; }
    row.attachment_id = answer.attachment.id;
    return true;
  };
  const flush = async (id) => {
    if (flushing.has(id)) return;
    flushing.add(id);
    try {
      for (;;) {
        const row = outbox[id]?.find((one) => one.state === "sending");
        if (!row || !Desk.connected()) return;
        if (!await upload(id, row)) { row.state = "failed"; toast(text("failed", { why: row.why })); continue; }
        const { client_id, text: words, kind, attachment_id = null } = row;
        const answer = await Desk.askQuietly("say", { conversation_id: id, client_id, text: words, kind, attachment_id }, SAY_MS);
        if (answer) away.write = answer.code === "try-again";
        if (answer?.ok) { put(answer.sent); continue; }
        if (!answer && !Desk.connected()) return; // it goes on when the connection is back
        if (!answer || away.write) { away.write = true; setTimeout(() => flush(id), AGAIN_MS); return; } // nothing is stored twice
        row.state = "failed";
        if (answer?.message) toast(answer.message);
      }
    } finally {
      flushing.delete(id);
      keep();
      Desk.draw();
    }
  };
  const resend = (id, clientId) => {
    const row = outbox[id]?.find((one) => one.client_id === clientId);
    if (row) { row.state = "sending"; flush(id); Desk.draw(); }
  };
  const discard = (id, clientId) => { outbox[id] = outbox[id].filter((one) => one.client_id !== clientId); keep(); Desk.draw(); };

  /* ---- acts */
  const endNow = async (id) => {
    clearTimeout(ending.get(id));
    if (!ending.delete(id)) return;
    await Desk.send("talk-end", { conversation_id: id });
    Desk.draw();
  };
  const act = {
    /* Done at once for the eye, in eight seconds for the customer: until then it can be undone. */
    end: (id) => {
      if (!isMine(id) || ending.has(id)) return;
      ending.set(id, setTimeout(() => endNow(id), UNDO_MS));
      toast(text("talk.ending", { name: name(heads.get(id)) }), { label: text("undo"), run: () => { clearTimeout(ending.get(id)); ending.delete(id); Desk.draw(); } }, UNDO_MS);
      Desk.draw();
    },
    later: async (id, on) => {
      const answer = await Desk.send("later", { conversation_id: id, on });
      if (answer?.ok) { take({ conversation_id: id, later_us: answer.later_us }); Desk.draw(); }
    },
    transfer: async (id, kind, target, note) => {
      const answer = await Desk.send("talk-transfer", { conversation_id: id, kind, target, note });
      if (answer?.ok) toast(text("talk.transferred"));
      return Boolean(answer?.ok);
    },
    take: async (id) => { if ((await Desk.send("talk-take", { conversation_id: id }))?.ok) { await refresh(); open(id); } },
    invite: async (id, agentId) => { const answer = await Desk.send("talk-invite", { conversation_id: id, agent_id: agentId }); if (answer?.ok) { take({ conversation_id: id, guests: answer.guests }); Desk.draw(); } return Boolean(answer?.ok); },
    leave: (id) => Desk.send("talk-leave", { conversation_id: id }),
    recall: (id, sequence) => Desk.send("recall", { conversation_id: id, sequence }),
    finish: async (fields) => { if ((await Desk.send("finish", fields))?.ok) toast(text("saved")); },
  };

  /* ---- the list's groups; the order is who has waited longest for us */
  const groups = () => {
    const rows = [...heads.values()].filter((head) => mayWrite(head.conversation_id));
    const by = (key) => (a, b) => (a[key] ?? 0) - (b[key] ?? 0);
    const waiting = rows.filter((head) => !isPutOff(head) && head.waiting_since_us).sort(by("waiting_since_us"));
    const answered = rows.filter((head) => !isPutOff(head) && !head.waiting_since_us).sort(by("last_message_at_us"));
    return { waiting, answered, later: rows.filter(isPutOff).sort(by("later_us")) };
  };
  const step = (by) => {
    const ids = groups().waiting.map((head) => head.conversation_id);
    if (!ids.length) { toast(text("talk.none_waiting")); return; }
    const place = ids.indexOf(selected);
    open(ids[(place + by + ids.length) % ids.length] ?? ids[0]);
  };

  const start = (socket) => {
    try { outbox = JSON.parse(sessionStorage.getItem(KEPT) ?? "{}"); } catch (error) { console.warn("outbox", error); }
    socket.on("connect", async () => {
      await refresh();
      const wanted = selected ?? (location.hash.startsWith("#talk-") ? location.hash.slice(6) : null);
      if (wanted) await open(wanted, { focus: false });
      for (const id of Object.keys(outbox)) flush(id);
    });
    socket.on("resync", async () => { await refresh(); if (selected) open(selected, { focus: false }); });
    socket.on("message", onMessage);
    socket.on("conversation", onConversation);
    socket.on("talk-guest", onGuest);
    socket.on("read", ({ conversation_id: id, reader, sequence }) => {
      if (heads.has(id)) take({ conversation_id: id, [`${reader}_read_sequence`]: sequence });
      Desk.draw();
    });
    socket.on("typing", ({ conversation_id: id, author, preview, agent_id: agent }) => {
      if (author === "visitor") typing.set(id, { preview, untilMs: Date.now() + 6000 });
      else if (agent === data.agent_id) return;
      Desk.draw();
      setTimeout(Desk.draw, 6100);
    });
    socket.on("talk-seen", ({ conversation_id: id, sequence }) => {
      if (heads.has(id)) take({ conversation_id: id, unread: 0, agent_read_sequence: sequence });
      Desk.draw();
    });
    socket.on("talk-later", ({ conversation_id: id, later_us: at }) => { if (heads.has(id)) take({ conversation_id: id, later_us: at }); Desk.draw(); });
    socket.on("talk-draft", ({ conversation_id: id, kind, text: words, by }) => { if (by !== socket.id) { drafts.set(id, { kind, text: words }); Composer.elsewhere(id, { kind, text: words }); } });
    setInterval(async () => {
      if (!selected || !Desk.connected()) return;
      const id = selected, answer = await Desk.askQuietly("look", { conversation_id: id, writing: Composer.isWriting() });
      if (answer?.ok) { others.set(id, answer.others); Desk.draw(); }
    }, LOOK_MS);
    setInterval(() => {
      const unseen = groups().waiting.find((head) => head.unread && !head.agent_read_sequence);
      if (unseen) Ringing.chime(name(unseen), Desk.queue(unseen.queue));
    }, 30000);
    for (const event of ["focus", "visibilitychange"]) window.addEventListener(event, markRead);
    window.addEventListener("pagehide", () => { for (const id of [...ending.keys()]) endNow(id); });
  };
  return {
    start, refresh, open, groups, step, say, resend, discard, earlier, act, name, isMine, isGuest, mayWrite, isPutOff,
    selected: () => selected,
    head: (id) => heads.get(id),
    messages: (id) => [...log(id).values()].sort((a, b) => a.sequence - b.sequence),
    waitingToBeSent: (id) => outbox[id] ?? [],
    typing: (id) => { const one = typing.get(id); return one && one.untilMs > Date.now() ? one : null; },
    others: (id) => others.get(id) ?? [],
    isEnding: (id) => ending.has(id),
    isRecordAway: () => away.read || away.write,
    drafted: (id, draft) => { drafts.set(id, draft); if (heads.has(id)) take({ conversation_id: id, has_draft: Boolean(draft.text) }); },
  };
})();
