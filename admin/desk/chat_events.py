"""Socket events of the workbench's conversations. Each asks first whether this agent may touch this conversation.

`talks` {} → all of mine · `talk-open` {conversation_id, after} · `talk-close` · `talk-earlier` {before} · `say`
{client_id, text, kind, attachment_id} · `recall` · `read` · `typing` · `draft` · `later` · `talk-end` · `talk-transfer` ·
`talk-take` · `look`; dispositions go by `finish` of `admin/desk/events.py`, as a call's. Answers are `{ok, code, message, …}`.
Messages themselves come over the rooms of docs/contracts.md, "Chat messages".
"""

from typing import Any, Literal

import structlog
from flask_login import current_user
from flask_socketio import join_room, leave_room
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import SQLAlchemyError

from acd import contract
from admin.audit import audit
from admin.chat import service
from admin.chat.refusals import ChatRefused
from admin.chat.relay import AGENTS, relay
from admin.db import db
from admin.desk import talks
from admin.desk.events import Answer, Nothing, ask, on, session_id
from admin.desk.texts import refusal
from sql.models import Conversation

log = structlog.get_logger(__name__)


class Talk(BaseModel):
    """An event about one conversation."""

    model_config = ConfigDict(extra="forbid")
    conversation_id: str = Field(max_length=36)


class OpenTalk(Talk):
    """`talk-open`."""

    after: int = Field(default=0, ge=0)


class Earlier(Talk):
    """`talk-earlier`."""

    before: int = Field(ge=1)


class Say(Talk):
    """`say`."""

    client_id: str = Field(min_length=1, max_length=service.LONGEST_CLIENT_ID)
    text: str = Field(default="", max_length=20_000)
    kind: Literal["text", "note"] = "text"
    attachment_id: str | None = Field(default=None, max_length=36)


class Place(Talk):
    """`recall`, `read`."""

    sequence: int = Field(ge=1)


class DraftText(Talk):
    """`draft`."""

    kind: Literal["text", "note"]
    text: str = Field(max_length=service.LONGEST_AGENT_TEXT)


class Later(Talk):
    """`later`."""

    on: bool


class Look(Talk):
    """`look`."""

    writing: bool = False


class Transfer(Talk):
    """`talk-transfer`."""

    kind: Literal["queue", "agent"]
    target: str = Field(pattern=r"^[A-Za-z0-9_-]{1,32}$")
    note: str = Field(default="", max_length=500)


def refused(code: str) -> Answer:
    """A refusal in the agent's words."""
    words = refusal("message-too-long" if code == "too-long" else code)  # the ACD has this code for a wrap-up
    return {"ok": False, "code": code, "message": words}


def on_talk(event: str, model: type[Talk]) -> Any:
    """Register `f(agent_id, row, fields) -> Answer` for a conversation that this agent may touch."""

    def register(handler: Any) -> Any:
        on(event, model)(_checked(event, handler))
        return handler

    return register


def _checked(event: str, handler: Any) -> Any:
    def checked(agent_id: int, fields: Talk) -> Answer:
        try:
            row = talks.conversation(fields.conversation_id)
            if row is None or not service.agent_may(row, agent_id, current_user.role):
                return refused("not-yours")
            answer: Answer = handler(agent_id, row, fields) or {}
        except ChatRefused as error:
            return refused(error.code)
        except SQLAlchemyError as error:
            return _failed(event, fields, error)
        return {"ok": True, "code": "ok", "message": "", **answer}

    return checked


def _failed(event: str, fields: Talk, error: SQLAlchemyError) -> Answer:
    db.session.rollback()
    log.warning(
        "talk_event_failed", talk_event=event, interaction_id=fields.conversation_id, error=str(error)
    )
    return refused("try-again")


def _me(agent_id: int) -> service.Author:
    return service.an_agent(agent_id, current_user.name)


def _tell_my_windows(agent_id: int, event: str, content: dict[str, Any]) -> None:
    relay().send(AGENTS, [f"agent:{agent_id}"], event, {**content, "by": session_id()})


@on("talks", Nothing)
def my_talks(agent_id: int, _fields: Nothing) -> Answer:
    """All of mine."""
    found = talks.safely_mine(agent_id)
    if found is None:
        return refused("try-again")
    for head in found:
        if head["agent_id"] != agent_id:  # a guest: what is said comes over the conversation's room
            join_room(service.room_of(head["conversation_id"]))
    return {"ok": True, "code": "ok", "message": "", "talks": found}


@on_talk("talk-open", OpenTalk)
def open_talk(agent_id: int, row: Conversation, fields: OpenTalk) -> Answer:
    """Show it, and what happens in it from now on."""
    join_room(service.room_of(row.id))
    return {
        **talks.opened(row, agent_id, after=fields.after),
        "others": talks.look(row.id, current_user.id, current_user.name),
    }


