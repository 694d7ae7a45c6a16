"""`python -m acd.history`: events, spooled CDRs and what flows leave behind to SQL, until SIGTERM.

It also brings what was published on one server to the others (`ivr.spreading`).
"""

import signal
import sys
import threading
from pathlib import Path
from types import FrameType

import redis
import structlog
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from acd.history.reader import BATCH, EventReader
from acd.history.spool import load_spool
from ivr.reader import SpoolReader
from ivr.spreading import Spreader
from sql.engine import make_engine
from uckefu.centre import load_centre
from uckefu.log import configure_logging
from uckefu.settings import Settings, load_settings

log = structlog.get_logger(__name__)

WAIT_SECONDS = 1.0
GATHER_SECONDS = 0.2  # events come in clusters, and a transaction costs more than what is in it
FLOWS_SECONDS = 3.0
SPREAD_SECONDS = 1.0
SPOOL_SECONDS = 0.3  # a leg is in SQL within a second of its hangup
BACK_OFF_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)


def main() -> int:
    """Run until SIGTERM or SIGINT; returns the exit code."""
    configure_logging("acd.history")
    settings = load_settings()
    stopping = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    record = make_engine(settings.sql_url)
    bus = open_bus(settings.bus_url)
    spool = threading.Thread(target=keep_loading, args=(record, settings.spool_dir, stopping), name="spool")
    spool.start()
    flows = threading.Thread(target=keep_filing, args=(record, settings, stopping), name="flows")
    flows.start()
    spread = threading.Thread(
        target=keep_spreading, args=(record, settings.instance, stopping), name="spread"
    )
    spread.start()
    keep_reading(EventReader(bus, record), stopping)
    spool.join()
    flows.join()
    spread.join()
    bus.close()
    record.dispose()
    return 0


def open_bus(url: str) -> redis.Redis:
    """A blocking client with decoded answers, that waits a little longer than `step` does."""
    client: redis.Redis = redis.Redis.from_url(
        url,
        decode_responses=True,
        socket_timeout=WAIT_SECONDS + 4,
        socket_connect_timeout=2,
        retry=Retry(NoBackoff(), 0),
    )
    return client


def keep_reading(reader: EventReader, stopping: threading.Event) -> None:
    """Write events until `stopping`; while something is away, try again ever more slowly."""
    failures = 0
    while not stopping.is_set():
        try:
            if 0 < reader.step(WAIT_SECONDS) < BATCH:
                stopping.wait(GATHER_SECONDS)
            failures = 0
        except (RedisError, SQLAlchemyError, OSError) as error:
            _back_off("history_waits", error, failures, stopping)
            failures += 1


def keep_loading(record: Engine, folder: Path, stopping: threading.Event) -> None:
    """Load the spool until `stopping`."""
    failures = 0
    while not stopping.wait(SPOOL_SECONDS):
        try:
            if loaded := load_spool(record, folder):
                log.debug("cdrs_loaded", count=loaded)
            failures = 0
        except (SQLAlchemyError, OSError) as error:
            _back_off("spool_waits", error, failures, stopping)
            failures += 1


def keep_filing(record: Engine, settings: Settings, stopping: threading.Event) -> None:
    """Load flow events, voicemails and survey answers until `stopping`."""
    zone = load_centre(settings.centre_file).timezone
    reader = SpoolReader(record, settings.instance, settings.switch_name, zone)
    failures = 0
    while not stopping.wait(FLOWS_SECONDS):
        try:
            if loaded := reader.step():
                log.info("flow_records_loaded", count=loaded)
            failures = 0
        except (SQLAlchemyError, OSError) as error:
            _back_off("flow_records_wait", error, failures, stopping)
            failures += 1


def keep_spreading(record: Engine, instance: Path, stopping: threading.Event) -> None:
    """Keep the shared files as the other servers have them until `stopping`."""
    spreader = Spreader(record, instance)
    failures = 0
    while not stopping.wait(SPREAD_SECONDS):
        try:
            spreader.step()
            failures = 0
        except (SQLAlchemyError, OSError) as error:
            _back_off("shared_files_wait", error, failures, stopping)
            failures += 1


def _back_off(what: str, error: Exception, failures: int, stopping: threading.Event) -> None:
    seconds = BACK_OFF_SECONDS[min(failures, len(BACK_OFF_SECONDS) - 1)]
    if failures in (0, 5) or failures % 60 == 0:
        log.warning(what, error=(str(error).splitlines() or [type(error).__name__])[0], seconds=seconds)
    stopping.wait(seconds)


if __name__ == "__main__":
    sys.exit(main())
