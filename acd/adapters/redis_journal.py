"""The log of inputs and events in Redis, written only by the holder of the lease.

Stream ids are `<input number>-0` and `<event id>-0`, so that a write whose answer was lost can be sent again:
what is there already is passed over. While Redis is away, records are kept in memory, bounded, and written when it is
back, followed by a snapshot.
"""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from typing import Any

import structlog
from redis.exceptions import RedisError

from acd.adapters.lease import Lease
from acd.adapters.redis_connection import Bus
from acd.contract import EVENTS, EVENTS_CHANNEL, INPUTS, LEASE, SNAPSHOT, VIEW, VIEW_CHANNEL
from acd.service.ports import Fenced, Logged

log = structlog.get_logger(__name__)

BASE, MARK = (
    "uckefu:acd:base",
    "uckefu:acd:mark",
)  # snapshots: before the first input kept, and the next such one
KEPT_INPUTS = 200_000  # between this and twice as many are kept for `log`, `why` and `replay`
KEPT_EVENTS = 1_000_000
BACKLOG_RECORDS = 50_000
CHUNK = 500
RETRY_SECONDS = 0.1

_TOP = """
local function top(key)
  local last = redis.call('XREVRANGE', key, '+', '-', 'COUNT', 1)
  if #last == 0 then return 0 end
  return tonumber(string.match(last[1][1], '^(%d+)'))
end
"""
_MINE = (
    "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return redis.error_reply('FENCED lease is not ours') end\n"
)
_WRITE = (
    _TOP
    + _MINE
    + """
local at, n = 4, tonumber(ARGV[3])
local last = top(KEYS[2])
for _ = 1, n do
  if tonumber(ARGV[at]) > last then
    redis.call('XADD', KEYS[2], ARGV[at] .. '-0', 'data', ARGV[at + 1], 'out', ARGV[at + 2])
  end
  at = at + 3
end
last = top(KEYS[3])
while at < #ARGV do
  if tonumber(ARGV[at]) > last then
    redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[2], ARGV[at] .. '-0', 'data', ARGV[at + 1])
    redis.call('PUBLISH', KEYS[4], ARGV[at + 1])
  end
  at = at + 2
end
return 'OK'
"""
)
_SHOW = _MINE + "redis.call('SET', KEYS[2], ARGV[2]) return redis.call('PUBLISH', KEYS[3], ARGV[2])"
# A mark becomes the base when as many inputs again have come after it; what lies before the base is trimmed.
_SNAPSHOT = (
    _MINE
    + """
redis.call('SET', KEYS[2], ARGV[2])
if ARGV[3] == 'restart' then
  redis.call('SET', KEYS[3], ARGV[2])
  redis.call('DEL', KEYS[4])
  redis.call('XTRIM', KEYS[5], 'MINID', ARGV[4])
elseif ARGV[3] == 'mark' then
  local mark = redis.call('GET', KEYS[4])
  if mark then
    redis.call('SET', KEYS[3], mark)
    redis.call('XTRIM', KEYS[5], 'MINID', cjson.decode(mark)['last_input_id'])
  end
  redis.call('SET', KEYS[4], ARGV[2])
end
return 'OK'
"""
)


class RedisJournal:
    """`service.ports.Journal` on Redis. `is_away` and `backlog_size` are for the metrics."""

    def __init__(self, bus: Bus, lease: Lease) -> None:
        self._bus, self._lease = bus, lease
        self._write = bus.register_script(_WRITE)
        self._show = bus.register_script(_SHOW)
        self._snapshot = bus.register_script(_SNAPSHOT)
        self._backlog: deque[Logged] = deque()
        self._has_gap = False
        self._marked_number = 0
        self._away_since: float | None = None

    @property
    def is_away(self) -> bool:
        """Redis does not answer; records are kept here."""
        return self._away_since is not None

    @property
    def backlog_size(self) -> int:
        """Records that are not written yet."""
        return len(self._backlog)

    def suspect(self, error: Exception) -> None:
        """Somebody noticed that Redis is, or was, away: write nothing until `come_back` has made sure."""
        self._goes_away(error)

    async def write(self, records: Sequence[Logged]) -> None:
        """See `Journal.write`."""
        if not self.is_away:
            try:
                await self._send(records)
                return
            except (RedisError, OSError) as error:
                self._goes_away(error)
        for record in records:
            if len(self._backlog) >= BACKLOG_RECORDS:
                self._backlog.popleft()
                self._has_gap = True
            self._backlog.append(record)

    async def show(self, text: str) -> None:
        """See `Journal.show`."""
        if not self.is_away:
            await self._tell(self._show, [LEASE, VIEW, VIEW_CHANNEL], [self._lease.value, text])

    async def snapshot(self, number: int, text: str) -> None:
        """See `Journal.snapshot`."""
        if self.is_away:
            return
        how = (
            "restart" if self._has_gap else "mark" if number - self._marked_number >= KEPT_INPUTS else "plain"
        )
        whole = f'{{"last_input_id":"{number}-0","state":{text}}}'  # `text` is JSON already
        keys = [LEASE, SNAPSHOT, BASE, MARK, INPUTS]
        if await self._tell(self._snapshot, keys, [self._lease.value, whole, how, f"{number + 1}-0"]):
            self._has_gap = False
            if how != "plain":
                self._marked_number = number

    async def come_back(self) -> None:
        """Wait until Redis was away and is back, with everything written that was kept. Then a snapshot is due.

        Raises:
            Fenced: another process writes by now.
        """
        while not self.is_away:
            await asyncio.sleep(RETRY_SECONDS)
        while True:
            try:
                await self._write_backlog()
                return
            except (RedisError, OSError):
                await asyncio.sleep(RETRY_SECONDS)

    async def _write_backlog(self) -> None:
        if holder := await self._lease.take():
            raise Fenced(f"{holder} took over while Redis was away")
        while self._backlog:
            chunk = [self._backlog[n] for n in range(min(CHUNK, len(self._backlog)))]
            await self._send(chunk)
            for _ in chunk:
                self._backlog.popleft()
        away = time.monotonic() - (self._away_since or 0)
        self._away_since = None
        log.warning("acd_redis_is_back", seconds_away=round(away, 1))

    async def _send(self, records: Sequence[Logged]) -> None:
        arguments: list[Any] = [self._lease.value, KEPT_EVENTS, len(records)]
        for record in records:
            arguments += (record.number, record.text, record.digest)
        for record in records:
            for event_id, text in record.events:
                arguments += (event_id, text)
        await self._run(self._write, [LEASE, INPUTS, EVENTS, EVENTS_CHANNEL], arguments)

    async def _tell(self, script: Any, keys: list[str], arguments: list[Any]) -> bool:
        try:
            await self._run(script, keys, arguments)
        except (RedisError, OSError) as error:
            self._goes_away(error)
            return False
        return True

    async def _run(self, script: Any, keys: list[str], arguments: list[Any]) -> None:
        try:
            await script(keys=keys, args=arguments)
        except RedisError as error:
            if "FENCED" not in str(error):
                raise
            # The lease ran out (we were stopped, or Redis was); nobody took it: take it and go on.
            if holder := await self._lease.take():
                raise Fenced(f"{holder} has the lease") from error
            await script(keys=keys, args=[self._lease.value, *arguments[1:]])

    def _goes_away(self, error: Exception) -> None:
        if not self.is_away:
            log.error("acd_redis_is_away", error=str(error))
            self._away_since = time.monotonic()