@on_talk("talk-close", Talk)
def close_talk(agent_id: int, row: Conversation, _fields: Talk) -> Answer:
    """Another one is shown now."""
    if not service.is_guest(row.id, agent_id):
        leave_room(service.room_of(row.id))
    return {}


@on_talk("talk-earlier", Earlier)
def earlier(_agent_id: int, row: Conversation, fields: Earlier) -> Answer:
    """What came before."""
    return {"messages": talks.earlier(row.id, fields.before)}


def _say(agent_id: int, row: Conversation, fields: Say) -> Answer:
    if fields.kind == "text" and row.agent_id != agent_id and not service.is_guest(row.id, agent_id):
        return refused("not-yours")  # who only looks may leave a note, nothing that the customer sees
    posted = service.post_message(
        row.id, _me(agent_id), client_id=fields.client_id, text=fields.text, kind=fields.kind,
        attachment_id=fields.attachment_id,
    )  # fmt: skip
    return {"sent": posted.message}


_say_if_allowed = _checked("say", _say)


@on("say", Say)
def say(agent_id: int, fields: Say) -> Answer:
    """Write; the same client id again stores nothing twice."""
    if fields.kind == "text" and not fields.attachment_id:
        try:
            posted = service.post_served(
                fields.conversation_id, _me(agent_id), client_id=fields.client_id, text=fields.text
            )
        except ChatRefused as error:
            return refused(error.code)
        except SQLAlchemyError as error:
            return _failed("say", fields, error)
        if posted:
            return {"ok": True, "code": "ok", "message": "", "sent": posted.message}
    return _say_if_allowed(agent_id, fields)


@on_talk("recall", Place)
def recall(agent_id: int, row: Conversation, fields: Place) -> Answer:
    """Take back one's own message."""
    service.recall_message(row.id, _me(agent_id), fields.sequence)
    return {}


@on_talk("read", Place)
def read(agent_id: int, row: Conversation, fields: Place) -> Answer:
    """Seen up to here; only who serves it counts."""
    if row.agent_id == agent_id:
        service.mark_read(row.id, "agent", fields.sequence)
        _tell_my_windows(agent_id, "talk-seen", {"conversation_id": row.id, "sequence": fields.sequence})
    return {}


@on_talk("typing", Talk)
def typing(agent_id: int, row: Conversation, _fields: Talk) -> Answer:
    """The customer sees that somebody writes."""
    if row.agent_id == agent_id or service.is_guest(row.id, agent_id):
        service.typing(row.id, _me(agent_id), visitor_id=row.visitor_id, agent_id=agent_id)
    return {}


@on_talk("draft", DraftText)
def draft(agent_id: int, row: Conversation, fields: DraftText) -> Answer:
    """Keep it, and show it in my other windows."""
    talks.save_draft(row.id, agent_id, fields.kind, fields.text)
    _tell_my_windows(
        agent_id, "talk-draft", {"conversation_id": row.id, "kind": fields.kind, "text": fields.text}
    )
    return {}


@on_talk("later", Later)
def later(agent_id: int, row: Conversation, fields: Later) -> Answer:
    """Put it off, or take it up again."""
    at = talks.put_off(agent_id, row.id, on=fields.on)
    _tell_my_windows(agent_id, "talk-later", {"conversation_id": row.id, "later_us": at})
    return {"later_us": at}


@on_talk("look", Look)
def look(_agent_id: int, row: Conversation, fields: Look) -> Answer:
    """I still have it open; who else has?"""
    return {"others": talks.look(row.id, current_user.id, current_user.name, writing=fields.writing)}


@on_talk("talk-end", Talk)
def end(agent_id: int, row: Conversation, _fields: Talk) -> Answer:
    """End it."""
    if row.agent_id != agent_id:
        return refused("not-yours")
    service.end_conversation(row.id, "agent", author=_me(agent_id))
    talks.put_off(agent_id, row.id, on=False)
    return {}


@on_talk("talk-transfer", Transfer)
def transfer(agent_id: int, row: Conversation, fields: Transfer) -> Answer:
    """Give it to a queue or a colleague, with a note that the customer does not see."""
    if row.agent_id != agent_id:
        return refused("not-yours")
    kind: Any = fields.kind
    answer = ask(
        contract.TransferConversation(
            agent_id=agent_id, interaction_id=row.id, kind=kind, target=fields.target, note=fields.note
        )
    )
    if answer["ok"] and fields.note.strip():
        client_id = f"transfer:{session_id()[:20]}:{row.last_sequence}"
        service.post_message(row.id, _me(agent_id), client_id=client_id, text=fields.note, kind="note")
    return answer


@on_talk("talk-take", Talk)
def take(agent_id: int, row: Conversation, _fields: Talk) -> Answer:
    """Take it out of the queue."""
    if row.agent_id is not None and row.agent_id != agent_id:
        return refused("not-yours")
    answer = ask(contract.TakeConversation(agent_id=agent_id, interaction_id=row.id))
    if answer["ok"]:
        audit("conversation-taken", subject=row.id)
    return answer
