"""One leg of a call: its variables, state, events and waits.

`lifecycle.run` is its thread; `sip.dialog` tells it what the phone did; `applications`, `bridge`, `commands` and
the event socket act on it through the methods of `ports.Channel`. All may be called from any thread, except those
that say "own thread". Order and content of events are FreeSWITCH's (switch_channel.c), see the transcripts.
"""

import threading
import time
import uuid as uuids
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import structlog

from softswitch.audio import LegAudio
from softswitch.caller import CallerProfile, Times, now_us
from softswitch.events import Event, new_event
from softswitch.media import MediaError
from softswitch.sip import causes

if TYPE_CHECKING:
    from softswitch.applications import Application
    from softswitch.bridge import Bridge
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
    originating: bool = False
    remote_hangup: bool = False


@dataclass(slots=True)
class Play:
    """A playback under way; `status` is '' until the media process says how it ended."""

    play_id: str
    status: str = ""
    reason: str = ""


class Leg:
    """A channel. See the module's text."""

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
        self.transfer_answer: Callable[[bool], None] | None = None
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
        return bridge.peer_of(self).uuid if bridge is not None else None

    @property
    def partner(self) -> "Leg | None":
        """The leg that it is bound to: bridged, or being dialled for it."""
        bond = self.variables.get("signal_bond") or self.variables.get("originate_signal_bond")
        return self.switch.find(bond) if bond else None

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
        """Publish a channel event with the channel's data and more headers."""
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

    # --- signalling towards the phone

    def ring(self) -> None:
        """Tell the caller that it rings (180)."""
        with self._condition:
            if not self.is_up or self.has_media or self.flags.ring_ready:
                return
            self.flags.ring_ready = True
            self.times.progress = self.times.progress or now_us()
        self.dialog.ring()
        self.publish("CHANNEL_PROGRESS")
        self.set_call_state("RINGING")

    def pre_answer(self) -> bool:
        """Open the audio before the answer (183); False when that can't be."""
        if self.has_media:
            return self.is_up
        if not self.is_up or self.direction == "outbound":
            return False
        body = self._describe_audio()
        if not body:
            return False
        with self._condition:
            self.flags.early_media = True
            self.times.progress_media = self.times.progress_media or now_us()
        self.dialog.progress(body)
        self.publish("CHANNEL_PROGRESS_MEDIA")
        self.set_call_state("EARLY")
        return self.is_up

    def answer(self) -> bool:
        """Answer an inbound leg (200); True when it is answered."""
        if self.flags.answered:
            return self.is_up
        if not self.is_up or self.direction == "outbound":
            return False
        body = self._describe_audio()
        if not body:
            return False
        self.dialog.answer(body)
        self.mark_answered()
        return self.is_up

    def _describe_audio(self) -> str:
        """Our side of the audio; '' when there is no port for it, and the leg is hung up."""
        try:
            return self.audio.answer()
        except MediaError as error:
            self._log.error("no audio for the call", reason=str(error))
            self.hangup("NORMAL_CIRCUIT_CONGESTION")
            return ""

    def mark_answered(self) -> None:
        """The leg is answered, whoever did it."""
        with self._condition:
            if self.flags.answered or not self.is_up:
                return
            self.flags.answered = True
            self.times.answered = now_us()
        self.publish("CHANNEL_ANSWER")
        self.set_call_state("ACTIVE")
        self.set_variable("endpoint_disposition", "ANSWER")
        self.set_variables(dict.fromkeys(("read_codec", "write_codec"), self.audio.codec_name))
        self.switch.on_answer(self)
        self.wake()

    def hangup(self, cause: str = "NORMAL_CLEARING") -> None:
        """End the leg; returns at once. The first cause counts.

        What the partner and the CDR read is set before anybody can see that the leg is down.
        """
        if self.flags.held:
            self.mark_held(False, resumed=False)
        with self._condition:
            if not self.is_up or self._ending:
                return
            self._ending = True
        word = causes.parse(cause)
        bridge = self.bridge
        self._tell_partner(word)
        if bridge is not None and not bridge.ended:
            self.set_variable("last_bridge_role", "originator" if bridge.first is self else "originatee")
        if not self.flags.remote_hangup:
            self.set_variable("sip_hangup_disposition", self._disposition())
        with (
            self._condition
        ):  # also over the event, so that this leg's thread can't publish anything before it
            self.state = "CS_HANGUP"
            self.hangup_cause = word
            self.times.hungup = now_us()
            self.publish("CHANNEL_HANGUP")
        if not self.flags.remote_hangup:
            self._end_dialog()
        self._log.info("hangup", cause=word, channel=self.name)
        if bridge is not None:  # this leg's thread may not have come to serve it yet
            bridge.end()
        self.wake()

    def _tell_partner(self, cause: str) -> None:
        partner = self.partner
        if partner is None or not partner.is_up:  # who ended first was told nothing by the other
            return
        partner.set_variable("last_bridge_hangup_cause", cause)
        if specific := self.variables.get("proto_specific_hangup_cause"):
            partner.set_variable("last_bridge_proto_specific_hangup_cause", specific)

    def _disposition(self) -> str:
        if self.flags.answered:
            return "send_bye"
        return "send_cancel" if self.direction == "outbound" else "send_refuse"

    def _end_dialog(self) -> None:
        if self.flags.answered or self.direction == "outbound":
            self.dialog.end(self.hangup_cause)
        else:
            code, phrase = self._refusal()
            self.dialog.refuse(code, phrase, self.hangup_cause)

    def _refusal(self) -> tuple[int, str]:
        """The final response: what `respond` said, else the other leg's own code, else the cause's."""
        asked = self.variables.get("respond_with", "")
        code_text, _, phrase = asked.partition(" ")
        if code_text.isdigit():
            return int(code_text), phrase or causes.PHRASES.get(int(code_text), "Refused")
        specific = self.variables.get("last_bridge_proto_specific_hangup_cause", "").removeprefix("sip:")
        if specific.isdigit() and 400 <= int(specific) < 700 and not self.is_true("sip_ignore_remote_cause"):
            return int(specific), causes.PHRASES.get(int(specific), "Failure")
        code = causes.to_sip(self.hangup_cause)
        return code, causes.PHRASES.get(code, "Failure")

    # --- hold

    def mark_held(self, on: bool, *, resumed: bool = True) -> None:
        """Hold or unhold, for events and times; `bridge` looks after the audio. `resumed`: the talk goes on."""
        with self._condition:
            if self.flags.held == on:
                return
            self.flags.held = on
            if on:
                self.times.last_hold = now_us()
            else:
                self.times.hold_accum += now_us() - self.times.last_hold
        self.set_call_state("HELD" if on else "UNHELD")
        self.publish("CHANNEL_HOLD" if on else "CHANNEL_UNHOLD")
        if not on and resumed:
            self.set_call_state("ACTIVE")

    # --- transfer and break

    def transfer(self, extension: str, dialplan: str = "XML", context: str = "") -> None:
        """Leave what runs and route anew; a bridged peer is let go by the bridge's end (switch_ivr_session_transfer)."""
        use_dialplan = (
            dialplan or self.get_variable("force_transfer_dialplan") or self.caller.dialplan or "XML"
        )
        use_context = (
            context or self.get_variable("force_transfer_context") or self.caller.context or "default"
        )
        if self.flags.held:
            self.mark_held(False, resumed=False)
        other = self.switch.find(self.variables.get("bridge_uuid", ""))
        with self._condition:
            if not self.is_up:
                return
            self.flags.transfer = True
            self.caller = self.caller.moved(extension or "service", use_dialplan, use_context)
            source = (
                f"{now_us() // 1_000_000}:{uuids.uuid4()}:bl_xfer:{extension}/{use_context}/{use_dialplan}"
            )
            self.caller.transfer_source = source
            self.times.transferred = self.times.profile_created = now_us()
            self.state = "CS_ROUTING"
        self.set_variables({"transfer_history": source, "transfer_source": source})
        self.set_variable("signal_bond", None)
        if other is not None:
            other.set_variable("signal_bond", None)
        if (bridge := self.bridge) is not None:  # this leg's thread may not have come to serve it yet
            bridge.end()
        self.wake()

    def break_application(self, *, everything: bool = False) -> None:
        """Stop the playback or wait that runs now; with `everything` also what is queued behind it."""
        with self._condition:
            self.flags.stop = True
            if everything:
                self._queue.clear()
        self.wake()

    def take_stop(self) -> bool:
        """Own thread: was it told to stop? Clears the mark."""
        with self._condition:
            asked = self.flags.stop
            self.flags.stop = False
            return asked

    # --- digits

    def push_digit(self, digit: str, milliseconds: int, source: str) -> None:
        """A key was pressed."""
        with self._condition:
            if len(self.digits) < MOST_DIGITS:
                self.digits.append(Digit(digit, milliseconds, source))
                self.digits_dialed = (self.digits_dialed + digit)[-MOST_DIGITS:]
        self.wake()

    def take_digit(self) -> Digit | None:
        """Own thread: the oldest key not yet looked at; publishes DTMF."""
        with self._condition:
            digit = self.digits.popleft() if self.digits else None
        if digit is not None:
            self.publish(
                "DTMF",
                {
                    "DTMF-Digit": digit.digit,
                    "DTMF-Duration": str(digit.milliseconds * 8),
                    "DTMF-Source": digit.source,
                },
            )
        return digit

    # --- waiting (own thread)

    def wake(self) -> None:
        """Have the thread, and who watches, look again."""
        with self._condition:
            self._condition.notify_all()
            watchers = list(self._watchers)
        for watcher in watchers:
            watcher()

    def watch(self, watcher: Callable[[], None]) -> Callable[[], None]:
        """Call `watcher` at each change; returns how to end it."""
        with self._condition:
            self._watchers.append(watcher)

        def unwatch() -> None:
            with self._condition:
                if watcher in self._watchers:
                    self._watchers.remove(watcher)

        return unwatch

    def wait_until(self, done: Callable[[], bool], seconds: float | None = None) -> bool:
        """Own thread: run what is queued and wait for `done`; False when the time is up or the leg must leave."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while True:
            with self._condition:
                if done():
                    return True
                if not self.is_ready:
                    return False
                job = self._next_job()
                if job is None:
                    left = None if deadline is None else deadline - time.monotonic()
                    if left is not None and left <= 0:
                        return False
                    self._condition.wait(left)
                    continue
            self._run_job(job)

    def wait_for(self, peer: "Leg", fact: Callable[[], bool], seconds: float) -> bool:
        """Own thread: wait for something that another leg's thread does."""
        unwatch = peer.watch(self.wake)
        try:
            return self.wait_until(fact, seconds)
        finally:
            unwatch()

    def sleep(self, seconds: float) -> None:
        """Own thread: wait, ended by hangup, transfer or break."""
        self.wait_until(lambda: self.flags.stop, seconds)
        self.take_stop()

    def park(self, until: Callable[[], bool]) -> None:
        """Own thread: do what is queued until `until()`, hangup or transfer."""
        self.flags.parked = True
        self.publish("CHANNEL_PARK")
        while self.wait_until(lambda: until() or bool(self.digits)) and not until():
            self.take_digit()
        self.flags.parked = False
        self.publish("CHANNEL_UNPARK")

    def _next_job(self) -> Queued | None:
        if self.flags.locked or not self._queue or self._depth >= DEEPEST:
            return None
        return self._queue.popleft()

    def _run_job(self, job: Queued) -> None:
        self.flags.locked = job.lock
        try:
            count = 0
            while self.is_ready and (job.loops < 0 or count < job.loops):
                begun = time.monotonic()
                self.execute(job.application, job.argument, job.event_uuid)
                count += 1
                if time.monotonic() - begun < 0.5:  # FreeSWITCH refuses to loop what ends at once
                    break
        finally:
            if job.lock:
                self.flags.locked = False

    # --- applications

    def queue_execute(
        self,
        application: str,
        argument: str = "",
        event_uuid: str = "",
        *,
        loops: int = 1,
        lock: bool = False,
    ) -> None:
        """Queue an application; the thread runs it in turn."""
        with self._condition:
            if not self.is_up:
                return
            self._queue.append(Queued(application, argument, event_uuid, loops, lock))
        self.wake()

    def execute(self, application: str, argument: str = "", event_uuid: str = "") -> None:
        """Own thread: run an application and return when it is done (switch_core_session_execute_application)."""
        found = self.switch.application(application)
        if not self.is_up and not (found and found.after_hangup):
            return
        if found is None:
            self._log.error("no such application", application=application)
            self.hangup("DESTINATION_OUT_OF_ORDER")
            return
        if self._depth >= DEEPEST:
            self._log.error("applications nested too deep", application=application)
            return
        if found.needs_media and not self.has_media and not self.pre_answer():
            return
        self._depth += 1
        try:
            self._run_application(found, application, argument, event_uuid or str(uuids.uuid4()))
        finally:
            self._depth -= 1

    def _run_application(self, found: "Application", name: str, argument: str, event_uuid: str) -> None:
        expanded = argument if not found.expands else self.switch.expand(self, argument)
        self.last_executed = name, expanded
        self.set_variable("current_application", name)
        self.set_variable("current_application_data", expanded)
        self.set_variable("current_application_response", None)
        headers = {"Application": name} | ({"Application-Data": expanded} if expanded else {})
        headers["Application-UUID"] = event_uuid
        self.publish("CHANNEL_EXECUTE", headers)
        self.flags.stop = False
        try:
            found.run(self, expanded)
        except Exception:  # noqa: BLE001 - logged with its trace
            # One application's defect must not end the switch; the dialplan goes on with the next action.
            self._log.exception("application failed", application=name, argument=expanded)
        response = self.get_variable("current_application_response") or "_none_"
        self.publish("CHANNEL_EXECUTE_COMPLETE", headers | {"Application-Response": response})

    def play_aside(self, source: str, *, loop: bool = False) -> None:
        """Play to this leg while it talks: within the bridge, as FreeSWITCH's broadcast; `uuid_break` ends it."""
        self.queue_execute("endless_playback" if loop else "playback", source)


def is_true(value: str | None) -> bool:
    """FreeSWITCH's `switch_true`."""
    if not value:
        return False
    if value.lower() in ("yes", "on", "true", "t", "enabled", "active", "allow"):
        return True
    return value.lstrip("-").isdigit() and int(value) != 0


__all__ = ["STATES", "Digit", "Flags", "Leg", "Play", "Queued", "is_true"]
