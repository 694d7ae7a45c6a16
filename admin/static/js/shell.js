"use strict";
/* Runs before the body is shown: the theme (kept in this browser), and what every page of the shell has. */
(() => {
  const root = document.documentElement;
  const kept = localStorage.getItem("uckefu.theme");
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  root.dataset.bsTheme = kept || system;
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-theme-switch]")) return;
    root.dataset.bsTheme = root.dataset.bsTheme === "dark" ? "light" : "dark";
    localStorage.setItem("uckefu.theme", root.dataset.bsTheme);
  });
})();
