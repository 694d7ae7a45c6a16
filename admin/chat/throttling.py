"""How fast visitors may write: by visitor, by address and by site, counted in this process.

A visitor's socket lives in one process, so its own limit is exact; the others are per process. Nothing waits for
Redis here: a message that comes in must not be slower, nor refused, because Redis is away.
"""

import time
from collections import OrderedDict

MOST_KEPT = 50_000


class Buckets:
    """Token buckets by key: a minute's worth may come at once, then at the rate. The clock is given, for tests."""

    def __init__(self) -> None:
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_seconds(self, limits: list[tuple[str, int]], now: float | None = None) -> float:
        """Take one of each limit `(key, per minute)`; 0 when all had one, else how long to wait (nothing is taken)."""
        instant = time.monotonic() if now is None else now
        levels = [self._level(key, per_minute, instant) for key, per_minute in limits]
        waits = [
            (1 - level) * 60 / per_minute
            for level, (_key, per_minute) in zip(levels, limits, strict=True)
            if level < 1
        ]
        if waits:
            return max(waits)
        for level, (key, _per_minute) in zip(levels, limits, strict=True):
            self._levels[key] = (level - 1, instant)
            self._levels.move_to_end(key)
        while len(self._levels) > MOST_KEPT:
            self._levels.popitem(last=False)
        return 0.0

    def _level(self, key: str, per_minute: int, instant: float) -> float:
        level, at = self._levels.get(key, (float(per_minute), instant))
        return min(float(per_minute), level + (instant - at) * per_minute / 60)
