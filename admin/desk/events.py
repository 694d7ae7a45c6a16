"""Socket events of the desktop. Each asks the ACD and answers `{ok, code, message}` in the agent's language.

A page joins `staff`, its session's and its agent's room; its presence is told to the ACD at connect, every ten
seconds (`here`) and at disconnect, so that an agent whose last page is gone is not offered calls for ever.
"""

from typing import Any

from flask import current_app, request
from flask_login import current_user
from flask_socketio import disconnect, join_room
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from acd import contract
from admin.accounts import sessions
from admin.audit import audit
from admin.desk.texts import refusal
from admin.live import Live
from admin.permissions import allowed, public, requires_on_socket
from admin.sockets import socketio

Answer = dict[str, Any]


class StatusRequest(BaseModel):
    """`status`: what the agent chose."""

    model_config = ConfigDict(extra="forbid")
    status: contract.Status

    @field_validator("status")
    @classmethod
    def _choosable(cls, value: str) -> str:
        if value not in contract.CHOSEN_STATUSES:
            raise ValueError("the system sets this one")
        return value


class OfferRequest(BaseModel):
    """`decline`."""

    model_config = ConfigDict(extra="forbid")
    offer_id: str = Field(max_length=64)


class AnswerRequest(OfferRequest):
    """`answer`: the phone that rings for this offer."""


class HoldRequest(BaseModel):
    """`hold`."""

    model_config = ConfigDict(extra="forbid")
    on: bool


class TransferRequest(BaseModel):
    """`transfer`: blind, to a queue or an extension."""

    model_config = ConfigDict(extra="forbid")
    kind: str = Field(pattern="^(queue|extension)$")
    target: str = Field(pattern=r"^[A-Za-z0-9_-]{1,32}$")


class DigitsRequest(BaseModel):
    """`digits`: keys towards the caller's end."""

    model_config = ConfigDict(extra="forbid")
    digits: str = Field(pattern=r"^[0-9*#]{1,32}$")


class FinishRequest(BaseModel):
    """`finish`: disposition and note of a talk."""

    model_config = ConfigDict(extra="forbid")
    offer_id: str = Field(max_length=64)
    disposition_id: int
    note: str = Field(default="", max_length=2000)


class Nothing(BaseModel):
    """An event without fields."""

    model_config = ConfigDict(extra="forbid")


def session_id() -> str:
    """The socket's own id."""
    return str(request.sid)  # type: ignore[attr-defined]


def ask(command: contract.Command) -> Answer:
    """Send a command to the ACD and put its answer into words."""
    reply = current_app.extensions["uckefu"]["acd"].send(command)
    return {"ok": reply.ok, "code": reply.code, "message": "" if reply.ok else refusal(reply.code)}


def presence(agent_id: int | None, *, here: bool) -> None:
    """Tell the ACD that this window is open or gone; its loss is no reason to refuse the page."""
    if agent_id is not None:
        command = contract.Presence(agent_id=agent_id, window_id=session_id(), here=here)
        current_app.extensions["uckefu"]["acd"].tell(command)


def _live() -> Live:
    live: Live = current_app.extensions["live"]
    return live


def read(model: type[BaseModel], data: object) -> Any:
    """The event's fields, or None when they do not fit."""
    try:
        return model.model_validate(data if data is not None else {})
    except ValidationError:
        return None


def on(event: str, model: type[BaseModel]) -> Any:
    """Register a handler `f(agent_id, fields) -> Answer` for an agent's own event."""

    def register(handler: Any) -> Any:
        @socketio.on(event)
        @requires_on_socket("desk.use")
        def checked(data: object = None) -> Answer:
            if current_user.agent_id is None:
                return {"ok": False, "code": "no-agent", "message": refusal("no-agent")}
            fields = read(model, data)
            if fields is None:
                return {"ok": False, "code": "bad-request", "message": refusal("bad-request")}
            return handler(current_user.agent_id, fields)  # type: ignore[no-any-return]

        return handler

    return register


