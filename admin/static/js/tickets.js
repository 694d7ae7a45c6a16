"use strict";
/* Tickets at the workbench: the side panel's list, and the form (Alt I) that links the conversation or call. */
const Tickets = (() => {
  const { data, text, element, icon, toast } = Dom;
  const form = document.getElementById("ticket-menu");
  const PRIORITIES = ["urgent", "high", "normal", "low"];
  let about = null, sending = false;

  const title = element("input", { class: "form-control", name: "title", maxlength: 128, required: true, autocomplete: "off", "aria-label": text("ticket.what"), placeholder: text("ticket.what") });
  const words = element("textarea", { class: "form-control", name: "text", rows: 4, maxlength: 4000, "aria-label": text("ticket.text"), placeholder: text("ticket.text") });
  const priority = element("select", { class: "form-select", name: "priority", "aria-label": text("ticket.priority") },
    ...PRIORITIES.map((code) => element("option", { value: code, selected: code === "normal" }, text(`priority.${code}`))));
  const agent = element("select", { class: "form-select", name: "agent", "aria-label": text("ticket.agent") }, element("option", { value: "" }, text("ticket.nobody")),
    ...Object.entries(data.names.agents).map(([id, one]) => element("option", { value: id, selected: Number(id) === data.agent_id }, Number(id) === data.agent_id ? `${one.name} · ${text("ticket.me")}` : one.name)));
  const save = element("button", { class: "btn btn-primary", type: "submit" }, icon("ticket"), " ", text("ticket.save"));
  form.append(element("h2", { class: "mb-2", id: "ticket-head" }, text("ticket.new")), element("div", { class: "d-grid gap-2" }, title, words,
    element("div", { class: "d-flex gap-2" }, priority, agent), save));

  const open = () => {
    about = TalkPane.about();
    if (!about) { toast(text("ticket.no_one")); return; }
    if (form.matches(":popover-open")) { form.hidePopover(); return; }
    const head = Talks.head(about.id);
    if (form.dataset.about !== about.id) {
      form.dataset.about = about.id;
      const said = head?.last?.author === "visitor" ? head.last.text : "";
      title.value = said ? text("ticket.about", { name: Talks.name(head), words: said }).slice(0, 128) : "";
      words.value = "";
    }
    title.classList.remove("is-invalid");
    form.showPopover();
    title.focus();
    title.select();
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (sending) return;
    if (!title.value.trim()) { title.classList.add("is-invalid"); title.focus(); return; }
    sending = save.disabled = true;
    const answer = await Desk.fetchAny(`/desk/tickets/${encodeURIComponent(about.id)}`, { method: "POST", body: new URLSearchParams(new FormData(form)) });
    sending = save.disabled = false;
    if (!answer?.id) { toast(answer?.message ?? text("failed", { why: text("why_lost") })); return; }
    form.dataset.about = "";
    form.hidePopover();
    TalkPane.takeTickets(about.id, answer.tickets);
    toast(text("ticket.made", { id: answer.id }), { label: text("ticket.open"), run: () => { location.href = `/tickets/${answer.id}`; } });
  });
  Shortcuts.on("ticket", open);

  const line = ({ id, title: name, state: [kind, iconName, word], pressing, priority: pressingWord }) => element("li", {},
    icon(iconName), element("a", { class: "uc-cut", href: `/tickets/${id}`, title: name }, `#${id} ${name}`),
    pressing ? element("span", { class: "uc-state uc-s-ring" }, icon("flag"), " ", pressingWord) : element("span", { class: `uc-meta` }, word));
  return {
    open,
    list: (tickets) => [
      tickets.length ? element("ol", { class: "uc-trail", id: "side-tickets" }, ...tickets.map(line)) : element("p", { class: "uc-meta m-0" }, text("ticket.none")),
      element("button", { type: "button", class: "uc-link", onclick: open, title: Shortcuts.title("ticket", text("ticket.new")) }, text("ticket.new")),
    ],
  };
})();
