"use strict";
/* The dry run: a keypad and what the caller hears. Each press sends all that was pressed; the server plays it anew.
   A key comes after the prompts, or in the middle of one that has played since the last press. */
(() => {
  const { at, data, element, icon, post, refusal, text } = Flow;
  let says = [], run = null, calling = false, asked = 0;

  const two = (n) => String(Math.floor(n)).padStart(2, "0");
  const clock = (seconds) => `${two(seconds / 60)}:${two(seconds % 60)}`;
  const json = (id) => { const words = at(id).value.trim(); return words ? JSON.parse(words) : null; };
  const bad = (message) => { at("dry-bad").hidden = !message; at("dry-bad").textContent = message; };
  const wishes = () => ({
    text: Model.state.text, says, at: at("dry-at").value || null, number: at("dry-number").value.replace(/[^+0-9]/g, ""), did: at("dry-did").value.replace(/[^+0-9]/g, ""),
    language: at("dry-language").value, contact: json("dry-contact"), answer: json("dry-answer"),
  });
  const play = async () => {
    await Model.settled();
    let wanted;
    try { wanted = wishes(); bad(""); } catch { bad(text("dry.bad")); at("dry-more").showPopover(); return; }
    const turn = (asked += 1);
    const answer = await post(data.urls.dry, wanted);
    if (turn !== asked) return;
    run = answer.ok ? answer.body : { steps: [], waits: "", refused: refusal(answer), seconds: 0 };
    calling = answer.ok && run.waits !== "";
    draw();
  };
  const shown = (value) => (value === null ? "none" : typeof value === "object" ? JSON.stringify(value) : String(value));
  const stepRow = (step, index, steps) => {
    const again = index > 0 && steps[index - 1].node === step.node && step.kind !== "NodeEntered";
    const last = index === steps.length - 1;
    const words = step.kind === "NodeEntered" ? element("b", {}, `${step.type} · ${step.text}`) : element("span", { class: step.kind === "heard" ? "uc-heard" : null }, step.text);
    return element("li", { "aria-current": last ? "step" : null, class: again ? "is-inner" : null, "data-kind": step.kind, onclick: step.node && Model.box(step.node) ? () => Model.choose(step.node) : null }, element("time", {}, clock(step.seconds)), words);
  };
  const drawState = () => {
    const state = at("dry-state");
    if (!run) state.replaceChildren(element("span", { class: "uc-meta" }, text("dry.idle")));
    else if (run.refused) state.replaceChildren(element("span", { class: "uc-state uc-s-alert" }, icon("alert-triangle"), " ", run.refused));
    else if (!calling) state.replaceChildren(element("span", { class: "uc-state uc-s-offline" }, icon("phone-off"), ` ${clock(run.seconds)} `, text("dry.over")));
    else {
      const waits = run.waits === "recording" ? text("dry.record", { seconds: run.wait_seconds }) : text("dry.wait", { seconds: run.wait_seconds });
      state.replaceChildren(element("span", { class: "uc-state uc-s-talk" }, icon("phone-call"), ` ${clock(run.seconds)}`), " ", element("span", { class: "uc-meta" }, waits));
    }
  };
  const drawVariables = () => {
    const variables = Object.entries(run?.steps.at(-1)?.variables ?? {});
    at("dry-variables").replaceChildren(...variables.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, shown(value))]));
  };
  const drawMoments = () => {
    const heard = run && calling ? run.steps.filter((step) => step.kind === "heard" && step.length > 0 && step.seconds >= run.moved_seconds - 0.05) : [];
    const moment = (step) => Math.max(0, step.seconds - run.moved_seconds + step.length / 2).toFixed(1);
    at("dry-when").hidden = heard.length === 0;
    at("dry-when").replaceChildren(
      element("option", { value: "" }, text("dry.after")),
      ...heard.map((step) => element("option", { value: moment(step) }, text("dry.during", { text: step.text }))),
    );
  };
  const draw = () => {
    const recording = calling && run.waits === "recording";
    document.querySelectorAll("[data-key]").forEach((button) => { button.disabled = !calling || recording; });
    at("dry-call").hidden = calling;
    at("dry-call").querySelector("span").textContent = text(run ? "dry.again" : "dry.call");
    at("dry-wait").hidden = at("dry-hangup").hidden = !calling;
    at("dry-wait").disabled = !calling;
    at("dry-speak").hidden = !recording;
    drawState();
    drawVariables();
    drawMoments();
    const steps = run?.steps ?? [];
    at("steps").replaceChildren(...steps.map(stepRow));
    at("steps").scrollTop = at("steps").scrollHeight;
    const ways = new Set(steps.filter((step) => step.way).map((step) => `${step.node} ${step.way}`));
    Canvas.show(run && !run.refused ? { node: run.node, ways } : null);
  };
  const say = (word) => { if (calling) { says.push(word); play(); } };
  at("dry-call").addEventListener("click", () => { says = []; run = null; play(); });
  at("dry-wait").addEventListener("click", () => say("wait"));
  at("dry-speak").addEventListener("click", () => say("speak=5"));
  const when = () => (at("dry-when").value ? `@${at("dry-when").value}` : "");
  at("dry-hangup").addEventListener("click", () => say(`hangup${when()}`));
  at("keys").addEventListener("click", (event) => {
    const key = event.target.closest("[data-key]")?.dataset.key;
    if (key) say(`key=${key}${when()}`);
  });
  draw();
})();
