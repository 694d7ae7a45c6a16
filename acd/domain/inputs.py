"""What can happen to the engine: every input carries its time and survives JSON unchanged.

The service makes them from switch events, page commands, SQL and its clock, and appends each to the log before
its effects leave; `python -m acd replay` reads them back.
"""

import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """Something that happened at `at_us` (microseconds since the epoch, never earlier than the input before)."""

    at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Started(Input):
    """A process became the writer. `seed` counts only for a state that has none; no event has a number below `first_event_id`."""

    writer: str
    seed: str = ""
    first_event_id: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitConfig:
    """Who goes elsewhere, and where.

    when: `length` (more than `value` wait), `time` (`value` seconds waited), `nobody` (no agent signed in for `value`
    seconds). to: `queue` (target: its name), `flow` (target: its name), `voicemail`, `message` or `callback` (a flow
    of that name unless the target names one), `fallback`.
    """

    when: str
    value: int = 0
    to: str = "fallback"
    target: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncementConfig:
    """What those who wait hear, first after `after_seconds`, then every `every_seconds` (0: once).

    say: `position`, `estimate` or `prompt` (with its name). `key` leads into `flow`, at any time of the wait.
    """

    after_seconds: int
    every_seconds: int = 0
    say: str = "prompt"
    prompt: str = ""
    key: str = ""
    flow: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackConfig:
    """How a queue calls back; without a trunk it does not. Minutes are of the centre's day."""

    trunk: str = ""  # a gateway of the switch
    caller_id: str = ""  # the number shown
    opens_minute: int = 0
    closes_minute: int = 1440
    attempts: int = 3
    retry_seconds: int = 300
    dial_seconds: int = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueConfig:
    """A queue as SQL has it."""

    name: str
    strategy: str = "longest-idle"
    offer_timeout_seconds: int = 20
    wrap_up_seconds: int = 30
    max_wait_seconds: int = 600
    music: str = "local_stream://moh"
    channel: str = "voice"
    skills: str = ""  # what everybody who waits here needs, and when less will do; see `skills`
    tier_wait_seconds: int = (
        0  # the next level is asked after that long; 0: all levels at once, in their order
    )
    ageing_seconds: int = 0  # waiting that long is worth one priority; 0: a higher priority always goes first
    historic_wait_seconds: int = 60  # how long somebody waits for the agent it had before
    limits: tuple[LimitConfig, ...] = ()
    callback: CallbackConfig | None = None
    announcements: tuple[AnnouncementConfig, ...] = ()
    caller_number: str = ""  # what its agents' own calls show
    number: str = ""  # its own, for calls from inside: a group call
    is_paged: bool = False  # who calls that number speaks to all phones at once, which answer by themselves


