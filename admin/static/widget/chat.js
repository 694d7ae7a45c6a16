// The visitor's window. Server: admin/chat/events.py. Every text comes from the page; a message is put in as text only.
//
// Nothing is lost: what was written waits in `outbox` (and in localStorage) until the server says that it is stored, with
// the same client id at each try. Messages are shown by their sequence; one whose `after` is not here yet makes the page
// ask for what is between. At each connect, and when told to `resync`, it asks for everything after its last sequence.
const C = JSON.parse(document.body.dataset.config);
const $ = (id) => document.getElementById(id);
const STORE = "uckefu-chat:" + C.key;
const ACK_MS = 10000, BEAT_MS = 25000, TYPING_MS = 4000, TYPED_EVERY_MS = 1500, LATE_MS = 8000;
const EMOJI = [..."😀😃😄😁😆😅😂🙂😉😊😍😘😋😜🤔😐😌😔😢😭😤😡😱😴🤝👍👎👌🙏👏💪❤💔🎉🌹☕"].filter((c) => c.trim());

const t = (key, values = {}) => (C.texts[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
const keep = (name, value) => { try { localStorage.setItem(`${STORE}:${name}`, value); } catch { /* private mode */ } };
const recallKept = (name) => { try { return localStorage.getItem(`${STORE}:${name}`) || ""; } catch { return ""; } };
const newId = () => crypto.randomUUID?.() ?? `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name in node && name !== "type") node[name] = value; else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

const me = {
  token: decodeURIComponent(location.hash.slice(1)) || recallKept("token"),
  conversation: null, last: 0, shown: new Map(), outbox: readOutbox(), sending: false, visible: !C.embedded, unread: 0,
  page: C.embedded ? { url: document.referrer, title: "" } : { url: location.href.split("#")[0], title: document.title }, agent: "", older: "", olderFrom: 0, mailed: "", staffed: true, asked: null,
  connected: false, filled: false, visitor: {}, isBlocked: false,
};
const given = decodeURIComponent(location.hash.slice(1));
/** A token that this frame kept itself is not told to the page around it, which may be anybody's. */
const mayTell = Boolean(given) || !recallKept("token");
history.replaceState(null, "", location.pathname + location.search);

function readOutbox() {
  try { return JSON.parse(recallKept("outbox") || "[]").filter((m) => typeof m.client_id === "string"); } catch { return []; }
}
const keepOutbox = () => keep("outbox", JSON.stringify(me.outbox.map(({ failed, code, ...rest }) => rest)));

let pageTold = "";
function thePage() {
  pageTold = me.page.url;
  return { url: me.page.url.slice(0, 2000), title: me.page.title.slice(0, 500) };
}

// ---- the socket ---------------------------------------------------------------------------------------------
const socket = io("/visitor", {
  transports: ["websocket", "polling"], reconnectionDelay: 300, reconnectionDelayMax: 4000, randomizationFactor: 0.7,
  auth: (give) => give({ site: C.key, token: me.token, language: C.language, ...thePage() }),
});
const ask = (event, data = {}) => new Promise((done) => {
  socket.timeout(ACK_MS).emit(event, data, (error, answer) => done(error ? { ok: false, code: "no-answer" } : answer));
});

let lateTimer = 0;
socket.on("connect", () => {
  me.connected = true;
  clearTimeout(lateTimer);
  line("");
  if (pageTold !== me.page.url) ask("here", thePage()); // it came while the socket was being opened
});
socket.on("disconnect", (reason) => { lost(); if (reason === "io server disconnect" && !me.isBlocked) socket.connect(); });
socket.on("connect_error", (error) => {
  lost();
  const wait = error.data?.wait_seconds ?? 0;
  if (error.message === "slow-down") { line(t("slow.windows", { time: within(wait) }), true); setTimeout(() => socket.connect(), (wait + Math.random()) * 1000); } else if (["blocked", "unknown-site"].includes(error.message)) goodbye(error.message);
  else if (!socket.active) setTimeout(() => socket.connect(), 3000 + Math.random() * 2000); // refused for now: the library tries no more
});
function lost() {
  me.connected = false;
  if (me.isBlocked) return;
  line(t("offline.line"));
  clearTimeout(lateTimer);
  lateTimer = setTimeout(() => { for (const m of me.outbox) draw(m); }, LATE_MS);
}
/** A polite end: what was said stays to be read, and nothing more is asked or sent. */
function goodbye(code) {
  me.isBlocked = true;
  socket.disconnect();
  showForm("");
  $("composer").hidden = $("older").hidden = $("end").hidden = true;
  $("status").textContent = t("closed");
  line(t("code." + code), true);
}

socket.on("state", (state) => {
  me.token = state.token;
  me.visitor = state.visitor;
  me.staffed = state.staffed;
  keep("token", state.token);
  if (mayTell) tellHost({ type: "token", token: state.token });
  fillQueues(state.queues);
  const isFirst = !me.older;
  if (state.conversation) {
    begin(state.conversation);
    if (me.last && state.messages.length && state.messages[0].after > me.last) catchUp();
    else state.messages.forEach(take);
    if (isFirst) $("older").hidden = !state.older;
    me.older ||= state.conversation.conversation_id;
  }
  if (state.position) showPosition(state.position);
  me.filled = true;
  head();
  flush();
  chooseForm();
});
socket.on("message", (message) => { if (message.conversation_id !== me.conversation?.conversation_id) begin({ conversation_id: message.conversation_id }); take(message); });
socket.on("conversation", (conversation) => { if (conversation.conversation_id === me.conversation?.conversation_id) { Object.assign(me.conversation, conversation); head(); marks(); } });
socket.on("read", ({ conversation_id, reader, sequence }) => {
  if (reader === "agent" && conversation_id === me.conversation?.conversation_id) { me.conversation.agent_read_sequence = sequence; marks(); }
});
let typingTimer = 0;
socket.on("typing", ({ author, name }) => {
  if (author !== "agent") return;
  $("typing").textContent = t("typing", { name: name || t("system") });
  $("typing").hidden = false;
  clearTimeout(typingTimer);
  typingTimer = setTimeout(() => { $("typing").hidden = true; }, TYPING_MS);
});
socket.on("position", showPosition);
socket.on("resync", () => setTimeout(catchUp, Math.random() * 3000));
socket.on("blocked", () => goodbye("blocked"));
setInterval(async () => {
  if (!me.connected) return;
  const answer = await ask("here", {});
  if (!answer.ok) return;
  me.staffed = answer.staffed;
  const now = answer.conversation;
  if (now && now.conversation_id === me.conversation?.conversation_id) {
    Object.assign(me.conversation, now);
    marks();
    if (now.last_public_sequence > me.last) catchUp();
  } else if (now) { begin(now); catchUp(); }
  head();
}, BEAT_MS);

let catching = null;
function catchUp() {
  if (!me.conversation || !me.connected) return null;
  catching ??= (async () => {
    let more = true;
    while (more) {
      const answer = await ask("since", { conversation_id: me.conversation.conversation_id, sequence: me.last });
      if (!answer.ok) break;
      Object.assign(me.conversation, answer.conversation);
      answer.messages.forEach((m) => take(m, true));
      more = answer.more;
    }
    catching = null;
    head();
    marks();
  })();
  return catching;
}

// ---- messages -----------------------------------------------------------------------------------------------
function begin(conversation) {
  if (conversation.conversation_id === me.conversation?.conversation_id) { Object.assign(me.conversation, conversation); return; }
  if (me.conversation) { $("past").append(...$("messages").childNodes); me.shown.clear(); }
  me.conversation = { agent_read_sequence: 0, visitor_read_sequence: 0, ended_at_us: null, ...conversation };
  me.last = 0;
  me.agent = "";
}

function take(message, fetched = false) {
  if (me.shown.has(message.sequence)) return;
  if (!fetched && me.last && message.after > me.last) { catchUp(); return; }
  if (!me.older) [me.older, me.olderFrom] = [me.conversation.conversation_id, message.sequence];
  settle(message.client_id);
  const node = drawn(message);
  me.shown.set(message.sequence, { message, node });
  const next = [...$("messages").children].find((child) => Number(child.dataset.sequence || Infinity) > message.sequence);
  $("messages").insertBefore(node, next ?? null);
  me.last = Math.max(me.last, message.sequence);
  happened(message);
  if (message.author === "agent") { $("typing").hidden = true; came(); }
  marks();
}

function happened(message) {
  const { code, name } = message.detail;
  if (message.kind === "recall") {
    const was = me.shown.get(message.detail.sequence);
    if (was) { was.message.is_recalled = true; was.message.text = ""; const node = drawn(was.message); was.node.replaceWith(node); was.node = node; }
  }
  if (message.kind === "event" && code === "assigned") { me.agent = name; me.conversation.is_assigned = true; $("position")?.remove(); }
  if (message.kind === "event" && code === "transferred") { me.agent = ""; me.conversation.is_assigned = false; }
  if (message.kind === "event" && code === "ended") { me.conversation.ended_at_us = message.sent_at_us; $("position")?.remove(); if (message.detail.reason !== "blocked") offerRating(); }
  head();
}

function drawn(message) {
  if (message.kind === "event") return drawnEvent(message);
  if (message.kind === "recall") return make("span", { hidden: true }, "");
  const mine = message.author === "visitor";
  const body = make("p");
  if (message.is_recalled) body.textContent = mine ? t("recalled.mine") : t("recalled", { name: message.name || t("system") });
  else if (message.attachment) body.append(...attached(message.attachment), message.text ? "\n" + message.text : "");
  else body.textContent = message.text;
  const node = make("article", { className: `msg${mine ? " is-mine" : ""}${message.is_recalled ? " is-recalled" : ""}` }, body, make("footer"));
  node.dataset.sequence = message.sequence;
  return node;
}

function drawnEvent(message) {
  const { code, by, name, reason } = message.detail;
  const key = code === "ended" ? (reason === "idle" ? "ended.idle" : `ended.${by}`) : code;
  const node = make("p", { className: "event" }, `${clock(message.sent_at_us)} ${t(key, { name: name || t("system") })}`);
  node.dataset.sequence = message.sequence;
  if (code === "ended" && C.mail && reason !== "blocked") {
    const button = make("button", { type: "button", className: "link", onclick: () => { me.mailed = message.conversation_id; showForm("transcript"); } }, t("transcript"));
    node.append(make("br"), button);
  }
  return node;
}

function attached(file) {
  if (file.content_type.startsWith("image/")) {
    const picture = make("img", { src: file.url, alt: file.name, loading: "lazy" });
    if (file.width) { picture.width = file.width; picture.height = file.height; }
    return [make("a", { href: file.url, target: "_blank", rel: "noopener" }, picture)];
  }
  return [make("a", { href: file.url, download: file.name }, file.name), " ", make("span", { className: "meta" }, t("file", { size: size(file.size_bytes) }))];
}
const size = (bytes) => (bytes < 1024 * 1024 ? `${Math.max(1, Math.round(bytes / 1024))} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`);

function clock(us) {
  const date = new Date(us / 1000), time = date.toLocaleTimeString(C.language === "zh" ? "zh-CN" : "en-GB", { hour: "2-digit", minute: "2-digit" });
  return date.toDateString() === new Date().toDateString() ? time : `${date.toLocaleDateString(C.language === "zh" ? "zh-CN" : "en-GB", { month: "2-digit", day: "2-digit" })} ${time}`;
}

/** The small print under each message: time, sent or read, recall. */
function marks() {
  for (const { message, node } of me.shown.values()) {
    const foot = node.querySelector?.("footer");
    if (!foot) continue;
    const mine = message.author === "visitor", parts = [clock(message.sent_at_us)];
    if (!mine) parts.unshift(message.name || t("system"));
    else if (!message.is_recalled) parts.push(message.sequence <= (me.conversation?.agent_read_sequence ?? 0) ? t("read") : t("sent"));
    const words = parts.join(mine ? " · " : " ");
    const young = Date.now() - message.sent_at_us / 1000 < C.recall * 1000;
    const can = mine && young && !message.is_recalled && !me.conversation?.ended_at_us;
    if (foot.dataset.words === words + can) continue;
    foot.dataset.words = words + can;
    foot.replaceChildren(words);
    if (can) foot.append(" ", make("button", { type: "button", onclick: () => recallMessage(message.sequence) }, t("recall")));
  }
}
setInterval(marks, 20000);

async function recallMessage(sequence) {
  const answer = await ask("recall", { sequence });
  if (!answer.ok) notice(answer);
}

// ---- sending ------------------------------------------------------------------------------------------------
function write(message) {
  me.outbox.push({ client_id: newId(), at: Date.now(), ...message });
  keepOutbox();
  draw(me.outbox.at(-1));
  flush();
}

/** A message that is not stored yet: at the end, until its echo takes its place. */
function draw(message) {
  let node = document.querySelector(`[data-client="${CSS.escape(message.client_id)}"]`);
  if (!node) {
    node = make("article", { className: "msg is-mine is-sending" }, make("p", {}, message.text || message.name || t("picture")), make("footer"));
    node.dataset.client = message.client_id;
    $("messages").append(node);
  }
  const late = message.failed || (!me.connected && Date.now() - message.at > LATE_MS);
  node.className = `msg is-mine ${late ? "is-failed" : "is-sending"}`;
  const foot = node.querySelector("footer");
  foot.replaceChildren();
  if (late) {
    foot.append(message.code && C.texts["code." + message.code] ? t("code." + message.code) : t("unsent"), " ");
    foot.append(make("button", { type: "button", onclick: () => { message.failed = false; draw(message); if (!me.connected) socket.connect(); flush(); } }, t("again")));
  }
}

function settle(clientId) {
  const index = me.outbox.findIndex((m) => m.client_id === clientId);
  if (index >= 0) { me.outbox.splice(index, 1); keepOutbox(); }
  document.querySelector(`[data-client="${CSS.escape(clientId)}"]`)?.remove();
}

/** One after the other, so that they stay in order; what got no answer goes again with the same client id. */
async function flush() {
  if (me.sending || !me.connected || !me.filled) return;
  me.sending = true;
  let message;
  while (me.connected && (message = me.outbox.find((m) => !m.failed))) {
    const { client_id, text = "", attachment_id = null } = message;
    const answer = await ask("send", { client_id, text, attachment_id });
    if (answer.ok) {
      if (answer.conversation_id !== me.conversation?.conversation_id) begin({ conversation_id: answer.conversation_id });
      if (!me.shown.has(answer.sequence)) await catchUp();
      settle(client_id);
    } else if (answer.code === "slow-down") {
      line(t("code.slow-down"));
      await new Promise((done) => setTimeout(done, 1000 * Math.max(1, answer.wait_seconds)));
      line("");
    } else if (["no-answer", "try-again", "unknown-visitor"].includes(answer.code)) {
      await new Promise((done) => setTimeout(done, 1500));
    } else if (answer.code === "prechat-needed") { showForm("prechat"); break; } else {
      message.failed = true;
      message.code = answer.code;
      draw(message);
      if (answer.code === "blocked") goodbye("blocked");
    }
  }
  me.sending = false;
}

async function sendFile(file) {
  if (!file) return;
  if (file.size > C.megabytes * 1024 * 1024) { notice({ code: "too-large" }); return; }
  line(t("uploading"));
  const body = new FormData();
  body.append("file", file, file.name || "picture.png");
  let answer;
  try {
    answer = await (await fetch(`/chat/${encodeURIComponent(C.key)}/files`, { method: "POST", headers: { "X-Visitor": me.token, Accept: "application/json" }, body })).json();
  } catch { answer = { ok: false, code: "try-again" }; }
  line("");
  if (answer.ok) write({ attachment_id: answer.attachment.id, name: answer.attachment.name });
  else notice(answer);
}

const text = $("text");
function count() {
  const length = text.value.length;
  $("count").textContent = `${length}/${C.longest}`;
  $("count").classList.toggle("is-full", length > C.longest);
  $("send").disabled = !text.value.trim() || length > C.longest;
}
let typedAt = 0;
text.addEventListener("input", () => {
  count();
  keep("draft", text.value);
  if (me.connected && me.conversation && !me.conversation.ended_at_us && Date.now() - typedAt > TYPED_EVERY_MS) { typedAt = Date.now(); socket.emit("typing", { text: text.value.slice(0, 300) }); }
});
text.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); $("composer").requestSubmit(); }
});
text.addEventListener("paste", (event) => {
  const file = [...(event.clipboardData?.files ?? [])][0];
  if (file) { event.preventDefault(); sendFile(file); }
});
$("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  const written = text.value.trim();
  if (!written || text.value.length > C.longest) return;
  write({ text: written });
  text.value = "";
  keep("draft", "");
  count();
  text.focus();
});
text.value = recallKept("draft");
count();

$("clip").addEventListener("click", () => $("file").click());
$("file").addEventListener("change", () => { sendFile($("file").files[0]); $("file").value = ""; });
$("log").addEventListener("dragover", (event) => event.preventDefault());
$("log").addEventListener("drop", (event) => { event.preventDefault(); sendFile(event.dataTransfer.files[0]); });
$("emoji").append(...EMOJI.map((c) => make("button", { type: "button", onclick: () => { text.setRangeText(c, text.selectionStart, text.selectionEnd, "end"); text.dispatchEvent(new Event("input")); text.focus(); smile(false); } }, c)));
function smile(on) { $("emoji").hidden = !on; $("smile").setAttribute("aria-expanded", String(on)); }
$("smile").addEventListener("click", () => smile($("emoji").hidden));
document.addEventListener("keydown", (event) => { if (event.key === "Escape" && !$("emoji").hidden) { smile(false); text.focus(); } });
if (navigator.mediaDevices?.getDisplayMedia) {
  $("shot").hidden = false;
  $("shot").addEventListener("click", async () => {
    let stream;
    try { stream = await navigator.mediaDevices.getDisplayMedia({ video: true }); } catch { return; } // the visitor said no
    const video = make("video", { srcObject: stream, muted: true });
    await video.play();
    const canvas = make("canvas", { width: video.videoWidth, height: video.videoHeight });
    canvas.getContext("2d").drawImage(video, 0, 0);
    stream.getTracks().forEach((track) => track.stop());
    canvas.toBlob((blob) => blob && sendFile(new File([blob], "screenshot.png", { type: "image/png" })), "image/png");
  });
}

// ---- head, position, history --------------------------------------------------------------------------------
function head() {
  const talks = me.conversation && !me.conversation.ended_at_us;
  $("who").textContent = (talks && me.agent) || $("who").dataset.name;
  const picture = (talks && me.agent && me.conversation.agent_picture) || "";
  if (picture && $("agent-picture").getAttribute("src") !== picture) $("agent-picture").src = picture;
  $("agent-picture").hidden = !picture;
  ($("logo") ?? $("avatar")).hidden = Boolean(picture);
  if ($("avatar")) $("avatar").textContent = $("who").textContent.slice(0, 1);
  if (me.isBlocked) return;
  $("status").textContent = !me.staffed && !(talks && me.agent) ? t("offline") : talks && !me.conversation.is_assigned ? t("waiting") : t("online");
  $("end").hidden = !talks;
  $("leave-open").hidden = Boolean(talks);
}
$("who").dataset.name = $("who").textContent;

function showPosition(position) {
  if (!position || position.conversation_id !== me.conversation?.conversation_id) return;
  let node = $("position");
  if (!node) { node = make("p", { id: "position", className: "event" }); node.setAttribute("aria-live", "polite"); }
  const before = position.position - 1, seconds = position.seconds;
  const time = seconds === null ? "" : within(seconds, 10);
  node.textContent = before ? t(time ? "position" : "position.bare", { n: before, time }) : t(time ? "position.soon" : "position.next", { time });
  $("messages").append(node);
}

/** A time to wait, rounded up to `step` seconds, or minutes. */
const within = (seconds, step = 1) => (seconds < 60 ? t("seconds", { n: Math.ceil(seconds / step) * step }) : t("minutes", { n: Math.ceil(seconds / 60) }));

function line(words, isAlert = false) {
  $("line").textContent = words;
  $("line").hidden = !words;
  $("line").classList.toggle("is-alert", isAlert);
}
let noticeTimer = 0;
function notice({ code, wait_seconds }) {
  const words = code === "slow-down" && wait_seconds ? t("slow.again", { time: within(wait_seconds) }) : t(C.texts["code." + code] ? "code." + code : "code.try-again", { n: C.megabytes });
  line(words, true);
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => line(me.connected ? "" : t("offline.line")), 6000);
}

$("older").textContent = t("older");
$("older").addEventListener("click", async () => {
  const answer = await ask("history", { before: me.older, sequence: me.olderFrom });
  if (!answer.ok) { notice(answer); return; }
  $("older").hidden = !answer.older;
  if (!answer.conversation) return;
  [me.older, me.olderFrom] = [answer.conversation.conversation_id, answer.messages[0]?.sequence ?? 0];
  $("past").prepend(...answer.messages.map((m) => {
    const node = drawn(m), foot = node.querySelector?.("footer");
    if (foot) foot.textContent = `${m.author === "visitor" ? "" : (m.name || t("system")) + " "}${clock(m.sent_at_us)}`;
    delete node.dataset.sequence;
    return node;
  }));
});

// ---- seen and heard -----------------------------------------------------------------------------------------
const isSeen = () => me.visible && document.visibilityState === "visible";
let readTo = 0;
function came() {
  if (isSeen()) { seen(); return; }
  me.unread += 1;
  tellHost({ type: "unread", count: me.unread });
  if ($("sound").getAttribute("aria-pressed") === "true") beep();
}
function seen() {
  me.unread = 0;
  if (!me.conversation || !me.connected || me.last <= Math.max(readTo, me.conversation.visitor_read_sequence ?? 0)) return;
  readTo = me.last;
  me.conversation.visitor_read_sequence = me.last;
  socket.emit("read", { sequence: me.last });
}
document.addEventListener("visibilitychange", () => { if (isSeen()) seen(); });
function beep() {
  try {
    const context = new AudioContext(), tone = context.createOscillator(), gain = context.createGain();
    gain.gain.value = 0.06;
    tone.frequency.value = 880;
    tone.connect(gain).connect(context.destination);
    tone.start();
    tone.stop(context.currentTime + 0.12);
  } catch { /* the browser allows no sound before a click */ }
}
$("sound").addEventListener("click", () => {
  const on = $("sound").getAttribute("aria-pressed") !== "true";
  $("sound").setAttribute("aria-pressed", String(on));
  $("sound").firstElementChild.className = on ? "ti ti-volume" : "ti ti-volume-off";
});

function tellHost(message) { if (C.embedded && parent !== window) parent.postMessage({ uckefu: C.key, ...message }, "*"); }
if (C.embedded) {
  $("close").addEventListener("click", () => tellHost({ type: "close" }));
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") tellHost({ type: "close" }); });
  window.addEventListener("message", (event) => {
    if (event.source !== parent || event.data?.uckefu !== C.key) return;
    me.visible = event.data.type === "opened";
    if (event.data.url) me.page = { url: String(event.data.url), title: String(event.data.title ?? "") };
    if (me.connected && pageTold !== me.page.url) ask("here", thePage());
    if (me.visible) { seen(); if (!$("composer").hidden) text.focus(); }
  });
}

// ---- forms --------------------------------------------------------------------------------------------------
const FORMS = ["prechat", "rating", "leave", "transcript"].filter((name) => $(name));
function showForm(name) {
  for (const form of FORMS) $(form).hidden = form !== name;
  $("log").hidden = $("composer").hidden = Boolean(name);
  (name ? $(name).querySelector("input, select, textarea") : text).focus({ preventScroll: true });
}
function chooseForm() {
  const talks = me.conversation && !me.conversation.ended_at_us;
  const lacks = ["name", "phone", "email"].some((f) => C.ask[f] !== "off" && !me.visitor[f]) || C.choose;
  if (talks && (!$("prechat").hidden || !$("leave").hidden)) showForm("");
  if (talks || me.outbox.length) return;
  if (!me.staffed && !me.leaveShown) { me.leaveShown = true; showForm("leave"); return; }
  if (lacks && me.asked === null) { me.asked = false; showForm("prechat"); }
}
function fillQueues(queues) {
  if ($("queues") && !$("queues").length) $("queues").append(...queues.map((q) => make("option", { value: q.name }, q.title)));
}
function check(form, rules) {
  let first = null;
  for (const old of form.querySelectorAll(".wrong")) old.remove();
  for (const [name, wrong] of Object.entries(rules)) {
    const input = form.elements[name];
    if (!input) continue;
    const words = wrong(String(input.value).trim(), input);
    input.setAttribute?.("aria-invalid", String(Boolean(words)));
    if (!words) continue;
    const id = `${form.id}-${name}-wrong`;
    input.setAttribute("aria-describedby", id);
    const said = make("span", { className: "wrong", id }, words);
    input.after(said);
    input.addEventListener("input", () => { said.remove(); input.removeAttribute("aria-invalid"); }, { once: true }); // being mended
    first ??= input;
  }
  first?.focus();
  return !first;
}
const PHONE = /^[0-9+() -]{5,32}$/, MAIL = /^[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+$/;
const needed = (value, input) => (!value && input.required ? t("need") : "");
$("prechat").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  if (!check(form, {
    name: needed, phone: (v, i) => needed(v, i) || (v && !PHONE.test(v) ? t("need.phone") : ""), email: (v, i) => needed(v, i) || (v && !MAIL.test(v) ? t("need.email") : ""),
  })) return;
  const answer = await ask("introduce", Object.fromEntries([...new FormData(form)].map(([k, v]) => [k, v.trim()])));
  if (!answer.ok) { notice(answer); return; }
  me.asked = true;
  showForm("");
  flush();
});
function offerRating() {
  if (me.conversation.rating || !me.agent && !me.conversation.is_assigned || !me.filled) return;
  showForm("rating");
}
$("rating").addEventListener("change", (event) => { if (event.target.name === "stars") $("stars-word").textContent = t("stars." + event.target.value); });
$("rating").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target, stars = Number(form.elements.stars.value);
  if (!stars) { $("stars-word").textContent = t("need.stars"); return; }
  const answer = await ask("rate", { stars, comment: form.elements.comment.value.trim() });
  if (!answer.ok && answer.code !== "already-rated") { notice(answer); return; }
  me.conversation.rating = stars;
  form.reset();
  $("stars-word").textContent = "";
  showForm("");
  $("messages").append(make("p", { className: "event" }, t("thanks")));
});
$("transcript")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target, email = form.elements.email.value.trim();
  if (!check(form, { email: (v) => (MAIL.test(v) ? "" : t("need.email")) })) return;
  const answer = await ask("transcript", { conversation_id: me.mailed, email });
  if (!answer.ok) { notice(answer); return; }
  showForm("");
  $("messages").append(make("p", { className: "event" }, t("transcript.done", { email })));
});
$("leave-open").addEventListener("click", () => showForm("leave"));
let leaving = null;
$("leave").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  if (!check(form, { reach: (v) => (PHONE.test(v) || MAIL.test(v) ? "" : t("need.reach")), text: needed })) return;
  leaving ??= newId();
  const answer = await ask("leave", { client_id: leaving, reach: form.elements.reach.value.trim(), text: form.elements.text.value.trim() });
  if (!answer.ok) { notice(answer); return; }
  leaving = null;
  form.reset();
  showForm("");
  $("messages").append(make("p", { className: "event" }, t("left")));
});
for (const button of document.querySelectorAll("[data-back]")) button.addEventListener("click", () => showForm(""));
$("end").addEventListener("click", async () => { const answer = await ask("end"); if (!answer.ok) notice(answer); });

document.documentElement.style.setProperty("--w", C.colour);
for (const message of me.outbox) draw(message);
