"""What the workbench reads of conversations: the agent's own, one with its messages, who else looks (`panel`: who it is).

The heads come from the record, as `admin.chat.service` wrote them; `later` (put off by the agent) and who has a
conversation open are in Redis, so that every window and process shows the same.
"""

from typing import Any

import redis
import structlog
from flask import current_app
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from admin.chat import reading, shapes
from admin.db import db
from admin.desk import guests
from sql.models import (
    Contact,
    Conversation,
    Draft,
    Message,
    Visitor,
)  # fmt: skip
from uckefu.times import now, to_us

log = structlog.get_logger(__name__)
SHOWN_MESSAGES = 100
PREVIEW = 80
VIEWER_SECONDS = 30
Shape = dict[str, Any]


def _bus() -> redis.Redis:
    bus: redis.Redis = current_app.extensions["uckefu"]["bus"]
    return bus


def conversation(conversation_id: str) -> Conversation | None:
    """The conversation as it is now."""
    return db.session.get(Conversation, conversation_id, populate_existing=True)


def mine(agent_id: int) -> list[Shape]:
    """The open conversations that the agent serves or is a guest of: head, last line, unread, draft, put off or not."""
    rows = list(
        db.session.scalars(
            select(Conversation).where(Conversation.agent_id == agent_id, Conversation.ended_at.is_(None))
        )
    )
    served = {row.id for row in rows}
    return _heads(rows + [row for row in guests.conversations_of(agent_id) if row.id not in served], agent_id)


def head(row: Conversation, agent_id: int) -> Shape:
    """One line of the list."""
    return _heads([row], agent_id)[0]


def _heads(rows: list[Conversation], agent_id: int) -> list[Shape]:
    ids = [row.id for row in rows]
    unread, last, put_off = _unread(ids), last_lines(ids), later(agent_id)
    drafts = {
        d.conversation_id
        for d in db.session.scalars(
            select(Draft).where(Draft.conversation_id.in_(ids), Draft.agent_id == agent_id, Draft.text != "")
        )
    }
    contact_of, invited = _contacts(rows), guests.of(ids)
    return [
        {
            **shapes.conversation_for_agents(row),
            "unread": unread.get(row.id, 0),
            "last": last.get(row.id),
            "has_draft": row.id in drafts,
            "later_us": put_off.get(row.id),
            "contact": contact_of.get(row.visitor_id),
            "short": row.visitor_id[:6],
            "guests": [one for one in invited.get(row.id, []) if one["agent_id"] != row.agent_id],
        }
        for row in rows
    ]


def _unread(ids: list[str]) -> dict[str, int]:
    rows = db.session.execute(
        select(Message.conversation_id, func.count())
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(
            Message.conversation_id.in_(ids),
            Message.author == "visitor",
            Message.kind != "recall",
            Message.sequence > Conversation.agent_read_sequence,
        )
        .group_by(Message.conversation_id)
    )
    return dict(rows.all())  # type: ignore[arg-type]


def last_lines(ids: list[str]) -> dict[str, Shape]:
    """Conversation id -> the last thing that somebody said."""
    newest = (
        select(Message.conversation_id, func.max(Message.sequence).label("sequence"))
        .where(Message.conversation_id.in_(ids), Message.kind.in_(("text", "picture", "file")))
        .group_by(Message.conversation_id)
        .subquery()
    )
    rows = db.session.scalars(
        select(Message).join(
            newest,
            (Message.conversation_id == newest.c.conversation_id) & (Message.sequence == newest.c.sequence),
        )
    )
    return {
        m.conversation_id: {
            "author": m.author,
            "kind": m.kind,
            "text": "" if m.recalled_at else m.text[:PREVIEW],
        }
        for m in rows
    }


