"use strict";
/* The form of the chosen node, or of the flow's head when none is chosen; generated from the schema. */
const Form = (() => {
  const { at, data, element, icon, text, typeOf, word } = Flow;
  const HEAD = [
    { name: "title", kind: "text", required: false, maxLength: 64 }, { name: "start", kind: "node", required: true },
    { name: "on_error", kind: "node", required: false },
  ];
  const NAME = /^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$/;
  let listen = null;

  /* A control that the author is in keeps what was typed while the form is drawn anew. */
  const keepFocus = (draw) => {
    const active = document.activeElement, inside = at("fields").contains(active) ? active.dataset.path : null;
    const typed = inside && "value" in active ? { value: active.value, at: active.selectionStart, was: active.defaultValue } : null;
    const scroll = at("fields").scrollTop;
    draw();
    at("fields").scrollTop = scroll;
    if (!inside) return;
    const again = [...at("fields").querySelectorAll("[data-path]")].find((node) => node.dataset.path === inside);
    if (!again) return;
    if (typed && typed.was !== undefined && typed.value !== typed.was && again.type !== "checkbox" && again.tagName !== "SELECT") again.value = typed.value;
    again.focus({ preventScroll: true });
    if (typed?.at !== null && typed?.at !== undefined && again.setSelectionRange && ["text", "textarea"].includes(again.type)) again.setSelectionRange(typed.at, typed.at);
  };
  const under = (path, field) => field.length >= path.length && path.every((step, index) => field[index] === step);
  /* The problems that stand at a control: those below a whole list or speech too, unless a control of its own shows them. */
  const toolsOf = (prefix, problems, kinds) => ({
    set: (path, value) => Model.change([{ do: "set", path: [...prefix, ...path], value }]),
    unset: (path) => Model.change([{ do: "unset", path: [...prefix, ...path] }]),
    problems: (path) => problems.filter((problem) => {
      const field = problem.field;
      if (field.join(".") === path.join(".")) return true;
      return under(path, field) && kinds.get(path[0]) !== undefined && path.length > 1 && ["speech"].includes(kinds.get(path[0]));
    }),
    nodes: () => Object.keys(Model.state.reading.nodes).sort(),
    returns: "result" in Model.state.reading.head,
    listen,
  });
  /* A field that means nothing beside the others is shown only when it is filled in or wrong. */
  const matters = (field, node, tools) => !field.only_when || field.name in node || tools.problems([field.name]).length > 0
    || Object.entries(field.only_when).every(([name, value]) => node[name] === value);
  const drawHead = () => {
    const { reading } = Model.state;
    at("form-title").replaceChildren(icon("sitemap"), " ", text("head"));
    const tools = toolsOf([], reading.problems.filter((problem) => !problem.node), new Map());
    const general = reading.problems.filter((problem) => !problem.node && !HEAD.some((field) => field.name === problem.field[0]));
    at("fields").replaceChildren(
      ...general.map((problem) => element("p", { class: "invalid-feedback d-block m-0" }, icon("alert-triangle"), " ", problem.message)),
      ...HEAD.map((field) => Fields.render(field, [field.name], reading.head[field.name], tools)));
  };
  const drawNode = (box) => {
    const type = typeOf(box.type), node = Model.node(), problems = Model.problemsOf(box.name);
    at("form-title").replaceChildren(icon(type.icon), ` ${type.word} · ${box.name}`);
    const kinds = new Map(type.fields.map((field) => [field.name, field.kind]));
    const tools = toolsOf(["nodes", box.name], problems, kinds);
    const shown = new Set(type.fields.map((field) => field.name));
    /* What no control shows: unknown fields, missing ways, the node as a whole. */
    const missing = (problem) => problem.field.length === 0 || !shown.has(problem.field[0]);
    const callers = typeof Numbers === "undefined" ? "" : Numbers.words(box.name);
    const name = element("input", { class: "form-control uc-mono", value: box.name, "data-path": "#name", maxlength: 64, onchange: (event) => rename(event.target, box.name) });
    at("fields").replaceChildren(
      ...problems.filter(missing).map((problem) => element("p", { class: "invalid-feedback d-block m-0" }, icon("alert-triangle"), " ", problem.message)),
      callers ? element("p", { class: "uc-meta m-0", id: "callers" }, icon("users"), " ", callers) : "",
      element("label", { class: "form-label" }, text("name"), name),
      ...(node && typeof node === "object" ? type.fields.filter((field) => matters(field, node, tools)).map((field) => Fields.render(field, [field.name], node[field.name] ?? undefined, tools)) : []));
  };
  const rename = (input, old) => {
    const to = input.value.trim(), taken = to !== old && to in Model.state.reading.nodes;
    if (to === old) return;
    if (!NAME.test(to) || to === "return" || taken) {
      input.classList.add("is-invalid");
      input.setAttribute("aria-invalid", "true");
      input.parentElement.querySelector(".invalid-feedback")?.remove();
      input.after(element("span", { class: "invalid-feedback d-block" }, icon("alert-triangle"), " ", text(taken ? "taken" : "bad_name")));
      return;
    }
    Model.change([{ do: "rename", node: old, to }], { select: to });
  };
  const draw = () => {
    const box = Model.box();
    at("start-here").hidden = at("delete").hidden = !box;
    at("fields").inert = !Model.state.reading.is_yaml;
    at("fields").classList.toggle("uc-stale", !Model.state.reading.is_yaml);
    at("start-here").disabled = box?.name === Model.state.reading.start;
    keepFocus(() => (box ? drawNode(box) : drawHead()));
  };
  at("delete").addEventListener("click", () => { Canvas.edge = null; Canvas.removeSelected(); });
  at("start-here").addEventListener("click", () => Model.change([{ do: "set", path: ["start"], value: Model.state.selected }]));
  at("form").addEventListener("submit", (event) => event.preventDefault());
  Model.on((what) => { if (what === "reading" || what === "selection") draw(); });
  if (data.urls.listen) listen = (name) => { new Audio(`${data.urls.listen}${encodeURIComponent(name)}`).play().catch(() => null); };
  draw();
  return { draw, word };
})();
