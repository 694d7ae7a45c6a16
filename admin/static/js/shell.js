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
  /* A browser writes its own language into a file field; ours stands over it, the field itself stays and is what is clicked. */
  const dress = (field) => {
    const part = (name, words) => Object.assign(document.createElement("span"), { className: name, textContent: words });
    const box = part("form-control uc-file", ""), name = part("uc-meta uc-cut", "");
    const tell = () => { name.textContent = [...field.files].map((file) => file.name).join(", ") || root.dataset.noFile; };
    field.classList.remove("form-control");
    field.before(box);
    box.append(field, part("btn", root.dataset.chooseFile), name);
    box.querySelectorAll("span").forEach((each) => each.setAttribute("aria-hidden", "true"));
    field.addEventListener("change", tell);
    field.form?.addEventListener("reset", () => setTimeout(tell));
    tell();
  };
  document.addEventListener("DOMContentLoaded", () => {
    show();
    document.querySelectorAll("input[type=file].form-control").forEach(dress);
    document.querySelector("[data-focus]")?.focus(); // the summary of what was wrong
  });
})();
