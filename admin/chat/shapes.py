"""How messages and conversations look on the wire, for agents and for visitors.

`service` makes these and `relay` carries them; what a visitor must not see is never in the visitor's shape.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from admin import directory
from admin.chat.links import file_link
from admin.db import db
from sql.models import Attachment, Conversation, Message
from uckefu.times import as_utc, to_us

Shape = dict[str, Any]
_PUBLIC = (
    "conversation_id", "sequence", "after", "client_id", "kind", "author", "name", "text", "attachment", "detail",
    "sent_at_us", "is_recalled",
)  # fmt: skip


def stamp(instant: datetime | None) -> int | None:
    """Microseconds since the epoch, or None."""
    return None if instant is None else to_us(as_utc(instant))


def for_agents(message: Message, attachment: Attachment | None = None) -> Shape:
    """A message as agents see it; a recalled one keeps its place and loses its content."""
    recalled = message.recalled_at is not None
    return {
        "conversation_id": message.conversation_id,
        "sequence": message.sequence,
        "after": message.after_sequence,
        "client_id": message.client_id,
        "kind": message.kind,
        "author": message.author,
        "agent_id": message.agent_id,
        "name": message.name,
        "is_public": message.is_public,
        "text": "" if recalled else message.text,
        "attachment": None if recalled or attachment is None else attached(attachment),
        "detail": dict(message.detail or {}),
        "sent_at_us": stamp(message.sent_at),
        "is_recalled": recalled,
    }


def for_visitor(shape: Mapping[str, Any]) -> Shape:
    """The same message as the visitor sees it."""
    return {name: shape[name] for name in _PUBLIC}


def attached(attachment: Attachment) -> Shape:
    """A file with a link that works for a day, for whoever was given it."""
    return {
        "id": attachment.id,
        "name": attachment.name,
        "content_type": attachment.content_type,
        "size_bytes": attachment.size_bytes,
        "width": attachment.width,
        "height": attachment.height,
        "url": file_link(attachment.id),
    }


def all_for_agents(messages: Iterable[Message]) -> list[Shape]:
    """Messages with their attachments, in two queries at most."""
    rows = list(messages)
    wanted = {row.attachment_id for row in rows if row.attachment_id and row.recalled_at is None}
    found = db.session.scalars(select(Attachment).where(Attachment.id.in_(wanted))) if wanted else ()
    files = {file.id: file for file in found}
    return [for_agents(row, files.get(row.attachment_id or "")) for row in rows]


def told_before(row: Conversation) -> Shape:
    """What the form before the talk asked for, without the telephone number: the panel shows it as the role sees it."""
    return {key: value for key, value in (row.prechat or {}).items() if key != "phone"}


def conversation_for_agents(row: Conversation) -> Shape:
    """The head of a conversation: a line of the list, the top of the pane."""
    return {
        "conversation_id": row.id,
        "channel": "chat",
        "site_id": row.site_id,
        "visitor_id": row.visitor_id,
        "queue": row.queue_name,
        "agent_id": row.agent_id,
        "name": row.name,
        "language": row.language,
        "page_url": row.page_url,
        "page_title": row.page_title,
        "prechat": told_before(row),
        "opened_at_us": stamp(row.opened_at),
        "assigned_at_us": stamp(row.assigned_at),
        "first_reply_at_us": stamp(row.first_reply_at),
        "last_message_at_us": stamp(row.last_message_at),
        "waiting_since_us": stamp(row.waiting_since),
        "ended_at_us": stamp(row.ended_at),
        "ended_by": row.ended_by,
        "last_sequence": row.last_sequence,
        "last_public_sequence": row.last_public_sequence,
        "visitor_read_sequence": row.visitor_read_sequence,
        "agent_read_sequence": row.agent_read_sequence,
        "rating": row.rating,
        "rating_comment": row.rating_comment,
    }


def picture_of(agent_id: int | None) -> str:
    """A link to the agent's picture that works for a day; '' without one."""
    picture = directory.names("zh")["agents"].get(str(agent_id), {}).get("picture", "") if agent_id else ""
    return file_link(picture) if picture else ""


def conversation_for_visitor(row: Conversation) -> Shape:
    """What the visitor's window needs of it."""
    return {
        "conversation_id": row.id,
        "queue": row.queue_name,
        "opened_at_us": stamp(row.opened_at),
        "is_assigned": row.agent_id is not None,
        "agent_picture": picture_of(row.agent_id),
        "ended_at_us": stamp(row.ended_at),
        "ended_by": row.ended_by,
        "last_public_sequence": row.last_public_sequence,
        "visitor_read_sequence": row.visitor_read_sequence,
        "agent_read_sequence": row.agent_read_sequence,
        "rating": row.rating,
    }
