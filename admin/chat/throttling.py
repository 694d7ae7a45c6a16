"""How fast visitors may write: by visitor, by address and by site; `events` and `views` take, `chat.init_app` shares.

Who writes is counted here, at once: nothing waits for Redis, and nothing is refused because Redis is away. What was
taken goes to Redis together, a few times a second, and what the other web processes took comes back: so a limit is one
limit however many processes serve, and what got through in between is owed and repaid.
"""

import time
from collections import OrderedDict
from collections.abc import Callable

import redis
import structlog

log = structlog.get_logger(__name__)
MOST_KEPT = 50_000
SHARE_SECONDS = 0.25
MOST_AT_ONCE = 500
"""So many limits go to Redis in one call: it serves nobody else meanwhile."""
PREFIX = "uckefu:limit:"
SCRIPT = """
local clock = redis.call('TIME')
local now, levels = clock[1] + clock[2] / 1000000, {}
for i, key in ipairs(KEYS) do
  local per_minute, taken = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local kept = redis.call('HMGET', key, 'level', 'at')
  local level = tonumber(kept[1]) or per_minute
  level = math.min(per_minute, level + (now - (tonumber(kept[2]) or now)) * per_minute / 60)
  level = math.max(-per_minute, level - taken)
  redis.call('HSET', key, 'level', tostring(level), 'at', tostring(now))
  redis.call('EXPIRE', key, 180)
  levels[i] = tostring(level)
end
return levels
"""
"""The same bucket as below for all processes; it may owe up to a minute's worth, and is forgotten when it is full."""


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
            self._keep(key, level - 1, instant)
        return 0.0

    def _keep(self, key: str, level: float, instant: float) -> None:
        self._levels[key] = (level, instant)
        self._levels.move_to_end(key)
        while len(self._levels) > MOST_KEPT:
            self._levels.popitem(last=False)

    def _level(self, key: str, per_minute: int, instant: float) -> float:
        level, at = self._levels.get(key, (float(per_minute), instant))
        return min(float(per_minute), level + (instant - at) * per_minute / 60)


class SharedBuckets(Buckets):
    """Buckets that all web processes fill together; without Redis each one has its own."""

    def __init__(self) -> None:
        super().__init__()
        self._taken: dict[tuple[str, int], int] = {}

    def wait_seconds(self, limits: list[tuple[str, int]], now: float | None = None) -> float:
        """As `Buckets`; what is taken is told to the other processes with the next `share`."""
        wait = super().wait_seconds(limits, now)
        if wait:
            self.learn(limits)
            return wait
        for limit in limits:
            self._taken[limit] = self._taken.get(limit, 0) + 1
        return 0.0

    def learn(self, limits: list[tuple[str, int]]) -> None:
        """Ask with the next `share` what other processes took of these; nothing is taken."""
        for limit in limits:
            self._taken.setdefault(limit, 0)

    def share(self, bus: redis.Redis, now: float | None = None) -> None:
        """Tell Redis what was taken since the last time, and take over what is left there.

        Raises:
            redis.RedisError: it is away; what was taken is told the next time.
        """
        taken, self._taken = self._taken, {}
        waiting = list(taken.items())[-MOST_KEPT:]
        while waiting:
            part = waiting[:MOST_AT_ONCE]
            try:
                levels = self._exchange(bus, part)
            except redis.RedisError:
                for limit, count in waiting:
                    self._taken[limit] = self._taken.get(limit, 0) + count
                raise
            del waiting[:MOST_AT_ONCE]
            instant = time.monotonic() if now is None else now
            for (limit, _count), left in zip(part, levels, strict=True):
                left -= self._taken.get(limit, 0)  # taken while Redis was asked
                self._keep(limit[0], min(left, self._level(*limit, instant)), instant)

    def _exchange(self, bus: redis.Redis, part: list[tuple[tuple[str, int], int]]) -> list[float]:
        keys = [PREFIX + key for (key, _per_minute), _count in part]
        figures = [str(figure) for (_key, per_minute), count in part for figure in (per_minute, count)]
        return [float(level) for level in bus.eval(SCRIPT, len(keys), *keys, *figures)]

    def share_for_ever(self, bus: redis.Redis, sleep: Callable[[float], object]) -> None:
        """What a web process does beside everything else."""
        was_lost = False
        while True:
            sleep(SHARE_SECONDS)
            try:
                self.share(bus)
                was_lost = False
            except redis.RedisError as error:
                if not was_lost:
                    log.warning("limits_not_shared", error=str(error))
                was_lost = True
