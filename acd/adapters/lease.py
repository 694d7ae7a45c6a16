"""Who writes: one lease with a fencing token, renewed all the time; a second ACD waits for it to end.

The lease's value is `<holder>#<token>`. Every write of ours names it inside Redis (`redis_journal`), so a process
that was stopped for a while and comes back can do no harm. A holder is `<host>:<pid>`: a process that finds the
lease of a dead process of its own host takes it at once.
"""

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import AsyncIterator, Callable

import structlog
from redis.exceptions import RedisError

from acd.adapters.redis_connection import Bus
from acd.contract import LEASE
from acd.service.ports import Fenced

log = structlog.get_logger(__name__)

TOKEN = "uckefu:acd:token"  # noqa: S105 - a counter, not a secret
LEASE_SECONDS = 2.0
RENEW_SECONDS = 0.5

PROMPT_SECONDS = 1.0  # a Redis that takes longer for an answer stands still

_TAKE = """
local time = redis.call('TIME')
if ARGV[4] ~= '' and time[1] * 1000 + math.floor(time[2] / 1000) > tonumber(ARGV[4]) then return '' end
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
                until_ms = await self._prompt_until_ms()
                holder = await self.take(replacing=told if self._is_dead(told) else "", until_ms=until_ms)
            except (RedisError, OSError) as error:
                holder = f"redis: {error}"
                await self._let_the_writer_go_first()
            if not holder:
                return
            if holder != told:
                log.info("acd_waits_for_lease", holder=holder)
                told = holder
            if not self._is_dead(holder):
                await asyncio.sleep(RENEW_SECONDS / 2)

    async def _prompt_until_ms(self) -> int:
        """Until when, in Redis's time, an attempt that begins now counts. Raises TimeoutError: Redis stood still.

        While Redis stands still the lease ends, though its holder lives; what was asked for meanwhile must not be
        done when Redis goes on, or the one who waits would take the lease from the one who talks to the callers.
        """
        asked = time.monotonic()
        seconds, microseconds = await self._bus.time()
        if time.monotonic() - asked > PROMPT_SECONDS:
            raise TimeoutError("Redis stood still")
        return int(seconds * 1000 + microseconds // 1000 + PROMPT_SECONDS * 1000)

    async def _let_the_writer_go_first(self) -> None:
        """Wait until Redis has answered again for as long as a lease: who wrote before has renewed it by then."""
        answered_since = None
        while answered_since is None or time.monotonic() - answered_since < LEASE_SECONDS:
            await asyncio.sleep(RENEW_SECONDS / 2)
            try:
                await self._prompt_until_ms()
            except (RedisError, OSError):
                answered_since = None
            else:
                answered_since = answered_since or time.monotonic()

    async def take(self, *, replacing: str = "", until_ms: int | None = None) -> str:
        """Take it when it is free, ours already, or `replacing`'s. Returns who has it instead, or "".

        Args:
            until_ms: in Redis's time; an attempt that Redis comes to later is none.

        Raises:
            RedisError, OSError: Redis is away, or came to it too late.
            Fenced: it was ours, and somebody had it in between.
        """
        milliseconds = round(LEASE_SECONDS * 1000)
        held = replacing or self.value or "-"
        until = "" if until_ms is None else until_ms
        found = str(await self._bus.eval(_TAKE, 2, LEASE, TOKEN, held, milliseconds, self.name, until))
        if not found:
            raise TimeoutError("Redis stood still")
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

    @contextlib.asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Renew it while something else goes on, however long that takes. Whoever loses it meanwhile hears of it from
        the next `keep`."""
        keeping = asyncio.create_task(self.keep())
        try:
            yield
        finally:
            keeping.cancel()
            with contextlib.suppress(asyncio.CancelledError, Fenced):
                await keeping

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
