"""What was said, for both sides: messages of a conversation, and a visitor's way back through all of its own.

The visitors' socket (`chat.events`), the workbench (`admin.desk.talks`) and the live view read here; nothing is written.
"""

from dataclasses import dataclass

from sqlalchemy import select

from admin.chat import shapes
from admin.chat.shapes import Shape
from admin.db import db
from sql.models import Conversation, Message

MOST_MESSAGES = 200
SHOWN_AT_ONCE = 50


@dataclass(frozen=True)
class Page:
    """Messages of one conversation as its visitor sees them, and whether there is anything before them."""

    conversation: Conversation | None
    messages: list[Shape]
    older: bool


def messages_since(
    conversation_id: str, sequence: int = 0, *, limit: int = MOST_MESSAGES, for_visitor: bool = False
) -> list[Shape]:
    """Messages after `sequence`, oldest first, at most `limit`; a visitor's shape without what is internal."""
    wanted = select(Message).where(Message.conversation_id == conversation_id, Message.sequence > sequence)
    if for_visitor:
        wanted = wanted.where(Message.is_public)
    rows = db.session.scalars(wanted.order_by(Message.sequence).limit(min(limit, MOST_MESSAGES)))
    found = shapes.all_for_agents(rows)
    return [shapes.for_visitor(shape) for shape in found] if for_visitor else found


def last_messages(
    conversation_id: str, count: int = SHOWN_AT_ONCE, *, before: int | None = None, for_visitor: bool = False
) -> list[Shape]:
    """The last messages (of those before a sequence), oldest first."""
    wanted = select(Message).where(Message.conversation_id == conversation_id)
    if before is not None:
        wanted = wanted.where(Message.sequence < before)
    if for_visitor:
        wanted = wanted.where(Message.is_public)
    rows = list(db.session.scalars(wanted.order_by(Message.sequence.desc()).limit(min(count, MOST_MESSAGES))))
    found = shapes.all_for_agents(reversed(rows))
    return [shapes.for_visitor(shape) for shape in found] if for_visitor else found


def latest(visitor_id: str) -> Conversation | None:
    """The visitor's open conversation, else the last one."""
    wanted = select(Conversation).where(Conversation.visitor_id == visitor_id)
    return db.session.scalar(wanted.order_by(Conversation.opened_at.desc()).limit(1))


def last_page(conversation: Conversation | None, before: int | None = None) -> Page:
    """The last messages of a conversation (of those before a sequence), for its visitor."""
    if conversation is None:
        return Page(None, [], older=False)
    messages = last_messages(conversation.id, before=before, for_visitor=True)
    first = messages[0]["sequence"] if messages else 0
    earlier = last_messages(conversation.id, 1, before=first, for_visitor=True)
    return Page(conversation, messages, older=bool(earlier) or _previous(conversation) is not None)


def page_before(conversation: Conversation, sequence: int) -> Page:
    """What came before this message of the conversation; before its first one the end of the visitor's previous one."""
    page = last_page(conversation, sequence)
    return page if page.messages else last_page(_previous(conversation))


def _previous(row: Conversation) -> Conversation | None:
    """The same visitor's conversation before this one."""
    wanted = select(Conversation).where(
        Conversation.visitor_id == row.visitor_id, Conversation.opened_at < row.opened_at
    )
    return db.session.scalar(wanted.order_by(Conversation.opened_at.desc()).limit(1))
