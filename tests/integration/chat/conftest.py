"""Two web processes on one MariaDB and one Redis, all of which a test can take away; visitors over real websockets."""

import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import redis
import requests
import socketio
from sqlalchemy import select
from sqlalchemy.orm import Session

from sql import migrate
from sql.engine import make_engine
from sql.models import Agent
from sql.seed import seed
from tests.support.chat import Backstage
from tests.support.ports import free_port
from tests.support.servers import mariadb_binaries, mariadb_server, redis_binary, running, temporary_folder
from tests.support.waiting import wait_until
from uckefu.settings import Settings, load_settings, make_secrets


class Cable:
    """A TCP forwarder to a server that can be cut and mended: cut, the server is gone for whoever uses it."""

    def __init__(self, target: int) -> None:
        self.target, self.whole = target, True
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port = self.listener.getsockname()[1]
        self.ends: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        self.whole = False
        for end in list(self.ends):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        self.whole = True

    def close(self) -> None:
        self.cut()
        self.listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _address = self.listener.accept()
            except OSError:
                return
            if not self.whole:
                near.close()
                continue
            far = socket.create_connection(("127.0.0.1", self.target))
            for one, other in ((near, far), (far, near)):
                self.ends.add(one)
                threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while chunk := source.recv(65536):
                target.sendall(chunk)
        for end in (source, target):
            self.ends.discard(end)
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        with suppress(OSError):
            source.close()


