"""A message gets its number and is stored: by itself, or with others in one transaction.

`service.post_message` calls `store`; `together` lets many that come at the same moment share a transaction. The row of
the conversation is locked until the commit, so numbers are in the order of the commits. Plain tables and prepared
statements: this runs for every message.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, bindparam, func, select

from admin.chat.authors import Author
from admin.db import db
from sql.models import Conversation, Message, UtcDateTime
from uckefu.times import now

Values = dict[str, Any]
_TABLE: Any = Conversation.__table__
_INSTANT = bindparam("instant", type_=UtcDateTime)
_INSERT = Message.__table__.insert()  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Draft:
    """A message that is checked and not stored yet. `kind` is its kind once stored."""

    conversation_id: str
    author: Author
    client_id: str
    kind: str
    text: str
    attachment_id: str | None = None
    detail: dict[str, object] = field(default_factory=dict)

    @property
    def is_public(self) -> bool:
        """Whether the visitor may see it."""
        return self.kind != "note"


class Place(NamedTuple):
    """What a new message needs of its conversation, and what the pages are told of it."""

    id: str
    visitor_id: str
    agent_id: int | None
    last_sequence: int
    previous_public_sequence: int
    waiting_since: datetime | None


_PLACE = select(*(_TABLE.c[name] for name in Place._fields)).where(_TABLE.c.id == bindparam("id_"))
_PLACES = (
    select(_TABLE.c.last_public_sequence, _TABLE.c.ended_at, *(_TABLE.c[name] for name in Place._fields))
    .where(_TABLE.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(_TABLE.c.id)  # two processes lock in the same order
    .with_for_update()
)


def _counting(kind: str, *, is_public: bool) -> Any:
    """The UPDATE that counts conversations' numbers up, for one kind of author.

    The order of the assignments matters: MariaDB sees a column's new value in the ones after it, SQLite the old one.
    """
    c = _TABLE.c
    values: list[tuple[Any, Any]] = []
    if is_public:
        values += [
            (c.previous_public_sequence, c.last_public_sequence),
            (c.last_public_sequence, c.last_sequence + 1),
        ]
    values += [(c.last_sequence, c.last_sequence + 1), (c.last_message_at, _INSTANT)]
    if kind == "visitor":
        values.append((c.waiting_since, func.coalesce(c.waiting_since, _INSTANT)))
    elif kind == "agent" and is_public:
        values += [
            (c.waiting_since, None),
            (c.first_reply_at, func.coalesce(c.first_reply_at, _INSTANT)),
        ]
    return _TABLE.update().ordered_values(*values)


def _counting_one(kind: str, *, is_public: bool) -> Any:
    c = _TABLE.c
    wanted = _counting(kind, is_public=is_public).where(c.id == bindparam("id_"), c.ended_at.is_(None))
    return wanted.where(c.visitor_id == bindparam("visitor")) if kind == "visitor" else wanted


_KINDS = [(kind, is_public) for kind in ("visitor", "agent", "system") for is_public in (True, False)]
_COUNTING_ONE = {key: _counting_one(key[0], is_public=key[1]) for key in _KINDS}
_COUNTING_ALL = {
    key: _counting(key[0], is_public=key[1]).where(_TABLE.c.id.in_(bindparam("ids", expanding=True)))
    for key in _KINDS
}


def next_number(draft: Draft, instant: datetime) -> Place | None:
    """Lock the conversation, count its number up and read it; None when it is not there, ended, or another's."""
    author = draft.author
    given = {"id_": draft.conversation_id, "instant": instant}
    if author.kind == "visitor":
        given["visitor"] = author.visitor_id or ""
    done = db.session.execute(_COUNTING_ONE[author.kind, draft.is_public], given)
    if not done.rowcount:  # type: ignore[attr-defined]
        return None
    return Place(*db.session.execute(_PLACE, {"id_": draft.conversation_id}).one())


def store(values: Values) -> None:
    """Add the message; the caller commits. Raises IntegrityError when its client id is there already."""
    db.session.execute(_INSERT, values)


def values_of(draft: Draft, place: Place, instant: datetime) -> Values:
    """The message's columns."""
    return {
        "conversation_id": draft.conversation_id, "sequence": place.last_sequence,
        "after_sequence": place.previous_public_sequence, "client_id": draft.client_id, "kind": draft.kind,
        "author": draft.author.kind, "agent_id": draft.author.agent_id, "name": draft.author.name,
        "is_public": draft.is_public, "text": draft.text, "attachment_id": draft.attachment_id, "detail": draft.detail,
        "sent_at": instant,
    }  # fmt: skip


def together(connection: Connection, drafts: Sequence[Draft]) -> list[tuple[Place, Values] | None]:
    """Number and add messages, each of another conversation, and each of its visitor or of the agent who serves it.

    The caller commits. None stands for one that is not so simple (ended, another's, a guest's) and was not added.

    Raises:
        IntegrityError: one of the client ids is there already; nothing may be committed.
    """
    instant = now()
    rows = {row.id: row for row in connection.execute(_PLACES, {"ids": [d.conversation_id for d in drafts]})}
    simple = [draft for draft in drafts if _is_simple(draft, rows.get(draft.conversation_id))]
    numbered = {draft.conversation_id for draft in simple}
    for key in dict.fromkeys((draft.author.kind, draft.is_public) for draft in simple):
        ids = [draft.conversation_id for draft in simple if (draft.author.kind, draft.is_public) == key]
        connection.execute(_COUNTING_ALL[key], {"ids": ids, "instant": instant})
    found: list[tuple[Place, Values] | None] = []
    for draft in drafts:
        if draft.conversation_id in numbered:
            place = _after(draft, rows[draft.conversation_id], instant)
            found.append((place, values_of(draft, place, instant)))
        else:
            found.append(None)
    if simple:
        connection.execute(_INSERT, [each[1] for each in found if each])
    return found


def _is_simple(draft: Draft, row: Row[Any] | None) -> bool:
    if row is None or row.ended_at is not None:
        return False
    author = draft.author
    if author.kind == "visitor":
        return bool(row.visitor_id == author.visitor_id)
    return bool(author.kind == "agent" and row.agent_id == author.agent_id)


def _after(draft: Draft, row: Row[Any], instant: datetime) -> Place:
    """The place as the UPDATE leaves it."""
    waiting_since = row.waiting_since
    if draft.author.kind == "visitor":
        waiting_since = waiting_since or instant
    elif draft.is_public:
        waiting_since = None
    public = row.last_public_sequence if draft.is_public else row.previous_public_sequence
    return Place(row.id, row.visitor_id, row.agent_id, row.last_sequence + 1, public, waiting_since)
