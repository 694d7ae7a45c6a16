/* The entry on a customer's site. Served by admin/chat/views.py with the site's settings as C.
   It keeps one global (UCKeFu), lives in a closed shadow root, and needs of the page's policy only script-src,
   connect-src and frame-src for our host: styles come in through the CSSOM, which a policy doesn't forbid. */
(() => {
  "use strict";
  if (window.UCKeFu) return;
  const C = "%CONFIG%";
  const STORE = "uckefu:" + C.key, BEAT_MS = 20000, IGNORED_MS = 60000;
  const identity = document.currentScript && document.currentScript.dataset.identity;
  const pageId = Math.random().toString(36).slice(2, 12) + Date.now().toString(36);
  let frame = null, making = null, isLoaded = false, isOpen = false, unread = 0, token = recall("token"), claim = parse(identity), asked = null;

  function parse(text) { try { return text ? JSON.parse(text) : null; } catch { return null; } }
  function recall(name) { try { return localStorage.getItem(STORE + ":" + name) || ""; } catch { return ""; } }
  function keep(name, value) { try { localStorage.setItem(STORE + ":" + name, value); } catch { /* private mode */ } }
  /** Whether the window was open on the page before: only in this tab, and never over a phone's whole screen. */
  function wasOpen(value) {
    try {
      if (value === undefined) return innerWidth > 480 && sessionStorage.getItem(STORE) === "open";
      sessionStorage.setItem(STORE, value);
    } catch { /* private mode */ }
    return false;
  }
  function make(tag, attributes, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) node.setAttribute(name, value);
    node.append(...children);
    return node;
  }

  const [side, height] = C.position.split("-");
  const [beside, beyond] = C.style === "tab" ? [56, 24] : [24, 84]; // beside a tab, above or below the others
  const CSS = `:host{all:initial}
*{box-sizing:border-box;font:600 14px/1.4 "Segoe UI",-apple-system,"PingFang SC","Microsoft YaHei",sans-serif}
.w{position:fixed;z-index:2147483000;${side}:24px;${place(height)}}
.w.tab{${side}:0}
.e{position:relative;display:inline-flex;align-items:center;gap:7px;height:48px;padding:0 20px;border:0;border-radius:99px;
 background:${C.colour};color:#fff;cursor:pointer;box-shadow:0 8px 28px rgb(15 23 42/.25)}
.e svg{width:22px;height:22px;flex:none}
.round .e{width:52px;height:52px;padding:0;justify-content:center}
.tab .e{width:44px;height:auto;padding:12px 0;flex-direction:column;writing-mode:vertical-rl;
 border-radius:${side === "right" ? "10px 0 0 10px" : "0 10px 10px 0"}}
.e:focus-visible,.i button:focus-visible{outline:2px solid #fff;outline-offset:-4px}
.n{position:absolute;top:-6px;right:-4px;min-width:20px;height:20px;padding:0 5px;border-radius:99px;background:#b3200a;
 color:#fff;font-size:12px;line-height:20px;text-align:center;writing-mode:horizontal-tb}
[hidden]{display:none!important}
iframe{position:fixed;z-index:2147483001;${side}:${beside}px;${height === "top" ? "top" : "bottom"}:${beyond}px;width:376px;
 height:min(640px,calc(100vh - 104px));border:0;border-radius:12px;background:#fff;box-shadow:0 8px 28px rgb(15 23 42/.25);
 color-scheme:light}
.i{position:fixed;z-index:2147483000;${side}:24px;bottom:92px;width:304px;padding:16px;border-radius:12px;background:#fff;
 color:#1b2330;box-shadow:0 8px 28px rgb(15 23 42/.25)}
.i canvas{display:block;width:100%;height:auto;max-height:180px;object-fit:contain;margin:0 0 12px;border-radius:6px}
.i p{margin:0 0 12px;font-size:16px}
.i button{min-height:36px;padding:0 14px;border:1px solid #c9cfd8;border-radius:6px;background:#fff;color:#1b2330;cursor:pointer}
.i button.p{border-color:${C.colour};background:${C.colour};color:#fff;margin-right:8px}
@media (max-width:480px){iframe{inset:0;width:100%;height:100%;border-radius:0}.i{left:16px;right:16px;width:auto}}`;

  function place(where) {
    return { bottom: "bottom:24px", top: "top:24px", middle: "top:50%;transform:translateY(-50%)" }[where];
  }

  function styled(root) {
    try {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(CSS);
      root.adoptedStyleSheets = [sheet];
    } catch {
      root.append(make("style", {}, CSS));
    }
  }

  function icon() {
    const space = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(space, "svg"), path = document.createElementNS(space, "path");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    path.setAttribute("d", "M4 21V8a3 3 0 0 1 3-3h10a3 3 0 0 1 3 3v6a3 3 0 0 1-3 3H8l-4 4M8 9h8M8 13h6");
    for (const [name, value] of [["fill", "none"], ["stroke", "currentColor"], ["stroke-width", "2"],
      ["stroke-linecap", "round"], ["stroke-linejoin", "round"]]) path.setAttribute(name, value);
    svg.append(path);
    return svg;
  }

  const host = make("div", { id: "uckefu" }), root = host.attachShadow({ mode: "closed" });
  const words = C.text || C.texts.entry;
  const badge = make("span", { class: "n", hidden: "" });
  const entry = make("button", { class: "e", type: "button", "aria-expanded": "false" }, icon());
  if (C.style !== "round") entry.append(make("span", {}, words));
  entry.append(badge);
  const box = make("div", { class: "w " + C.style }, entry);
  const card = make("div", { class: "i", role: "dialog", "aria-modal": "false", hidden: "" });
  styled(root);
  root.append(box, card);
  entry.addEventListener("click", () => (isOpen ? close() : open()));
  label();

  function label() {
    const n = unread > 99 ? "99+" : String(unread);
    badge.hidden = !unread || isOpen;
    badge.textContent = n;
    entry.setAttribute("aria-expanded", String(isOpen));
    entry.setAttribute("aria-label", isOpen ? C.texts.close
      : words + (unread ? ", " + C.texts.unread.replace("{n}", n) : ""));
  }

  const where = () => ({ url: location.href, title: document.title });
  function tell(message) {
    if (isLoaded) frame.contentWindow.postMessage({ uckefu: C.key, ...message }, C.host);
  }

  async function build() {
    await Promise.race([first, new Promise((done) => setTimeout(done, 3000))]);
    frame = make("iframe", { title: C.texts.frame, allow: "clipboard-write; display-capture" });
    frame.src = C.host + "/chat/" + encodeURIComponent(C.key) + "?embedded=1#" + encodeURIComponent(token);
    frame.addEventListener("load", () => { isLoaded = true; tell({ ...where(), type: isOpen ? "opened" : "closed" }); });
    root.append(frame);
  }

  async function open() {
    if (asked) answer("accepted");
    isOpen = true;
    wasOpen("open");
    await (making ??= build()); // one frame, however often it is opened meanwhile
    if (!frame) return;
    frame.hidden = !isOpen;
    unread = 0;
    label();
    tell({ ...where(), type: "opened" });
  }

  function close() {
    isOpen = false;
    wasOpen("");
    if (frame) frame.hidden = true;
    tell({ type: "closed" });
    label();
    entry.focus();
  }

  window.addEventListener("message", (event) => {
    const data = event.data;
    if (event.origin !== C.host || !frame || event.source !== frame.contentWindow || !data || data.uckefu !== C.key) return;
    if (data.type === "close") close();
    if (data.type === "token") keep("token", (token = String(data.token)));
    if (data.type === "unread" && !isOpen) { unread = Number(data.count) || 0; label(); }
  });

  function invite(invitation) {
    if (isOpen || (asked && asked.id === invitation.id)) return;
    const yes = make("button", { type: "button", class: "p" }, C.texts.accept);
    const no = make("button", { type: "button" }, C.texts.later);
    asked = { id: invitation.id, timer: setTimeout(() => answer("ignored"), IGNORED_MS) };
    yes.addEventListener("click", open);
    no.addEventListener("click", () => answer("refused"));
    card.setAttribute("aria-label", C.texts.invite);
    card.replaceChildren(make("p", {}, invitation.text || C.texts.invite), yes, no);
    card.hidden = false;
    if (invitation.picture) picture(invitation.id);
  }

  /** Drawn, not linked: the page's policy may forbid pictures of other hosts. Without it the invitation stands alone. */
  async function picture(id) {
    try {
      const answered = await fetch(C.host + "/im/" + encodeURIComponent(C.key) + "/picture", { credentials: "omit" });
      if (!answered.ok) return;
      const drawing = await createImageBitmap(await answered.blob());
      const node = make("canvas", { "aria-hidden": "true", width: drawing.width, height: drawing.height });
      node.getContext("2d").drawImage(drawing, 0, 0);
      if (asked && asked.id === id) card.prepend(node);
    } catch { /* an old browser, or offline */ }
  }

  function answer(result) {
    clearTimeout(asked.timer);
    const id = asked.id;
    asked = null;
    card.hidden = true;
    beat({ answer: { id, result } });
  }

  async function beat(more) {
    try {
      const answered = await fetch(C.host + "/im/" + encodeURIComponent(C.key) + "/here", {
        method: "POST", credentials: "omit", headers: { "Content-Type": "text/plain" }, keepalive: true,
        body: JSON.stringify({ token, page_id: pageId, url: location.href.slice(0, 2000), title: document.title.slice(0, 250),
          referrer: document.referrer.slice(0, 2000), identity: claim || undefined, ...more }),
      });
      if (!answered.ok) return;
      const said = await answered.json();
      claim = null;
      if (said.token) keep("token", (token = said.token));
      if (!isOpen && !frame) { unread = said.unread || 0; label(); }
      if (said.invitation) invite(said.invitation);
    } catch { /* offline, or the page's policy forbids it: the window works without */ }
  }

  const first = beat();
  setInterval(() => { if (document.visibilityState === "visible") beat(); }, BEAT_MS);

  window.UCKeFu = Object.freeze({
    open, close,
    /** For a shared computer: the next visitor begins anew. */
    forget() { keep("token", (token = "")); if (frame) { frame.remove(); frame = making = null; isOpen = isLoaded = false; label(); } },
  });

  function show() {
    document.body.append(host);
    if (wasOpen()) open();
  }
  const later = () => setTimeout(show, C.delay * 1000);
  if (document.body) later(); else document.addEventListener("DOMContentLoaded", later);
})();