@socketio.on("connect")
@requires_on_socket("desk.use", connecting=True)
def connect(_auth: object = None) -> None:
    """A page came: join the rooms and show it the present state. The origin was checked at the handshake."""
    agent_id = current_user.agent_id
    _live().windows[session_id()] = agent_id
    _live().roles[session_id()] = current_user.role
    join_room("staff")
    join_room(f"role:{current_user.role}")
    join_room(sessions.room())
    if agent_id is not None:
        join_room(f"agent:{agent_id}")
        presence(agent_id, here=True)
    _live().send_to(session_id(), agent_id)


@socketio.on("disconnect")
@public  # whoever was let in may leave; after a logout there is no user to ask any more
def left(_reason: object = None) -> None:
    """A page went."""
    _live().roles.pop(session_id(), None)
    presence(_live().windows.pop(session_id(), None), here=False)


@socketio.on("here")
@public  # asked below: who lost the right is shown the door instead of being told a code
def here(_data: object = None) -> None:
    """The page still lives. Who was logged out or deactivated meanwhile, or got another extension or role, must connect anew."""
    known = _live().windows.get(session_id(), -1)
    role = _live().roles.get(session_id())
    if not allowed("desk.use") or current_user.agent_id != known or current_user.role != role:
        disconnect()
        return
    presence(known, here=True)


@on("status", StatusRequest)
def status(agent_id: int, fields: StatusRequest) -> Answer:
    """Choose a status."""
    return ask(contract.SetStatus(agent_id=agent_id, status=fields.status))


@on("decline", OfferRequest)
def decline(agent_id: int, fields: OfferRequest) -> Answer:
    """Let the next agent have the caller."""
    return ask(contract.DeclineOffer(agent_id=agent_id, offer_id=fields.offer_id))


@on("answer", AnswerRequest)
def answer(agent_id: int, fields: AnswerRequest) -> Answer:
    """Ask the phone that rings to answer by itself."""
    return ask(contract.AnswerOffer(agent_id=agent_id, offer_id=fields.offer_id))


@on("mute", HoldRequest)
def mute(agent_id: int, fields: HoldRequest) -> Answer:
    """The agent is not heard, or is again."""
    return ask(contract.MuteCall(agent_id=agent_id, on=fields.on))


@on("hold", HoldRequest)
def hold(agent_id: int, fields: HoldRequest) -> Answer:
    """Hold or resume the call."""
    return ask(contract.HoldCall(agent_id=agent_id, on=fields.on))


@on("hangup", Nothing)
def hangup(agent_id: int, _fields: Nothing) -> Answer:
    """End the call."""
    return ask(contract.HangUpCall(agent_id=agent_id))


@on("transfer", TransferRequest)
def transfer(agent_id: int, fields: TransferRequest) -> Answer:
    """Blind transfer."""
    kind: Any = fields.kind
    return ask(contract.TransferCall(agent_id=agent_id, kind=kind, target=fields.target))


@on("digits", DigitsRequest)
def digits(agent_id: int, fields: DigitsRequest) -> Answer:
    """Press keys."""
    return ask(contract.SendDigits(agent_id=agent_id, digits=fields.digits))


@on("pause-recording", HoldRequest)
def pause_recording(agent_id: int, fields: HoldRequest) -> Answer:
    """Silence in the recording, or sound again; noted either way."""
    answer = ask(contract.PauseRecording(agent_id=agent_id, on=fields.on))
    if answer["ok"]:
        audit("recording-paused" if fields.on else "recording-resumed", subject=f"agent:{agent_id}")
    return answer


@on("finish", FinishRequest)
def finish(agent_id: int, fields: FinishRequest) -> Answer:
    """Save the disposition and be ready."""
    return ask(
        contract.FinishWrapUp(
            agent_id=agent_id,
            offer_id=fields.offer_id,
            disposition_id=fields.disposition_id,
            note=fields.note,
        )
    )


@on("extend", Nothing)
def extend(agent_id: int, _fields: Nothing) -> Answer:
    """Thirty seconds more of wrap-up."""
    return ask(contract.ExtendWrapUp(agent_id=agent_id, seconds=30))
