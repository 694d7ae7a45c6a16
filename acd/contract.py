"""All that other rooms may import of the ACD: commands, events, the view, and the client that sends and reads.

A command is what a page asks for; an event is a fact that the ACD decided or learned; the view is the whole
state to show. They travel as JSON over Redis under the keys below (docs/contracts.md, "ACD and the rest").
"""

import json
import time
from typing import Any, ClassVar

import redis

from acd.messages import (
    CHOSEN_STATUSES,
    COMMAND_TYPES,
    EVENT_TYPES,
    AgentStatusChanged,
    AnswerOffer,
    CallbackCancelled,
    CallbackRequested,
    CallbackTried,
    CallConnected,
    CallDialed,
    CallEnded,
    CallHeld,
    CallNotReached,
    CallSupervised,
    CancelCallback,
    Command,
    ConsultCall,
    ConsultChanged,
    ConsultEnded,
    ConsultStarted,
    ConversationAssigned,
    ConversationEnded,
    DeclineOffer,
    EndConversation,
    EnterQueue,
    ExtendWrapUp,
    FinishWrapUp,
    HangUpCall,
    Happened,
    HoldCall,
    LeaveQueue,
    MemberEntered,
    MemberLeft,
    MemberOverflowed,
    MuteCall,
    OfferEnded,
    OfferMade,
    PauseRecording,
    PlaceCall,
    PlaceKept,
    Presence,
    ReloadConfiguration,
    Reply,
    SendDigits,
    SetStatus,
    State,
    Status,
    SteerConsult,
    SuperviseCall,
    TakeConversation,
    TalkNoted,
    TransferCall,
    TransferConversation,
    WrapUpEnded,
    decode_command,
    decode_event,
    encode_command,
    encode_event,
)
from acd.why import story

__all__ = [
    "CHOSEN_STATUSES",
    "COMMANDS",
    "COMMAND_TYPES",
    "EVENTS",
    "EVENTS_CHANNEL",
    "EVENT_TYPES",
    "INPUTS",
    "LEASE",
    "REPLY",
    "SNAPSHOT",
    "VIEW",
    "VIEW_CHANNEL",
    "AcdClient",
    "AcdView",
    "AgentStatusChanged",
    "AnswerOffer",
    "CallConnected",
    "CallDialed",
    "CallEnded",
    "CallHeld",
    "CallNotReached",
    "CallSupervised",
    "CallbackCancelled",
    "CallbackRequested",
    "CallbackTried",
    "CancelCallback",
    "Command",
    "ConsultCall",
    "ConsultChanged",
    "ConsultEnded",
    "ConsultStarted",
    "ConversationAssigned",
    "ConversationEnded",
    "DeclineOffer",
    "EndConversation",
    "EnterQueue",
    "ExtendWrapUp",
    "FinishWrapUp",
    "HangUpCall",
    "Happened",
    "HoldCall",
    "LeaveQueue",
    "MemberEntered",
    "MemberLeft",
    "MemberOverflowed",
    "MuteCall",
    "OfferEnded",
    "OfferMade",
    "PauseRecording",
    "PlaceCall",
    "PlaceKept",
    "Presence",
    "ReloadConfiguration",
    "Reply",
    "SendDigits",
    "SetStatus",
    "State",
    "Status",
    "SteerConsult",
    "SuperviseCall",
    "TakeConversation",
    "TalkNoted",
    "TransferCall",
    "TransferConversation",
    "WrapUpEnded",
    "decode_command",
    "decode_event",
    "encode_command",
    "encode_event",
    "story",
]  # fmt: skip

INPUTS, SNAPSHOT, LEASE = "uckefu:acd:inputs", "uckefu:acd:snapshot", "uckefu:acd:lease"
COMMANDS, REPLY = "uckefu:acd:commands", "uckefu:acd:reply:"
EVENTS, EVENTS_CHANNEL = "uckefu:acd:events", "uckefu:events"
VIEW, VIEW_CHANNEL = "uckefu:acd:view", "uckefu:view"


# ---- the view: what to show now ---------------------------------------------------------------------------

AcdView = dict[str, Any]
"""JSON: {"version": int, "at_us": int, "writer": str, "switches": {name: bool connected},
"queues": {name: {"channel", "waiting", "in_service", "ready", "oldest_entered_at_us": int|None,
    "estimate": None | {"low_seconds", "high_seconds" of the next one's wait, "held": share of such intervals that held,
    "of": how many, "mean_error_seconds"}}},
"totals": {"voice": {"waiting", "in_service", "ready"}, "chat": the same for all that is no call},
"members": [{"member_id", "interaction_id", "queue", "channel", "name", "number", "entered_at_us", "position", "priority",
    "expected_us": None | [low, high] of the whole wait, as estimated when it entered,
    "callback": nobody is on the line, the customer will be called,
    "offered": a phone rings for it, "away": its socket broke, the place is kept}] (waiting, in order),
"agents": {"<agent id>": {"status", "status_since_us", "next_status": None | chosen while a call goes on,
    "standing": "free" or why nothing can be offered, "state", "state_since_us", "extension", "registered": bool, "present": bool,
    "offer": None | OfferMade fields,
    "call": None | {"consult": None | {"number", "third_agent_id", "mode": private, customer, together, "began_at_us",
        "answered_at_us": 0 while it rings, "ending"},
        "consult_over": None | {"number", "third_agent_id", "asked_queue", "result": cancelled, not-reached, ended, "at_us"}, "supervised": [{"by": user id as text, "mode", "is_there"}], "offer_id", "interaction_id", "queue", "number", "did", "intent", "entered_at_us", "connected_at_us", "held_since_us": int|None, "recording_paused_since_us": int|None,
        "muted_since_us": int|None, "direction": "inbound", "outbound" or "internal"},
    "dial": None | {"offer_id", "interaction_id", "queue", "number", "caller_number", "direction", "began_at_us", "stage": "phone" (the
        agent's own rings) or "customer"},
    "dial_failure": None | {"number", "interaction_id", "why", "cause", "at_us"} of the last call that was not reached, until the agent does something else,
    "caller_numbers": [those the agent may show], "caller_number": the one that is shown when none is chosen,
    "auto_answer": the phone is told to answer by itself,
    "wrap_up": None | {"offer_id", "interaction_id", "queue", "number", "connected_at_us", "ended_at_us", "ends_at_us"},
    "conversations": [{"offer_id", "interaction_id", "queue", "channel", "name", "number", "entered_at_us", "assigned_at_us"}],
    "conversation_wrap_ups": [the fields of "wrap_up"], each takes a place until it is finished or its time is over,
    "capacity": {"conversations": n, wrap-ups included, "maximum": n, "open": bool: a conversation may come now}}}}"""


