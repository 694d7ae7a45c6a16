"""The supervisor with small children of its own: start, death, restart, stop, and nothing left behind."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.waiting import wait_until
from uckefu.child import Child, Plan
from uckefu.supervisor import StartFailed, StopAsked, Supervisor

PROJECT = Path(__file__).parents[3]
SLEEPER = "import time; print('up', flush=True); time.sleep(600)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
PARENT = f"import subprocess, sys, time; p = subprocess.Popen([sys.executable, '-c', {SLEEPER!r}]); print(p.pid, flush=True); time.sleep(600)"


def python(name: str, code: str, folder: Path, **values: object) -> Plan:
    """A plan that runs `code` and is ready once it has printed something."""
    log = folder / "log" / f"{name}.log"
    ready = lambda: log.exists() and log.stat().st_size > 0  # noqa: E731
    return Plan(name, [sys.executable, "-c", code], **({"ready": ready} | values))


def lives(pid: int) -> bool:
    """Whether the process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(tmp_path: Path, said: list[str]) -> Iterator[Supervisor]:
    made = Supervisor(tmp_path, PROJECT, said.append)
    yield made
    made.stop()


@pytest.fixture
def watching(supervisor: Supervisor) -> Iterator[Supervisor]:
    thread = threading.Thread(target=supervisor.watch)
    thread.start()
    yield supervisor
    supervisor.asked_to_stop.set()
    thread.join(10)


def pid_of(child: Child) -> int:
    return int(child.pid_file.read_text())


def test_a_started_child_is_ready_and_a_stop_ends_it(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start([python("one", SLEEPER, tmp_path), python("two", SLEEPER, tmp_path)])
    pids = [pid_of(child) for child in supervisor.children]
    assert all(lives(pid) for pid in pids)
    supervisor.stop()
    assert not any(lives(pid) for pid in pids)
    assert list((tmp_path / "run").iterdir()) == []


def test_a_stop_takes_the_childrens_children_with_it(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start([python("parent", PARENT, tmp_path)])
    grandchild = int((tmp_path / "log" / "parent.log").read_text().split()[0])
    assert lives(grandchild)
    supervisor.stop()
    wait_until(lambda: not lives(grandchild), what="the grandchild to be gone")


def test_a_child_that_ignores_the_stop_is_killed_in_the_end(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start([python("stubborn", STUBBORN, tmp_path, stop_seconds=0.3)])
    pid = pid_of(supervisor.children[0])
    supervisor.stop()
    assert not lives(pid)


def test_a_killed_child_is_started_again_and_the_person_is_told(
    watching: Supervisor, tmp_path: Path, said: list[str]
) -> None:
    watching.start([python("one", SLEEPER, tmp_path)])
    before = pid_of(watching.children[0])
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: pid_of(watching.children[0]) != before, what="a new process")
    assert len(said) == 1
    assert "one" in said[0]
    assert "-9" in said[0]


def test_a_child_that_dies_again_and_again_is_started_later_each_time(tmp_path: Path) -> None:
    child = Child(python("one", SLEEPER, tmp_path), tmp_path, PROJECT)
    child.start()
    assert [child.plan_restart() for _ in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, 30]
    child.wait_stopped(0)


def test_a_child_that_never_gets_ready_fails_the_start_with_its_last_words(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    plan = python(
        "broken", "print('no such table: user')\nraise SystemExit(3)", tmp_path, ready=lambda: False
    )
    with pytest.raises(StartFailed, match="no such table: user"):
        supervisor.start([plan])


def test_a_child_that_is_too_slow_fails_the_start(supervisor: Supervisor, tmp_path: Path) -> None:
    with pytest.raises(StartFailed, match="slow"):
        supervisor.start([python("slow", SLEEPER, tmp_path, ready=lambda: False, ready_seconds=0.3)])


def test_a_stop_asked_for_during_the_start_ends_it(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.asked_to_stop.set()
    with pytest.raises(StopAsked):
        supervisor.start([python("one", SLEEPER, tmp_path, ready=lambda: False)])


SCRIPT = """
import sys
from pathlib import Path
from tests.integration.uckefu.test_supervisor import PARENT, PROJECT, SLEEPER, python
from uckefu.supervisor import Supervisor
folder = Path(sys.argv[1])
supervisor = Supervisor(folder, PROJECT, print)
with supervisor.signals():
    supervisor.start([python("one", SLEEPER, folder), python("parent", PARENT, folder)])
    print("ready", flush=True)
    supervisor.watch()
    supervisor.stop()
"""


@pytest.fixture
def whole(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", SCRIPT, str(tmp_path)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


def all_pids(folder: Path) -> list[int]:
    pids = [int((folder / "run" / f"{name}.pid").read_text()) for name in ("one", "parent")]
    return [*pids, int((folder / "log" / "parent.log").read_text().split()[0])]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ctrl_c_and_its_kin_stop_every_child(
    whole: subprocess.Popen[str], tmp_path: Path, number: signal.Signals
) -> None:
    pids = all_pids(tmp_path)
    assert all(lives(pid) for pid in pids)
    whole.send_signal(number)
    assert whole.wait(15) == 0
    assert not any(lives(pid) for pid in pids)


def test_no_child_outlives_a_supervisor_that_is_killed(whole: subprocess.Popen[str], tmp_path: Path) -> None:
    pids = all_pids(tmp_path)[:2]  # the third is its parent's affair: nobody was left to tell it
    whole.kill()
    wait_until(lambda: not any(lives(pid) for pid in pids), what="the children to be gone")


@pytest.fixture(autouse=True)
def _no_orphan(tmp_path: Path) -> Iterator[None]:
    yield
    log = tmp_path / "log" / "parent.log"
    if log.exists() and lives(orphan := int(log.read_text().split()[0])):
        os.kill(orphan, signal.SIGKILL)
