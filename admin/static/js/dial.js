"use strict";
/* Click-to-dial on every page: a button with `data-dial="contact=7&handle=…"` (or interaction, voicemail, number) asks
   the server, which rings the agent's own phone first. Whatever comes of it is on the workbench's strip. */
const Dial = (() => {
  const csrf = document.querySelector("meta[name=csrf-token]").content;
  let asking = false;
  /* Fields as `{contact, handle}`, `{interaction}`, `{voicemail}` or `{number}`; whether the phone rings now. */
  const call = async (fields) => {
    if (asking) return false; // a double click is one call
    asking = true;
    try {
      const answer = await fetch("/desk/dial", { method: "POST", body: new URLSearchParams(fields), headers: { Accept: "application/json", "X-CSRFToken": csrf } });
      const { ok = false, message = "" } = answer.headers.get("Content-Type")?.includes("json") ? await answer.json() : {};
      Toasts.show(message || String(answer.status));
      return ok;
    } catch (error) {
      Toasts.show(String(error.message ?? error));
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
