"""The built-in switch: its legs, profiles and configuration, and what API commands ask of it (`ports.Switch`).

`__main__` builds it. A call: `sip.profile` -> `take_call` makes a leg and its thread (`lifecycle`) -> dialplan ->
`applications` -> `bridge`/`originate` -> hangup -> reporting hook -> `forget`.
"""

import re
import threading
import time
import uuid as uuids
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import structlog

from softswitch import applications, arrivals, bridge, config, lifecycle, playback
from softswitch.applications import Application
from softswitch.audio import LegAudio, MediaPort
from softswitch.caller import CallerProfile
from softswitch.channel import Leg, is_true
from softswitch.config import Configuration
from softswitch.dialplan import Context
from softswitch.dialstring import BadDialString
from softswitch.events import Event, EventBus, Wants
from softswitch.expand import expand
from softswitch.originate import Originate
from softswitch.recorder import Recorder
from softswitch.routes import Endpoint, Routes, Trunk
from softswitch.signals import Signals
from softswitch.sip import causes, sdp
from softswitch.sip.dialog import Dialog
from softswitch.sip.directory import Directory
from softswitch.sip.profile import Arrival, ProfileSettings, SipProfile
from softswitch.sip.registrar import Registrar

MOST_SESSIONS = 1000  # legs at a time; an INVITE over it gets 503


class ApiCommands(Protocol):
    """`softswitch.commands.Commands`."""

    def run(self, line: str, env: Event | None = None) -> str:
        """Run an API command line."""

    def call(self, name: str, arguments: str) -> str:
        """Run one inside an expansion; an unknown one gives ''."""


