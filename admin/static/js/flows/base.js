"use strict";
/* Small tools of the flow editor: the page's data and texts, questions to the server. */
const Flow = (() => {
  const data = JSON.parse(document.getElementById("flow-data").textContent);
  const csrf = document.querySelector("meta[name=csrf-token]").content;
  const at = (id) => document.getElementById(id);
  const text = (key, values = {}) => (data.texts[key] ?? key).replace(/\{(\w+)\}/g, (_all, name) => values[name] ?? "");
  const { element, icon } = Elements;
  const iconButton = (name, label, onclick, extra = {}) =>
    element("button", { type: "button", class: "btn btn-icon btn-ghost", title: label, "aria-label": label, onclick, ...extra }, icon(name));
  const word = (name) => data.fields[name] ?? name;
  const typeOf = (kind) => data.types[kind] ?? { word: kind || "?", icon: "help", fields: [] };
  /* The words of a way out; "" where the arrow says all. */
  const wayWords = (path, node) => {
    const [first, second] = path;
    if (first === "keys") return text("key", { key: second });
    if (first === "cases") return String(node?.cases?.[Number(second)]?.when ?? "");
    if (first === "split") return text("share", { percent: node?.split?.[Number(second)]?.percent ?? "" });
    return first === "next" ? "" : word(first);
  };
  /* Ask the server; {ok, status, body}. A network that is down is status 0. */
  const post = async (url, body) => {
    const headers = { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": csrf };
    try {
      const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
      const isJson = (answer.headers.get("Content-Type") ?? "").includes("json");
      return { ok: answer.ok && isJson, status: answer.status, body: isJson ? await answer.json() : {} };
    } catch {
      return { ok: false, status: 0, body: {} };
    }
  };
  const toast = (message) => {
    const node = element("p", { class: "uc-toast m-0" }, message);
    at("toasts").append(node);
    setTimeout(() => node.remove(), 8000);
  };
  const refusal = (answer) => answer.body.message ?? answer.body.detail ?? text("offline");
  return { data, at, text, element, icon, iconButton, word, typeOf, wayWords, post, toast, refusal };
})();
