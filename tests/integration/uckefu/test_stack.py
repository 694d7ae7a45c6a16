"""`make run` as a whole, on free ports: it starts, mends itself, says what is wrong, and leaves nothing behind."""

import os
import re
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import requests

from sql.models import User
from tests.support.servers import temporary_folder
from tests.support.stack import NAMES, Stack
from tests.support.waiting import wait_until
from uckefu.settings import PROJECT_ROOT

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack() as made:
        yield made


def run_again(stack: Stack, **environment: str) -> subprocess.CompletedProcess[str]:
    """`python -m uckefu run` beside the running stack; it must give up by itself."""
    command = [sys.executable, "-m", "uckefu", "run"]
    return subprocess.run(
        command,
        cwd=PROJECT_ROOT,
        env={**os.environ, **stack.environment, **environment},
        capture_output=True,
        text=True,
        timeout=90,
    )


def test_the_pages_answer_and_every_process_has_its_log(stack: Stack) -> None:
    assert requests.get(f"{stack.url}/healthz", timeout=10).status_code == 200
    assert {path.stem for path in (stack.instance / "log").glob("*.log")} == set(NAMES)


def test_the_table_says_where_to_go_who_may_enter_and_what_to_dial(stack: Stack) -> None:
    for word in (
        stack.url,
        *stack.login("admin"),
        *stack.login("agent1"),
        stack.sip_password("1001"),
        "4001",
        "9000",
        "9100",
        f"{stack.url}/chat/demo",
    ):
        assert word in stack.output


def test_what_the_instance_knows_is_for_its_owner_only(stack: Stack) -> None:
    assert stat.S_IMODE(stack.instance.stat().st_mode) == 0o700
    assert stat.S_IMODE((stack.instance / "secrets.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((stack.instance / "redis.sock").stat().st_mode) == 0o600


def test_every_port_is_on_loopback_only(stack: Stack) -> None:
    open_to = {
        connection.laddr.ip
        for pid in stack.every_pid()
        for connection in psutil.Process(pid).net_connections()
        if connection.status == psutil.CONN_LISTEN or (connection.type == 2 and not connection.raddr)
    }
    assert open_to == {"127.0.0.1"}


def test_a_second_run_of_the_same_instance_is_told_who_has_it(stack: Stack) -> None:
    again = run_again(stack)
    assert again.returncode == 1
    assert re.search(r"running already \(process \d+\)", again.stderr)


def test_a_port_in_use_is_told_by_its_setting_and_nothing_is_started(stack: Stack) -> None:
    with temporary_folder() as folder:
        again = run_again(stack, UCKEFU_INSTANCE=str(folder / "instance"))
        assert again.returncode == 1
        assert f"UCKEFU_WEB_PORT={stack.ports.web} is in use" in again.stderr
        assert not list((folder / "instance" / "log").iterdir())


@pytest.mark.parametrize("name", NAMES)
def test_a_killed_process_is_back_and_serves(stack: Stack, name: str) -> None:
    before = stack.kill(name)
    stack.wait_restarted(name, before)
    stack.wait_serves(name)


def test_ctrl_c_ends_every_process_and_a_second_start_keeps_the_data(stack: Stack) -> None:
    pids, secrets = stack.every_pid(), (stack.instance / "secrets.json").read_text()
    assert len(pids) > len(NAMES)
    stack.stop()
    wait_until(lambda: not any(map(psutil.pid_exists, pids)), what="every process to be gone")
    assert not stack.is_ready
    stack.start()
    assert (stack.instance / "secrets.json").read_text() == secrets
    engine = stack.engine()
    with engine.connect() as connection:
        assert len(connection.execute(User.__table__.select()).all()) == 4
    engine.dispose()


def test_kill_9_of_the_supervisor_leaves_no_process_and_the_next_start_works(stack: Stack) -> None:
    pids = stack.every_pid()
    os.kill(int((stack.instance / "run" / "ready").read_text()), signal.SIGKILL)
    wait_until(lambda: not any(map(alive, pids)), seconds=30, what="every process to be gone")
    (stack.instance / "run" / "ready").unlink()
    stack.start()
    assert requests.get(f"{stack.url}/healthz", timeout=10).status_code == 200


def alive(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"UCKEFU_WEB_PORT": "many"}, "UCKEFU_WEB_PORT=many"),
        (
            {"UCKEFU_SWITCH": "freeswitch", "FREESWITCH": "/nowhere/freeswitch"},
            "FREESWITCH=/nowhere/freeswitch",
        ),
        ({"UCKEFU_DIDS": "all"}, "UCKEFU_DIDS=all"),
        ({"UCKEFU_REDIS_URL": "redis://:secret@127.0.0.1:9/0"}, "UCKEFU_REDIS_URL=redis://…@127.0.0.1:9/0"),
        ({"UCKEFU_REDIS_URL": "nonsense"}, "UCKEFU_REDIS_URL=nonsense"),
        ({"UCKEFU_RTP_FIRST_PORT": "33000", "UCKEFU_RTP_LAST_PORT": "33999"}, "UCKEFU_RTP_LAST_PORT=33999"),
        ({"UCKEFU_DATABASE_URL": "mariadb://u:p@127.0.0.1:9/x"}, "UCKEFU_DATABASE_URL"),
        ({"UCKEFU_DATABASE_URL": "postgresql://h/x"}, "UCKEFU_DATABASE_URL"),
        ({"UCKEFU_DATABASE_URL": "nonsense"}, "UCKEFU_DATABASE_URL"),
    ],
)
def test_a_setting_that_cannot_work_is_one_line_that_names_it(environment: dict[str, str], says: str) -> None:
    with temporary_folder() as folder, pytest.raises(RuntimeError) as refused:
        Stack(environment, instance=Path(folder)).__enter__()
    assert says in str(refused.value)
    assert "Traceback" not in str(refused.value)
