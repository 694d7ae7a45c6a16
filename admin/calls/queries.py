"""What the calls page reads: one row an interaction, filtered in SQL, with the story of one on demand.

Results are told from stored instants only: `talking` (an agent talks now), `answered`, `abandoned` (waited in a
queue, left without an agent), `waiting` (in a queue now), `flow` (ended before any queue).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from admin.db import db
from admin.telephone import e164, spellings
from sql.models import (
    Agent,
    CallLeg,
    Contact,
    ContactNumber,
    Disposition,
    Interaction,
    Offer,
    Queue,
    QueueVisit,
    SurveyAnswer,
    Talk,
    User,
    Voicemail,
)  # fmt: skip
from uckefu.times import elapsed, now, total

PAGE_SIZES = (20, 50, 100)
FEWEST_DIGITS = 3
MOST_NAMED_CONTACTS = 200
began = func.coalesce(Interaction.started_at, Interaction.queued_at)
RESULTS: dict[str, ColumnElement[bool]] = {
    "answered": and_(Interaction.connected_at.is_not(None), Interaction.ended_at.is_not(None)),
    "abandoned": and_(
        Interaction.queued_at.is_not(None),
        Interaction.connected_at.is_(None),
        Interaction.ended_at.is_not(None),
    ),
    "talking": and_(Interaction.connected_at.is_not(None), Interaction.ended_at.is_(None)),
    "waiting": and_(
        Interaction.queued_at.is_not(None), Interaction.connected_at.is_(None), Interaction.ended_at.is_(None)
    ),
    "flow": Interaction.queued_at.is_(None),
}


SORTS: dict[str, Any] = {
    "time": began,
    "number": Interaction.from_number,
    "queue": Interaction.queue_name,
    "agent": User.name,
}


@dataclass(frozen=True)
class Filters:
    """What the page's address asks for; dates are days of the centre."""

    text: str = ""
    begin: date | None = None
    end: date | None = None
    queue: str = ""
    agent: int | None = None
    result: str = ""
    only_agent: int | None = None  # an agent sees the calls it took part in


@dataclass(frozen=True)
class Row:
    """One call of the list."""

    interaction: Interaction
    contact: Contact | None
    agent: str
    extension: str
    waited: timedelta | None
    talked: timedelta | None
    result: str


def settled(row: Row, live: set[str] | None) -> str:
    """The row's result as of now: what the ACD no longer has is over, even when its CDR has not come yet.

    Args:
        row: from `page`.
        live: the interactions that wait, ring or talk now; None when that is not known.
    """
    over = {"talking": "answered", "waiting": "abandoned"}
    return row.result if live is None or row.interaction.id in live else over.get(row.result, row.result)


def result_of(interaction: Interaction) -> str:
    """The word for how it went, from the same instants as `RESULTS`."""
    if interaction.queued_at is None:
        return "flow"
    if interaction.connected_at is not None:
        return "answered" if interaction.ended_at else "talking"
    return "abandoned" if interaction.ended_at else "waiting"


def _conditions(filters: Filters, zone: str, region: str) -> Iterable[ColumnElement[bool]]:
    if filters.text:
        yield _about(filters.text, region)
    if filters.begin:
        since = datetime.combine(filters.begin, time(), ZoneInfo(zone))
        yield _at(lambda instant: instant >= since)
    if filters.end:
        until = datetime.combine(filters.end + timedelta(days=1), time(), ZoneInfo(zone))
        yield _at(lambda instant: instant < until)
    if filters.queue:
        yield Interaction.queue_name == filters.queue
    if filters.agent is not None:
        yield _took_part(filters.agent)
    if filters.only_agent is not None:
        yield _took_part(filters.only_agent)
    if filters.result in RESULTS:
        yield RESULTS[filters.result]


def _at(fits: Callable[[Any], ColumnElement[bool]]) -> ColumnElement[bool]:
    """`began` fits, said in a way that the index on `started_at` serves."""
    started, queued = Interaction.started_at, Interaction.queued_at
    return or_(fits(started), and_(started.is_(None), fits(queued)))


def _about(text: str, region: str) -> ColumnElement[bool]:
    """The call's id, a contact's name, or (a part of) a number is meant."""
    found = [Interaction.id == text, Interaction.contact_id.in_(select(Contact.id).where(_named(text)))]
    numbers = db.session.scalars(
        select(ContactNumber.number)
        .join(Contact, Contact.id == ContactNumber.contact_id)
        .where(_named(text))
        .limit(MOST_NAMED_CONTACTS)
    )
    named = {spelling for number in numbers for spelling in spellings(number, region)}
    if named:
        found += [Interaction.from_number.in_(named), Interaction.to_number.in_(named)]
    digits = "".join(c for c in text if c.isdigit())
    if len(digits) >= FEWEST_DIGITS and not any(c.isalpha() for c in text):
        found.append(Interaction.from_number.contains(digits, autoescape=True))
        found.append(Interaction.from_number.in_(spellings(text, region)))
        found.append(Interaction.to_number.in_(spellings(text, region)))
    return or_(*found)


