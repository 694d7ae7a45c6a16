"""Colleagues in a conversation: invited by who serves it, they see and write without taking it, and leave when done.

Called by `guest_events`. A guest takes no place of the agent's capacity: it stays the business of who serves it. The
visitor is told who came and went, as both agents are. A guest's pages are in the conversation's room (`talks` joins
them), so that a message finds them without a question to the record.
"""

from sqlalchemy import select

from admin import directory
from admin.audit import audit
from admin.chat import service
from admin.chat.refusals import ChatRefused
from admin.chat.relay import AGENTS, relay
from admin.db import db
from sql.models import Conversation, ConversationGuest
from uckefu.times import now


def invite(row: Conversation, by_agent_id: int, agent_id: int) -> bool:
    """Let a colleague in. False when it is in already.

    Raises:
        ChatRefused: unknown-agent, bad-request (who serves it), ended.
    """
    if str(agent_id) not in directory.names("zh")["agents"]:
        raise ChatRefused("unknown-agent")
    if agent_id in (by_agent_id, row.agent_id):
        raise ChatRefused("bad-request")
    if row.ended_at is not None:
        raise ChatRefused("ended")
    guest = db.session.get(ConversationGuest, (row.id, agent_id))
    if guest is not None and guest.left_at is None:
        return False
    guest = guest or ConversationGuest(conversation_id=row.id, agent_id=agent_id)
    guest.invited_by_agent_id, guest.joined_at, guest.left_at = by_agent_id, now(), None
    db.session.add(guest)
    audit("colleague-invited", subject=row.id, agent=agent_id)
    _say(row, "joined", agent_id)
    return True


def leave(row: Conversation, agent_id: int) -> bool:
    """A guest leaves. False when it was none."""
    guest = db.session.get(ConversationGuest, (row.id, agent_id))
    if guest is None or guest.left_at is not None:
        return False
    guest.left_at = now()
    audit("guest-left", subject=row.id, agent=agent_id)
    _say(row, "left", agent_id)
    return True


def _say(row: Conversation, code: str, agent_id: int) -> None:
    """A line for everybody in it, and word to the pages of both agents."""
    name = name_of(agent_id)
    service.note_event(row.id, code, client_id=f"{code}:{agent_id}:{row.last_sequence}", name=name)
    rooms = [
        service.room_of(row.id),
        f"agent:{agent_id}",
        *([f"agent:{row.agent_id}"] if row.agent_id else []),
    ]
    content = {"conversation_id": row.id, "agent_id": agent_id, "name": name, "on": code == "joined"}
    relay().send(AGENTS, rooms, "talk-guest", content)


def name_of(agent_id: int) -> str:
    """What colleagues and visitors call an agent."""
    return str(directory.names("zh")["agents"].get(str(agent_id), {}).get("name", ""))


def conversations_of(agent_id: int) -> list[Conversation]:
    """The open conversations that an agent is a guest of."""
    rows = db.session.scalars(
        select(Conversation)
        .join(ConversationGuest, ConversationGuest.conversation_id == Conversation.id)
        .where(
            ConversationGuest.agent_id == agent_id,
            ConversationGuest.left_at.is_(None),
            Conversation.ended_at.is_(None),
        )
    )
    return list(rows)


def of(conversation_ids: list[str]) -> dict[str, list[dict[str, object]]]:
    """Conversation id -> who is in it beside who serves it."""
    found: dict[str, list[dict[str, object]]] = {}
    rows = db.session.execute(
        select(ConversationGuest.conversation_id, ConversationGuest.agent_id)
        .where(ConversationGuest.conversation_id.in_(conversation_ids), ConversationGuest.left_at.is_(None))
        .order_by(ConversationGuest.joined_at)
    )
    for conversation_id, agent_id in rows:
        found.setdefault(conversation_id, []).append({"agent_id": agent_id, "name": name_of(agent_id)})
    return found
