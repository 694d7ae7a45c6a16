"""Keeps a list of children running until it is told to stop. `uckefu.run` decides which; nothing here knows them.

Flow: `start` each child and wait until it is ready, `watch` (a child that dies is started again, later each time),
`stop` in the opposite order.
"""

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from uckefu.child import Child, Plan
from uckefu.messages import say

DEATHS_BEFORE_READY = 3
TICK_SECONDS = 0.1
LOG_CHECK_SECONDS = 60.0


class StartFailed(Exception):
    """A child did not become ready; the message is for people and ends with its last log lines."""

    code = "start-failed"


class StopAsked(Exception):
    """Ctrl-C or SIGTERM came while the children were being started."""


class Supervisor:
    """See the module.

    Args:
        folder: the instance; logs and process ids go below it.
        cwd: the children's working directory.
        tell: says a line to the person at the terminal.
    """

    def __init__(self, folder: Path, cwd: Path, tell: Callable[[str], None]) -> None:
        self.folder, self.cwd, self.tell = folder, cwd, tell
        self.children: list[Child] = []
        self.asked_to_stop = threading.Event()

    @contextmanager
    def signals(self) -> Iterator[None]:
        """SIGINT, SIGTERM and SIGHUP ask for the stop; a second one ends every child at once."""

        def asked(_number: int, _frame: object) -> None:
            if self.asked_to_stop.is_set():
                for child in self.children:
                    child.kill()
            self.asked_to_stop.set()

        before = {
            number: signal.signal(number, asked) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def start(self, plans: Sequence[Plan]) -> None:
        """Start all plans side by side and return when every one is ready.

        Raises:
            StartFailed: one died three times or was too slow.
            StopAsked: somebody does not want to wait any longer.
        """
        fresh = [Child(plan, self.folder, self.cwd) for plan in plans]
        for child in fresh:
            self.children.append(child)
            child.start()
        for child in fresh + fresh:  # twice: one may have died while the next was waited for
            self._wait_ready(child)

    def _wait_ready(self, child: Child) -> None:
        deadline = time.monotonic() + child.plan.ready_seconds
        deaths = 0
        while True:
            status = child.status
            if status is None and child.plan.ready():
                child.failures = 0
                return
            if status is not None:
                deaths += 1
                if deaths == DEATHS_BEFORE_READY:
                    self._fail(child, say("ended", status=status))
                self._pause(child.plan_restart())
                child.start()
            if time.monotonic() > deadline:
                self._fail(child, say("too_slow", seconds=round(child.plan.ready_seconds)))
            self._pause(TICK_SECONDS)

    def _pause(self, seconds: float) -> None:
        if self.asked_to_stop.wait(seconds):
            raise StopAsked

    def _fail(self, child: Child, reason: str) -> None:
        raise StartFailed(
            say("not_ready", name=child.plan.name, reason=reason, log=child.log, tail=child.tail())
        )

    def watch(self) -> None:
        """Restart children that die; returns when the stop is asked for."""
        logs_checked_at = time.monotonic()
        while not self.asked_to_stop.wait(TICK_SECONDS):
            for child in self.children:
                self._look_after(child)
            if time.monotonic() - logs_checked_at > LOG_CHECK_SECONDS:
                logs_checked_at = time.monotonic()
                for child in self.children:
                    child.keep_log_small()

    def _look_after(self, child: Child) -> None:
        if child.start_again_at is not None:
            if time.monotonic() >= child.start_again_at:
                child.start()
        elif (status := child.status) is not None:
            seconds = child.plan_restart()
            self.tell(
                say("ended_restarting", name=child.plan.name, status=status, seconds=seconds, log=child.log)
            )

    def stop(self) -> None:
        """End every child, the last started first; nothing of ours runs afterwards."""
        for child in reversed(self.children):
            child.ask_to_stop()
            child.wait_stopped(time.monotonic() + child.plan.stop_seconds)
        self.children.clear()
