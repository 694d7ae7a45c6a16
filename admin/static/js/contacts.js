"use strict";
/* The contact pages: selecting rows shows the bulk bar, a number is revealed on a click (noted by the server). */
(() => {
  const csrf = document.querySelector("meta[name=csrf-token]").content;
  const rows = document.getElementById("rows"), bulk = document.getElementById("bulk");
  const boxes = () => [...document.querySelectorAll("#rows input[name=id]")];
  const show = () => {
    const n = boxes().filter((box) => box.checked).length;
    bulk.hidden = n === 0;
    const words = bulk.querySelector("[data-selected]");
    words.textContent = words.dataset.selected.replace("{n}", n);
    bulk.querySelector("[data-two]")?.toggleAttribute("disabled", n !== 2);
    for (const box of boxes()) box.closest("tr").classList.toggle("is-on", box.checked);
  };
  rows?.addEventListener("change", (event) => {
    if (event.target.matches("[data-all]")) for (const box of boxes()) box.checked = event.target.checked;
    show();
  });
  bulk?.querySelector("[data-none]").addEventListener("click", () => {
    rows.querySelectorAll("input[type=checkbox]").forEach((box) => { box.checked = false; });
    show();
  });
  document.querySelectorAll(".uc-filters select, .uc-filters input[type=checkbox]").forEach((node) =>
    node.form.method === "get" && node.addEventListener("change", () => node.form.requestSubmit()));
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-reveal]");
    if (!button) return;
    const answer = await fetch(button.dataset.reveal, {
      method: "POST", headers: { Accept: "application/json", "X-CSRFToken": csrf }, body: new URLSearchParams({ number: button.dataset.handle }),
    });
    if (!answer.ok) return;
    button.closest("dd").querySelector("[data-number]").textContent = (await answer.json()).number;
    button.remove();
  });
})();
