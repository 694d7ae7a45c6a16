"""Socket events of invited colleagues: `talk-invite` {conversation_id, agent_id}, `talk-leave` {conversation_id}."""

from flask import current_app
from flask_socketio import leave_room
from pydantic import Field

from admin.chat import service
from admin.desk import guests
from admin.desk.chat_events import Talk, on_talk, refused
from admin.desk.events import Answer
from admin.view import latest
from sql.models import Conversation


class Invite(Talk):
    """`talk-invite`."""

    agent_id: int = Field(ge=1)


@on_talk("talk-invite", Invite)
def invite(agent_id: int, row: Conversation, fields: Invite) -> Answer:
    """Who serves it asks a colleague in; somebody who is not there can't be asked."""
    if row.agent_id != agent_id:
        return refused("not-yours")
    view, _at = latest(current_app.extensions["uckefu"]["bus"])
    there = ((view or {}).get("agents") or {}).get(str(fields.agent_id))
    if there is not None and there.get("state") == "signed-out":
        return refused("signed-out")
    guests.invite(row, agent_id, fields.agent_id)
    return {"guests": guests.of([row.id]).get(row.id, [])}


@on_talk("talk-leave", Talk)
def leave(agent_id: int, row: Conversation, _fields: Talk) -> Answer:
    """A guest leaves."""
    if not guests.leave(row, agent_id):
        return refused("not-yours")
    leave_room(service.room_of(row.id))
    return {}
