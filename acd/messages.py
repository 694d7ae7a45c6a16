"""What pages ask of the ACD (commands), and what it decided or learned (events), as dataclasses with JSON forms.

No I/O here: the engine in `acd/domain` makes the events. Other rooms import all of it from `acd.contract`.
"""

import json
import uuid
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

Status = Literal["ready", "break", "meal", "meeting", "training", "after-work", "no-answer", "offline"]
CHOSEN_STATUSES: tuple[Status, ...] = (
    "ready",
    "break",
    "meal",
    "meeting",
    "training",
    "after-work",
    "offline",
)
State = Literal["signed-out", "not-ready", "idle", "offered", "dialling", "talking", "wrap-up", "busy"]


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
class AnswerOffer(Command):
    """Ask the phone that rings to answer by itself (NOTIFY `talk`); one that can't goes on ringing."""

    offer_id: str


@dataclass(frozen=True, kw_only=True)
class PlaceCall(Command):
    """Ring the agent's own phone, then the number; an extension of the centre, or outside over a trunk that may call it.

    `caller_number` is shown to the customer; it must be one of the trunk's. "" is the agent's, the queue's, the trunk's.
    """

    number: str
    caller_number: str = ""


@dataclass(frozen=True, kw_only=True)
class MuteCall(Command):
    """The agent is not heard, or is again."""

    on: bool


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
class ConsultCall(Command):
    """Talk with a third one while the caller hears music: an agent's id as text, a queue's name (its free
    agents are rung one after the other), or an extension or number outside."""

    kind: Literal["agent", "queue", "number"]
    target: str


@dataclass(frozen=True, kw_only=True)
class SteerConsult(Command):
    """To whom the agent talks: the third one alone, the customer alone, both; or the transfer's or the consult's end."""

    to: Literal["private", "customer", "together", "complete", "end"]


@dataclass(frozen=True, kw_only=True)
class SuperviseCall(Command):
    """At the call of `agent_id`, for the supervisor who is `actor`; its phone is `extension`."""

    mode: Literal["listen", "whisper", "barge", "take-over", "stop"]
    extension: str = ""


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
class EnterQueue(Command):
    """A conversation (anything that is no call) waits for an agent from now on. Asking again while it waits or is served changes nothing."""

    agent_id: int = 0
    actor: str = "system"
    interaction_id: str
    queue: str
    channel: str = "chat"
    name: str = ""
    number: str = ""
    contact_id: int | None = None
    language: str = ""
    intent: str = ""
    priority: int = 0
    vip_level: int = 0
    skills: str = ""  # `english:3,refund`, see `acd/domain/skills.py`
    historic_agent_id: int | None = None  # who served the contact last, and is asked first


@dataclass(frozen=True, kw_only=True)
class LeaveQueue(Command):
    """The visitor ended the conversation or is gone for good, waiting or served."""

    agent_id: int = 0
    actor: str = "system"
    interaction_id: str
    by: Literal["visitor", "system"] = "visitor"


@dataclass(frozen=True, kw_only=True)
class EndConversation(Command):
    interaction_id: str


@dataclass(frozen=True, kw_only=True)
class TransferConversation(Command):
    """To a queue's name, or to an agent's id as text."""

    interaction_id: str
    kind: Literal["queue", "agent"]
    target: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class TakeConversation(Command):
    """Out of the queue, or from another agent when `actor` is a supervisor."""

    interaction_id: str


@dataclass(frozen=True, kw_only=True)
class CancelCallback(Command):
    """The customer does not want to be called back any more."""

    agent_id: int = 0
    interaction_id: str


@dataclass(frozen=True, kw_only=True)
class SendDigits(Command):
    """Press keys towards the other end of the agent's call: digits, `*`, `#`."""

    digits: str


@dataclass(frozen=True, kw_only=True)
class PauseRecording(Command):
    """Silence in the recording (a card number is read out), or sound again."""

    on: bool


@dataclass(frozen=True, kw_only=True)
class ReloadConfiguration(Command):
    """Queues, agents or tiers changed in SQL: read them again. `agent_id` is 0."""

    agent_id: int = 0


