"use strict";
/* The page of a queue: strategies by channel, the question before deleting, and a word while changes are not saved. */
(() => {
  const form = document.getElementById("queue");
  const fit = () => {
    const channel = form.elements.channel.value;
    let first = null, chosen = false;
    form.querySelectorAll("[data-channels]").forEach((node) => {
      const fits = node.dataset.channels.split(" ").includes(channel), radio = node.querySelector("input");
      node.hidden = !fits;
      if (fits) { first ??= radio; chosen ||= radio.checked; }
    });
    if (!chosen && first) first.checked = true;
    form.querySelectorAll("[data-only]").forEach((node) => { node.hidden = !node.dataset.only.split(" ").includes(channel); });
  };
  fit();
  form.elements.channel.addEventListener("change", fit);

  document.querySelectorAll("[data-dialog]").forEach((node) =>
    node.addEventListener("click", () => document.getElementById(node.dataset.dialog).showModal()));
  document.querySelectorAll("dialog [data-close]").forEach((node) =>
    node.addEventListener("click", () => node.closest("dialog").close()));
})();
