"""All that other rooms may import of the ACD: commands, events, the view, and the client that sends and reads.

A command is what a page asks for; an event is a fact that the ACD decided or learned; the view is the whole
state to show. They travel as JSON over Redis under the keys below (docs/contracts.md, "ACD and the rest").
"""

import json
import uuid
from dataclasses import asdict, dataclass, field, fields
from typing import Any, ClassVar, Literal

import redis

INPUTS, SNAPSHOT, LEASE = "uckefu:acd:inputs", "uckefu:acd:snapshot", "uckefu:acd:lease"
COMMANDS, REPLY = "uckefu:acd:commands", "uckefu:acd:reply:"
EVENTS, EVENTS_CHANNEL = "uckefu:acd:events", "uckefu:events"
VIEW, VIEW_CHANNEL = "uckefu:acd:view", "uckefu:view"

Status = Literal["ready", "break", "meal", "meeting", "training", "no-answer", "offline"]
CHOSEN_STATUSES: tuple[Status, ...] = ("ready", "break", "meal", "meeting", "training", "offline")
State = Literal["signed-out", "not-ready", "idle", "offered", "talking", "wrap-up", "busy"]


# ---- commands (imperative) -------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Command:
    """Something a page asks for on behalf of an agent."""

    agent_id: int
    actor: str = "agent"  # agent, supervisor:<user id>, system
    command_id: str = field(default_factory=lambda: uuid.uuid4().hex)


@dataclass(frozen=True, kw_only=True)
class SetStatus(Command):
    """Choose a status; `ready` also ends wrap-up and `no-answer`, `offline` signs out. While a call goes on it takes effect after it."""

    status: Status


@dataclass(frozen=True, kw_only=True)
class Presence(Command):
    """A page of the agent is open (sent at its start and every 10 s) or was closed."""

    window_id: str
    here: bool = True


@dataclass(frozen=True, kw_only=True)
class DeclineOffer(Command):
    offer_id: str


@dataclass(frozen=True, kw_only=True)
class HoldCall(Command):
    on: bool


@dataclass(frozen=True, kw_only=True)
class HangUpCall(Command):
    pass


@dataclass(frozen=True, kw_only=True)
class TransferCall(Command):
    """Blind transfer of the caller."""

    kind: Literal["queue", "extension"]
    target: str


@dataclass(frozen=True, kw_only=True)
class FinishWrapUp(Command):
    """Save disposition and note of a talk and be ready (or what was chosen meanwhile). Also allowed after wrap-up has timed out."""

    offer_id: str
    disposition_id: int | None = None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class ExtendWrapUp(Command):
    seconds: int = 30


@dataclass(frozen=True, kw_only=True)
class ReloadConfiguration(Command):
    """Queues, agents or tiers changed in SQL: read them again. `agent_id` is 0."""

    agent_id: int = 0


COMMAND_TYPES: dict[str, type[Command]] = {
    c.__name__: c
    for c in (SetStatus, Presence, DeclineOffer, HoldCall, HangUpCall, TransferCall, FinishWrapUp, ExtendWrapUp, ReloadConfiguration)
}  # fmt: skip


def encode_command(command: Command) -> str:
    """The command as JSON with its `type`."""
    return json.dumps({"type": type(command).__name__, **asdict(command)}, ensure_ascii=False)


def decode_command(text: str | bytes) -> Command:
    """The command from JSON.

    Raises:
        ValueError: unknown type, missing or unknown fields.
    """
    data = json.loads(text)
    kind = COMMAND_TYPES.get(data.pop("type", None))
    if kind is None:
        raise ValueError("unknown command type")
    if unknown := set(data) - {f.name for f in fields(kind)}:
        raise ValueError(f"unknown fields {sorted(unknown)} of {kind.__name__}")
    try:
        return kind(**data)
    except TypeError as error:
        raise ValueError(str(error)) from error


@dataclass(frozen=True)
class Reply:
    """The ACD's answer to a command: `code` is stable (`ok`, `not-your-offer`, `no-call`, `unknown-agent`, `acd-unavailable`…)."""

    ok: bool
    code: str = "ok"
    message: str = ""


# ---- events (past tense), as dictionaries on the wire -----------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Happened:
    """A fact. `event_id` counts up from 1 for ever and is the same after a replay."""

    event_id: int
    at_us: int


@dataclass(frozen=True, kw_only=True)
class MemberEntered(Happened):
    member_id: str
    interaction_id: str
    queue: str
    number: str
    did: str = ""
    language: str = ""
    intent: str = ""


