"""Slows down guessing: after five failures of one login from one address each further try must wait.

A try counts as failed before its password is looked at and is forgiven when it fits, so that a hundred tries at
once are not a hundred free ones. The counters live in Redis, so that every web process sees them; without Redis a
process counts for itself.
"""

import math
import time

import redis
from prometheus_client import Counter

FREE_FAILURES = 5
FIRST_WAIT_SECONDS = 5
LONGEST_WAIT_SECONDS = 300
FORGET_SECONDS = 900

refused_logins = Counter("uckefu_login_refused_total", "Logins refused, by reason", ["reason"])

_TRY = """
local failures = tonumber(redis.call('HGET', KEYS[1], 'failures') or '0')
local now, free, first, longest = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
if failures >= free then
  local pause = math.min(longest, first * 2 ^ math.min(failures - free, 20))
  local wait = tonumber(redis.call('HGET', KEYS[1], 'last')) + pause - now
  if wait > 0 then return tostring(wait) end
end
redis.call('HSET', KEYS[1], 'failures', failures + 1, 'last', ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[5])
return '0'
"""


class LoginThrottle:
    """Counts failures by login and address.

    Args:
        bus: Redis, decode_responses=True.
    """

    def __init__(self, bus: redis.Redis) -> None:
        self.bus = bus
        self._script = bus.register_script(_TRY)
        self._local: dict[str, tuple[int, float]] = {}

    def try_now(self, login: str, address: str) -> int:
        """Begin a try: 0 when it may go on (and counts as failed until `succeeded`), else the seconds to wait."""
        key, now = self._key(login, address), time.time()
        limits = [now, FREE_FAILURES, FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS, FORGET_SECONDS]
        try:
            return math.ceil(float(self._script([key], limits)))
        except redis.RedisError:
            return self._try_locally(key, now)

    def succeeded(self, login: str, address: str) -> None:
        """Forget the failures."""
        key = self._key(login, address)
        self._local.pop(key, None)
        try:
            self.bus.delete(key)
        except redis.RedisError:
            return  # they expire by themselves

    @staticmethod
    def _key(login: str, address: str) -> str:
        return f"uckefu:login:{address}:{login.casefold()[:64]}"

    def _try_locally(self, key: str, now: float) -> int:
        self._local = {k: kept for k, kept in self._local.items() if now - kept[1] < FORGET_SECONDS}
        failures, last = self._local.get(key, (0, 0.0))
        if failures >= FREE_FAILURES:
            pause = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** min(failures - FREE_FAILURES, 20))
            if last + pause > now:
                return math.ceil(last + pause - now)
        self._local[key] = (failures + 1, now)
        return 0
