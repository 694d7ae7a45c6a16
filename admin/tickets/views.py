"""The ticket pages. Filters live in the address. The workbench makes tickets through `desk/ticket_views.py`."""

from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from admin import directory
from admin.db import db
from admin.i18n import language
from admin.permissions import requires
from admin.tickets import queries, service
from admin.tickets.words import field_words, priority_words, status_words
from sql.models import Contact, Interaction, Ticket

blueprint = Blueprint("tickets", __name__, url_prefix="/tickets")


def _filters() -> queries.Filters:
    args = request.args
    status = args.get("status", "undone")
    return queries.Filters(
        text=args.get("text", "").strip()[:64],
        status=status if status in {"undone", *status_words()} else "",
        priority=args.get("priority", "") if args.get("priority") in priority_words() else "",
        agent=args.get("agent", type=int),
    )


def _address(**changes: Any) -> str:
    merged = {**request.args.to_dict(), "page": "", **changes}
    return url_for("tickets.page", **{k: v for k, v in merged.items() if v or (k == "status" and v == "")})


def _chips(filters: queries.Filters, names: dict[str, Any]) -> list[tuple[str, str]]:
    chips = []
    if filters.text:
        chips.append((filters.text, _address(text="")))
    if filters.status in status_words():
        chips.append((status_words()[filters.status][2], _address(status="undone")))
    if filters.priority:
        chips.append(
            (_("Priority: %(name)s", name=priority_words()[filters.priority]), _address(priority=""))
        )
    if filters.agent is not None:
        agent = names["agents"].get(str(filters.agent), {}).get("name", _("nobody"))
        chips.append((_("Agent: %(name)s", name=agent), _address(agent="")))
    return chips


@blueprint.get("/")
@requires("tickets.use")
def page() -> ResponseReturnValue:
    """The list; what is not done yet, unless the address says otherwise."""
    filters, names = _filters(), directory.names(language())
    sort = request.args.get("sort", "-priority")
    sort = sort if sort.removeprefix("-") in queries.SORTS else "-priority"
    wanted = request.args.get("size", 20, type=int)
    size = wanted if wanted in queries.PAGE_SIZES else 20
    total = queries.count(filters)
    pages = max(1, -(-total // size))
    number = min(max(1, request.args.get("page", 1, type=int)), pages)
    return render_template(
        "tickets/page.html", rows=queries.page(filters, number=number, size=size, sort=sort), total=total, page=number,
        pages=pages, size=size, sizes=queries.PAGE_SIZES, filters=filters, sort=sort, names=names, address=_address,
        chips=_chips(filters, names), states=status_words(), priorities=priority_words(),
    )  # fmt: skip


@blueprint.get("/new")
@requires("tickets.use")
def new() -> ResponseReturnValue:
    """The form of a new ticket, of a contact when the address names one."""
    return _form_page(None, {"contact_id": request.args.get("contact", "")})


@blueprint.post("/new")
@requires("tickets.use")
def create() -> ResponseReturnValue:
    """Make it."""
    try:
        ticket = service.create(
            current_user.id, **_given(), contact_id=request.form.get("contact_id", type=int)
        )
    except service.TicketRefused as error:
        return _form_page(error.field, request.form), 400
    return redirect(url_for("tickets.detail", ticket_id=ticket.id))


def _given() -> dict[str, Any]:
    form = request.form
    return {
        "title": form.get("title", ""), "text": form.get("text", ""), "priority": form.get("priority", "normal"),
        "agent_id": form.get("agent", type=int),
    }  # fmt: skip


def _form_page(wrong: str | None, values: Any) -> str:
    contact_id = str(values.get("contact_id", ""))
    contact = (
        db.session.get(Contact, int(contact_id)) if contact_id.isdecimal() and len(contact_id) < 10 else None
    )
    return render_template(
        "tickets/new.html", wrong=wrong, values=values, contact=contact, names=directory.names(language()),
        priorities=priority_words(), longest=service,
    )  # fmt: skip


def _ticket(ticket_id: int) -> Ticket:
    return db.session.get(Ticket, ticket_id) or abort(404)


@blueprint.get("/<int:ticket_id>")
@requires("tickets.use")
def detail(ticket_id: int) -> ResponseReturnValue:
    """One ticket with its history."""
    return _detail_page(_ticket(ticket_id))


def _detail_page(ticket: Ticket, wrong: str = "") -> str:
    interaction = db.session.get(Interaction, ticket.interaction_id) if ticket.interaction_id else None
    contact = db.session.get(Contact, ticket.contact_id) if ticket.contact_id else None
    return render_template(
        "tickets/detail.html", ticket=ticket, contact=contact, interaction=interaction, wrong=wrong, longest=service,
        history=queries.history(ticket.id), names=directory.names(language()), states=status_words(),
        priorities=priority_words(), fields=field_words(), value_words=_value_words,
    )  # fmt: skip


def _value_words(field: str, value: str) -> str:
    """A value of the history in the reader's words."""
    if field == "status" and value in status_words():
        return status_words()[value][2]
    return priority_words().get(value, value) if field == "priority" else value


@blueprint.post("/<int:ticket_id>")
@requires("tickets.use")
def change(ticket_id: int) -> ResponseReturnValue:
    """Change it, comment on it, or both."""
    ticket, form = _ticket(ticket_id), request.form
    wanted: dict[str, Any] = {k: form[k] for k in ("title", "text", "status", "priority") if k in form}
    if "agent" in form:
        wanted["agent_id"] = form.get("agent", type=int)
    try:
        service.change(ticket, current_user.id, comment=form.get("comment", ""), **wanted)
    except service.TicketRefused as error:
        db.session.rollback()
        return _detail_page(ticket, error.field), 400
    return redirect(url_for("tickets.detail", ticket_id=ticket_id, _anchor="history"))