def _contacts(rows: list[Conversation]) -> dict[str, Shape]:
    """Visitor id -> who it is, of those whose contact is known."""
    found = db.session.execute(
        select(Visitor.id, Contact)
        .join(Contact, Contact.id == Visitor.contact_id)
        .where(Visitor.id.in_([row.visitor_id for row in rows]))
    )
    return {
        id_: {"id": c.id, "name": c.name, "company": c.company, "vip_level": c.vip_level} for id_, c in found
    }


# ---- put off ------------------------------------------------------------------------------------------------


def _later_key(agent_id: int) -> str:
    return f"uckefu:desk:later:{agent_id}"


def later(agent_id: int) -> dict[str, int]:
    """Conversation id -> when the agent put it off."""
    try:
        return {str(id_): int(at) for id_, at in _bus().hgetall(_later_key(agent_id)).items()}
    except redis.RedisError as error:
        log.warning("later_not_read", error=str(error))
        return {}


def put_off(agent_id: int, conversation_id: str, *, on: bool) -> int | None:
    """Put a conversation off, or take it up again; a new message of the customer takes it up by itself."""
    try:
        if not on:
            _bus().hdel(_later_key(agent_id), conversation_id)
            return None
        at = to_us(now())
        _bus().hset(_later_key(agent_id), conversation_id, at)
        _bus().expire(_later_key(agent_id), 14 * 86_400)
    except redis.RedisError as error:
        log.warning("later_not_written", error=str(error))
        return None
    return at


# ---- one conversation ----------------------------------------------------------------------------------------


def opened(row: Conversation, agent_id: int, *, after: int) -> Shape:
    """What the middle pane shows: head, messages, draft.

    Args:
        after: the highest sequence that the page has; 0 for none.
    """
    found = reading.messages_since(row.id, after) if after else reading.last_messages(row.id, SHOWN_MESSAGES)
    draft = db.session.get(Draft, (row.id, agent_id))
    return {
        "head": head(row, agent_id),
        "messages": found,
        "draft": {"kind": draft.kind, "text": draft.text} if draft else {"kind": "text", "text": ""},
    }


def earlier(conversation_id: str, before: int) -> list[Shape]:
    """The messages before `before`, oldest first."""
    wanted = select(Message).where(Message.conversation_id == conversation_id, Message.sequence < before)
    rows = list(db.session.scalars(wanted.order_by(Message.sequence.desc()).limit(SHOWN_MESSAGES)))
    return shapes.all_for_agents(reversed(rows))


def save_draft(conversation_id: str, agent_id: int, kind: str, text: str) -> None:
    """Keep what the agent has written and not sent."""
    draft = db.session.get(Draft, (conversation_id, agent_id))
    if draft is None:
        draft = Draft(conversation_id=conversation_id, agent_id=agent_id)
        db.session.add(draft)
    draft.kind, draft.text, draft.updated_at = kind, text, now()
    db.session.commit()


# ---- who looks ------------------------------------------------------------------------------------------------


def look(conversation_id: str, user_id: int, name: str, *, writing: bool = False) -> list[Shape]:
    """Note that somebody has it open (for half a minute) and return the others."""
    key = f"uckefu:desk:viewers:{conversation_id}"
    try:
        present = to_us(now())
        pipeline = _bus().pipeline(transaction=False)
        pipeline.hset(key, str(user_id), f"{present}:{int(writing)}:{name}")
        pipeline.expire(key, VIEWER_SECONDS)
        pipeline.hgetall(key)
        everybody = pipeline.execute()[2]
    except redis.RedisError as error:
        log.warning("viewers_not_known", error=str(error))
        return []
    others = []
    for id_, text in everybody.items():
        at, wrote, who = str(text).split(":", 2)
        if id_ != str(user_id) and present - int(at) < VIEWER_SECONDS * 1_000_000:
            others.append({"name": who, "writing": wrote == "1"})
    return others


def safely_mine(agent_id: int) -> list[Shape] | None:
    """As `mine`; None while the record is away."""
    try:
        return mine(agent_id)
    except SQLAlchemyError as error:
        db.session.rollback()
        log.warning("conversations_not_read", error=str(error))
        return None
