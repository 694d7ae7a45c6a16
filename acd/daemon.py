"""The daemon's wiring: wait for the lease, restore, take calls, until the end or until another process writes.

lease -> restore -> Core <- CallerDesk (callers), SwitchLink (events), CommandDesk (pages), ConfigurationReader
                    Core -> RedisJournal (log, events, view) -> Switchboard (effects)
"""

import asyncio
import contextlib
import gc
import uuid
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from typing import Any

import structlog
from redis.exceptions import RedisError
from sqlalchemy import Engine as Record

from acd.adapters.esl_client import SwitchLink
from acd.adapters.esl_server import CallerDesk
from acd.adapters.lease import Lease
from acd.adapters.metrics import Metrics
from acd.adapters.redis_commands import CommandDesk
from acd.adapters.redis_connection import Bus, open_redis
from acd.adapters.redis_journal import RedisJournal
from acd.adapters.redis_log import last_number, read_inputs, read_snapshot
from acd.adapters.sql_config import ConfigurationReader
from acd.adapters.stranded import Stranded
from acd.adapters.switchboard import Switchboard
from acd.contract import EVENTS, INPUTS
from acd.domain.board import FREE
from acd.domain.effects import Answer, CallEffect, Effect, ReadConfiguration
from acd.domain.engine import Engine
from acd.domain.inputs import Started
from acd.domain.state import State, UnknownSnapshot
from acd.history.position import recorded_event_id
from acd.service.clock import SteadyClock
from acd.service.core import Core
from acd.service.keeper import Keeper
from acd.service.ports import Fenced
from acd.service.restore import restore
from ivr.prompts import Prompts
from sql.engine import make_engine
from uckefu.centre import load_centre
from uckefu.settings import PROJECT_ROOT, Settings

log = structlog.get_logger(__name__)

FIRST_CONFIGURATION_SECONDS = 3.0
KNOWN_CONFIGURATION_SECONDS = 0.5  # when the restored state has queues already: callers wait for an ACD
RECORD_SECONDS = 1.5
LAST_WORK_SECONDS = 2.0
RETRY_SECONDS = 0.5
COLLECT = (10_000, 20, 20)


class PortTaken(Exception):
    """A port is in use; the message names the setting."""

    code = "port-taken"


@dataclass(frozen=True, slots=True)
class Ports:
    """Where this process listens."""

    calls: int
    metrics: int
    calls_setting: str = "UCKEFU_ACD_PORT"


class Daemon:
    """One ACD process: standby until it has the lease, then the writer.

    Args:
        name: who holds the lease; `<host>:<pid>` by default.
    """

    def __init__(self, settings: Settings, ports: Ports, name: str = "") -> None:
        self.metrics = Metrics()
        self._settings, self._ports, self._name = settings, ports, name
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """End `run`: callers go to the other ACD, talks go on."""
        self._stopping.set()

    async def run(self) -> None:
        """Work until `stop`. Raises PortTaken."""
        with _naming("UCKEFU_ACD_METRICS_PORT", self._ports.metrics):
            await self.metrics.open(self._settings.host, self._ports.metrics)
        bus = open_redis(self._settings.bus_url)
        try:
            while not self._stopping.is_set():
                lease = Lease(bus, self._name)
                if await self._unless_stopped(lease.acquire()):
                    await self._write(bus, lease)
        finally:
            await self.metrics.close()
            await bus.aclose()

    async def _unless_stopped(self, work: Coroutine[Any, Any, None]) -> bool:
        """Wait for `work` or for `stop`; whether the work was done."""
        task = asyncio.create_task(work)
        stopped = asyncio.create_task(self._stopping.wait())
        await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if task.done():
            task.result()
            return True
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        return False

    async def _write(self, bus: Bus, lease: Lease) -> None:
        record = make_engine(self._settings.sql_url)
        try:
            async with lease.kept():
                writer = await Writer.restored(self._settings, bus, lease, record)
            await writer.run(self._ports, self.metrics, self._stopping)
        except (RedisError, OSError) as error:
            log.error("acd_not_restored", error=str(error))
            await asyncio.sleep(RETRY_SECONDS)
        except ExceptionGroup as group:
            if taken := group.subgroup(PortTaken):
                raise taken.exceptions[0] from None
            if not group.subgroup(Fenced):
                raise
            log.error("acd_is_not_the_writer", why=str(group.exceptions[0]))
        finally:
            self.metrics.is_ready = lambda: False
            self.metrics.writer.set(0)
            record.dispose()


