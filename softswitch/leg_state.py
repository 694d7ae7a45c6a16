"""A leg's data: its variables, state and events.

`leg_work` adds its thread's work, `channel` its signalling. Order and content of events are FreeSWITCH's
(switch_channel.c), see the transcripts.
"""

import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

import structlog

from softswitch.audio import LegAudio
from softswitch.caller import CallerProfile, Times
from softswitch.events import Event, new_event

if TYPE_CHECKING:
    from softswitch.bridge import Bridge
    from softswitch.channel import Leg
    from softswitch.switch import SoftSwitch

STATES = {
    "CS_NEW": 0, "CS_INIT": 1, "CS_ROUTING": 2, "CS_SOFT_EXECUTE": 3, "CS_EXECUTE": 4, "CS_EXCHANGE_MEDIA": 5,
    "CS_PARK": 6, "CS_CONSUME_MEDIA": 7, "CS_HIBERNATE": 8, "CS_RESET": 9, "CS_HANGUP": 10, "CS_REPORTING": 11,
    "CS_DESTROY": 12, "CS_NONE": 13,
}  # fmt: skip
MOST_DIGITS = 200  # waiting, and remembered for the CDR
DEEPEST = 16  # applications run within applications, as SWITCH_MAX_STACKS

# Events that carry the channel variables (switch_channel_event_set_extended_data).
WITH_VARIABLES = frozenset({
    "CHANNEL_CREATE", "CHANNEL_ORIGINATE", "CHANNEL_UUID", "CHANNEL_ANSWER", "CHANNEL_PARK", "CHANNEL_UNPARK",
    "CHANNEL_BRIDGE", "CHANNEL_UNBRIDGE", "CHANNEL_PROGRESS", "CHANNEL_PROGRESS_MEDIA", "CHANNEL_HANGUP",
    "CHANNEL_HANGUP_COMPLETE", "CHANNEL_DATA", "CHANNEL_EXECUTE", "CHANNEL_EXECUTE_COMPLETE", "CHANNEL_DESTROY",
    "RECORD_START", "RECORD_STOP", "PLAYBACK_START", "PLAYBACK_STOP", "CALL_UPDATE", "CHANNEL_HOLD",
    "CHANNEL_UNHOLD", "CUSTOM",
})  # fmt: skip

logger = structlog.get_logger(__name__)


class Dialog(Protocol):
    """What a leg asks of its SIP dialog (`sip.dialog.Dialog`); every method returns at once."""

    def ring(self) -> None: ...
    def progress(self, body: str) -> None: ...
    def answer(self, body: str) -> None: ...
    def invite(self, body: str) -> None: ...
    def offer(self, body: str) -> None: ...
    def refuse(self, code: int, phrase: str, cause: str) -> None: ...
    def end(self, cause: str) -> None: ...
    def notify_event(self, event: str) -> None: ...
    def is_named(self, call_id: str, own_tag: str, remote_tag: str) -> bool: ...


@dataclass(slots=True)
class Queued:
    """An application that `sendmsg` asked for."""

    application: str
    argument: str
    event_uuid: str
    loops: int
    lock: bool


@dataclass(slots=True)
class Digit:
    """A key that was pressed."""

    digit: str
    milliseconds: int
    source: str  # RTP, ENDPOINT (INFO), APP


@dataclass(slots=True)
class Flags:
    """What has happened to the leg."""

    answered: bool = False
    early_media: bool = False
    ring_ready: bool = False
    transfer: bool = False  # must leave what it runs and route anew
    stop: bool = False  # uuid_break
    locked: bool = False  # a locked execute runs: the queue waits
    parked: bool = False
    held: bool = False
    muted: bool = False  # uuid_audio: nobody hears the leg
    originating: bool = False
    remote_hangup: bool = False


@dataclass(slots=True)
class Play:
    """A playback under way; `status` is '' until the media process says how it ended."""

    play_id: str
    status: str = ""
    reason: str = ""


