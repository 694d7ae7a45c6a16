"""What the contact pages read: the list with its filters, one contact, its interactions, doubles, tags with their use."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, or_, select

from admin.db import db
from admin.telephone import e164, spellings
from sql.models import (
    Agent,
    BlacklistEntry,
    Contact,
    ContactAttachment,
    ContactField,
    ContactNote,
    ContactNumber,
    ContactTag,
    ContactTagging,
    Conversation,
    Disposition,
    Interaction,
    Talk,
    User,
    Visitor,
)  # fmt: skip
from uckefu.times import elapsed, now

PAGE_SIZES = (20, 50, 100)
HISTORY_PAGE = 20
FEWEST_DIGITS = 3
SORTS: dict[str, Any] = {
    "name": Contact.name,
    "company": Contact.company,
    "vip": Contact.vip_level,
    "created": Contact.created_at,
}


@dataclass(frozen=True)
class Filters:
    """What the page's address asks for."""

    text: str = ""
    tag: int | None = None
    vip: bool = False
    blocked: bool = False


@dataclass(frozen=True)
class Row:
    """One contact of the list."""

    contact: Contact
    tags: list[ContactTag]
    last_at: datetime | None
    blocked: bool


def _lasting() -> ColumnElement[bool]:
    return or_(BlacklistEntry.expires_at.is_(None), BlacklistEntry.expires_at > now())


def _is_blocked() -> ColumnElement[bool]:
    by_number = BlacklistEntry.number == ContactNumber.number
    return exists().where(ContactNumber.contact_id == Contact.id, by_number, _lasting())


def _conditions(filters: Filters, region: str) -> Iterable[ColumnElement[bool]]:
    yield Contact.merged_into_id.is_(None)
    if filters.text:
        yield _about(filters.text, region)
    if filters.tag is not None:
        yield exists().where(ContactTagging.contact_id == Contact.id, ContactTagging.tag_id == filters.tag)
    if filters.vip:
        yield Contact.vip_level > 0
    if filters.blocked:
        yield _is_blocked()


def _about(text: str, region: str) -> ColumnElement[bool]:
    found = [
        column.contains(text, autoescape=True) for column in (Contact.name, Contact.company, Contact.email)
    ]
    digits = "".join(c for c in text if c.isdigit())
    if len(digits) >= FEWEST_DIGITS and not any(c.isalpha() for c in text):
        like = ContactNumber.number.contains(digits, autoescape=True)
        same = ContactNumber.number == e164(text, region)
        found.append(exists().where(ContactNumber.contact_id == Contact.id, or_(like, same)))
    return or_(*found)


def count(filters: Filters, region: str) -> int:
    """How many contacts fit."""
    return db.session.scalar(select(func.count(Contact.id)).where(*_conditions(filters, region))) or 0


def _ordered(filters: Filters, region: str, sort: str) -> Select[Any]:
    column = SORTS[sort.removeprefix("-")]
    order = column.desc() if sort.startswith("-") else column.asc()
    return select(Contact).where(*_conditions(filters, region)).order_by(order, Contact.id.desc())


def page(filters: Filters, region: str, *, number: int, size: int, sort: str) -> list[Row]:
    """The `number`-th page (from 1), sorted by a name of `SORTS`, `-` before it for descending."""
    statement = _ordered(filters, region, sort).limit(size).offset((number - 1) * size)
    contacts = list(db.session.scalars(statement))
    tags, last = tags_of([c.id for c in contacts]), _last_at(contacts, region)
    blocked = set(
        db.session.scalars(select(Contact.id).where(Contact.id.in_([c.id for c in contacts]), _is_blocked()))
    )
    return [Row(c, tags.get(c.id, []), last.get(c.id), c.id in blocked) for c in contacts]


def everything(filters: Filters, region: str, *, only: list[int], most: int) -> list[Contact]:
    """All that fit (or of them only those with these ids), for an export."""
    statement = _ordered(filters, region, "name")
    return list(
        db.session.scalars((statement.where(Contact.id.in_(only)) if only else statement).limit(most))
    )


def _last_at(contacts: list[Contact], region: str) -> dict[int, datetime]:
    """When each was last heard of, on any channel."""
    last: dict[int, datetime] = {}

    def learn(contact_id: int, instant: datetime | None) -> None:
        if instant is not None and (contact_id not in last or last[contact_id] < instant):
            last[contact_id] = instant

    ids = [c.id for c in contacts]
    by_contact = select(Interaction.contact_id, func.max(Interaction.started_at)).where(
        Interaction.contact_id.in_(ids)
    )
    for contact_id, instant in db.session.execute(by_contact.group_by(Interaction.contact_id)):
        learn(contact_id, instant)
    owner = {s: c.id for c in contacts for n in c.numbers for s in spellings(n.number, region)}
    by_number = select(Interaction.from_number, func.max(Interaction.started_at)).where(
        Interaction.from_number.in_(owner)
    )
    for number, instant in db.session.execute(by_number.group_by(Interaction.from_number)):
        learn(owner[number], instant)
    return last


def tags_of(contact_ids: list[int]) -> dict[int, list[ContactTag]]:
    """Contact id -> its tags, by name."""
    found: dict[int, list[ContactTag]] = {}
    rows = db.session.execute(
        select(ContactTagging.contact_id, ContactTag)
        .join(ContactTag, ContactTag.id == ContactTagging.tag_id)
        .where(ContactTagging.contact_id.in_(contact_ids))
        .order_by(ContactTag.name)
    )
    for contact_id, tag in rows:
        found.setdefault(contact_id, []).append(tag)
    return found


