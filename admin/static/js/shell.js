"use strict";
/* Runs before the body is shown: the theme (kept in this browser), and what every page of the shell has. */
(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const kept = () => localStorage.getItem("uckefu.theme") || "";
  const show = () => {
    root.dataset.bsTheme = kept() || (dark.matches ? "dark" : "light");
    document.querySelectorAll("[data-theme-choice]").forEach((node) => node.setAttribute("aria-pressed", String(node.dataset.themeChoice === kept())));
  };
  const choose = (theme) => {
    if (theme) localStorage.setItem("uckefu.theme", theme);
    else localStorage.removeItem("uckefu.theme");
    show();
  };
  show();
  dark.addEventListener("change", show);
  document.addEventListener("click", (event) => {
    const choice = event.target.closest("[data-theme-choice]");
    if (choice) choose(choice.dataset.themeChoice);
    else if (event.target.closest("[data-theme-switch]")) choose(root.dataset.bsTheme === "dark" ? "light" : "dark");
  });
  document.addEventListener("DOMContentLoaded", () => {
    show();
    document.querySelector("[data-focus]")?.focus(); // the summary of what was wrong
  });
})();