class LegState(ABC):
    """See the module's text."""

    def __init__(
        self,
        switch: "SoftSwitch",
        caller: CallerProfile,
        audio: LegAudio,
        dialog: Dialog,
        name: str,
    ) -> None:
        self.switch = switch
        self.uuid = caller.uuid
        self.name = name
        self.direction = caller.direction
        self.caller = caller
        self.other: tuple[str, CallerProfile, Times] | None = None  # Other-Type, profile, times
        self.audio = audio
        self.dialog = dialog
        self.times = Times()
        self.flags = Flags()
        self.state = "CS_NEW"  # where it is to go
        self.running_state = "CS_NEW"  # where its thread is
        self.call_state = "DOWN"
        self.hangup_cause = ""
        self.bridge: Bridge | None = None
        self.actions: list[tuple[str, str]] = []  # what a routed extension still has to do
        self.recordings: dict[str, int] = {}  # path -> begun at, microseconds
        self.displaced: dict[str, str] = {}  # what it hears in the place of everybody -> play id
        self.plays: dict[str, Play] = {}
        self.digits: deque[Digit] = deque()
        self.digits_dialed = ""
        self.hangup_hook: Callable[[], object] | None = None
        self.profile_name = ""
        self.last_executed: tuple[str, str] = ("", "")
        self.pending_bridge: Leg | None = None  # uuid_bridge: whom to talk with next
        self.refused_cause = ""  # an offer that can't be taken: hung up as soon as the leg is announced
        self.thread: threading.Thread | None = None
        self.variables: dict[str, str] = {}
        self._queue: deque[Queued] = deque()
        self._depth = 0
        self._ending = False
        self._condition = threading.Condition()
        self._watchers: list[Callable[[], None]] = []
        self._log = logger.bind(call_uuid=self.uuid)

    # --- what it is

    @property
    def is_up(self) -> bool:
        """Not yet hung up."""
        return STATES[self.state] < STATES["CS_HANGUP"]

    @property
    def is_ready(self) -> bool:
        """Its thread may go on with what it runs: not hung up, not being transferred."""
        return self.is_up and not self.flags.transfer

    @property
    def is_answered(self) -> bool:
        """Answered."""
        return self.flags.answered

    @property
    def has_media(self) -> bool:
        """Audio flows: answered, or early."""
        return self.flags.answered or self.flags.early_media

    @property
    def bridged_to(self) -> str | None:
        """UUID of the leg that this one talks with."""
        bridge = self.bridge
        return bridge.peer_of(self.whole).uuid if bridge is not None else None

    @property
    def partner(self) -> "Leg | None":
        """The leg that it is bound to: bridged, or being dialled for it."""
        bond = self.variables.get("signal_bond") or self.variables.get("originate_signal_bond")
        return self.switch.find(bond) if bond else None

    @property
    def whole(self) -> "Leg":
        """This leg, for what wants all of it; there is no other class on top."""
        return cast("Leg", self)

    # --- variables

    def get_variable(self, name: str) -> str | None:
        """A channel variable, or a caller-profile field."""
        with self._condition:
            value = self.variables.get(name)
        if value is not None:
            return value
        if name == "state":
            return self.state
        return self.caller.field(name)

    def set_variable(self, name: str, value: str | None) -> None:
        """Set a variable; None or '' removes it."""
        with self._condition:
            if value is None or value == "":
                self.variables.pop(name, None)
            else:
                self.variables[name] = value
        if name == "interaction_id" and threading.current_thread() is self.thread:
            structlog.contextvars.bind_contextvars(interaction_id=value)

    def set_variables(self, values: dict[str, str]) -> None:
        """Set several."""
        for name, value in values.items():
            self.set_variable(name, value)

    def is_true(self, name: str) -> bool:
        """FreeSWITCH's `switch_true` of a variable."""
        return is_true(self.get_variable(name))

    # --- events

    def event_data(self) -> dict[str, str]:
        """The headers of an event with everything: basic data and variables."""
        with self._condition:
            variables = {f"variable_{name}": value for name, value in self.variables.items()}
        return self._basic_data() | variables

    def publish(self, name: str, headers: Mapping[str, str] | None = None, *, subclass: str = "") -> None:
        """Publish a channel event with the channel's data and more headers, when somebody wants it."""
        if not self.switch.bus.wants(name, self.uuid):
            return
        event = new_event(name, subclass=subclass)
        event.headers.update(self.event_data() if name in WITH_VARIABLES else self._basic_data())
        event.headers.update(headers or {})
        self.switch.publish(event)

    def publish_event(self, event: Event) -> None:
        """Add the channel's data to an event and publish it."""
        event.headers.update(self.event_data())
        self.switch.publish(event)

    def _basic_data(self) -> dict[str, str]:
        with self._condition:
            headers = {
                "Channel-State": self.running_state,
                "Channel-Call-State": self.call_state,
                "Channel-State-Number": str(STATES[self.state]),
                "Channel-Name": self.name,
                "Unique-ID": self.uuid,
                "Call-Direction": self.direction,
                "Presence-Call-Direction": self.direction,
                "Channel-HIT-Dialplan": "true" if self.direction == "inbound" else "false",
                "Channel-Call-UUID": self.variables.get("call_uuid", self.uuid),
                "Answer-State": self._answer_state(),
            }
            if presence := self.variables.get("presence_id"):
                headers["Channel-Presence-ID"] = presence
            if self.hangup_cause:
                headers["Hangup-Cause"] = self.hangup_cause
            if codec := self.audio.codec_name if self.has_media else "":
                for side in ("Read", "Write"):
                    headers[f"Channel-{side}-Codec-Name"] = codec
                    headers[f"Channel-{side}-Codec-Rate"] = "8000"
                    headers[f"Channel-{side}-Codec-Bit-Rate"] = "64000"
            if self.running_state != "CS_NEW":
                headers |= self.caller.headers("Caller", self.times)
                if self.other is not None:
                    kind, profile, times = self.other
                    headers |= {"Other-Type": kind} | profile.headers("Other-Leg", times)
            return headers

    def _answer_state(self) -> str:
        if not self.is_up:
            return "hangup"
        if self.flags.answered:
            return "answered"
        return "early" if self.flags.early_media else "ringing"

    # --- state

    def enter(self, state: str) -> None:
        """Own thread: the running state becomes `state`; publishes CHANNEL_STATE."""
        with self._condition:
            self.running_state = state
            if self.is_up or STATES[state] >= STATES["CS_HANGUP"]:
                self.state = state
        self.publish("CHANNEL_STATE")
        self.wake()

    def go(self, state: str) -> bool:
        """Ask the thread to go to `state`; False when the leg is hung up."""
        with self._condition:
            if not self.is_up:
                return False
            self.state = state
        self.wake()
        return True

    def set_call_state(self, call_state: str) -> None:
        """Change Channel-Call-State; publishes CHANNEL_CALLSTATE when it is another one."""
        with self._condition:
            if call_state == self.call_state:
                return
            original = self.call_state
            self.call_state = call_state
        self.publish("CHANNEL_CALLSTATE", {"Original-Channel-Call-State": original})

    # --- what the classes on top of this one give

    @abstractmethod
    def wake(self) -> None:
        """Have the thread, and who watches, look again."""

    @abstractmethod
    def hangup(self, cause: str = "NORMAL_CLEARING") -> None:
        """End the leg."""

    @abstractmethod
    def pre_answer(self) -> bool:
        """Open the audio before the answer."""


def is_true(value: str | None) -> bool:
    """FreeSWITCH's `switch_true`."""
    if not value:
        return False
    if value.lower() in ("yes", "on", "true", "t", "enabled", "active", "allow"):
        return True
    return value.lstrip("-").isdigit() and int(value) != 0
