"""The calls that the demo has open, by the caller's number: how an agent's phone tells the caller that it was taken.

A caller hears that somebody answers; our simulated one is told through here, and the agent learns how long to talk.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from uckefu.demo.people import Visit


@dataclass
class Line:
    """One call; `answered` is set when an agent's phone takes it."""

    visit: Visit
    answered: threading.Event = field(default_factory=threading.Event)


class Lines:
    """The open calls; safe from every thread."""

    def __init__(self) -> None:
        self._open: dict[str, Line] = {}
        self._lock = threading.Lock()

    @contextmanager
    def dialled(self, visit: Visit) -> Iterator[Line | None]:
        """A call while it lasts; None when the same number is talking already."""
        line = Line(visit)
        with self._lock:
            taken = self._open.setdefault(visit.number, line) is not line
        try:
            yield None if taken else line
        finally:
            if not taken:
                with self._lock:
                    del self._open[visit.number]

    def find(self, sip_uri: str) -> Line | None:
        """The call whose number stands in the From of an INVITE; None for a person's own call."""
        user = sip_uri.partition("sip:")[2].partition("@")[0]
        with self._lock:
            return self._open.get(user)

    def __len__(self) -> int:
        with self._lock:
            return len(self._open)
