"""One process under the supervisor: started in a process group of its own, watched, stopped, started again.

No child survives: each gets SIGTERM from the kernel when the supervisor dies, even by `kill -9`.
"""

import ctypes
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

PR_SET_PDEATHSIG = 1
LONGEST_BACKOFF_SECONDS = 30.0
STEADY_SECONDS = 60.0
LARGEST_LOG_BYTES = 20_000_000

# Loaded before any fork: between fork and exec nothing may be imported.
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Plan:
    """What to run, how to know that it serves, and how long to wait."""

    name: str
    command: Sequence[str]
    ready: Callable[[], bool] = lambda: True
    environment: Mapping[str, str] = field(default_factory=dict)
    ready_seconds: float = 40
    stop_seconds: float = 10


class Child:
    """A running plan.

    Args:
        plan: what to run.
        folder: the instance; the log goes to `log/NAME.log`, the process id to `run/NAME.pid`.
        cwd: the working directory.
    """

    def __init__(self, plan: Plan, folder: Path, cwd: Path) -> None:
        self.plan = plan
        self.cwd = cwd
        self.log = folder / "log" / f"{plan.name}.log"
        self.pid_file = folder / "run" / f"{plan.name}.pid"
        self.process: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0
        self.failures = 0
        self.start_again_at: float | None = None

    def start(self) -> None:
        """Start the process; raises OSError when it can't be run at all."""
        self.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.pid_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.keep_log_small()
        supervisor = os.getpid()

        def die_with_supervisor() -> None:
            _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != supervisor:  # it died between the fork and the line above
                os._exit(1)

        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                list(self.plan.command), cwd=self.cwd, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                env={**os.environ, **self.plan.environment}, start_new_session=True, preexec_fn=die_with_supervisor,
            )  # fmt: skip
        self.started_at, self.start_again_at = time.monotonic(), None
        part = self.pid_file.with_suffix(".part")
        part.write_text(f"{self.process.pid}\n")
        part.replace(self.pid_file)  # whoever reads it reads a whole number

    @property
    def status(self) -> int | None:
        """The exit status (negative: the signal), None while it runs."""
        return self.process.poll() if self.process else None

    def plan_restart(self) -> float:
        """Note a death and return after how many seconds the next start is due; longer each time, at most 30."""
        self.kill()  # whatever the process left behind must not hold its ports
        if time.monotonic() - self.started_at > STEADY_SECONDS:
            self.failures = 0
        backoff: float = min(0.5 * 2.0**self.failures, LONGEST_BACKOFF_SECONDS)
        self.failures += 1
        self.start_again_at = time.monotonic() + backoff
        return backoff

    def ask_to_stop(self) -> None:
        """Send SIGTERM to the process (it tells its own children)."""
        self.start_again_at = None
        if self.process and self.process.poll() is None:
            self.process.terminate()

    def wait_stopped(self, deadline: float) -> None:
        """Wait for the end until `deadline` (monotonic), then kill; its whole group is gone afterwards."""
        if self.process is None:
            return
        with suppress(subprocess.TimeoutExpired):  # too slow: it is killed in the next line
            self.process.wait(max(0.0, deadline - time.monotonic()))
        self.kill()
        self.process.wait()
        self.pid_file.unlink(missing_ok=True)

    def kill(self) -> None:
        """End the process and all of its group at once."""
        if self.process is None:
            return
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return  # nobody is left in it, as it should be

    def tail(self, lines: int = 15) -> str:
        """The last lines of its log."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as stream:
            stream.seek(max(0, self.log.stat().st_size - 20_000))
            return "\n".join(stream.read().decode("utf-8", "replace").splitlines()[-lines:])

    def keep_log_small(self) -> None:
        """Move a log that has grown to `NAME.log.1`; the process goes on writing to the (now empty) file."""
        if self.log.exists() and self.log.stat().st_size > LARGEST_LOG_BYTES:
            shutil.copyfile(self.log, self.log.with_suffix(".log.1"))
            os.truncate(self.log, 0)
