"use strict";
/* Short notices on pages with and without a place of their own for them: dial.js and inbox.js. */
const Toasts = (() => {
  const SHOWN_MS = 8000;
  const place = () => {
    const found = document.getElementById("toasts");
    if (found) return found;
    const made = document.createElement("div");
    made.className = "uc-toasts";
    made.id = "toasts";
    made.setAttribute("role", "status");
    document.body.append(made);
    return made;
  };
  /* With `href` the notice leads somewhere. */
  const show = (words, href) => {
    const node = document.createElement(href ? "a" : "p");
    node.className = href ? "uc-toast" : "uc-toast m-0";
    if (href) node.href = href;
    node.textContent = words;
    place().append(node);
    setTimeout(() => node.remove(), SHOWN_MS);
  };
  return { show };
})();
