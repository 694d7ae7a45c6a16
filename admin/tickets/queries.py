"""What the ticket pages and the workbench's side panel read."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, case, func, or_, select

from admin.db import db
from sql.models import TICKET_PRIORITIES, Agent, Contact, Ticket, TicketEntry, User

PAGE_SIZES = (20, 50, 100)
UNDONE = ("open", "pending")
_PRESSING = case({word: place for place, word in enumerate(TICKET_PRIORITIES)}, value=Ticket.priority)
SORTS: dict[str, Any] = {
    "number": Ticket.id, "updated": Ticket.updated_at, "priority": _PRESSING, "created": Ticket.created_at,
}  # fmt: skip


@dataclass(frozen=True)
class Filters:
    """What the page's address asks for."""

    text: str = ""
    status: str = ""  # a status, `undone` for open and pending, or all
    priority: str = ""
    agent: int | None = None  # 0: nobody's


@dataclass(frozen=True)
class Row:
    """One line of the list."""

    ticket: Ticket
    contact: Contact | None
    agent: str


def _conditions(filters: Filters) -> Iterable[ColumnElement[bool]]:
    if filters.text:
        like = f"%{filters.text}%"
        number = filters.text.lstrip("#")
        named = [Ticket.id == int(number)] if number.isdecimal() and len(number) < 10 else []
        yield or_(Ticket.title.like(like), Ticket.text.like(like), Contact.name.like(like), *named)
    if filters.status == "undone":
        yield Ticket.status.in_(UNDONE)
    elif filters.status:
        yield Ticket.status == filters.status
    if filters.priority:
        yield Ticket.priority == filters.priority
    if filters.agent is not None:
        yield Ticket.agent_id == filters.agent if filters.agent else Ticket.agent_id.is_(None)


def count(filters: Filters) -> int:
    """How many fit."""
    wanted = select(func.count()).select_from(Ticket).outerjoin(Contact, Contact.id == Ticket.contact_id)
    return db.session.scalar(wanted.where(*_conditions(filters))) or 0


def page(filters: Filters, *, number: int, size: int, sort: str) -> list[Row]:
    """One page, sorted as `SORTS` names it; `-` is downwards."""
    column = SORTS[sort.removeprefix("-")]
    rows = db.session.execute(
        select(Ticket, Contact, User.name)
        .outerjoin(Contact, Contact.id == Ticket.contact_id)
        .outerjoin(Agent, Agent.id == Ticket.agent_id)
        .outerjoin(User, User.id == Agent.user_id)
        .where(*_conditions(filters))
        .order_by(column.desc() if sort.startswith("-") else column, Ticket.id.desc())
        .limit(size)
        .offset((number - 1) * size)
    )
    return [Row(ticket, contact, agent or "") for ticket, contact, agent in rows]


def history(ticket_id: int) -> list[tuple[TicketEntry, str]]:
    """The lines of a ticket, the oldest first, each with who wrote it."""
    rows = db.session.execute(
        select(TicketEntry, User.name)
        .outerjoin(User, User.id == TicketEntry.user_id)
        .where(TicketEntry.ticket_id == ticket_id)
        .order_by(TicketEntry.id)
    )
    return [(entry, name or "") for entry, name in rows]


def undone_of(contact_id: int | None, interaction_id: str, *, most: int = 8) -> list[Ticket]:
    """What is still to be done for a contact, or came of this interaction; the most pressing first."""
    about = [Ticket.interaction_id == interaction_id]
    if contact_id is not None:
        about.append(Ticket.contact_id == contact_id)
    wanted = select(Ticket).where(Ticket.status.in_(UNDONE), or_(*about))
    return list(db.session.scalars(wanted.order_by(_PRESSING.desc(), Ticket.id).limit(most)))
