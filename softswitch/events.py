"""Events of the built-in switch: made with FreeSWITCH's core headers, and published in one order to all.

`switch`, `channel` and `commands` make them; the event socket and the reporting hook listen.
"""

import itertools
import socket
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache

from esl.event import Event

__all__ = ["CORE_UUID", "Event", "EventBus", "new_event"]

CORE_UUID = str(uuid.uuid4())
_sequence = itertools.count(1)


def new_event(name: str, *, subclass: str = "", body: str = "", **headers: str) -> Event:
    """An event named `name`; a keyword `Unique_ID` becomes the header `Unique-ID`.

    For headers whose names hold an underscore or come from a channel, update `event.headers` afterwards.
    """
    first = {"Event-Subclass": subclass} if subclass else {}
    event = Event(first | core_headers(name), body)
    event.headers.update({key.replace("_", "-"): value for key, value in headers.items()})
    return event


def core_headers(name: str) -> dict[str, str]:
    """What every event of FreeSWITCH begins with (switch_event_prep_for_delivery)."""
    now_us = time.time_ns() // 1000
    return {
        "Event-Name": name,
        **_dated(now_us // 1_000_000),
        "Event-Date-Timestamp": str(now_us),
        "Event-Sequence": str(next(_sequence)),
    }


@lru_cache(maxsize=2)
def _dated(second: int) -> dict[str, str]:
    """What all events of a second have in common; not to be changed."""
    instant = datetime.fromtimestamp(second, UTC)
    return {
        "Core-UUID": CORE_UUID,
        "FreeSWITCH-Hostname": host_name(),
        "FreeSWITCH-Switchname": host_name(),
        "Event-Date-Local": f"{instant.astimezone():%Y-%m-%d %H:%M:%S}",
        "Event-Date-GMT": format_datetime(instant, usegmt=True),
    }


@lru_cache(maxsize=1)
def host_name() -> str:
    """This machine's name, asked once."""
    return socket.gethostname()


Wants = Callable[[str, str], bool]
"""Whether a listener may want events of this name, of this channel (`""` for none). Asked on any thread."""


def _everything(_name: str, _uuid: str) -> bool:
    return True


class EventBus:
    """Hands each event to every listener, in one order for all; a listener must not block.

    A channel has five times as many events as anybody listens to, and building one costs more than all the rest of
    it: who would build one asks `wants` first.
    """

    def __init__(self, on_error: Callable[[Event, Exception], None]) -> None:
        """`on_error` is told when a listener fails: the other listeners and the publisher go on."""
        self._lock = threading.RLock()
        self._pending: deque[Event] = deque()
        self._listeners: tuple[tuple[Callable[[Event], None], Wants], ...] = ()
        self._on_error = on_error

    def publish(self, event: Event) -> None:
        """Call each listener on this thread. What a listener publishes itself follows after this event."""
        with self._lock:
            self._pending.append(event)
            if len(self._pending) > 1:  # a listener of ours published it; the loop below takes it up
                return
            while self._pending:
                try:
                    self._deliver(self._pending[0])
                finally:
                    self._pending.popleft()

    def _deliver(self, event: Event) -> None:
        for listener, _ in self._listeners:
            try:
                listener(event)
            except Exception as error:  # noqa: BLE001 - one listener's fault must not end a call
                self._on_error(event, error)

    def wants(self, name: str, uuid: str) -> bool:
        """Whether anybody may want an event of this name and channel; when not, it need not be made."""
        return any(wants(name, uuid) for _, wants in self._listeners)

    def subscribe(self, listener: Callable[[Event], None], wants: Wants | None = None) -> Callable[[], None]:
        """Add a listener; returns its unsubscriber, which may be called more than once.

        Args:
            listener: is given every event that is published, also those that only others want.
            wants: says which events are made for it; all when left out.
        """
        entry = (listener, wants or _everything)
        with self._lock:
            self._listeners += (entry,)

        def unsubscribe() -> None:
            with self._lock:
                self._listeners = tuple(each for each in self._listeners if each is not entry)

        return unsubscribe