class Writer:
    """Everything that lives as long as the lease is ours."""

    def __init__(self, settings: Settings, bus: Bus, lease: Lease, record: Record, engine: Engine) -> None:
        self._settings, self._bus, self._lease, self._record = settings, bus, lease, record
        self.journal = RedisJournal(bus, lease)
        lease.on_trouble = self.journal.suspect
        self.core = Core(engine, self.journal, self._perform, SteadyClock(engine.state.now_us))
        self.keeper = Keeper(self.core, self.journal)
        self._reader = open_redis(settings.bus_url, answer_seconds=5.0)
        self.commands = CommandDesk(self._reader, bus, self.core)
        self.configuration = ConfigurationReader(self.core, record, lambda: load_centre(settings.centre_file))
        self.desk = CallerDesk(
            self.core,
            settings.switch_name,
            settings.domain,
            Prompts(PROJECT_ROOT / "sounds", settings.instance / "sounds"),
        )
        password = settings.secrets["event_socket_password"]
        ours = (f"127.0.0.1:{port}" for port in (settings.acd_port, settings.acd_standby_port))
        self.link = SwitchLink(
            self.core,
            settings.switch_name,
            settings.host,
            settings.event_socket_port,
            password,
            Stranded(ours, self.desk.controls.__contains__),
        )
        self.switchboard = Switchboard(self.core, self.desk, self.link, settings.domain)

    @classmethod
    async def restored(cls, settings: Settings, bus: Bus, lease: Lease, record: Record) -> "Writer":
        """The writer with the state that Redis has. Raises RedisError, OSError: it can't be read."""
        start = await read_snapshot(bus)
        try:
            engine = await restore(start.state, read_inputs(bus, start.number))
        except UnknownSnapshot as error:
            # Better a centre whose agents sign in again than none at all; numbers go on from the log's.
            log.error("acd_snapshot_unreadable", error=str(error))
            engine = Engine(State(input_number=await last_number(bus, INPUTS)))
        writer = cls(settings, bus, lease, record, engine)
        # Redis may have lost its last second, the record has not: a number must never come twice.
        known = max(await last_number(bus, EVENTS), await _known_to(record))
        now = writer.core.now_us()
        writer.core.submit(
            Started(at_us=now, writer=lease.name, seed=uuid.uuid4().hex, first_event_id=known + 1)
        )
        return writer

    async def run(self, ports: Ports, metrics: Metrics, stopping: asyncio.Event) -> None:
        """Take calls until `stopping`. Raises Fenced (in a group), PortTaken."""
        self.core.watchers.append(metrics.count)
        metrics.refresh = lambda: self._fill(metrics)
        async with asyncio.TaskGroup() as tasks:
            deciding = tasks.create_task(self.core.run())
            others = [
                tasks.create_task(work)
                for work in (
                    self._lease.keep(),
                    self._heal(),
                    self.keeper.publish_views(),
                    self.keeper.keep_snapshots(),
                )
            ]
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._configuration_seconds()):
                    await self.configuration.read()
            with _naming(ports.calls_setting, ports.calls):
                await self.desk.open(self._settings.host, ports.calls)
            later = (
                self.configuration.run(),
                self.link.run(),
                self.commands.run(),
                self.commands.notice_silence(),
            )
            others += [tasks.create_task(work) for work in later]
            gc.collect()
            gc.freeze()  # what is there now stays; the collector's rounds would hold up every caller
            gc.set_threshold(*COLLECT)
            log.info("acd_takes_calls", port=ports.calls, lease=self._lease.value)
            metrics.is_ready = lambda: True
            metrics.writer.set(1)
            try:
                await stopping.wait()
                metrics.is_ready = lambda: False
                await self._finish(deciding)
            finally:
                await self.desk.close()
                for task in others:
                    task.cancel()
                await self._reader.aclose()
        await self._lease.give_up()

    def _configuration_seconds(self) -> float:
        is_known = bool(self.core.engine.state.queues)
        return KNOWN_CONFIGURATION_SECONDS if is_known else FIRST_CONFIGURATION_SECONDS

    async def _finish(self, deciding: "asyncio.Task[None]") -> None:
        """Let every caller go on to the other ACD, log the last inputs, leave a snapshot."""
        await self.desk.close()
        self.core.stop()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORK_SECONDS):
                await asyncio.shield(deciding)
        await self.keeper.snapshot()

    async def _heal(self) -> None:
        """Each time Redis was away and is back: leave a snapshot and show the view, whatever it has lost."""
        while True:
            await self.journal.come_back()
            await self.keeper.snapshot()
            self.core.changed.set()

    def _perform(self, effect: Effect) -> None:
        if isinstance(effect, CallEffect):
            self.switchboard.perform(effect)
        elif isinstance(effect, Answer):
            self.commands.answer(effect)
        elif isinstance(effect, ReadConfiguration):
            self.configuration.look_soon()

    def _fill(self, metrics: Metrics) -> None:
        for name, board in self.core.engine.board.queues.items():
            metrics.waiting.labels(name).set(len(board.seats))
            metrics.ready.labels(name).set(board.standing(FREE))
        metrics.redis_away.set(self.journal.is_away)
        metrics.backlog.set(self.journal.backlog_size)


@contextlib.contextmanager
def _naming(setting: str, port: int) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise PortTaken(
            f"port {port} can't be used ({error.strerror or error}); set {setting} to another one"
        ) from error


async def _known_to(record: Record) -> int:
    """The last number of an event that the record has; 0 when it does not say in time."""
    with contextlib.suppress(TimeoutError):
        return await asyncio.wait_for(asyncio.to_thread(recorded_event_id, record), RECORD_SECONDS)
    log.warning("acd_record_not_asked", error=f"no answer in {RECORD_SECONDS} s")
    return 0
