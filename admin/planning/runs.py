"""Simulations in the background: one process each, watched by a thread, told about in Redis.

A run is asked for by one web process and looked at through any. The simulation is `python -m acd what-if` with a low
priority, a limit of time and one at a time for the whole centre, so that nobody's call or page waits for it.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Sequence
from datetime import date
from typing import IO, Any

import redis
import structlog

from uckefu.settings import PROJECT_ROOT, Settings

log = structlog.get_logger(__name__)

KEY, LOCK = "uckefu:planning:", "uckefu:planning-lock"
LIMIT_SECONDS = 300
KEPT_SECONDS = 24 * 3600
NICENESS = 10
LOOK_SECONDS = 0.25

Run = dict[str, Any]
"""{"state": "running" | "done" | "failed", "error": code, "asked": {...}, "done": cases so far, "result": …}"""


class Busy(Exception):
    """Another simulation runs."""


def start(bus: redis.Redis, settings: Settings, day: date, queue: str, more: Sequence[int]) -> str:
    """Begin a run and return its id.

    Raises:
        Busy: one is running.
        redis.RedisError: the bus is away.
    """
    run_id = uuid.uuid4().hex
    if not bus.set(LOCK, run_id, nx=True, ex=LIMIT_SECONDS + 30):
        raise Busy
    asked = {"day": day.isoformat(), "queue": queue, "more": list(more)}
    run: Run = {"state": "running", "asked": asked, "done": 0}
    _keep(bus, run_id, run)
    watcher = threading.Thread(
        target=_watch, args=(bus, settings, run_id, run), name=f"planning-{run_id[:8]}", daemon=True
    )
    watcher.start()
    return run_id


def look(bus: redis.Redis, run_id: str) -> Run | None:
    """How a run stands, or None when there is no such run any more."""
    text = bus.get(KEY + run_id)
    return dict(json.loads(str(text))) if text else None


def _keep(bus: redis.Redis, run_id: str, run: Run) -> None:
    bus.set(KEY + run_id, json.dumps(run), ex=KEPT_SECONDS)


def _watch(bus: redis.Redis, settings: Settings, run_id: str, run: Run) -> None:
    try:
        with tempfile.TemporaryFile("w+", encoding="utf-8") as out:
            _simulate(bus, settings, run_id, run, out)
    except OSError as error:
        run |= {"state": "failed", "error": "failed"}
        log.error("planning_not_started", run_id=run_id, error=str(error))
    try:
        _keep(bus, run_id, run)
        bus.delete(LOCK)
    except redis.RedisError as error:  # the lock ends by itself
        log.error("planning_result_not_kept", run_id=run_id, error=str(error))


def _simulate(bus: redis.Redis, settings: Settings, run_id: str, run: Run, out: IO[str]) -> None:
    asked = run["asked"]
    command = [sys.executable, "-m", "acd", "what-if", "--day", asked["day"], "--queue", asked["queue"]]
    command += ["--limit-seconds", str(LIMIT_SECONDS), "--more", *(str(extra) for extra in asked["more"])]
    environment = os.environ | {
        "UCKEFU_INSTANCE": str(settings.instance), "UCKEFU_DATABASE_URL": settings.sql_url,
    }  # fmt: skip
    process = subprocess.Popen(command, stdout=out, env=environment, cwd=PROJECT_ROOT)
    os.setpriority(os.PRIO_PROCESS, process.pid, NICENESS)
    deadline = time.monotonic() + LIMIT_SECONDS
    while process.poll() is None:
        if time.monotonic() > deadline:
            process.kill()
            process.wait()
            run |= {"state": "failed", "error": "too-long"}
            return
        _note_progress(bus, run_id, run, out)
        time.sleep(LOOK_SECONDS)
    _take_result(run, _lines(out))


def _note_progress(bus: redis.Redis, run_id: str, run: Run, out: IO[str]) -> None:
    done = max((line.get("done", 0) for line in _lines(out)), default=0)
    if done == run["done"]:
        return
    run["done"] = done
    try:
        _keep(bus, run_id, run)
    except redis.RedisError as error:  # the page shows the last known step until the bus is back
        log.warning("planning_progress_not_kept", run_id=run_id, error=str(error))


def _take_result(run: Run, lines: list[Run]) -> None:
    last = lines[-1] if lines else {}
    if "cases" in last:
        run |= {"state": "done", "result": last}
    else:
        run |= {"state": "failed", "error": last.get("error", "failed")}


def _lines(out: IO[str]) -> list[Run]:
    """The whole lines so far. The child writes at its own place in the file, so ours may be moved."""
    text = os.pread(out.fileno(), os.fstat(out.fileno()).st_size, 0).decode("utf-8")
    return [
        json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n") and line[0] == "{"
    ]
