"""Socket events of the supervisor's live view; each asks the permission, and each act is audited before it is done.

`watch` {conversation_id} reads along · `unwatch` · `whisper` {conversation_id, client_id, text} writes a note that the
agent sees at once and the customer never · `watch-take` {conversation_id, agent_id} gives it to an agent ·
`agent-status` {agent_id, status} sets an agent's status, `offline` signs it out.
"""

from typing import Any

import structlog
from flask_login import current_user
from flask_socketio import join_room, leave_room
from pydantic import BaseModel, Field
from sqlalchemy.exc import SQLAlchemyError

from acd import contract
from admin.audit import audit
from admin.chat import reading, service, shapes
from admin.chat.refusals import ChatRefused
from admin.db import db
from admin.desk import talks
from admin.desk.chat_events import Talk, refused
from admin.desk.events import Answer, StatusRequest, ask, read
from admin.permissions import requires_on_socket
from admin.sockets import socketio

log = structlog.get_logger(__name__)


class Whisper(Talk):
    """`whisper`."""

    client_id: str = Field(min_length=1, max_length=service.LONGEST_CLIENT_ID)
    text: str = Field(min_length=1, max_length=1000)


class Give(Talk):
    """`watch-take`."""

    agent_id: int = Field(ge=1)


class AgentStatus(StatusRequest):
    """`agent-status`."""

    agent_id: int = Field(ge=1)


def on(event: str, model: type[BaseModel]) -> Any:
    """Register `f(fields) -> Answer` for who may supervise."""

    def register(handler: Any) -> Any:
        @socketio.on(event)
        @requires_on_socket("supervise")
        def checked(data: object = None) -> Answer:
            fields = read(model, data)
            if fields is None:
                return refused("bad-request")
            try:
                answer: Answer = handler(fields)
            except ChatRefused as error:
                return refused(error.code)
            except SQLAlchemyError as error:
                db.session.rollback()
                log.warning("supervision_failed", socket_event=event, error=str(error))
                return refused("try-again")
            return {"ok": True, "code": "ok", "message": "", **answer}

        return handler

    return register


def _agent_of(conversation_id: str) -> int | None:
    row = talks.conversation(conversation_id)
    return row.agent_id if row else None


def _actor() -> str:
    return f"supervisor:{current_user.id}"


@on("watch", Talk)
def watch(fields: Talk) -> Answer:
    """Read along."""
    row = talks.conversation(fields.conversation_id)
    if row is None:
        return refused("unknown-conversation")
    if not audit("conversation-watched", subject=row.id, agent=row.agent_id):
        return refused("try-again")
    join_room(service.room_of(fields.conversation_id))
    row = talks.conversation(fields.conversation_id)
    head = shapes.conversation_for_agents(row) if row else {}
    return {"head": head, "messages": reading.last_messages(fields.conversation_id, talks.SHOWN_MESSAGES)}


@on("unwatch", Talk)
def unwatch(fields: Talk) -> Answer:
    """No longer; that it ended is noted as its beginning was."""
    audit("conversation-left", subject=fields.conversation_id, agent=_agent_of(fields.conversation_id))
    leave_room(service.room_of(fields.conversation_id))
    return {}


@on("whisper", Whisper)
def whisper(fields: Whisper) -> Answer:
    """A note for the agent, in the conversation."""
    agent_id = _agent_of(fields.conversation_id)
    if not audit("conversation-whispered", subject=fields.conversation_id, agent=agent_id):
        return refused("try-again")
    author = service.Author("agent", current_user.name, agent_id=current_user.agent_id)
    posted = service.post_message(
        fields.conversation_id, author, client_id=fields.client_id, text=fields.text, kind="note"
    )
    return {"sent": posted.message}


@on("watch-take", Give)
def give(fields: Give) -> Answer:
    """Take it out of the queue or from its agent, for this agent."""
    if not audit("conversation-taken-over", subject=fields.conversation_id, agent=fields.agent_id):
        return refused("try-again")
    return ask(
        contract.TakeConversation(
            agent_id=fields.agent_id, interaction_id=fields.conversation_id, actor=_actor()
        )
    )


@on("agent-status", AgentStatus)
def agent_status(fields: AgentStatus) -> Answer:
    """Set an agent's status; in a call it takes effect after it."""
    if not audit("status-forced", subject=f"agent:{fields.agent_id}", status=fields.status):
        return refused("try-again")
    return ask(contract.SetStatus(agent_id=fields.agent_id, status=fields.status, actor=_actor()))
