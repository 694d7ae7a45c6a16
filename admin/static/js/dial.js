"use strict";
/* Click-to-dial on every page: a button with `data-dial="contact=7&handle=…"` (or interaction, voicemail, number) asks
   the server, which rings the agent's own phone first. Whatever comes of it is on the workbench's strip. */
const Dial = (() => {
  const csrf = document.querySelector("meta[name=csrf-token]").content;
  const say = (words) => {
    let place = document.getElementById("toasts");
    if (!place) {
      place = document.createElement("div");
      place.className = "uc-toasts";
      place.id = "toasts";
      place.setAttribute("role", "status");
      document.body.append(place);
    }
    const node = document.createElement("p");
    node.className = "uc-toast m-0";
    node.textContent = words;
    place.append(node);
    setTimeout(() => node.remove(), 8000);
  };
  let asking = false;
  /* Fields as `{contact, handle}`, `{interaction}`, `{voicemail}` or `{number}`; whether the phone rings now. */
  const call = async (fields) => {
    if (asking) return false; // a double click is one call
    asking = true;
    try {
      const answer = await fetch("/desk/dial", { method: "POST", body: new URLSearchParams(fields), headers: { Accept: "application/json", "X-CSRFToken": csrf } });
      const { ok = false, message = "" } = answer.headers.get("Content-Type")?.includes("json") ? await answer.json() : {};
      say(message || String(answer.status));
      return ok;
    } catch (error) {
      say(String(error.message ?? error));
      return false;
    } finally {
      asking = false;
    }
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-dial]");
    if (!button) return;
    event.preventDefault();
    call(Object.fromEntries(new URLSearchParams(button.dataset.dial)));
  });
  return { call };
})();