@dataclass(frozen=True, kw_only=True)
class MemberLeft(Happened):
    """result: answered, abandoned, timeout, transferred, failed."""

    member_id: str
    interaction_id: str
    queue: str
    result: str
    agent_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class OfferMade(Happened):
    offer_id: str
    member_id: str
    interaction_id: str
    agent_id: int
    leg_id: str
    queue: str
    number: str
    did: str
    intent: str
    entered_at_us: int
    expires_at_us: int
    reason: dict[str, Any]  # {"rule": "longest-idle", "idle_since_us": …, "candidates": n, "excluded": {...}}


@dataclass(frozen=True, kw_only=True)
class OfferEnded(Happened):
    """outcome: accepted, declined, expired, withdrawn, failed (`cause` says why, a Q.850 name)."""

    offer_id: str
    member_id: str
    interaction_id: str
    agent_id: int
    outcome: str
    cause: str = ""


@dataclass(frozen=True, kw_only=True)
class CallConnected(Happened):
    offer_id: str
    interaction_id: str
    agent_id: int
    queue: str


@dataclass(frozen=True, kw_only=True)
class CallHeld(Happened):
    offer_id: str
    agent_id: int
    on: bool


@dataclass(frozen=True, kw_only=True)
class CallEnded(Happened):
    """The agent's part of the call is over; wrap-up begins when `wrap_up_seconds` > 0."""

    offer_id: str
    interaction_id: str
    agent_id: int
    wrap_up_seconds: int


@dataclass(frozen=True, kw_only=True)
class WrapUpEnded(Happened):
    """result: finished, timeout."""

    offer_id: str
    interaction_id: str
    agent_id: int
    result: str


@dataclass(frozen=True, kw_only=True)
class TalkNoted(Happened):
    """The agent chose a disposition and wrote a note."""

    offer_id: str
    interaction_id: str
    agent_id: int
    disposition_id: int | None
    note: str


@dataclass(frozen=True, kw_only=True)
class AgentStatusChanged(Happened):
    agent_id: int
    status: Status
    by: str  # agent, system, supervisor


EVENT_TYPES: dict[str, type[Happened]] = {
    c.__name__: c
    for c in (MemberEntered, MemberLeft, OfferMade, OfferEnded, CallConnected, CallHeld, CallEnded, WrapUpEnded, TalkNoted, AgentStatusChanged)
}  # fmt: skip


def encode_event(event: Happened) -> str:
    """The event as JSON with its `type`."""
    return json.dumps({"type": type(event).__name__, **asdict(event)}, ensure_ascii=False)


def decode_event(text: str | bytes) -> Happened:
    """The event from JSON; fields that this version does not know are passed over."""
    data = json.loads(text)
    kind = EVENT_TYPES[data.pop("type")]
    known = {f.name for f in fields(kind)}
    return kind(**{k: v for k, v in data.items() if k in known})


# ---- the view: what to show now ---------------------------------------------------------------------------

AcdView = dict[str, Any]
"""JSON: {"version": int, "at_us": int, "writer": str, "switches": {name: bool connected},
"queues": {name: {"waiting", "in_service", "ready", "oldest_entered_at_us": int|None}},
"totals": {"voice": {"waiting", "in_service", "ready"}},
"members": [{"member_id", "interaction_id", "queue", "number", "entered_at_us", "position"}] (waiting, in order),
"agents": {"<agent id>": {"status", "status_since_us", "state", "state_since_us", "extension", "registered": bool, "present": bool,
    "offer": None | OfferMade fields,
    "call": None | {"offer_id", "interaction_id", "queue", "number", "did", "intent", "entered_at_us", "connected_at_us", "held_since_us": int|None},
    "wrap_up": None | {"offer_id", "interaction_id", "queue", "number", "connected_at_us", "ended_at_us", "ends_at_us"}}}}"""


class AcdClient:
    """How a page's process talks to the ACD. Blocking; safe under eventlet and gevent.

    Args:
        bus: a Redis client with `decode_responses=True`.
    """

    reply_timeout_seconds: ClassVar[int] = 3

    def __init__(self, bus: "redis.Redis[str]") -> None:
        self.bus = bus

    def send(self, command: Command) -> Reply:
        """Ask for something and wait for the answer; code `acd-unavailable` when none comes."""
        try:
            self.bus.xadd(COMMANDS, {"data": encode_command(command)}, maxlen=10_000, approximate=True)
            answer = self.bus.blpop([REPLY + command.command_id], timeout=self.reply_timeout_seconds)
        except redis.RedisError as error:
            return Reply(False, "acd-unavailable", str(error))
        if answer is None:
            return Reply(False, "acd-unavailable", "no answer")
        return Reply(**json.loads(answer[1]))  # type: ignore[index]

    def view(self) -> AcdView | None:
        """The latest view, or None when there is none (no ACD has run) or Redis is away."""
        try:
            text = self.bus.get(VIEW)
        except redis.RedisError:
            return None
        return dict(json.loads(text)) if text else None
