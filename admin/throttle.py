"""Slows down guessing: after five failures of one login from one address each further try must wait.

The counters live in Redis, so that every web process sees them; without Redis a process counts for itself.
"""

import time

import redis
from prometheus_client import Counter

FREE_FAILURES = 5
LONGEST_WAIT_SECONDS = 300
FORGET_SECONDS = 900

refused_logins = Counter("uckefu_login_refused_total", "Logins refused, by reason", ["reason"])


class LoginThrottle:
    """Counts failures by login and address.

    Args:
        bus: Redis, decode_responses=True.
    """

    def __init__(self, bus: "redis.Redis[str]") -> None:
        self.bus = bus
        self._local: dict[str, tuple[int, float]] = {}

    def wait_seconds(self, login: str, address: str) -> int:
        """How long this login must wait before the next try from this address; 0 when it may try."""
        failures, last = self._read(self._key(login, address))
        if failures < FREE_FAILURES:
            return 0
        pause = min(LONGEST_WAIT_SECONDS, 5 * 2 ** (failures - FREE_FAILURES))
        return max(0, int(last + pause - time.time() + 0.999))

    def failed(self, login: str, address: str) -> None:
        """Count one more failure."""
        key = self._key(login, address)
        failures, _ = self._read(key)
        try:
            self.bus.hset(key, mapping={"failures": failures + 1, "last": time.time()})
            self.bus.expire(key, FORGET_SECONDS)
        except redis.RedisError:
            self._local[key] = (failures + 1, time.time())

    def succeeded(self, login: str, address: str) -> None:
        """Forget the failures."""
        key = self._key(login, address)
        self._local.pop(key, None)
        try:
            self.bus.delete(key)
        except redis.RedisError:
            return

    @staticmethod
    def _key(login: str, address: str) -> str:
        return f"uckefu:login:{address}:{login.lower()[:64]}"

    def _read(self, key: str) -> tuple[int, float]:
        try:
            kept = self.bus.hgetall(key)
        except redis.RedisError:
            return self._local.get(key, (0, 0.0))
        return (int(kept["failures"]), float(kept["last"])) if kept else (0, 0.0)
