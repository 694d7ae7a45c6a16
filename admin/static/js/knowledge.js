"use strict";
/* The knowledge base at the side of a conversation: words find answers, Enter or a click puts one into the reply. */
const Knowledge = (() => {
  const { text, element, icon } = Dom;
  const LATER_MS = 200;
  let rows = [], chosen = 0, timer = null, asked = null;

  const results = element("ul", { class: "uc-menu uc-known", role: "listbox", id: "known", "aria-label": text("known.title") });
  const search = element("input", { class: "form-control", type: "search", role: "combobox", "aria-expanded": "false", "aria-controls": "known", autocomplete: "off",
    id: "knowledge-search", placeholder: text("known.search"), "aria-label": text("known.search") });
  const draw = () => {
    chosen = Math.min(chosen, Math.max(0, rows.length - 1));
    search.setAttribute("aria-expanded", String(rows.length > 0));
    search[rows.length ? "setAttribute" : "removeAttribute"]("aria-activedescendant", `known-${chosen}`);
    results.replaceChildren(...(rows.length ? rows.map((row, place) => element("li", { role: "none" }, element("button", {
      type: "button", role: "option", id: `known-${place}`, "aria-selected": String(place === chosen), title: row.text, onclick: () => use(row),
    }, icon("book"), element("span", { class: "uc-min0" }, element("b", { class: "d-block uc-cut" }, row.title), element("span", { class: "d-block uc-cut uc-meta" }, row.text)))))
      : asked ? [element("li", { class: "uc-meta" }, text("known.none"))] : []));
  };
  const ask = async () => {
    asked = search.value.trim();
    const wanted = asked;
    const answer = asked ? await Desk.fetchJson(`/knowledge/search?text=${encodeURIComponent(asked)}`) : { found: [] };
    if (asked !== wanted) return;
    rows = answer?.found ?? [];
    chosen = 0;
    draw();
  };
  const use = (row) => {
    if (!Composer.put(row.text)) { Dom.toast(text("known.nowhere")); return; }
    Desk.post(`/knowledge/${row.id}/used`);
    search.value = "";
    rows = [];
    asked = null;
    draw();
  };
  search.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, LATER_MS); });
  search.addEventListener("keydown", async (event) => {
    if (event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && rows.length) { event.preventDefault(); chosen = (chosen + step + rows.length) % rows.length; draw(); }
    if (event.key === "Enter") {
      event.preventDefault();
      clearTimeout(timer);
      if (search.value.trim() !== asked) await ask();
      if (rows[chosen]) use(rows[chosen]);
    }
    if (event.key === "Escape") { search.value = ""; rows = []; asked = null; draw(); Composer.focus(); }
  });
  const box = element("div", { class: "d-grid gap-1" }, search, results);
  Shortcuts.on("knowledge", () => { if (box.isConnected) { search.focus(); search.select(); } });
  return { box };
})();
