"""Socket events of the desktop. Each asks the ACD and answers `{ok, code, message}` in the agent's language.

A page joins `staff`, and its agent's room; its presence is told to the ACD at connect, every ten seconds
(`here`) and at disconnect, so that an agent whose last page is gone is not offered calls for ever.
"""

from typing import Any

from flask import current_app, request
from flask_login import current_user
from flask_socketio import disconnect, join_room
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from acd import contract
from admin.desk.texts import refusal
from admin.permissions import allowed, requires_on_socket
from admin.sockets import socketio

Answer = dict[str, Any]


class StatusRequest(BaseModel):
    """`status`: what the agent chose."""

    model_config = ConfigDict(extra="forbid")
    status: contract.Status


class OfferRequest(BaseModel):
    """`decline`."""

    model_config = ConfigDict(extra="forbid")
    offer_id: str = Field(max_length=64)


class HoldRequest(BaseModel):
    """`hold`."""

    model_config = ConfigDict(extra="forbid")
    on: bool


class TransferRequest(BaseModel):
    """`transfer`: blind, to a queue or an extension."""

    model_config = ConfigDict(extra="forbid")
    kind: str = Field(pattern="^(queue|extension)$")
    target: str = Field(pattern=r"^[A-Za-z0-9_-]{1,32}$")


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


def presence(*, here: bool) -> None:
    """Tell the ACD that this window is open or gone; its loss is no reason to refuse the page."""
    if current_user.is_authenticated and current_user.agent_id is not None:
        command = contract.Presence(agent_id=current_user.agent_id, window_id=session_id(), here=here)
        current_app.extensions["uckefu"]["acd"].tell(command)


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
@requires_on_socket("desk.use")
def connect(_auth: object = None) -> None:
    """A page came: join the rooms and show it the present state."""
    live = current_app.extensions["live"]
    join_room("staff")
    if current_user.agent_id is not None:
        join_room(f"agent:{current_user.agent_id}")
        live.agents.add(current_user.agent_id)
        presence(here=True)
    live.send_to(session_id(), current_user.agent_id)


@socketio.on("disconnect")
@requires_on_socket("desk.use")
def left(_reason: object = None) -> None:
    """A page went."""
    presence(here=False)


@socketio.on("here")
@requires_on_socket("desk.use")
def here(_data: object = None) -> None:
    """The page still lives. A user who was deactivated meanwhile is disconnected."""
    if not allowed("desk.use"):
        disconnect()
        return
    presence(here=True)


@on("status", StatusRequest)
def status(agent_id: int, fields: StatusRequest) -> Answer:
    """Choose a status."""
    return ask(contract.SetStatus(agent_id=agent_id, status=fields.status))


@on("decline", OfferRequest)
def decline(agent_id: int, fields: OfferRequest) -> Answer:
    """Let the next agent have the caller."""
    return ask(contract.DeclineOffer(agent_id=agent_id, offer_id=fields.offer_id))


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
