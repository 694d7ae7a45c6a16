"""The whole stack as `make run` starts it, on free ports and in a folder of its own.

Integration and end-to-end tests use it:

    with Stack() as stack:
        requests.get(f"{stack.url}/healthz")
        stack.kill("acd")            # kill -9; the supervisor starts it again
        stack.wait_restarted("acd", before)

Processes by name: redis, history, acd, switch, admin.
"""

import os
import shutil
import signal
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import psutil
import redis
from sqlalchemy import Engine

from sql.engine import make_engine
from sql.seed import login_secret, sip_secret
from tests.support.ports import FreePorts
from tests.support.servers import temporary_folder
from tests.support.waiting import wait_until
from uckefu.child import Child, Plan
from uckefu.plans import bus_answers, plans
from uckefu.settings import PROJECT_ROOT, Settings, load_settings

START_SECONDS = 90
NAMES = ("redis", "history", "acd", "switch", "admin", "mail")


class Stack:
    """See the module.

    Args:
        environment: more settings, as environment variables (`UCKEFU_DATABASE_URL`…); they win over the free ports.
        instance: an instance folder to keep over several stacks; a new one by default, removed at the end.
        files: files to put into the instance before the start, by their path in it (`centre.yml`).
    """

    def __init__(
        self,
        environment: dict[str, str] | None = None,
        *,
        instance: Path | None = None,
        files: dict[str, str] | None = None,
    ) -> None:
        self.ports = FreePorts()
        self.environment = {
            "UCKEFU_LANGUAGE": "en",
            "UCKEFU_SWITCH": "builtin",
            **self.ports.environment(),
            **(environment or {}),
        }
        self._given, self._files = instance, files or {}
        self._resources = ExitStack()

    def __enter__(self) -> "Stack":
        folder = self._given or self._resources.enter_context(temporary_folder())
        self.instance = folder / "instance"
        self.environment["UCKEFU_INSTANCE"] = str(self.instance)
        for name, text in self._files.items():
            (self.instance / name).parent.mkdir(parents=True, exist_ok=True)
            (self.instance / name).write_text(text, encoding="utf-8")
        self._supervisor = Child(
            Plan("stack", [sys.executable, "-m", "uckefu", "run"], environment=self.environment),
            folder,
            PROJECT_ROOT,
        )
        self._resources.callback(self.stop)
        try:
            self.start()
        except BaseException:
            self._keep_logs()
            self._resources.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._keep_logs()
        self._resources.close()

    # ---- start and stop

    def start(self) -> None:
        """Start everything and wait until it is ready (again, after `stop`); raises RuntimeError with the logs."""
        self._supervisor.wait_stopped(time.monotonic())  # the last one, if it was killed
        self._supervisor.start()
        wait_until(
            lambda: self.is_ready or self._supervisor.status is not None,
            seconds=START_SECONDS,
            what=f"the stack: {self.output}",
        )
        if not self.is_ready:
            raise RuntimeError(f"the stack did not start:\n{self.output}\n{self.logs()}")

    def stop(self, seconds: float = 40) -> None:
        """As Ctrl-C does; returns when every process is gone."""
        self._supervisor.ask_to_stop()
        self._supervisor.wait_stopped(time.monotonic() + seconds)

    @property
    def is_ready(self) -> bool:
        """Whether every process serves."""
        return (self.instance / "run" / "ready").exists()

    # ---- what is where

    @property
    def settings(self) -> Settings:
        """The stack's own settings."""
        values = {
            k.removeprefix("UCKEFU_").lower(): v
            for k, v in self.environment.items()
            if k.startswith("UCKEFU_")
        }
        return load_settings(
            **{name: value for name, value in values.items() if name in Settings.model_fields}
        )

    @property
    def url(self) -> str:
        """Where the pages are."""
        return f"http://127.0.0.1:{self.ports.web}"

    def login(self, name: str) -> tuple[str, str]:
        """Login and password of a sample user: admin, supervisor, agent1 (extension 1001), agent2 (1002)."""
        return name, self.settings.secrets[login_secret(name)]

    def sip_password(self, extension: str) -> str:
        """The SIP password of 1001 or 1002."""
        return self.settings.secrets[sip_secret(extension)]

    def bus(self) -> "redis.Redis":
        """A client of the stack's Redis; close it."""
        return redis.Redis.from_url(self.settings.bus_url, decode_responses=True)

    def engine(self) -> Engine:
        """An engine on the stack's database; dispose of it."""
        return make_engine(self.settings.sql_url)

    # ---- its processes

    def pid(self, name: str) -> int:
        """The process id of redis, history, acd, switch or admin, as it is now."""
        return int((self.instance / "run" / f"{name}.pid").read_text())

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> int:
        """Send a signal, `kill -9` by default, and return the process id that it had."""
        pid = self.pid(name)
        os.kill(pid, number)
        return pid

    def wait_restarted(self, name: str, before: int, seconds: float = 30) -> int:
        """Wait until the supervisor has started it again; returns the new process id. It may not serve yet."""
        return wait_until(
            lambda: (self.pid(name) != before) and self.pid(name),
            seconds=seconds,
            what=f"{name} to be started again",
        )

    def serves(self, name: str) -> bool:
        """Whether the process has its ports open and answers (history has none: whether it runs)."""
        settings = self.settings
        if name == "redis":
            return bus_answers(settings)
        plan = next(plan for plan in plans(settings, None) if plan.name == name)
        return plan.ready()

    def wait_serves(self, name: str, seconds: float = 40) -> None:
        """Wait until the process serves, e.g. after `wait_restarted`."""
        wait_until(lambda: self.serves(name), seconds=seconds, what=f"{name} to serve")

    def every_pid(self) -> set[int]:
        """The supervisor and everything below it, as it is now."""
        supervisor = psutil.Process(int((self.instance / "run" / "ready").read_text()))
        return {supervisor.pid, *(child.pid for child in supervisor.children(recursive=True))}

    # ---- its words

    @property
    def output(self) -> str:
        """What the terminal shows."""
        return self._supervisor.tail(200)

    def log(self, name: str) -> str:
        """The whole log of a process."""
        path = self.instance / "log" / f"{name}.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def logs(self, lines: int = 30) -> str:
        """The last lines of every log, for an error message."""
        return "\n".join(f"--- {name}\n" + "\n".join(self.log(name).splitlines()[-lines:]) for name in NAMES)

    def _keep_logs(self) -> None:
        kept = (
            PROJECT_ROOT
            / "test-artefacts"
            / os.environ.get("PYTEST_CURRENT_TEST", "stack").split(" ")[0].replace("/", ".")
        )
        if (self.instance / "log").exists():
            shutil.copytree(self.instance / "log", kept, dirs_exist_ok=True)
            (kept / "output.log").write_text(self.output, encoding="utf-8")