def _named(text: str) -> ColumnElement[bool]:
    return or_(Contact.name.contains(text, autoescape=True), Contact.company.contains(text, autoescape=True))


def _took_part(agent_id: int) -> ColumnElement[bool]:
    talked = select(Talk.id).where(Talk.interaction_id == Interaction.id, Talk.agent_id == agent_id)
    return or_(Interaction.agent_id == agent_id, talked.exists())


def _joined(columns: Any) -> Select[Any]:
    return columns.outerjoin(Contact, Contact.id == Interaction.contact_id)  # type: ignore[no-any-return]


def count(filters: Filters, zone: str, region: str) -> int:
    """How many calls fit."""
    statement = _joined(select(func.count(Interaction.id))).where(*_conditions(filters, zone, region))
    return db.session.scalar(statement) or 0


def page(
    filters: Filters, zone: str, region: str, *, number: int, size: int, sort: str = "-time"
) -> list[Row]:
    """The `number`-th page (from 1), sorted by a name of `SORTS`, `-` before it for descending."""
    column = SORTS[sort.removeprefix("-")]
    statement = (
        _joined(select(Interaction, Contact, User.name, Agent.extension))
        .outerjoin(Agent, Agent.id == Interaction.agent_id)
        .outerjoin(User, User.id == Agent.user_id)
        .where(*_conditions(filters, zone, region))
        .order_by(column.desc() if sort.startswith("-") else column.asc(), began.desc(), Interaction.id)
        .limit(size)
        .offset((number - 1) * size)
    )
    found = db.session.execute(statement).all()
    ids = [row[0].id for row in found]
    waits = _sums(
        select(QueueVisit.interaction_id, QueueVisit.entered_at, QueueVisit.left_at), QueueVisit, ids
    )
    talks = _sums(select(Talk.interaction_id, Talk.connected_at, Talk.ended_at), Talk, ids)
    contacts = _contacts_by_number([row[0].customer_number for row in found if row[1] is None], region)
    return [
        Row(
            interaction, contact or contacts.get(e164(interaction.customer_number, region)), name or "", extension or "",
            waits.get(interaction.id), talks.get(interaction.id), result_of(interaction),
        )
        for interaction, contact, name, extension in found
    ]  # fmt: skip


def _sums(statement: Select[Any], model: Any, ids: list[str]) -> dict[str, timedelta]:
    """The durations of each interaction; what has no end yet goes on until now."""
    present = now()
    sums: dict[str, list[timedelta | None]] = {}
    for interaction_id, begin, end in db.session.execute(statement.where(model.interaction_id.in_(ids))):
        sums.setdefault(interaction_id, []).append(elapsed(begin, end or present))
    return {key: total(values) for key, values in sums.items()}


def _contacts_by_number(numbers: list[str], region: str) -> dict[str, Contact]:
    wanted = {e164(number, region) for number in numbers if number}
    rows = db.session.execute(
        select(ContactNumber.number, Contact)
        .join(Contact, Contact.id == ContactNumber.contact_id)
        .where(ContactNumber.number.in_(wanted))
    )
    return {row[0]: row[1] for row in rows}


def visible(interaction_id: str, only_agent: int | None) -> Interaction | None:
    """The interaction, if it exists and this agent (None: anybody) may see it."""
    statement = select(Interaction).where(Interaction.id == interaction_id)
    if only_agent is not None:
        statement = statement.where(_took_part(only_agent))
    return db.session.scalar(statement)


def story(interaction_id: str) -> dict[str, Any]:
    """All that is known of one call: visits, offers, talks with disposition, legs, ratings, messages."""

    def rows(statement: Select[Any]) -> list[Any]:
        return list(db.session.execute(statement))

    agents = dict(rows(select(Agent.id, User.name).join(User, User.id == Agent.user_id)))
    return {
        "visits": rows(
            select(QueueVisit, Queue)
            .outerjoin(Queue, Queue.name == QueueVisit.queue_name)
            .where(QueueVisit.interaction_id == interaction_id)
            .order_by(QueueVisit.entered_at)
        ),
        "offers": [
            (offer, agents.get(offer.agent_id, "?"))
            for (offer,) in rows(
                select(Offer).where(Offer.interaction_id == interaction_id).order_by(Offer.offered_at)
            )
        ],
        "talks": [
            (talk, agents.get(talk.agent_id, "?"), disposition)
            for talk, disposition in rows(
                select(Talk, Disposition)
                .outerjoin(Disposition, Disposition.id == Talk.disposition_id)
                .where(Talk.interaction_id == interaction_id)
                .order_by(Talk.connected_at)
            )
        ],
        "answers": [
            answer
            for (answer,) in rows(
                select(SurveyAnswer)
                .where(SurveyAnswer.interaction_id == interaction_id)
                .order_by(SurveyAnswer.at)
            )
        ],
        "messages": [
            message
            for (message,) in rows(
                select(Voicemail).where(Voicemail.interaction_id == interaction_id).order_by(Voicemail.at)
            )
        ],
        "legs": [
            leg
            for (leg,) in rows(
                select(CallLeg).where(CallLeg.interaction_id == interaction_id).order_by(CallLeg.started_at)
            )
        ],
    }
