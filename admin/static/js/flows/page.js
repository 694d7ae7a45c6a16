"use strict";
/* The bar of the editor: undo, redo, save, publish, problems, shortcuts. */
(() => {
  const { at, data, element, icon, post, refusal, text, toast } = Flow;
  const { state } = Model;

  const draw = () => {
    const { reading, undos, redos, isSaved } = state, n = reading.problems.length;
    at("undo").disabled = undos.length === 0;
    at("redo").disabled = redos.length === 0;
    at("draft-state").hidden = isSaved && !state.mark;
    at("draft-words").textContent = text(isSaved ? "saved" : "unsaved");
    at("title").textContent = reading.title || data.name;
    const count = at("problem-count");
    count.hidden = n === 0;
    count.replaceChildren(icon("alert-triangle"), " ", n === 1 ? text("problems.1") : text("problems.n", { n }));
    at("publish").disabled = n > 0;
    at("publish").title = n === 0 ? "" : count.textContent.trim();
    at("problem-list").querySelector("ul").replaceChildren(...reading.problems.map((problem) =>
      element("li", {}, element("button", { type: "button", onclick: () => { at("problem-list").hidePopover(); Model.choose(problem.node || null); } },
        icon("alert-triangle"), " ", problem.node ? element("b", {}, problem.node) : null, " ", problem.message))));
  };
  Model.on(draw);

  const save = async (over = false) => {
    const done = await Model.save(over);
    if (done.ok) toast(text("saved"));
    if (done.conflict) {
      at("conflict-words").textContent = done.conflict;
      at("conflict").returnValue = "";
      at("conflict").showModal();
    }
    return done.ok === true;
  };
  at("conflict").addEventListener("close", () => {
    const answer = at("conflict").returnValue;
    if (answer === "mine") save(true);
    if (answer === "theirs") { state.isSaved = true; location.reload(); }
  });

  /* Publishing keeps the draft first; what it changes is shown before it is done. */
  const openPublishing = async () => {
    if (!(await save()) || state.reading.problems.length) return;
    const answer = await fetch(data.urls.changes, { headers: { Accept: "text/html" } });
    if (!answer.ok) { toast(text("offline")); return; }
    const shown = new DOMParser().parseFromString(await answer.text(), "text/html");
    at("publish-changes").replaceChildren(...shown.body.childNodes);
    at("publish-error").hidden = true;
    at("publish-go").disabled = false;
    at("publish-dialog").showModal();
  };
  const publish = async () => {
    at("publish-go").disabled = true;
    const answer = await post(data.urls.publish, { mark: state.mark, note: at("publish-note").value });
    at("publish-go").disabled = false;
    if (!answer.ok) {
      at("publish-error").hidden = false;
      const problems = (answer.body.problems ?? []).map((problem) => problem.message);
      at("publish-error").textContent = [refusal(answer), ...problems].join(" ");
      return;
    }
    at("publish-dialog").close();
    at("publish-note").value = "";
    const said = text("published", { n: answer.body.number });
    at("live").textContent = said;
    toast(said);
  };
  at("publish").addEventListener("click", openPublishing);
  at("publish-go").addEventListener("click", publish);
  at("publish-cancel").addEventListener("click", () => at("publish-dialog").close());
  at("save").addEventListener("click", () => save());
  at("undo").addEventListener("click", Model.undo);
  at("redo").addEventListener("click", Model.redo);
  at("palette").addEventListener("click", (event) => {
    const kind = event.target.closest("[data-add]")?.dataset.add;
    if (!kind) return;
    if (state.reading.is_yaml) Canvas.add(kind);
    else toast(text("yaml_first"));
  });

  addEventListener("keydown", (event) => {
    if (document.querySelector("dialog[open]")) return;
    const control = (event.ctrlKey || event.metaKey) && !event.altKey;
    const writing = event.target.closest?.("input, textarea, select");
    if (control && event.code === "KeyS") { event.preventDefault(); save(); }
    else if (control && event.code === "KeyZ" && (!writing || writing.id === "yaml")) { event.preventDefault(); event.shiftKey ? Model.redo() : Model.undo(); }
    else if (control && event.code === "KeyY" && (!writing || writing.id === "yaml")) { event.preventDefault(); Model.redo(); }
    else if (event.code === "Delete" && !writing) { event.preventDefault(); Canvas.removeSelected(); }
  });
  draw();
})();
