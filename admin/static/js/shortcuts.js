"use strict";
/* The workbench's shortcuts. What a name's key is comes from the page (admin/shortcuts.py): the default, what the user
   chose in the profile, or "" for switched off. A script says `Shortcuts.on("hold", f)`; `label("hold")` is for hints. */
const Shortcuts = (() => {
  const keys = Dom.data.shortcuts ?? {};
  const handlers = new Map();
  const nameOf = new Map(Object.entries(keys).filter(([, key]) => key).map(([name, key]) => [key, name]));
  const pressed = (event) => [
    (event.ctrlKey || event.metaKey) && "Ctrl", event.altKey && "Alt", event.shiftKey && "Shift", event.code].filter(Boolean).join("+");
  const label = (name) => (keys[name] ?? "").replace(/\+/g, " ").replace(/Key(?=[A-Z]$)/, "");
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.repeat || event.getModifierState("AltGraph")) return;
    const handler = handlers.get(nameOf.get(pressed(event)));
    if (!handler) return;
    event.preventDefault();
    handler();
  });
  return {
    label,
    on: (name, handler) => handlers.set(name, handler),
    /* A <kbd> for a button, or "" when it is switched off. */
    kbd: (name) => (label(name) ? Dom.element("kbd", {}, label(name)) : ""),
    /* `words (Alt P)`, for titles. */
    title: (name, words) => (label(name) ? `${words} (${label(name)})` : words),
  };
})();
