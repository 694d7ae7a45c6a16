"""`python -m admin` as a process of its own, over real HTTP, websockets and Redis; the ACD is played by the tests."""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import redis
import requests
import socketio
from sqlalchemy import select
from sqlalchemy.orm import Session

from acd import contract
from sql.engine import make_engine
from sql.models import Agent, Base, User
from sql.seed import login_secret, seed
from tests.support.ports import free_port
from tests.support.servers import redis_server, running
from tests.support.waiting import wait_until
from uckefu.settings import Settings, load_settings, make_secrets
from uckefu.times import now, to_us

PROJECT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def bus_url() -> Iterator[str]:
    with redis_server() as url:
        yield url


@pytest.fixture(scope="module")
def bus(bus_url: str) -> Iterator[redis.Redis]:
    client = redis.Redis.from_url(bus_url, decode_responses=True)
    yield client
    client.close()


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, bus_url: str) -> Settings:
    """An instance with the sample data."""
    settings = load_settings(
        instance=tmp_path_factory.mktemp("admin") / "instance", redis_url=bus_url, web_port=free_port()
    )
    make_secrets(settings)
    engine = make_engine(settings.sql_url)
    Base.metadata.create_all(engine)
    seed(engine, settings)
    engine.dispose()
    return settings


@pytest.fixture(scope="module")
def agents(settings: Settings) -> dict[str, int]:
    """Agent ids by login."""
    engine = make_engine(settings.sql_url)
    with Session(engine) as session:
        rows = session.execute(select(User.login, Agent.id).join(Agent, Agent.user_id == User.id)).all()
    engine.dispose()
    return {row[0]: row[1] for row in rows}


def environment(settings: Settings) -> dict[str, str]:
    """What tells the process where everything is."""
    return {
        **os.environ,
        "UCKEFU_INSTANCE": str(settings.instance),
        "UCKEFU_REDIS_URL": settings.redis_url,
        "UCKEFU_WEB_PORT": str(settings.web_port),
    }


@pytest.fixture(scope="module")
def web(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator["Web"]:
    with _serving(settings, tmp_path_factory.mktemp("log") / "admin.log") as web:
        yield web


@pytest.fixture
def web_of_its_own(settings: Settings, tmp_path: Path) -> Iterator["Web"]:
    """A further process on the same instance, for a test that ends it."""
    with _serving(settings.model_copy(update={"web_port": free_port()}), tmp_path / "admin.log") as web:
        yield web


@contextmanager
def _serving(settings: Settings, log: Path) -> Iterator["Web"]:
    address = f"http://127.0.0.1:{settings.web_port}"
    told = {k: v for k, v in environment(settings).items() if k.startswith("UCKEFU_")}
    command = [
        "/usr/bin/env",
        *(f"{name}={value}" for name, value in told.items()),
        sys.executable,
        "-m",
        "admin",
    ]

    def answers() -> bool:
        try:
            return requests.get(f"{address}/healthz", timeout=2).ok
        except requests.ConnectionError:
            return False

    with running(command, log, answers) as process:
        yield Web(address, settings, process, log)


@dataclass
class Web:
    """The running process."""

    address: str
    settings: Settings
    process: "subprocess.Popen[bytes]"
    log: Path

    def sign_in(self, login: str) -> requests.Session:
        """A browser that is signed in through the login page."""
        browser = requests.Session()
        page = browser.get(f"{self.address}/login", timeout=10).text
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        assert token
        answer = browser.post(
            f"{self.address}/login", allow_redirects=False, timeout=10,
            data={
                "login": login, "password": self.settings.secrets[login_secret(login)], "csrf_token": token.group(1),
            },
        )  # fmt: skip
        assert answer.status_code == 302
        return browser


@dataclass
class Window:
    """An open desktop page: its socket, and what it was told."""

    client: socketio.Client
    heard: list[tuple[str, Any]] = field(default_factory=list)
    news: threading.Condition = field(default_factory=threading.Condition)

    def take(self, event: str, data: Any = None) -> None:
        with self.news:
            self.heard.append((event, data))
            self.news.notify_all()

    def wait_for(self, event: str, fits: Callable[[Any], Any] = lambda _data: True) -> Any:
        """The first message of this name that fits, now or within ten seconds."""
        found: list[Any] = []

        def look() -> bool:
            found[:] = [data for name, data in self.heard if name == event and fits(data)]
            return bool(found)

        with self.news:
            assert self.news.wait_for(look, 10), (event, self.heard[-5:])
        return found[0]


@pytest.fixture
def open_window(web: Web) -> Iterator[Callable[..., Window]]:
    opened: list[socketio.Client] = []

    def open_(browser: requests.Session | None, *, at: str = "", **headers: str) -> Window:
        client = socketio.Client(reconnection=False)
        window = Window(client)
        for event in ("my", "board", "caller", "signed-out"):
            client.on(event, lambda data=None, event=event: window.take(event, data))
        client.on("disconnect", lambda *_: window.take("gone"))
        cookies = "; ".join(f"{c.name}={c.value}" for c in browser.cookies) if browser else ""
        opened.append(client)
        client.connect(
            at or web.address,
            headers={"Cookie": cookies, **headers},
            transports=["websocket"],
            wait_timeout=10,
        )
        return window

    yield open_
    for client in opened:
        if client.connected:
            client.disconnect()


@dataclass
class FakeAcd:
    """Publishes views and events as the ACD does."""

    bus: redis.Redis
    agents: dict[str, int]

    def show(self, **parts: dict[str, Any]) -> None:
        """A view in which the named agents have these parts; the lease is held."""
        plain = {
            "status": "ready", "status_since_us": 1, "next_status": None, "state": "idle", "state_since_us": 1,
            "extension": "1001", "registered": True, "present": True, "offer": None, "call": None, "wrap_up": None,
        }  # fmt: skip
        view = {
            "version": 1, "at_us": to_us(now()), "writer": "test", "switches": {}, "members": [], "queues": {},
            "totals": {"voice": {"waiting": 0, "in_service": 0, "ready": 2}},
            "agents": {str(id_): {**plain, **parts.get(login, {})} for login, id_ in self.agents.items()},
        }  # fmt: skip
        self.bus.set(contract.LEASE, "test#1")
        self.bus.set(contract.VIEW, json.dumps(view))
        self.bus.publish(contract.VIEW_CHANNEL, json.dumps(view))

    def offer(self, login: str, number: str, interaction_id: str) -> contract.OfferMade:
        """The event and the view of an offer."""
        offer = contract.OfferMade(
            event_id=1, at_us=to_us(now()), offer_id=f"{interaction_id}:1:1", member_id=f"{interaction_id}:1",
            interaction_id=interaction_id, agent_id=self.agents[login], leg_id="leg", queue="service", number=number,
            did="4001", intent="2", entered_at_us=to_us(now()), expires_at_us=to_us(now()) + 20_000_000,
            reason={"rule": "longest-idle", "candidates": 2},
        )  # fmt: skip
        text = contract.encode_event(offer)
        self.show(**{login: {"state": "offered", "offer": json.loads(text)}})
        self.bus.publish(contract.EVENTS_CHANNEL, text)
        return offer

    def commands(self) -> list[contract.Command]:
        """All that was asked so far."""
        return [contract.decode_command(fields["data"]) for _id, fields in self.bus.xrange(contract.COMMANDS)]


@pytest.fixture
def acd(bus: redis.Redis, agents: dict[str, int]) -> FakeAcd:
    bus.flushdb()
    acd = FakeAcd(bus, agents)
    acd.show()
    return acd


@pytest.fixture
def wait() -> Callable[..., Any]:
    return wait_until
