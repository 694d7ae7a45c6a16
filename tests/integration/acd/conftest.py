"""An ACD with everything real but the switch: Redis, SQLite, sockets; the switch is scripted."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import redis
from sqlalchemy.orm import Session

from acd.contract import COMMANDS, EVENTS, REPLY, VIEW, Command, decode_event, encode_command
from acd.daemon import Daemon, Ports
from sql.engine import make_engine
from sql.migrate import upgrade
from sql.models import Agent, Queue, Tier, User
from tests.integration.acd.scripted_switch import PASSWORD, ScriptedSwitch
from tests.support.ports import free_port
from tests.support.servers import redis_binary, redis_server
from uckefu.settings import Settings, load_settings
from uckefu.times import now

PATIENCE_SECONDS = 20.0


async def until(fact: Callable[[], Any], what: str = "", seconds: float = PATIENCE_SECONDS) -> Any:
    """Ask until it is true; a test's only clock."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not (value := fact()):
        if asyncio.get_running_loop().time() > deadline:
            raise TimeoutError(f"waited in vain for {what or fact}")
        await asyncio.sleep(0.01)
    return value


class Pages:
    """What the pages would see and do, without blocking the loop for long."""

    def __init__(self, url: str) -> None:
        self.bus: Any = redis.Redis.from_url(url, decode_responses=True, socket_timeout=5)

    def view(self) -> dict[str, Any]:
        try:
            return dict(json.loads(self.bus.get(VIEW) or "{}"))
        except redis.RedisError:
            return {}

    def agent(self, agent_id: int) -> dict[str, Any]:
        return dict(self.view().get("agents", {}).get(str(agent_id), {}))

    def line(self) -> list[str]:
        return [row["interaction_id"] for row in self.view().get("members", [])]

    def events(self, kind: type) -> list[Any]:
        rows = self.bus.xrange(EVENTS)
        return [e for e in (decode_event(fields["data"]) for _, fields in rows) if isinstance(e, kind)]

    async def send(self, command: Command) -> dict[str, Any]:
        self.bus.xadd(COMMANDS, {"data": encode_command(command)})
        key = REPLY + command.command_id
        return dict(json.loads(await until(lambda: self.bus.lpop(key), f"the answer to {command}")))


class Acd:
    """Settings, database and bus of one centre, and as many ACD processes as a test starts."""

    def __init__(self, folder: Path, bus_url: str) -> None:
        self.ports = [free_port(), free_port()]
        self.switch_port = free_port()
        self.settings: Settings = load_settings(
            instance=folder, redis_url=bus_url, event_socket_port=self.switch_port, acd_port=self.ports[0],
            database_url=f"sqlite:///{folder / 'record.db'}",
        )  # fmt: skip
        (folder / "secrets.json").write_text(
            json.dumps({"event_socket_password": PASSWORD}), encoding="utf-8"
        )
        self.record = make_engine(self.settings.sql_url)
        upgrade(self.record)
        self.pages = Pages(bus_url)
        self.started: list[asyncio.subprocess.Process] = []

    def people(self, agents: int = 2, **queue: Any) -> None:
        """Agents 1, 2, … with extensions 1001, 1002, … in the queue `service`."""
        with Session(self.record) as session, session.begin():
            service = Queue(
                name="service", title_zh="服务", title_en="Service", **{"wrap_up_seconds": 30, **queue}
            )
            session.add(service)
            for n in range(1, agents + 1):
                user = User(login=f"a{n}", name=f"a{n}", role="agent", password_hash="x", created_at=now())
                session.add(user)
                session.flush()
                agent = Agent(id=n, user_id=user.id, extension=f"{1000 + n}", a1_hash="x")
                session.add(agent)
                session.flush()
                session.add(Tier(queue_id=service.id, agent_id=agent.id))

    @asynccontextmanager
    async def daemon(self, port: int = 0, name: str = "") -> AsyncIterator[Daemon]:
        """An ACD in this process."""
        daemon = Daemon(self.settings, Ports(self.ports[port], 0), name)
        running = asyncio.create_task(daemon.run())
        try:
            yield daemon
        finally:
            daemon.stop()
            await asyncio.wait_for(running, PATIENCE_SECONDS)

    async def process(self, port: int = 0, *options: str, database: str = "") -> asyncio.subprocess.Process:
        """An ACD in a process of its own, to be killed; `database` is another address than the centre's."""
        environment = {
            **os.environ,
            "UCKEFU_INSTANCE": str(self.settings.instance),
            "UCKEFU_REDIS_URL": self.settings.bus_url,
            "UCKEFU_DATABASE_URL": database or self.settings.sql_url,
            "UCKEFU_EVENT_SOCKET_PORT": str(self.switch_port),
            "UCKEFU_ACD_PORT": str(self.ports[port]),
            "UCKEFU_ACD_METRICS_PORT": str(free_port()),
        }
        with (self.settings.instance / f"acd{port}.log").open("ab") as out:
            self.started.append(
                await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "acd", *options, env=environment, stderr=out
                )
            )
        return self.started[-1]

    async def end(self) -> None:
        """Nothing that a failed test has started stays."""
        for process in self.started:
            if process.returncode is None:
                process.kill()
                await process.wait()

    def log_of(self, port: int) -> str:
        """What the processes on this port have logged."""
        return (self.settings.instance / f"acd{port}.log").read_text(encoding="utf-8")


@pytest.fixture
def bus_url() -> Iterator[str]:
    if redis_binary() is None:
        pytest.skip("redis-server is not installed")
    with redis_server() as url:
        yield url


@pytest.fixture
async def acd(tmp_path: Path, bus_url: str) -> AsyncIterator[Acd]:
    made = Acd(tmp_path, bus_url)
    yield made
    await made.end()
    made.pages.bus.close()
    made.record.dispose()


@pytest.fixture
async def switch(acd: Acd) -> AsyncIterator[ScriptedSwitch]:
    made = ScriptedSwitch(*acd.ports)
    made.port = acd.switch_port
    async with made:
        yield made
