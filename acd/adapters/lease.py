"""Who writes: one lease with a fencing token, renewed all the time; a second ACD waits for it to end.

The lease's value is `<holder>#<token>`. Every write of ours names it inside Redis (`redis_journal`), so a process
that was stopped for a while and comes back can do no harm. A holder is `<host>:<pid>`: a process that finds the
lease of a dead process of its own host takes it at once.
"""

import asyncio
import os
import socket
from collections.abc import Callable

import structlog
from redis.exceptions import RedisError

from acd.adapters.redis_connection import Bus
from acd.contract import LEASE
from acd.service.ports import Fenced

log = structlog.get_logger(__name__)

TOKEN = "uckefu:acd:token"  # noqa: S105 - a counter, not a secret
LEASE_SECONDS = 2.0
RENEW_SECONDS = 0.5

_TAKE = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return holder end
local mine = ARGV[3] .. '#' .. redis.call('INCR', KEYS[2])
redis.call('SET', KEYS[1], mine, 'PX', ARGV[2])
return mine
"""
_RENEW = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0"
_GIVE_UP = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


class Lease:
    """The right to write. `value` is what the journal shows to Redis with each write; "" when it is not ours."""

    def __init__(self, bus: Bus, name: str = "") -> None:
        self.name = name or f"{socket.gethostname()}:{os.getpid()}"
        self.value = ""
        self.on_trouble: Callable[[Exception], None] = lambda error: None
        self._bus = bus

    async def acquire(self) -> None:
        """Wait until the lease is ours, whatever happens to Redis meanwhile."""
        told = ""
        while True:
            try:
                holder = await self.take(replacing=told if self._is_dead(told) else "")
            except (RedisError, OSError) as error:
                # When Redis comes back, the process that wrote before goes first: its calls are alive.
                holder = f"redis: {error}"
                await asyncio.sleep(LEASE_SECONDS)
            if not holder:
                return
            if holder != told:
                log.info("acd_waits_for_lease", holder=holder)
                told = holder
            if not self._is_dead(holder):
                await asyncio.sleep(RENEW_SECONDS / 2)

    async def take(self, *, replacing: str = "") -> str:
        """Take it when it is free, ours already, or `replacing`'s. Returns who has it instead, or "".

        Raises:
            RedisError, OSError: Redis is away.
            Fenced: it was ours, and somebody had it in between.
        """
        milliseconds = round(LEASE_SECONDS * 1000)
        held = replacing or self.value or "-"
        found = str(await self._bus.eval(_TAKE, 2, LEASE, TOKEN, held, milliseconds, self.name))
        if not found.startswith(f"{self.name}#"):
            return found
        before, self.value = self.value, found
        log.info("acd_has_lease", lease=found)
        if before and _token(found) > _token(before) + 1:
            raise Fenced("another process wrote meanwhile")
        return ""

    async def keep(self) -> None:
        """Renew it until it is lost. Redis away is no loss: every write asks anyway.

        Raises:
            Fenced: it is somebody else's.
        """
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            try:
                kept = await self._bus.eval(_RENEW, 1, LEASE, self.value, round(LEASE_SECONDS * 1000))
                if not kept:
                    if holder := await self.take():
                        raise Fenced(f"{holder} has the lease")
                    self.on_trouble(
                        RuntimeError("the lease was gone: Redis or this process stood still, or lost data")
                    )
            except (RedisError, OSError) as error:
                self.on_trouble(error)

    async def give_up(self) -> None:
        """Let the next one have it at once."""
        value, self.value = self.value, ""
        try:
            await self._bus.eval(_GIVE_UP, 1, LEASE, value)
        except (RedisError, OSError) as error:
            log.warning("acd_lease_not_given_up", error=str(error))

    def _is_dead(self, holder: str) -> bool:
        host, _, pid = holder.partition("#")[0].rpartition(":")
        if host != socket.gethostname() or not pid.isdigit() or int(pid) == os.getpid():
            return False
        try:
            os.kill(int(pid), 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        return False


def _token(value: str) -> int:
    return int(value.rpartition("#")[2])
