"""Makes and changes tickets; each change leaves a line in the ticket's history. Called by `tickets.views`.

A ticket is everybody's to see and to work on, as contacts are; who did what is in its history and in the audit.
"""

from collections.abc import Callable
from typing import Any

from admin.audit import audit
from admin.db import db
from sql.models import TICKET_PRIORITIES, TICKET_STATES, Agent, Contact, Ticket, TicketEntry, User
from uckefu.times import now

LONGEST_TITLE, LONGEST_TEXT, LONGEST_COMMENT = 128, 4000, 4000
DONE = ("solved", "closed")


class TicketRefused(Exception):
    """What was given can't be a ticket.

    Attributes:
        field: where it is wrong.
    """

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


def create(
    user_id: int, *, title: str, text: str = "", priority: str = "normal", agent_id: int | None = None,
    contact_id: int | None = None, interaction_id: str | None = None,
) -> Ticket:  # fmt: skip
    """Make a ticket; who asks has checked that the user may know of the interaction.

    Raises:
        TicketRefused: title, priority, agent or contact.
    """
    instant = now()
    ticket = Ticket(
        title=_title(title), text=text.strip()[:LONGEST_TEXT], priority=_one_of(priority, TICKET_PRIORITIES, "priority"),
        agent_id=_agent(agent_id), contact_id=_contact(contact_id), interaction_id=interaction_id, status="open",
        created_by_id=user_id, created_at=instant, updated_at=instant,
    )  # fmt: skip
    db.session.add(ticket)
    db.session.flush()
    db.session.add(
        TicketEntry(ticket_id=ticket.id, at=instant, user_id=user_id, changes={"status": ["", "open"]})
    )
    audit("ticket-created", subject=str(ticket.id), interaction=interaction_id or "")
    return ticket


def change(ticket: Ticket, user_id: int, *, comment: str = "", **wanted: Any) -> bool:
    """Change fields and say something; both are one line of the history. False when there was nothing to note.

    Args:
        wanted: any of title, text, status, priority, agent_id, contact_id.

    Raises:
        TicketRefused: the first field that does not fit; nothing is changed.
    """
    fitting = _fitting(wanted)
    changes = {}
    for field, value in fitting.items():
        before = getattr(ticket, field)
        if before != value:
            changes[field.removesuffix("_id")] = [_words(field, before), _words(field, value)]
    comment = comment.strip()[:LONGEST_COMMENT]
    if not changes and not comment:
        return False
    for field, value in fitting.items():
        setattr(ticket, field, value)
    ticket.updated_at = now()
    if "status" in changes:
        ticket.solved_at = ticket.updated_at if ticket.status in DONE else None
    db.session.add(
        TicketEntry(ticket_id=ticket.id, at=ticket.updated_at, user_id=user_id, text=comment, changes=changes)
    )
    audit("ticket-changed", subject=str(ticket.id), fields=sorted(changes), comment=bool(comment))
    return True


def _fitting(wanted: dict[str, Any]) -> dict[str, Any]:
    checks: dict[str, Callable[[Any], Any]] = {
        "title": _title,
        "text": lambda value: str(value).strip()[:LONGEST_TEXT],
        "status": lambda value: _one_of(str(value), TICKET_STATES, "status"),
        "priority": lambda value: _one_of(str(value), TICKET_PRIORITIES, "priority"),
        "agent_id": _agent,
        "contact_id": _contact,
    }
    return {field: checks[field](value) for field, value in wanted.items()}


def _title(value: object) -> str:
    title = str(value or "").strip()
    if not title or len(title) > LONGEST_TITLE:
        raise TicketRefused("title")
    return title


def _one_of(value: str, allowed: tuple[str, ...], field: str) -> str:
    if value not in allowed:
        raise TicketRefused(field)
    return value


def _agent(agent_id: int | None) -> int | None:
    if agent_id and db.session.get(Agent, agent_id) is None:
        raise TicketRefused("agent")
    return agent_id or None


def _contact(contact_id: int | None) -> int | None:
    contact = db.session.get(Contact, contact_id) if contact_id else None
    if contact_id and contact is None:
        raise TicketRefused("contact")
    return (contact.merged_into_id or contact.id) if contact else None


def _words(field: str, value: object) -> str:
    """A value as the history keeps it: agents and contacts by their name at that time."""
    if field == "agent_id" and value:
        agent = db.session.get(Agent, value)
        user = db.session.get(User, agent.user_id) if agent else None
        return user.name if user else ""
    if field == "contact_id" and value:
        contact = db.session.get(Contact, value)
        return contact.name if contact else ""
    return str(value or "")[:200]
