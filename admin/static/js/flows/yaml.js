"use strict";
/* The YAML beside the form: a plain text area over numbered lines that carry the marks. */
(() => {
  const { at, element, text } = Flow;
  const area = at("yaml"), lines = at("lines"), code = at("code");
  let own = false; // the author is typing here: the text area knows better than the server

  const draw = () => {
    const { reading, selected } = Model.state, box = Model.box(selected);
    const bad = new Map();
    reading.problems.forEach((problem) => bad.set(problem.line, [...(bad.get(problem.line) ?? []), problem.message]));
    if (!own && area.value !== reading.text) area.value = reading.text;
    lines.replaceChildren(...area.value.split("\n").map((line, index) => {
      const number = index + 1, on = box && number >= box.lines[0] && number <= box.lines[1];
      return element("span", { class: [on ? "is-on" : "", bad.has(number) ? "is-bad" : ""].filter(Boolean).join(" ") || null }, line || " ");
    }));
    area.rows = lines.children.length + 1;
    area.setAttribute("aria-invalid", String(reading.problems.length > 0));
    at("yaml-state").textContent = reading.is_yaml ? at("yaml-state").dataset.words ?? at("yaml-state").textContent : text("stale");
  };
  at("yaml-state").dataset.words = at("yaml-state").textContent;
  const show = () => {
    const box = Model.box();
    if (!box || document.activeElement === area) return;
    const line = lines.children[box.lines[0] - 1];
    if (!line) return;
    const top = line.offsetTop, bottom = lines.children[Math.min(box.lines[1], lines.children.length) - 1].offsetTop + line.offsetHeight;
    if (top < code.scrollTop || bottom > code.scrollTop + code.clientHeight) code.scrollTop = Math.max(0, top - 48);
  };
  area.addEventListener("input", () => { own = true; Model.type(area.value); draw(); });
  area.addEventListener("blur", () => { own = false; });
  const caret = () => {
    if (document.activeElement !== area) return;
    const number = area.value.slice(0, area.selectionStart).split("\n").length;
    const box = Model.state.reading.boxes.find((each) => number >= each.lines[0] && number <= each.lines[1]);
    if ((box?.name ?? null) !== Model.state.selected && Model.state.text === Model.state.reading.text) Model.choose(box?.name ?? null);
  };
  area.addEventListener("keyup", caret);
  area.addEventListener("click", caret);
  Model.on((what) => {
    if (what === "reading" && Model.state.text !== area.value) { own = false; }
    if (what === "reading" || what === "selection") { draw(); show(); }
  });
  draw();
})();
