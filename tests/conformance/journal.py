"""The events of the switch, in one list, and its API: an inbound event socket of the suite's own, on a loop in a thread.

The tests are synchronous, because phones are; `Loop.run` carries a coroutine over.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from esl.aio import Client, connect
from esl.errors import CommandFailed
from esl.event import Event
from tests.conformance.switches import RunningSwitch

Value = TypeVar("Value")
SECONDS = 10.0
# What our code waits for; the rest (states, call updates, media bugs) may differ between the switches.
RELIED_ON = frozenset(
    {
        "CHANNEL_CREATE", "CHANNEL_PROGRESS", "CHANNEL_PROGRESS_MEDIA", "CHANNEL_ANSWER", "CHANNEL_EXECUTE", "CHANNEL_EXECUTE_COMPLETE",
        "CHANNEL_BRIDGE", "CHANNEL_UNBRIDGE", "CHANNEL_HOLD", "CHANNEL_UNHOLD", "CHANNEL_PARK", "CHANNEL_UNPARK", "CHANNEL_HANGUP",
        "CHANNEL_HANGUP_COMPLETE", "PLAYBACK_START", "PLAYBACK_STOP", "RECORD_START", "RECORD_STOP", "DTMF",
    }
)  # fmt: skip


class Loop:
    """An asyncio loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="conformance loop", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, Value], seconds: float = 30) -> Value:
        """Run a coroutine there and return its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(seconds)

    def close(self) -> None:
        """End the loop and what runs on it."""
        self.run(self._cancel_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @staticmethod
    async def _cancel_all() -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def told(event: Event) -> str:
    """An event in a word or two: `CHANNEL_EXECUTE playback`, without the prefix."""
    name = event.name.removeprefix("CHANNEL_")
    return f"{name} {event.get('Application')}" if name.startswith("EXECUTE") else name


class Events:
    """A growing list of events that a test can wait on."""

    def __init__(self) -> None:
        self.all: list[Event] = []
        self._changed = threading.Condition()

    def add(self, event: Event) -> None:
        """Take one more."""
        with self._changed:
            self.all.append(event)
            self._changed.notify_all()

    def wait(
        self,
        name: str,
        uuid: str = "",
        fact: Callable[[Event], object] = lambda event: True,
        *,
        seconds: float = SECONDS,
        after: int = 0,
    ) -> Event:
        """The first event of this name (of this leg) for which `fact` holds. Raises TimeoutError with what came."""

        def found() -> Event | None:
            chosen = (e for e in self.all[after:] if e.name == name and uuid in ("", e.uuid))
            return next((e for e in chosen if fact(e)), None)

        with self._changed:
            if not self._changed.wait_for(found, seconds):
                came = [f"{e.uuid[:4]} {told(e)}" for e in self.all[after:] if e.name in RELIED_ON]
                raise TimeoutError(f"no {name} {uuid} within {seconds} s; came: {came}")
            event = found()
        assert event is not None
        return event

    def of(self, uuid: str, *names: str, after: int = 0) -> list[Event]:
        """The events of a leg, those with these names."""
        return [e for e in self.all[after:] if e.uuid == uuid and (not names or e.name in names)]

    def story(self, uuid: str, *, without: tuple[str, ...] = ()) -> list[str]:
        """A leg's life in the events that our code relies on."""
        return [told(e) for e in self.of(uuid) if e.name in RELIED_ON and told(e).split()[0] not in without]


class Journal(Events):
    """All events of a switch since `begin`, and its API."""

    def __init__(self, loop: Loop, client: Client) -> None:
        super().__init__()
        self._loop, self.client = loop, client
        self.switch: RunningSwitch
        self.following: asyncio.Task[None]

    async def follow(self) -> None:
        """Read until the connection ends."""
        async for event in self.client.events():
            self.add(event)

    def begin(self) -> None:
        """A new test."""
        self.all = []

    def api(self, line: str) -> str:
        """The text of an API command."""
        return self._loop.run(self.client.api(line))

    def command(self, line: str) -> str:
        """The reply text of an event socket command, errors included."""
        try:
            return self._loop.run(self.client.command(line)).reply_text
        except CommandFailed as error:
            return str(error)

    def caller_leg(self, seconds: float = SECONDS) -> str:
        """The UUID of the first call that came in."""
        return self.wait(
            "CHANNEL_CREATE", fact=lambda e: e.get("Call-Direction") == "inbound", seconds=seconds
        ).uuid

    def phone_leg(self, seconds: float = SECONDS) -> str:
        """The UUID of the first leg that the switch dialled."""
        return self.wait(
            "CHANNEL_CREATE", fact=lambda e: e.get("Call-Direction") == "outbound", seconds=seconds
        ).uuid

    def other_legs(self, *known: str) -> list[str]:
        """The legs that are none of these, in the order in which they came."""
        return [e.uuid for e in self.all if e.name == "CHANNEL_CREATE" and e.uuid not in known]

    def ended(self, uuid: str, seconds: float = SECONDS) -> Event:
        """A leg's CHANNEL_HANGUP_COMPLETE, with all its variables."""
        return self.wait("CHANNEL_HANGUP_COMPLETE", uuid, seconds=seconds)


async def open_journal(loop: Loop, port: int, password: str) -> Journal:
    """Connect and ask for every event."""
    client = await connect("127.0.0.1", port, password)
    await client.subscribe("ALL")
    journal = Journal(loop, client)
    journal.following = asyncio.create_task(journal.follow())
    return journal