@dataclass(frozen=True, slots=True, kw_only=True)
class TierConfig:
    """An agent's level and position in a queue."""

    queue: str
    level: int = 1
    position: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentConfig:
    """An agent as SQL has it."""

    agent_id: int
    extension: str
    tiers: tuple[TierConfig, ...] = ()
    skills: dict[str, int] = field(default_factory=dict)
    max_conversations: int | None = None  # None: as the rules say
    caller_number: str = ""  # what the agent's own calls show; "": as the queue says
    is_auto_answer: bool = False  # the phone is told to answer by itself


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkConfig:
    """A gateway that agents may call over: numbers that begin with one of `prefixes`, showing one of `numbers`."""

    name: str
    prefixes: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()  # the centre's own; the first is shown when nothing else is chosen


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The centre's own times and limits; each has a working default."""

    default_queue: str = "service"
    return_grace_seconds: int = 30  # how long a caller's place is kept when its socket is gone
    redial_grace_seconds: int = (
        120  # and for a new call from its number, when the switch has lost the call; 0: not
    )
    page_grace_seconds: int = (
        60  # a page that was open and is gone that long makes its agent not ready; 0: never
    )
    no_answers_in_a_row: int = 1  # so many unanswered offers make an agent `no-answer`
    decline_pause_seconds: int = 5  # after declining, and after an unanswered offer that did not
    failed_pause_seconds: int = 5  # doubles with each failure in a row
    failed_pause_max_seconds: int = 60
    ring_slack_seconds: int = 3  # the switch ends the ringing by itself; this much later we do
    extend_max_seconds: int = 3600
    max_conversations: int = 5  # at a time, of an agent with no maximum of its own
    conversations_beside_call: int = 2  # at most so many together with a call
    call_stops_conversations: bool = False  # no conversation comes while a call goes on
    return_conversations_seconds: int = 300  # after that an absent agent's conversations go back; 0: never
    vip_priority: int = 1  # what one VIP level adds to the priority
    offers_per_second: int = (
        0  # so many begin at once and then each second, when many turn ready; 0: no limit
    )
    day_offset_seconds: int = 0  # the centre's zone, for counts that begin at midnight


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured(Input):
    """Queues, agents and rules, whole, as they are from now on."""

    queues: tuple[QueueConfig, ...] = ()
    agents: tuple[AgentConfig, ...] = ()
    rules: Rules = field(default_factory=Rules)
    do_not_call: tuple[str, ...] = ()
    trunks: tuple[TrunkConfig, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberArrived(Input):
    """A caller's channel came to our socket: a new visit, or one that comes back to its place."""

    channel_id: str
    interaction_id: str
    switch: str
    queue: str
    priority: int = 0
    number: str = ""
    name: str = ""
    did: str = ""
    language: str = ""
    intent: str = ""
    channel: str = "voice"
    skills: str = ""
    vip_level: int = 0
    wanted_extension: str = ""  # the agent who is asked first
    callback_number: str = ""  # the caller wants to be called back there
    announced: bool = True
    core: str = ""  # see `SwitchConnected`


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlLost(Input):
    """The socket of a caller is gone, and we don't know that the caller is. `left`: it went elsewhere in the dialplan."""

    channel_id: str
    left: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerGone(Input):
    """The caller's channel is over."""

    channel_id: str
    cause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeEnded(Input):
    """The `bridge` that we ran on the caller's channel is over and the caller is still there (`cause`: why it failed)."""

    channel_id: str
    leg_id: str
    cause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegAnswered(Input):
    """An agent's phone answered our offer (from CHANNEL_ANSWER or CHANNEL_BRIDGE, so often twice)."""

    leg_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ThirdAnswered(Input):
    """The phone of a third leg (a consult, a supervisor) was answered."""

    leg_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LegEnded(Input):
    """A leg that is not a caller's is over."""

    leg_id: str
    cause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegHeld(Input):
    """A talking leg was put on hold or taken off it."""

    leg_id: str
    on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneLegStarted(Input):
    """An agent's phone has a leg that is none of our offers: it dials out, or is called directly."""

    leg_id: str
    extension: str
    switch: str
    called: bool = False  # somebody calls the phone


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerDialed(Input):
    """The agent's own phone has answered, and the number that it calls is dialled: that call's channel."""

    channel_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointChanged(Input):
    """A phone registered, or its registration ended."""

    switch: str
    extension: str
    registered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchConnected(Input):
    """`core` is the switch's own name since its start; another one after a restart, "" when it does not say."""

    switch: str
    core: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchLost(Input):
    switch: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenLeg:
    """A channel that the switch has. `extension` when it is a registered phone's."""

    leg_id: str
    extension: str = ""
    bridged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchSeen(Input):
    """What the switch really has, asked for at `asked_at_us`: reconcile with it."""

    switch: str
    asked_at_us: int
    legs: tuple[SeenLeg, ...] = ()
    registered: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPressed(Input):
    """A caller who waits pressed a key."""

    channel_id: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandReceived(Input):
    """A command of `acd.contract`, as its JSON object; `position` is its id in the stream of commands."""

    command: dict[str, Any]
    position: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerAdrift(Input):
    """A caller whose place is kept still hears the music of an ACD that is gone, and would for ever."""

    channel_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick(Input):
    """The time of a timer has come."""


INPUT_TYPES: dict[str, type[Input]] = {
    kind.__name__: kind
    for kind in (
        Started, Configured, MemberArrived, ControlLost, CallerGone, BridgeEnded, LegAnswered, LegEnded, LegHeld,
        PhoneLegStarted, CustomerDialed, EndpointChanged, SwitchConnected, SwitchLost, SwitchSeen, CallerAdrift,
        KeyPressed, CommandReceived, ThirdAnswered, Tick,
    )
}  # fmt: skip

_FIELDS = {kind: tuple(f.name for f in fields(kind)) for kind in INPUT_TYPES.values()}
_NESTED: frozenset[type[Input]] = frozenset({Configured, SwitchSeen})


def encode_input(event: Input) -> str:
    """The input as one line of JSON, `{"type", "at_us", …}`."""
    kind = type(event)
    values = asdict(event) if kind in _NESTED else {name: getattr(event, name) for name in _FIELDS[kind]}
    return json.dumps({"type": kind.__name__, **values}, ensure_ascii=False, separators=(",", ":"))


def decode_input(text: str | bytes) -> Input:
    """The input from JSON; fields that this version does not know are passed over.

    Raises:
        ValueError: no JSON object, an unknown type, or a field is missing.
    """
    data = json.loads(text)
    kind = INPUT_TYPES.get(str(data.get("type"))) if isinstance(data, dict) else None
    if kind is None:
        raise ValueError("unknown input type")
    values = {name: data[name] for name in _FIELDS[kind] if name in data}
    if kind is Configured:
        values["queues"] = tuple(queue_config(queue) for queue in values["queues"])
        values["agents"] = tuple(agent_config(agent) for agent in values["agents"])
        values["rules"] = Rules(**values["rules"])
        values["do_not_call"] = tuple(values.get("do_not_call", ()))
        values["trunks"] = tuple(trunk_config(trunk) for trunk in values.get("trunks", ()))
    elif kind is SwitchSeen:
        values["legs"] = tuple(SeenLeg(**leg) for leg in values["legs"])
        values["registered"] = tuple(values["registered"])
    try:
        return kind(**values)
    except TypeError as error:
        raise ValueError(f"{kind.__name__}: {error}") from error


def agent_config(data: dict[str, Any]) -> AgentConfig:
    """An AgentConfig from its JSON object."""
    return AgentConfig(**{**data, "tiers": tuple(TierConfig(**tier) for tier in data["tiers"])})


def trunk_config(data: dict[str, Any]) -> TrunkConfig:
    """A TrunkConfig from its JSON object."""
    return TrunkConfig(name=data["name"], prefixes=tuple(data["prefixes"]), numbers=tuple(data["numbers"]))


def queue_config(data: dict[str, Any]) -> QueueConfig:
    """A QueueConfig from its JSON object."""
    limits = tuple(LimitConfig(**limit) for limit in data.get("limits", ()))
    callback = CallbackConfig(**data["callback"]) if data.get("callback") else None
    announcements = tuple(AnnouncementConfig(**each) for each in data.get("announcements", ()))
    nested = {"limits": limits, "callback": callback, "announcements": announcements}
    return QueueConfig(**{**data, **nested})