def tags_with_uses() -> list[tuple[ContactTag, int]]:
    """Every tag and how many contacts have it."""
    uses = func.count(ContactTagging.contact_id)
    rows = db.session.execute(
        select(ContactTag, uses)
        .outerjoin(ContactTagging)
        .group_by(ContactTag.id)
        .order_by(uses.desc(), ContactTag.name)
    )
    return [(tag, n) for tag, n in rows]


def custom_fields(*, active: bool = True) -> list[ContactField]:
    """The centre's own fields, in order."""
    statement = select(ContactField).order_by(ContactField.position, ContactField.id)
    return list(db.session.scalars(statement.where(ContactField.active) if active else statement))


def files_of(contact_id: int) -> list[ContactAttachment]:
    """The contact's files, the newest first."""
    wanted = select(ContactAttachment).where(ContactAttachment.contact_id == contact_id)
    return list(
        db.session.scalars(wanted.order_by(ContactAttachment.created_at.desc(), ContactAttachment.id))
    )


def notes_of(contact_id: int) -> list[tuple[ContactNote, str]]:
    """Notes with their writers, the newest first."""
    rows = db.session.execute(
        select(ContactNote, User.name)
        .outerjoin(User, User.id == ContactNote.user_id)
        .where(ContactNote.contact_id == contact_id)
        .order_by(ContactNote.at.desc(), ContactNote.id.desc())
    )
    return [(note, name or "") for note, name in rows]


def blocks_of(numbers: list[str]) -> dict[str, BlacklistEntry]:
    """The blacklist's entries of these numbers that hold now."""
    rows = db.session.scalars(select(BlacklistEntry).where(BlacklistEntry.number.in_(numbers), _lasting()))
    return {entry.number: entry for entry in rows}


def blacklist() -> list[tuple[BlacklistEntry, Contact | None, str]]:
    """Every entry with its contact and who made it, the newest first."""
    rows = db.session.execute(
        select(BlacklistEntry, Contact, User.name)
        .outerjoin(Contact, Contact.id == BlacklistEntry.contact_id)
        .outerjoin(User, User.id == BlacklistEntry.user_id)
        .order_by(BlacklistEntry.created_at.desc())
    )
    return [(entry, contact, name or "") for entry, contact, name in rows]


def doubles_of(contact: Contact) -> list[Contact]:
    """Others that may be the same person: the same name and company, or the same mail address."""
    same = (Contact.name == contact.name) & (Contact.company == contact.company)
    if contact.email:
        same = or_(same, Contact.email == contact.email)
    found = select(Contact).where(same, Contact.id != contact.id, Contact.merged_into_id.is_(None))
    return list(db.session.scalars(found.order_by(Contact.id).limit(10)))


def _interactions_of(contact_id: int, numbers: set[str]) -> ColumnElement[bool]:
    as_visitor = (
        select(Conversation.id)
        .join(Visitor, Visitor.id == Conversation.visitor_id)
        .where(Visitor.contact_id == contact_id)
    )
    known = [Interaction.contact_id == contact_id, Interaction.id.in_(as_visitor)]
    if numbers:
        known += [Interaction.from_number.in_(numbers), Interaction.to_number.in_(numbers)]
    return or_(*known)


def history(
    contact: Contact, region: str, *, number: int = 1, without: str = "", size: int = HISTORY_PAGE
) -> tuple[int, list[dict[str, Any]]]:
    """How many interactions of all channels there were, and one page of them, the latest first."""
    numbers = {s for n in contact.numbers for s in spellings(n.number, region)} - {""}
    mine = _interactions_of(contact.id, numbers)
    return past(mine, number=number, without=without, size=size)


def past(
    which: ColumnElement[bool], *, number: int = 1, without: str = "", size: int = HISTORY_PAGE
) -> tuple[int, list[dict[str, Any]]]:
    """As `history`, of the interactions that fit `which`."""
    which = which & (Interaction.id != without) & Interaction.started_at.is_not(None)
    total = db.session.scalar(select(func.count(Interaction.id)).where(which)) or 0
    found = db.session.execute(
        select(Interaction, Conversation)
        .outerjoin(Conversation, Conversation.id == Interaction.id)
        .where(which)
        .order_by(Interaction.started_at.desc(), Interaction.id)
        .limit(size)
        .offset((number - 1) * size)
    ).all()
    talks = _talks([interaction.id for interaction, _ in found])
    return total, [
        _line(interaction, conversation, talks.get(interaction.id)) for interaction, conversation in found
    ]


def _talks(ids: list[str]) -> dict[str, tuple[Talk, str, Disposition | None]]:
    rows = db.session.execute(
        select(Talk, User.name, Disposition)
        .outerjoin(Agent, Agent.id == Talk.agent_id)
        .outerjoin(User, User.id == Agent.user_id)
        .outerjoin(Disposition, Disposition.id == Talk.disposition_id)
        .where(Talk.interaction_id.in_(ids))
        .order_by(Talk.connected_at)
    )
    return {talk.interaction_id: (talk, name or "", disposition) for talk, name, disposition in rows}


def _line(
    interaction: Interaction,
    conversation: Conversation | None,
    talked: tuple[Talk, str, Disposition | None] | None,
) -> dict[str, Any]:
    talk, agent, disposition = talked or (None, "", None)
    return {
        "interaction_id": interaction.id,
        "channel": interaction.channel,
        "direction": interaction.direction,
        "started_at": interaction.started_at,
        "queue": interaction.queue_name,
        "intent": interaction.intent,
        "agent": agent,
        "agent_id": talk.agent_id if talk else None,
        "disposition": disposition,
        "note": talk.note if talk else "",
        "talk": elapsed(talk.connected_at, talk.ended_at) if talk else None,
        "rating": conversation.rating if conversation else None,
    }
