"use strict";
/* One control for each kind of field that the schema knows; each tells `set(path, value)` what the author entered. */
const Fields = (() => {
  const { data, element, icon, iconButton, text, word } = Flow;
  const KEYS = [..."1234567890*#"];
  let tools = null; // {set(path, value), unset(path), problems(path), nodes(), returns, listen(name)}

  const choiceWord = (value) => data.choice_words[value] ?? data.texts[`text.${value}`] ?? value;
  const asText = (value) => (value === null || value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value));
  const dotted = (path) => path.join(".");
  const wrong = (path) => tools.problems(path);
  const hints = (path) => wrong(path).map((problem) => element("span", { class: "invalid-feedback d-block", id: `problem-${dotted(path)}` }, icon("alert-triangle"), " ", problem.message));
  const meant = (field) => (field.hint ? [element("span", { class: "uc-meta d-block" }, field.hint)] : []);
  const marks = (path, extra = "") => {
    const bad = wrong(path).length > 0;
    return { "data-path": dotted(path), class: `${extra}${bad ? " is-invalid" : ""}`, "aria-invalid": bad ? "true" : null, "aria-describedby": bad ? `problem-${dotted(path)}` : null };
  };
  const put = (field, path, value) => (value === "" && !field.required ? tools.unset(path) : tools.set(path, value));
  const label = (field, path, control, { words = word(field.name) } = {}) =>
    element("label", { class: "form-label" }, words, field.required ? element("span", { class: "uc-meta" }, ` ${text("required")}`) : null, control, ...hints(path), ...meant(field));

  /* ---- plain ones */
  const select = (field, path, value, options, { empty = text("not_chosen"), name = null } = {}) => {
    const known = options.some(([key]) => key === value);
    const control = element("select", { ...marks(path, "form-select"), "aria-label": name, onchange: (event) => put(field, path, event.target.value) });
    if (!field.required || !value) control.append(new Option(empty, ""));
    if (value && !known) options = [[value, value], ...options];
    options.forEach(([key, words]) => control.append(new Option(words, key)));
    control.value = value ?? "";
    return control;
  };
  const input = (field, path, value, extra = {}) =>
    element("input", {
      ...marks(path, `form-control${["expression", "pattern"].includes(field.kind) ? " uc-mono" : ""}`), value: asText(value), placeholder: field.default === null || field.default === undefined ? null : asText(field.default),
      maxlength: field.maxLength ?? 500, onchange: (event) => put(field, path, event.target.value.trim()), ...extra,
    });
  const nodeOptions = () => [...tools.nodes().map((name) => [name, `${name} · ${Flow.typeOf(Model.node(name)?.type).word}`]), ...(tools.returns ? [["return", text("return")]] : [])];
  const control = (field, path, value, name = null) => {
    const kind = field.kind;
    if (kind === "node") return select(field, path, value, nodeOptions(), { empty: text("choose"), name });
    if (kind === "choice") return select({ ...field, required: field.required && value }, path, value, field.choices.map((each) => [each, choiceWord(each)]), { empty: field.default ? text("default", { value: choiceWord(field.default) }) : text("not_chosen"), name });
    if (["queue", "flow", "extension", "trunk"].includes(kind)) return select(field, path, value, Object.entries(data.choices[kind] ?? {}), { name });
    if (kind === "prompt") return promptPicker(field, path, value, name);
    if (kind === "whole" || kind === "number") return input(field, path, value, { type: "number", min: field.minimum, max: field.maximum, step: kind === "whole" ? 1 : "any", "aria-label": name });
    if (kind === "time") return input(field, path, value, { type: "time", "aria-label": name });
    return input(field, path, value, { "aria-label": name });
  };
  const promptPicker = (field, path, value, name) => {
    const options = Object.entries(data.choices.prompt).map(([key, words]) => [key, words ? `${key} · ${words.slice(0, 60)}` : key]);
    const words = data.choices.prompt[value]; // whole: the list has room for its beginning only
    return element("span", { class: "d-grid" },
      element("span", { class: "d-flex gap-1" }, select(field, path, value, options, { name }), value && tools.listen ? iconButton("player-play", text("listen"), () => tools.listen(value)) : null),
      words ? element("span", { class: "uc-meta" }, words) : null);
  };
  const flag = (field, path, value) => {
    const on = value === undefined ? field.default === true : String(value) === "true";
    const box = element("input", { ...marks(path, "form-check-input"), type: "checkbox", role: "switch", onchange: (event) => (event.target.checked === (field.default === true) ? tools.unset(path) : tools.set(path, event.target.checked)) });
    box.checked = on;
    return element("label", { class: "uc-flag" }, box, element("span", {}, word(field.name)), ...hints(path));
  };
  const several = (field, path, value) => {
    const chosen = Array.isArray(value) ? value : [];
    return element("span", { class: "uc-days", role: "group", "aria-label": word(field.name) }, ...field.choices.map((each) => {
      const box = element("input", { type: "checkbox", "data-path": `${dotted(path)}.${each}`, onchange: (event) => tools.set(path, field.choices.filter((one) => (one === each ? event.target.checked : chosen.includes(one)))) });
      box.checked = chosen.includes(each);
      return element("label", {}, box, choiceWord(each));
    }));
  };

  /* ---- what has parts */
  const group = (field, path, ...parts) => element("fieldset", { class: "uc-part" }, element("legend", { class: "form-label" }, word(field.name), field.required ? element("span", { class: "uc-meta" }, ` ${text("required")}`) : null), ...hints(path), ...parts, ...meant(field));
  const adder = (onclick, words = text("add"), path = null) => element("button", { type: "button", class: "btn btn-ghost", onclick, "data-add-to": path }, icon("plus"), " ", words);
  const first = (field) => {
    if (field.kind === "object") return Object.fromEntries(field.fields.filter((inner) => inner.required && inner.kind !== "node").map((inner) => [inner.name, first(inner)]));
    if (field.kind === "choices") return [];
    if (field.kind === "choice") return field.choices[0];
    return { number: "0", whole: String(field.minimum ?? 0), time: "09:00", expression: "true", text: "?" }[field.kind] ?? "";
  };
  const list = (field, path, value) => {
    const entries = Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];
    const rows = entries.map((entry, index) => {
      const inner = [...path, String(index)];
      const swap = () => { const turned = [...entries]; [turned[index - 1], turned[index]] = [turned[index], turned[index - 1]]; tools.set(path, turned); };
      return element("div", { class: "uc-entry-row" }, element("div", { class: "uc-grow d-grid gap-1" }, any({ ...field.item, name: field.item.name ?? field.name, required: true }, inner, entry, { bare: true }), ...(field.item.kind === "object" ? [] : hints(inner))),
        element("span", { class: "uc-rowtools" }, index ? iconButton("chevron-up", text("up"), swap) : null, iconButton("x", text("remove"), () => tools.set(path, entries.filter((_each, at) => at !== index)))));
    });
    return group(field, path, ...rows, adder(() => tools.set(path, [...entries, first(field.item)]), text("add"), dotted(path)));
  };
  const map = (field, path, value) => {
    const entries = Object.entries(value && typeof value === "object" && !Array.isArray(value) ? value : {}), isKeys = field.name === "keys";
    const taken = entries.map(([key]) => key);
    const rename = (from, to) => { if (to && to !== from && !taken.includes(to)) tools.set(path, Object.fromEntries(entries.map(([key, each]) => [key === from ? to : key, each]))); };
    const rows = entries.map(([key, each]) => {
      const inner = [...path, key];
      const name = isKeys ? text("key", { key }) : key;
      const head = isKeys ? element("kbd", {}, key) : element("input", { class: "form-control uc-mono uc-mapkey", value: key, "data-path": `${dotted(inner)}#key`, "aria-label": text("name"), onchange: (event) => rename(key, event.target.value.trim()) });
      return element("div", { class: "uc-keyrow" }, head, element("span", { class: "uc-grow" }, control({ ...field.item, required: true }, inner, each, name), ...hints(inner)), iconButton("x", text("remove"), () => tools.unset(inner)));
    });
    const add = isKeys ? keyAdder(path, taken) : adder(() => {
      let n = 1;
      while (taken.includes(`name_${n}`)) n += 1;
      tools.set([...path, `name_${n}`], first(field.item));
    }, text("add"), dotted(path));
    return group(field, path, ...rows, add);
  };
  const keyAdder = (path, taken) => {
    const free = KEYS.filter((key) => !taken.includes(key));
    return free.length ? adder(() => tools.set([...path, free[0]], null), text("new_key"), dotted(path)) : null;
  };
  const object = (field, path, value, { bare = false } = {}) => {
    const there = value && typeof value === "object";
    const inner = (there ? field.fields : []).map((each) => any(each, [...path, each.name], value[each.name]));
    if (bare) return element("div", { class: "d-grid gap-1" }, ...hints(path), ...inner);
    const box = element("input", { type: "checkbox", class: "form-check-input", "data-path": dotted(path), onchange: (event) => (event.target.checked ? tools.set(path, Object.fromEntries(field.fields.map((each) => [each.name, asText(each.default)]))) : tools.unset(path)) });
    box.checked = there;
    return element("fieldset", { class: "uc-part" }, element("label", { class: "uc-flag" }, box, word(field.name)), ...hints(path), ...inner);
  };

  /* ---- what is said: prompts, texts and values, in any order */
  const pieces = (value) => (value === undefined || value === null || value === "" ? [] : Array.isArray(value) ? value : [value]);
  const kindOf = (piece) => (typeof piece === "object" && piece !== null ? ("text" in piece ? "text" : "say" in piece || "value" in piece ? "value" : "prompt") : "prompt");
  const speech = (field, path, value) => {
    const own = pieces(value), isDefault = value === undefined && pieces(field.default).length > 0;
    const shown = isDefault ? pieces(field.default) : own;
    const keep = (entries) => (entries.length ? tools.set(path, entries.length === 1 && typeof entries[0] === "string" ? entries[0] : entries) : field.required ? tools.set(path, []) : pieces(field.default).length ? tools.set(path, []) : tools.unset(path));
    const replace = (index, piece) => keep(shown.map((each, at) => (at === index ? piece : each)));
    const rows = shown.map((piece, index) => pieceRow(field, [...path, String(index)], piece, (next) => replace(index, next), () => keep(shown.filter((_each, at) => at !== index))));
    const adders = [["prompt", Object.keys(data.choices.prompt)[0] ?? "welcome"], ["text", { text: Object.fromEntries(data.languages.map((each) => [each, "?"])) }], ["value", { say: "digits", value: "call.number" }]];
    return group(field, path, ...rows, element("span", { class: "d-flex flex-wrap" }, ...adders.map(([kind, fresh]) => adder(() => keep([...shown, fresh]), text(kind), `${dotted(path)}#${kind}`))));
  };
  const pieceRow = (field, path, piece, replace, remove) => {
    const kind = kindOf(piece), marked = { ...field, name: "prompt", required: true };
    let parts;
    if (kind === "text") {
      const texts = typeof piece.text === "object" && piece.text !== null ? piece.text : { any: piece.text };
      parts = Object.entries(texts).map(([language, words]) => element("label", { class: "uc-saying" }, element("span", { class: "uc-meta" }, text(`text.${language}`)),
        element("textarea", { class: "form-control", rows: 2, maxlength: 500, "data-path": `${dotted(path)}.${language}`, onchange: (event) => replace({ ...piece, text: { ...texts, [language]: event.target.value } }) }, asText(words))));
    } else if (kind === "value") {
      const how = element("select", { class: "form-select w-auto", "data-path": `${dotted(path)}.say`, "aria-label": word("say"), onchange: (event) => replace({ ...piece, say: event.target.value }) },
        ...["digits", "number", "money", "date", "time", "datetime"].map((each) => new Option(choiceWord(each), each)));
      how.value = piece.say;
      parts = [element("span", { class: "d-flex gap-1" }, how, element("input", { class: "form-control uc-mono", value: asText(piece.value), "data-path": `${dotted(path)}.value`, "aria-label": word("value"), onchange: (event) => replace({ ...piece, value: event.target.value.trim() }) }))];
    } else {
      const name = typeof piece === "object" ? piece.prompt : piece;
      const picker = promptPicker(marked, path, name, text("prompt"));
      picker.querySelector("select").addEventListener("change", (event) => { event.stopImmediatePropagation(); replace(event.target.value); }, { capture: true });
      parts = [picker];
    }
    return element("div", { class: "uc-entry-row" }, element("div", { class: "uc-grow d-grid gap-1" }, ...parts, ...hints(path)), iconButton("x", text("remove"), remove));
  };

  const any = (field, path, value, options = {}) => {
    if (field.kind === "speech") return speech(field, path, value);
    if (field.kind === "list") return list(field, path, value);
    if (field.kind === "map") return map(field, path, value);
    if (field.kind === "object") return object(field, path, value, options);
    if (field.kind === "flag") return flag(field, path, value);
    if (field.kind === "choices") return element("div", {}, several(field, path, value), ...hints(path));
    const made = control(field, path, value, options.bare ? word(field.name) : null);
    return options.bare ? made : label(field, path, made);
  };
  const render = (field, path, value, given) => { tools = given; return any(field, path, value); };
  return { render, choiceWord };
})();
