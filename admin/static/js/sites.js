// The settings of a site: the preview follows the form; the access code is copied.
const form = document.getElementById("site"), preview = document.getElementById("preview");
const words = preview.querySelector("[data-text]");

function follow() {
  const value = (name) => form.elements[name].value;
  preview.dataset.style = value("entry_style");
  preview.dataset.place = value("entry_position");
  preview.style.setProperty("--entry", value("entry_colour"));
  preview.style.setProperty("--dialog", value("dialog_colour"));
  words.textContent = value("entry_text").trim() || words.dataset.text;
}
form.addEventListener("input", follow);
follow();

for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const area = document.getElementById(button.dataset.copy);
    area.select();
    try { await navigator.clipboard.writeText(area.value); } catch { document.execCommand("copy"); } // without https
    button.querySelector("span").textContent = button.dataset.done;
  });
}