STORY_PAGE = 1000
MOST_LOOKED_AT = 50_000


class _Offset:
    """How far Redis's clock is ahead of ours, measured now and then; an answer that was slow measures nothing."""

    AGAIN_SECONDS: ClassVar[float] = 60.0
    QUICK_SECONDS: ClassVar[float] = 0.1

    def __init__(self) -> None:
        self._milliseconds: int | None = None
        self._measured_at = 0.0

    def sent(self, bus: redis.Redis) -> dict[str, str]:
        """`{"sent_ms": …}`, or nothing while the offset is not known. Raises redis.RedisError."""
        if not self._measured_at or time.monotonic() - self._measured_at > self.AGAIN_SECONDS:
            self._measure(bus)
        if self._milliseconds is None:
            return {}
        return {"sent_ms": str(round(time.time() * 1000) + self._milliseconds)}

    def _measure(self, bus: redis.Redis) -> None:
        asked = time.monotonic()
        seconds, microseconds = bus.time()
        now = time.monotonic()
        if now - asked < self.QUICK_SECONDS:
            self._milliseconds = seconds * 1000 + microseconds // 1000 - round(time.time() * 1000)
            self._measured_at = now


class AcdClient:
    """How a page's process talks to the ACD. Blocking; safe under eventlet and gevent.

    Args:
        bus: a Redis client with `decode_responses=True`.
    """

    reply_timeout_seconds: ClassVar[int] = 3

    def __init__(self, bus: redis.Redis) -> None:
        self.bus = bus
        self._offset = _Offset()

    def send(self, command: Command) -> Reply:
        """Ask for something and wait for the answer; code `acd-unavailable` when none comes.

        The command carries when it was sent, in Redis's own time: a Redis that stood still must not do later what
        somebody was told would not be done.
        """
        try:
            fields = {"data": encode_command(command), **self._offset.sent(self.bus)}
            self.bus.xadd(COMMANDS, fields, maxlen=10_000, approximate=True)  # type: ignore[arg-type]
            answer = self.bus.blpop([REPLY + command.command_id], timeout=self.reply_timeout_seconds)
        except redis.RedisError as error:
            return Reply(False, "acd-unavailable", str(error))
        if answer is None:
            return Reply(False, "acd-unavailable", "no answer")
        return Reply(**json.loads(answer[1]))

    def tell(self, command: Command) -> None:
        """Send something whose answer nobody waits for (a page's presence); its loss is no error."""
        try:
            self.bus.xadd(COMMANDS, {"data": encode_command(command)}, maxlen=10_000, approximate=True)
        except redis.RedisError:
            return

    def events_of(self, interaction_id: str, begin_us: int, end_us: int) -> list[dict[str, Any]]:
        """The events from `begin_us` to `end_us` that tell of an interaction, in order, as `acd.why.story` reads them.

        Redis keeps the last million of all. Raises redis.RedisError.
        """
        found: list[dict[str, Any]] = []
        after, looked_at = _number_before(self.bus, begin_us), 0
        while looked_at < MOST_LOOKED_AT:
            rows = _rows(self.bus.xrange(EVENTS, min=f"({after}-0", count=STORY_PAGE))
            for number, event in rows:
                if event["at_us"] > end_us:
                    return found
                after = number
                about = (event.get("interaction_id"), str(event.get("offer_id", "")).partition(":")[0])
                if interaction_id in about:
                    found.append(event)
            looked_at += len(rows)
            if len(rows) < STORY_PAGE:
                break
        return found

    def view(self) -> AcdView | None:
        """The latest view, or None when there is none (no ACD has run) or Redis is away."""
        try:
            text = self.bus.get(VIEW)
        except redis.RedisError:
            return None
        return dict(json.loads(text)) if text else None


def _rows(answer: Any) -> list[tuple[int, dict[str, Any]]]:
    return [(int(row_id.partition("-")[0]), json.loads(fields["data"])) for row_id, fields in answer]


def _number_before(bus: redis.Redis, at_us: int) -> int:
    """The number of an event before that time: events are numbered in the order of their times, so it is bisected."""
    first, last = _rows(bus.xrange(EVENTS, count=1)), _rows(bus.xrevrange(EVENTS, count=1))
    if not first or not last:
        return 0
    low, high = first[0][0] - 1, last[0][0]
    while high - low > 1:
        middle = (low + high) // 2
        there = _rows(bus.xrange(EVENTS, min=f"{middle}-0", count=1))
        if there and there[0][1]["at_us"] < at_us:
            low = middle
        else:
            high = middle
    return low