class Bus:
    """A Redis with an append-only file that can be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, folder / "redis.sock"
        self.url = f"unix://{self.path}"
        self._up = ExitStack()

    def start(self) -> None:
        binary = redis_binary() or "redis-server"
        command = [
            binary, "--port", "0", "--unixsocket", str(self.path), "--dir", str(self.folder), "--appendonly", "yes", "--save", "",
        ]  # fmt: skip
        client = redis.Redis(unix_socket_path=str(self.path))

        def answers() -> bool:
            with suppress(redis.RedisError):
                return bool(client.ping())
            return False

        self._up.enter_context(running(command, self.folder / "log", answers))
        client.close()

    def stop(self) -> None:
        self._up.close()


@dataclass
class Centre:
    """Everything that is running."""

    settings: Settings
    cable: Cable
    bus: Bus
    agent_id: int
    folder: Path
    processes: dict[str, tuple[str, "subprocess.Popen[bytes]", ExitStack]] = field(default_factory=dict)

    def start_web(self, name: str, mode: str = "eventlet") -> str:
        """Start a web process; returns its address."""
        port = free_port()
        told = {
            "UCKEFU_INSTANCE": str(self.settings.instance), "UCKEFU_REDIS_URL": self.settings.redis_url,
            "UCKEFU_DATABASE_URL": self.settings.database_url, "UCKEFU_WEB_PORT": str(port),
            "UCKEFU_ASYNC_MODE": mode,
        }  # fmt: skip
        words = [f"{key}={value}" for key, value in told.items()]
        command = ["/usr/bin/env", *words, sys.executable, "-m", "admin"]
        address = f"http://127.0.0.1:{port}"

        def answers() -> bool:
            with suppress(requests.ConnectionError):
                return requests.get(f"{address}/healthz", timeout=2).ok
            return False

        up = ExitStack()
        process = up.enter_context(running(command, self.folder / f"{name}.log", answers))
        self.processes[name] = (address, process, up)
        return address

    def kill_web(self, name: str) -> None:
        """`kill -9`."""
        _address, process, up = self.processes.pop(name)
        process.kill()
        up.close()

    def address(self, name: str) -> str:
        return self.processes[name][0]

    def close(self) -> None:
        for _address, _process, up in self.processes.values():
            up.close()


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    if mariadb_binaries() is None:
        pytest.skip("MariaDB: mariadbd is not installed")
    with ExitStack() as things:
        bus = Bus(things.enter_context(temporary_folder()))
        bus.start()
        things.callback(lambda: bus.stop())
        url = things.enter_context(mariadb_server())
        cable = Cable(int(url.rpartition("/")[0].rpartition(":")[2]))
        things.callback(cable.close)
        folder = tmp_path_factory.mktemp("chat")
        through = url.replace(f":{cable.target}/", f":{cable.port}/")
        settings = load_settings(instance=folder / "instance", redis_url=bus.url, database_url=through)
        make_secrets(settings)
        engine = make_engine(url)
        migrate.upgrade(engine)
        seed(engine, settings)
        with Session(engine) as session:
            agent_id = session.scalar(select(Agent.id).order_by(Agent.id))
        engine.dispose()
        assert agent_id is not None
        centre = Centre(settings, cable, bus, agent_id, folder)
        things.callback(centre.close)
        yield centre


@pytest.fixture
def webs(centre: Centre) -> Centre:
    """With the two processes `a` and `b` up."""
    for name in ("a", "b"):
        if name not in centre.processes:
            centre.start_web(name)
    return centre


@pytest.fixture
def backstage(centre: Centre) -> Iterator[Backstage]:
    made = Backstage(centre.settings, centre.agent_id)
    yield made
    made.close()


class Visitor:
    """What chat.js does about connections, in Python: resends with the same id, and asks for what it has missed."""

    def __init__(self, addresses: list[str], token: str = "") -> None:
        self.addresses, self.token = addresses, token
        self.state: dict[str, Any] = {}
        self.heard: dict[int, dict[str, Any]] = {}
        self.events: list[tuple[str, Any]] = []
        self.news = threading.Condition()
        self.client = self._new()
        self.conversation_id = ""

    def _new(self) -> socketio.Client:
        client = socketio.Client(reconnection=False, handle_sigint=False)
        for event in ("state", "message", "conversation", "read", "typing", "position", "resync", "blocked"):
            client.on(event, lambda data=None, event=event: self._take(event, data), namespace="/visitor")
        return client

    def _take(self, event: str, data: Any) -> None:
        with self.news:
            if event == "state":
                self.state, self.token = data, data["token"]
                for message in data["messages"]:
                    self.heard.setdefault(message["sequence"], message)
            if event == "message":
                self.heard.setdefault(data["sequence"], data)
            self.events.append((event, data))
            self.news.notify_all()

    def connect(self, **more: Any) -> "Visitor":
        """To the first address that answers."""

        def try_all() -> bool:
            for address in self.addresses:
                with suppress(socketio.exceptions.ConnectionError):
                    self.client = self._new()
                    self.client.connect(
                        address, namespaces=["/visitor"], transports=["websocket"], wait_timeout=5,
                        auth={"site": "demo", "token": self.token}, **more,
                    )  # fmt: skip
                    return True
            return False

        self.state = {}
        wait_until(try_all, seconds=20, every=0.2, what="a web process to take the visitor")
        self.wait(lambda: self.state)
        conversation = self.state["conversation"]
        self.conversation_id = conversation["conversation_id"] if conversation else ""
        return self

    def wait(self, fact: Callable[[], Any], seconds: float = 15) -> Any:
        with self.news:
            assert self.news.wait_for(fact, seconds), self.events[-5:]
            return fact()

    def ask(self, event: str, data: Any = None, *, timeout: float = 10) -> dict[str, Any]:
        """One event and its answer."""
        answer: dict[str, Any] = self.client.call(event, data, namespace="/visitor", timeout=timeout)
        return answer

    def send(self, client_id: str, text: str) -> dict[str, Any]:
        """Until it is acknowledged, whatever breaks meanwhile."""

        def try_once() -> dict[str, Any] | None:
            try:
                answer = self.ask("send", {"client_id": client_id, "text": text}, timeout=5)
            except (socketio.exceptions.SocketIOError, socketio.exceptions.TimeoutError):
                self.client.disconnect()
                self.connect()
                return None
            if answer["code"] in ("try-again", "slow-down"):  # the page sends it again too
                return None
            return answer

        answer = wait_until(try_once, seconds=60, every=0.1, what="an acknowledgement")
        self.conversation_id = answer.get("conversation_id", self.conversation_id)
        return answer

    def catch_up(self) -> None:
        """Ask for everything that is not here."""
        answer = self.ask("since", {"conversation_id": self.conversation_id, "sequence": 0})
        for message in answer["messages"]:
            self.heard.setdefault(message["sequence"], message)

    def texts(self, author: str) -> list[str]:
        return [
            m["text"] for _n, m in sorted(self.heard.items()) if m["author"] == author and m["kind"] == "text"
        ]

    def close(self) -> None:
        with suppress(socketio.exceptions.SocketIOError):
            self.client.disconnect()


@pytest.fixture
def visit(webs: Centre) -> Iterator[Callable[..., Visitor]]:
    """A visitor at a process (`a` by default), with the other one to go to."""
    made: list[Visitor] = []

    def visit(at: str = "a", token: str = "", **more: Any) -> Visitor:
        order = sorted(webs.processes, key=lambda name: name != at)
        made.append(Visitor([webs.address(name) for name in order], token))
        return made[-1].connect(**more)

    yield visit
    for visitor in made:
        visitor.close()


@pytest.fixture
def bus_client(centre: Centre) -> Iterator[redis.Redis]:
    client = redis.Redis.from_url(centre.bus.url, decode_responses=True)
    yield client
    client.close()