class SoftSwitch:
    """See the module's text. Methods may be called from any thread unless they say otherwise."""

    def __init__(
        self,
        configuration: Configuration,
        media: MediaPort,
        domain: str,
    ) -> None:
        self.log = structlog.get_logger("softswitch.switch")
        self.configuration = configuration
        self.media = media
        self.domain = domain
        self.commands: ApiCommands | None = None
        self.run_socket: Callable[[Leg, str], None] | None = None
        self.bus = EventBus(self._listener_failed)
        self.registrar = Registrar(self.publish)
        self.directory = Directory(lambda: self.configuration)
        self.profiles: dict[str, SipProfile] = {}
        self.routes = Routes(self.registrar, self.directory, domain, self._profile_names, self._trunks)
        self.workers = ThreadPoolExecutor(8, "directory")
        self.calls_total = 0
        self.legs_total = 0
        self._second = self._in_second = 0
        self.started_at = time.time()
        self._legs: dict[str, Leg] = {}
        self._lock = threading.Lock()
        self._empty = threading.Condition(self._lock)
        self._applications = applications.registry()
        self.recorder = Recorder(media, lambda: self.global_variable("recordings_dir") or "")

    # --- events

    def publish(self, event: Event) -> None:
        """Send an event to every subscriber, in one order for all."""
        self.bus.publish(event)

    def subscribe(self, listener: Callable[[Event], None], wants: Wants | None = None) -> Callable[[], None]:
        """Call `listener` for each event; returns the unsubscriber."""
        return self.bus.subscribe(listener, wants)

    def _listener_failed(self, event: Event, error: Exception) -> None:
        self.log.error("event listener failed", event_name=event.name, exc_info=error)

    # --- legs

    def find(self, uuid: str | None) -> Leg | None:
        """The live leg with this UUID."""
        with self._lock:
            return self._legs.get(uuid or "")

    def channel(self, uuid: str) -> Leg | None:
        """The live leg with this UUID."""
        return self.find(uuid)

    def channels(self) -> Sequence[Leg]:
        """All live legs, oldest first."""
        with self._lock:
            return list(self._legs.values())

    def forget(self, leg: Leg) -> None:
        """A leg's thread has ended."""
        with self._empty:
            self._legs.pop(leg.uuid, None)
            if not self._legs:
                self._empty.notify_all()

    def start_thread(self, leg: Leg) -> None:
        """Start a leg's life."""
        thread = threading.Thread(target=lifecycle.run, args=(leg,), name=f"leg-{leg.uuid[:8]}", daemon=True)
        leg.thread = thread
        try:
            thread.start()
        except RuntimeError:  # the machine has no thread left: refuse, and forget what was begun
            self.log.critical("can't start a thread", call_uuid=leg.uuid)
            leg.hangup("SWITCH_CONGESTION")
            self.forget(leg)

    def _add(self, leg: Leg) -> None:
        with self._lock:
            self._legs[leg.uuid] = leg
            self.legs_total += 1

    def application(self, name: str) -> Application | None:
        """A dialplan application."""
        return self._applications.get(name)

    def expand(self, leg: Leg, text: str) -> str:
        """`${variables}` and `${commands(…)}` in an argument."""
        if "$" not in text and "\\" not in text:
            return text
        return expand(text, self._variables_of(leg), self.call_api)

    def _variables_of(self, leg: Leg) -> Callable[[str], str | None]:
        def get(name: str) -> str | None:
            value = leg.get_variable(name)
            return value if value is not None else self.global_variable(name)

        return get

    # --- calls that come in (main thread)

    def take_call(self, arrival: Arrival) -> str | None:
        """Make the leg of an INVITE and start it; or why not."""
        if self._is_full():
            return "503 Maximum Calls In Progress"
        self.calls_total += 1
        dialog, profile = arrival.dialog, arrival.profile
        variables = arrivals.variables_of(arrival)
        user_variables = arrival.user.variables if arrival.user is not None else {}
        caller = arrivals.profile_of(arrival, user_variables.get("user_context") or profile.settings.context)
        audio = LegAudio(self.media, caller.uuid, profile.settings.preferences)
        leg = Leg(self, caller, audio, dialog, caller.channel_name)
        leg.profile_name = profile.name
        leg.set_variables(
            user_variables
            | variables
            | {
                "uuid": caller.uuid,
                "call_uuid": caller.uuid,
                "session_id": str(self.legs_total + 1),
                "channel_name": caller.channel_name,
            }
        )
        body = arrival.request.getBody()
        if body is not None:
            try:
                audio.hear(sdp.parse(str(body)))
                leg.set_variable("switch_r_sdp", str(body))
            except sdp.SdpError as error:
                self.log.info("offer not usable", reason=str(error), call_uuid=leg.uuid)
                leg.refused_cause = "INCOMPATIBLE_DESTINATION"
        dialog.listener = Signals(leg, dialog)
        self._add(leg)
        self.start_thread(leg)
        return None

    def _is_full(self) -> bool:
        """`max-sessions` and `sessions-per-second` of switch.conf."""
        settings = self.configuration.settings("switch.conf")
        most, rate = settings.get("max-sessions", ""), settings.get("sessions-per-second", "")
        now = int(time.monotonic())
        if now != self._second:
            self._second, self._in_second = now, 0
        self._in_second += 1
        if rate.isdigit() and self._in_second > int(rate):
            return True
        with self._lock:
            return len(self._legs) >= (int(most) if most.isdigit() else MOST_SESSIONS)

    # --- calls that go out

    def make_outbound(self, endpoint: Endpoint, caller: CallerProfile, variables: Mapping[str, str]) -> Leg:
        """A leg for an INVITE to be sent (`originate`); its thread is not yet started."""
        profile = self.profiles[endpoint.profile]
        headers = {
            name.removeprefix("sip_h_"): value
            for name, value in variables.items()
            if name.startswith("sip_h_")
        }
        number = variables.get("sip_from_user") or caller.caller_id_number
        target = endpoint.target(number, caller.caller_id_name, headers)
        call_id = str(uuids.uuid4())
        dialog = Dialog(profile.transactions, profile.settings.host, target, call_id)
        audio = LegAudio(self.media, caller.uuid, profile.settings.preferences)
        leg = Leg(self, caller, audio, dialog, endpoint.channel_name)
        leg.running_state = "CS_NONE"
        leg.profile_name = profile.name
        leg.set_variables(
            {
                "sip_call_id": call_id,
                "sip_to_user": endpoint.number,
                "sip_req_uri": endpoint.uri.removeprefix("sip:"),
                "sip_destination_url": endpoint.uri,
                "sofia_profile_name": profile.name,
                "session_id": str(self.legs_total + 1),
            }
        )
        dialog.listener = Signals(leg, dialog)
        self._add(leg)
        return leg

    def originate(
        self,
        dial_string: str,
        variables: Mapping[str, str],
        timeout_seconds: float,
        caller: Leg | None = None,
    ) -> tuple[Leg | None, str]:
        """Dial; wait for the answer. Returns the answered leg, or None and the hangup cause."""
        try:
            run = Originate(self, caller, dial_string, variables, timeout_seconds)
        except BadDialString as error:
            self.log.error("bad dial string", reason=str(error))
            return None, "INVALID_URL"
        return run.run()

    def _profile_names(self) -> dict[str, str]:
        names = {name: name for name in self.profiles}
        for name, profile in self.configuration.profiles.items():
            if name in self.profiles:
                names |= dict.fromkeys(profile.aliases, name)
        return names

    def _trunks(self) -> dict[str, Trunk]:
        return {
            name: Trunk(each.profile, each.params, each.variables)
            for name, each in self.configuration.gateways.items()
        }

    # --- two legs

    def bridge(self, first: Leg, second: Leg) -> None:
        """First leg's own thread: let the two talk until one goes."""
        bridge.talk(first, second)

    def bridge_legs(self, uuid: str, other_uuid: str) -> bool:
        """Connect two answered legs (`uuid_bridge`); False when either is gone."""
        first, second = self.find(uuid), self.find(other_uuid)
        if first is None or second is None or first is second or not (first.is_up and second.is_up):
            return False
        bridges = [leg.bridge for leg in (first, second) if leg.bridge is not None]
        first.pending_bridge = second
        # Leave what runs; said before the bridges end, because the end of one hangs up whoever has nowhere to go.
        second.flags.transfer = first.flags.transfer = True
        second.go("CS_CONSUME_MEDIA")
        is_on_its_way = first.go("CS_SOFT_EXECUTE")
        for each in bridges:
            each.end()
        return is_on_its_way

    def legs_connected(self, leg: Leg) -> None:
        """A bridge begins for this leg."""
        if leg.direction == "inbound" and not leg.times.progress and (partner := leg.partner) is not None:
            leg.times.progress = partner.times.progress

    def hold(self, uuid: str, on: bool) -> bool:
        """`uuid_hold`: re-INVITE the leg sendonly and play its peer the hold music; False when it is gone."""
        leg = self.find(uuid)
        if leg is None or not leg.is_up or not leg.is_answered:
            return False
        if leg.flags.held != on:
            leg.dialog.offer(leg.audio.offer("sendonly" if on else "sendrecv"))
            self.phone_holds(leg, on)
        return True

    def phone_holds(self, leg: Leg, on: bool) -> None:
        """A leg stops or begins to listen, by its own re-INVITE or by `hold`."""
        if leg.flags.held == on:
            return
        leg.mark_held(on)
        if leg.bridge is not None:
            leg.bridge.hold(leg, on)

    def hold_music(self, leg: Leg) -> str:
        """The `hold-music` of the leg's profile."""
        profile = self.profiles.get(leg.profile_name)
        return profile.settings.hold_music if profile is not None else ""

    def may_transfer(self, leg: Leg) -> bool:
        """Whether the phones of its profile may REFER (`disable-transfer`)."""
        profile = self.profiles.get(leg.profile_name)
        return profile is not None and profile.settings.allows_transfer

    def displace(self, uuid: str, source: str, on: bool) -> bool:
        """`uuid_displace`: the leg hears `source` in the place of everybody, and nobody hears it; False when that is so already."""
        leg = self.find(uuid)
        if leg is None or not leg.is_up or (source in leg.displaced) == on:
            return False
        if on:
            leg.displaced[source] = f"displace-{uuids.uuid4()}"
            self.media.play(uuid, playback.resolve(leg, source), play_id=leg.displaced[source], loop=True)
        else:
            self.media.stop_play(uuid, leg.displaced.pop(source))
        self._mute(leg)
        return True

    def mute(self, uuid: str, on: bool) -> bool:
        """`uuid_audio`: nobody hears what the leg says, and no recording does."""
        leg = self.find(uuid)
        if leg is None or not leg.is_up:
            return False
        leg.flags.muted = on
        self._mute(leg)
        return True

    def _mute(self, leg: Leg) -> None:
        self.media.mute(leg.uuid, leg.flags.muted or bool(leg.displaced))

    def phone_event(self, uuid: str, event: str) -> bool:
        """`uuid_phone_event`: NOTIFY with this event to the leg's phone, also while it rings."""
        leg = self.find(uuid)
        if leg is None or not leg.is_up:
            return False
        leg.dialog.notify_event(re.sub(r"[^A-Za-z0-9_.-]", "", event))
        return True

    def on_answer(self, leg: Leg) -> None:
        """A leg is answered: `execute_on_answer`, `api_on_answer`."""
        if wanted := leg.get_variable("execute_on_answer"):
            application, _, argument = wanted.replace("::", " ", 1).partition(" ")
            leg.queue_execute(application, argument)
        if wanted := leg.get_variable("api_on_answer"):
            self.workers.submit(self.api, wanted)

    def record(self, uuid: str, path: str, action: str) -> bool:
        """`uuid_record`: action is start, stop, mask or unmask."""
        leg = self.find(uuid)
        return leg is not None and leg.is_up and self.recorder.act(leg, path, action)

    # --- the media process's events (its reader thread)

    def on_media_event(self, leg_id: str | None, name: str, data: Mapping[str, Any]) -> None:
        """What `softswitch.media` tells; must be quick."""
        leg = self.find(leg_id)
        if name == "recorded":
            self.recorder.note_end(leg, leg_id or "", data)
        elif leg is None:
            return
        elif name == "dtmf":
            leg.push_digit(str(data["digit"]), int(data.get("milliseconds", 250)), "RTP")
        elif name == "played":
            play = leg.plays.get(str(data["play_id"]))
            if play is not None:
                play.status = str(data["status"])
                play.reason = str(data.get("reason", ""))
                leg.wake()
        elif name == "rtp_lost" and leg.is_up and leg.is_answered and not leg.flags.held:
            self.log.warning("no RTP from the phone", seconds=data.get("seconds"), call_uuid=leg.uuid)
            leg.hangup("MEDIA_TIMEOUT")

    # --- commands, hooks, configuration

    def api(self, line: str) -> str:
        """Run an API command."""
        return self.commands.run(line) if self.commands is not None else "-ERR not ready\n"

    def call_api(self, name: str, arguments: str) -> str:
        """An API command inside an expansion."""
        return self.commands.call(name, arguments) if self.commands is not None else ""

    def run_hook(self, leg: Leg, hook: str) -> None:
        """`api_hangup_hook`, `api_reporting_hook`: an API command with the leg's data as its environment."""
        with_variables = Event({**leg.variables, **leg.event_data(), "Event-Name": "REQUEST_PARAMS"})
        command, _, argument = hook.replace("::", " ", 1).partition(" ")
        expanded = expand(argument, with_variables.get, self.call_api)
        if self.commands is not None:
            self.commands.run(f"{command} {expanded}".strip(), with_variables)

    def context(self, name: str) -> Context | None:
        """A dialplan context."""
        return self.configuration.context(name)

    def global_variable(self, name: str) -> str | None:
        """A `$${…}` value."""
        return self.configuration.variables.get(name)

    def set_global_variable(self, name: str, value: str) -> None:
        """Change a `$${…}` value until the next start."""
        self.configuration.variables[name] = value

    def q850(self, cause: str) -> int:
        """The number of a cause."""
        return causes.q850(cause)

    def registrations(self) -> Sequence[Mapping[str, str]]:
        """Rows of `show registrations`."""
        return [each.row() for each in self.registrar.all()]

    def reload(self) -> None:
        """`reloadxml`: a broken file keeps the last good one and raises `ConfigError`."""
        self.configuration = config.load(self.configuration.conf_dir)
        for name, folder in self.configuration.local_streams.items():
            self.media.add_stream(name, str(folder))

    # --- beginning and end

    def add_profile(self, settings: ProfileSettings) -> SipProfile:
        """Main thread: bind a profile. Raises OSError when its port is taken."""
        profile = SipProfile(settings, self.directory, self.registrar, self.workers, self.take_call)
        self.profiles[settings.name] = profile
        return profile

    def stop_accepting(self) -> None:
        """New calls get 503."""
        for profile in self.profiles.values():
            profile.accepting = False

    def hang_up_all(self, cause: str = "MANAGER_REQUEST") -> None:
        """End every leg."""
        for leg in self.channels():
            leg.hangup(cause)

    def wait_until_empty(self, seconds: float) -> bool:
        """Wait until the last leg has reported; False when some are left."""
        with self._empty:
            return self._empty.wait_for(lambda: not self._legs, seconds)


__all__ = ["MOST_SESSIONS", "ApiCommands", "SoftSwitch", "is_true"]
