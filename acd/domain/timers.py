"""The engine's alarm clock: one timer a (kind, key), on the inputs' own time.

The engine arms and cancels; the service asks `next_due_us` and sends a `Tick` then. Equal times fire in the order
in which they were armed, so a replay fires them alike.
"""

import heapq
from collections.abc import Iterable, Iterator

Key = tuple[str, str]
"""Kind and subject, such as ("offer", <leg id>)."""


class Timers:
    """A heap with lazy deletion: arming and cancelling cost O(log n) and O(1)."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Key]] = []
        self._live: dict[Key, tuple[int, int]] = {}
        self._armed = 0

    def arm(self, kind: str, key: str, due_us: int) -> None:
        """Let it fire at `due_us`; an earlier timer of the same name is forgotten."""
        self._armed += 1
        self._live[kind, key] = (due_us, self._armed)
        heapq.heappush(self._heap, (due_us, self._armed, (kind, key)))

    def cancel(self, kind: str, key: str) -> None:
        """Forget it; nothing happens when it is not armed."""
        self._live.pop((kind, key), None)

    def cancel_all(self, kinds: Iterable[str], key: str) -> None:
        """Forget these of one subject."""
        live = self._live
        for kind in kinds:
            live.pop((kind, key), None)

    def due_us(self, kind: str, key: str) -> int | None:
        """When it will fire, or None."""
        live = self._live.get((kind, key))
        return live[0] if live else None

    def next_due_us(self) -> int | None:
        """When the next one fires, or None."""
        self._drop_dead()
        return self._heap[0][0] if self._heap else None

    def pop_due(self, now_us: int) -> Iterator[Key]:
        """Each timer that is due, in order; one armed meanwhile for a time not later than `now_us` comes too."""
        while True:
            self._drop_dead()
            if not self._heap or self._heap[0][0] > now_us:
                return
            name = heapq.heappop(self._heap)[2]
            del self._live[name]
            yield name

    def _drop_dead(self) -> None:
        while self._heap and self._live.get(self._heap[0][2]) != self._heap[0][:2]:
            heapq.heappop(self._heap)

    def to_json(self) -> list[list[object]]:
        """Live timers in the order in which they fire."""
        live = sorted((due, number, *name) for name, (due, number) in self._live.items())
        return [[due, kind, key] for due, _, kind, key in live]

    @classmethod
    def from_json(cls, rows: list[list[object]]) -> "Timers":
        """The same timers again."""
        timers = cls()
        for due, kind, key in rows:
            timers.arm(str(kind), str(key), int(str(due)))
        return timers
