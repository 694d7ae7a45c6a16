"use strict";
/* Elements without innerHTML, for every script that builds its page: dom.js (the desktop) and flows/base.js. */
const Elements = (() => {
  const shown = (child) => child !== null && child !== undefined && child !== false && child !== "";
  /* `onclick: f` listens, `class` is the class, null and false leave an attribute away; children may be lists. */
  const element = (tag, properties = {}, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (value === null || value === undefined || value === false) continue;
      if (name === "class") node.className = value;
      else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...children.flat(2).filter(shown));
    return node;
  };
  const icon = (name) => element("i", { class: `ti ti-${name}`, "aria-hidden": "true" });
  return { element, icon };
})();