COMMAND_TYPES: dict[str, type[Command]] = {
    c.__name__: c
    for c in (
        SetStatus, Presence, DeclineOffer, HoldCall, HangUpCall, TransferCall, FinishWrapUp, ExtendWrapUp,
        SendDigits, PauseRecording, AnswerOffer, PlaceCall, MuteCall,
        ConsultCall, SteerConsult, SuperviseCall, ReloadConfiguration, EnterQueue, LeaveQueue, EndConversation, TransferConversation, TakeConversation,
        CancelCallback,
    )
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
    if not isinstance(data, dict):
        raise ValueError("a command is a JSON object")
    return command_from(data)


def command_from(fields_and_type: dict[str, Any]) -> Command:
    """The command from its JSON object.

    Raises:
        ValueError: unknown type, missing or unknown fields, a field of another type.
    """
    data = dict(fields_and_type)
    kind = COMMAND_TYPES.get(str(data.pop("type", None)))
    if kind is None:
        raise ValueError("unknown command type")
    if unknown := set(data) - {f.name for f in fields(kind)}:
        raise ValueError(f"unknown fields {sorted(unknown)} of {kind.__name__}")
    try:
        command = kind(**data)
    except TypeError as error:
        raise ValueError(str(error)) from error
    for f in fields(kind):
        wanted = _PLAIN_TYPES.get(str(f.type), str)
        if not isinstance(getattr(command, f.name), wanted):
            raise ValueError(f"{kind.__name__}.{f.name}: {f.type} wanted")
    return command


_PLAIN_TYPES: dict[str, type | tuple[type, ...]] = {
    str(int): int,
    str(bool): bool,
    str(int | None): (int, type(None)),
}
"""What a field of a command must be, by its annotation; texts and choices of texts are `str`."""


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
    channel: str = "voice"
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class MemberLeft(Happened):
    """result: answered, abandoned, timeout, transferred, failed."""

    member_id: str
    interaction_id: str
    queue: str
    result: str
    agent_id: int | None = None
    channel: str = "voice"


@dataclass(frozen=True, kw_only=True)
class MemberOverflowed(Happened):
    """A limit of the queue (`length`, `time`, `nobody`) sends the member on; `MemberLeft` follows. to: queue, flow, …"""

    member_id: str
    interaction_id: str
    queue: str
    limit: str
    to: str
    target: str = ""


@dataclass(frozen=True, kw_only=True)
class PlaceKept(Happened):
    """The switch had lost the caller's first call (`former_member_id`); this one has the place that it had."""

    member_id: str
    interaction_id: str
    queue: str
    former_member_id: str


@dataclass(frozen=True, kw_only=True)
class CallbackRequested(Happened):
    """The caller hung up; the member waits in its stead and is called back when it is its turn."""

    member_id: str
    interaction_id: str
    queue: str
    number: str


@dataclass(frozen=True, kw_only=True)
class CallbackTried(Happened):
    """The customer was not reached (`cause`, a Q.850 name); `next_at_us` is 0 when this was the last attempt."""

    member_id: str
    interaction_id: str
    queue: str
    number: str
    agent_id: int | None
    attempt: int
    cause: str
    next_at_us: int


@dataclass(frozen=True, kw_only=True)
class CallbackCancelled(Happened):
    """by: caller (called again and has the place), agent, supervisor, system."""

    member_id: str
    interaction_id: str
    queue: str
    by: str


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
class CallDialed(Happened):
    """An agent calls somebody; `CallConnected` or `CallNotReached` follows under the same `offer_id`."""

    offer_id: str
    interaction_id: str
    agent_id: int
    queue: str
    number: str
    caller_number: str


@dataclass(frozen=True, kw_only=True)
class CallNotReached(Happened):
    """why: phone (the agent's own did not answer), customer, cancelled (by the agent); `cause` is a Q.850 name."""

    offer_id: str
    interaction_id: str
    agent_id: int
    why: str
    cause: str


@dataclass(frozen=True, kw_only=True)
class ConversationAssigned(Happened):
    """An agent has a conversation: nobody has to answer it. `offer_id` names the agent's part of it from now on.

    `reason` is as OfferMade's; its rule is `taken` or `transferred` when a person chose, with `from_agent_id` and `note`.
    """

    offer_id: str
    member_id: str
    interaction_id: str
    agent_id: int
    queue: str
    channel: str
    name: str
    number: str
    entered_at_us: int
    reason: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class ConversationEnded(Happened):
    """The agent's part of it is over. by: agent, visitor, system (it goes back to its queue), transfer (to somebody else)."""

    offer_id: str
    interaction_id: str
    agent_id: int
    queue: str
    by: str
    wrap_up_seconds: int = 0
    channel: str = "chat"


@dataclass(frozen=True, kw_only=True)
class CallHeld(Happened):
    offer_id: str
    agent_id: int
    on: bool


@dataclass(frozen=True, kw_only=True)
class ConsultStarted(Happened):
    """`third_agent_id` is 0 when `number` is no agent's extension."""

    offer_id: str
    interaction_id: str
    agent_id: int
    number: str
    third_agent_id: int


@dataclass(frozen=True, kw_only=True)
class ConsultChanged(Happened):
    """The third one answered, or the agent chose whom to talk to. mode: private, customer, together."""

    offer_id: str
    interaction_id: str
    agent_id: int
    mode: str


@dataclass(frozen=True, kw_only=True)
class ConsultEnded(Happened):
    """result: completed (the third one has the caller), ended, not-reached (`cause` says why), cancelled."""

    offer_id: str
    interaction_id: str
    agent_id: int
    number: str
    result: str
    cause: str


@dataclass(frozen=True, kw_only=True)
class GroupPaged(Happened):
    """Somebody inside called a group that is paged: `agents` phones answer by themselves and hear the caller."""

    interaction_id: str
    queue: str
    number: str
    agents: int


@dataclass(frozen=True, kw_only=True)
class CallSupervised(Happened):
    """mode: listen, whisper, barge, take-over, stop. by: supervisor:<user id>."""

    offer_id: str
    interaction_id: str
    agent_id: int
    mode: str
    by: str


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
    for c in (
        ConsultStarted, ConsultChanged, ConsultEnded, CallSupervised, GroupPaged, MemberEntered, MemberLeft, MemberOverflowed, PlaceKept, OfferMade, OfferEnded, CallConnected, CallHeld, CallEnded, ConversationAssigned,
        CallDialed, CallNotReached, CallbackRequested, CallbackTried, CallbackCancelled, ConversationEnded, WrapUpEnded, TalkNoted, AgentStatusChanged,
    )
}  # fmt: skip


def encode_event(event: Happened) -> str:
    """The event as JSON with its `type`."""
    values = {f.name: getattr(event, f.name) for f in fields(event)}
    return json.dumps({"type": type(event).__name__, **values}, ensure_ascii=False)


def decode_event(text: str | bytes) -> Happened:
    """The event from JSON; fields that this version does not know are passed over."""
    data = json.loads(text)
    kind = EVENT_TYPES[data.pop("type")]
    known = {f.name for f in fields(kind)}
    return kind(**{k: v for k, v in data.items() if k in known})
