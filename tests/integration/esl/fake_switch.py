"""A switch without SIP and media, for tests of the event socket and the API commands.

Channels run a list of actions on threads of their own and publish the events that FreeSWITCH would.
"""

import threading
import uuid as uuids
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from softswitch.events import Event, EventBus, new_event

WAIT_SECONDS = 10


class FakeChannel:
    """Implements `softswitch.ports.Channel`. The application `wait` blocks until a break or the hangup."""

    def __init__(self, switch: "FakeSwitch", uuid: str) -> None:
        self.switch = switch
        self.uuid = uuid
        self.name = f"sofia/internal/{uuid}@127.0.0.1"
        self.direction = "inbound"
        self.variables: dict[str, str] = {}
        self.cause = ""
        self.bridged_to: str | None = None
        self.is_answered = False
        self.calls: list[tuple[Any, ...]] = []
        self.finished = threading.Event()
        self._changed = threading.Condition()
        self._queue: deque[tuple[str, str, str]] = deque()
        self._is_broken = False
        self._is_transferred = False

    @property
    def is_up(self) -> bool:
        return not self.cause

    def get_variable(self, name: str) -> str | None:
        return {"uuid": self.uuid, "destination_number": "7003"}.get(name) or self.variables.get(name)

    def set_variable(self, name: str, value: str | None) -> None:
        if value:
            self.variables[name] = value
        else:
            self.variables.pop(name, None)

    def event_data(self) -> dict[str, str]:
        data = {"Unique-ID": self.uuid, "Channel-Name": self.name, "Caller-Destination-Number": "7003"}
        if self.cause:
            data["Hangup-Cause"] = self.cause
        return data | {f"variable_{name}": value for name, value in self.variables.items()}

    def publish(self, name: str, **headers: str) -> None:
        event = new_event(name)
        event.headers |= self.event_data() | {key.replace("_", "-"): value for key, value in headers.items()}
        self.switch.publish(event)

    def execute(self, application: str, argument: str = "", event_uuid: str = "") -> None:
        about = {
            "Application": application,
            "Application_Data": argument,
            "Application_UUID": event_uuid or str(uuids.uuid4()),
        }
        self.publish("CHANNEL_EXECUTE", **about)
        self._run(application, argument)
        self.publish("CHANNEL_EXECUTE_COMPLETE", **about, Application_Response="_none_")

    def _run(self, application: str, argument: str) -> None:
        if application == "answer":
            self.is_answered = True
            self.publish("CHANNEL_ANSWER")
        elif application == "set":
            name, _, value = argument.partition("=")
            self.set_variable(name, value)
        elif application == "hangup":
            self.hangup(argument or "NORMAL_CLEARING")
        elif application == "socket" and self.switch.run_outbound:
            self.switch.run_outbound(self, argument)
        elif application == "wait":
            with self._changed:
                self._changed.wait_for(lambda: self._is_broken or not self.is_up, WAIT_SECONDS)
                self._is_broken = False

    def queue_execute(
        self,
        application: str,
        argument: str = "",
        event_uuid: str = "",
        *,
        loops: int = 1,
        lock: bool = False,
    ) -> None:
        self.calls.append(("queue_execute", application, argument, loops, lock))
        with self._changed:
            self._queue.append((application, argument, event_uuid))
            self._changed.notify_all()

    def park(self, until: Callable[[], bool]) -> None:
        self.publish("CHANNEL_PARK")
        while self.is_up and not until() and not self._is_transferred:
            with self._changed:
                self._changed.wait_for(
                    lambda: self._queue or not self.is_up or until() or self._is_transferred
                )
                item = self._queue.popleft() if self._queue and self.is_up else None
            if item:
                self.execute(*item)
        self.publish("CHANNEL_UNPARK")

    def wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def play_aside(self, source: str, *, loop: bool = False) -> None:
        self.calls.append(("play_aside", source, loop))

    def hangup(self, cause: str = "NORMAL_CLEARING") -> None:
        with self._changed:
            if self.cause:
                return
            self.cause = cause
            self._changed.notify_all()
        self.publish("CHANNEL_HANGUP")

    def break_application(self, *, everything: bool = False) -> None:
        self.calls.append(("break", everything))
        with self._changed:
            self._is_broken = True
            self._changed.notify_all()

    def transfer(self, extension: str, dialplan: str = "XML", context: str = "") -> None:
        self.calls.append(("transfer", extension, dialplan, context))
        self._is_transferred = True
        self.wake()

    def run_dialplan(self, *actions: tuple[str, str]) -> None:
        """Run the actions on a thread of the channel's own, then hang up."""

        def run() -> None:
            for application, argument in actions:
                if self.is_up:
                    self.execute(application, argument)
            self.hangup("NORMAL_CLEARING")
            self.switch.live.pop(self.uuid, None)
            self.publish("CHANNEL_HANGUP_COMPLETE")
            self.publish("CHANNEL_DESTROY")
            self.finished.set()

        threading.Thread(target=run, daemon=True).start()


class FakeSwitch:
    """Implements `softswitch.ports.Switch`."""

    def __init__(self) -> None:
        self.live: dict[str, FakeChannel] = {}
        self.run_outbound: Callable[[Any, str], None] | None = None
        self.calls: list[tuple[Any, ...]] = []
        self.originated: tuple[FakeChannel | None, str] = (None, "SUBSCRIBER_ABSENT")
        self.phones: list[dict[str, str]] = []
        self.reload_error: Exception | None = None
        self.errors: list[Exception] = []
        self.bus = EventBus(lambda event, error: self.errors.append(error))
        self.publish = self.bus.publish
        self.subscribe = self.bus.subscribe

    def add(self, uuid: str) -> FakeChannel:
        """A new live channel."""
        self.live[uuid] = FakeChannel(self, uuid)
        return self.live[uuid]

    def channel(self, uuid: str) -> FakeChannel | None:
        return self.live.get(uuid)

    def channels(self) -> Sequence[FakeChannel]:
        return list(self.live.values())

    def originate(
        self, dial_string: str, variables: Mapping[str, str], timeout_seconds: float
    ) -> tuple[FakeChannel | None, str]:
        self.calls.append(("originate", dial_string, dict(variables), timeout_seconds))
        return self.originated

    def bridge_legs(self, uuid: str, other_uuid: str) -> bool:
        self.calls.append(("bridge_legs", uuid, other_uuid))
        return uuid in self.live and other_uuid in self.live

    def hold(self, uuid: str, on: bool) -> bool:
        self.calls.append(("hold", uuid, on))
        return uuid in self.live

    def record(self, uuid: str, path: str, action: str) -> bool:
        self.calls.append(("record", uuid, path, action))
        return uuid in self.live

    def registrations(self) -> Sequence[Mapping[str, str]]:
        return self.phones

    def reload(self) -> None:
        if self.reload_error:
            raise self.reload_error


class Echo:
    """Stands in for the API commands: replies with what it was asked; `block` waits for `release`."""

    def __init__(self) -> None:
        self.release = threading.Event()

    def run(self, line: str) -> str:
        if line == "block":
            self.release.wait(WAIT_SECONDS)
        if line == "fail":
            raise RuntimeError("broken command")
        return "" if line == "nothing" else f"ran {line}"


def event(name: str, **headers: str) -> Event:
    """An event with these headers."""
    return new_event(name, **headers)
