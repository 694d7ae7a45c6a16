"""`chat_*`: 2,000 visitors and 50 agents write 500 messages a second over real websockets, half of them each side.

Two web processes on MariaDB; every message is committed before it is acknowledged. The times are of the steady part;
then one web process is killed and its people go to the other one, and whatever was acknowledged must have been shown
to the other side once, in the order of its author. The reference is MariaDB's own p99 of an INSERT with its COMMIT, in
the same run. The client is a process of its own (`chat_client`).
"""

import functools
import json
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, Any

import pymysql
import requests
from sqlalchemy import Engine, insert, make_url, select
from sqlalchemy.orm import Session

from admin.accounts import identity
from admin.app import create_app
from admin.chat import links
from admin.db import db
from sql import migrate
from sql.engine import make_engine
from sql.models import Agent, Conversation, Interaction, Message, Queue, Site, User, Visitor
from sql.seed import seed
from tests.bench.meter import Meter, Used, percentile
from tests.support.ports import free_port
from tests.support.servers import mariadb_server, redis_server, running, temporary_folder
from uckefu.settings import PROJECT_ROOT, Settings, load_settings, make_secrets
from uckefu.times import now

Line = dict[str, Any]
NAMES = ("chat_ack_p99_ms", "chat_deliver_p99_ms", "chat_lost", "chat_doubled", "chat_reordered")
UNLIMITED = {"visitor_per_minute": 6000, "address_per_minute": 100_000, "site_per_minute": 1_000_000}
REFERENCE_COMMITS = 500
LONGEST_SECONDS = 300


def measure(name: str, mode: str, *, visitors: int, agents: int, rate: float, seconds: float) -> Line:
    """One of the chat benches in one of `admin.server.MODES`; all of a mode are read from one run."""
    found = _run(mode, visitors, agents, rate, seconds)
    values: dict[str, tuple[float, str]] = {
        "chat_ack_p99_ms": (round(percentile(found["acked_ms"], 0.99), 1), "ms"),
        "chat_deliver_p99_ms": (round(percentile(found["delivered_ms"], 0.99), 1), "ms"),
        "chat_lost": (found["lost"], "messages"),
        "chat_doubled": (found["doubled"], "messages"),
        "chat_reordered": (found["reordered"], "messages"),
    }
    value, unit = values[name]
    medians = {
        "chat_ack_p99_ms": {"p50_ms": round(percentile(found["acked_ms"], 0.5), 1)},
        "chat_deliver_p99_ms": {"p50_ms": round(percentile(found["delivered_ms"], 0.5), 1)},
    }
    reference = found["reference"] if name == "chat_ack_p99_ms" else None
    return {
        "mode": mode,
        "value": value,
        "unit": unit,
        "reference": reference,
        **medians.get(name, {}),
        **found["details"],
    }


@functools.cache
def _run(mode: str, visitors: int, agents: int, rate: float, seconds: float) -> dict[str, Any]:
    with ExitStack() as things:
        folder = things.enter_context(temporary_folder())
        url = things.enter_context(mariadb_server())
        bus = things.enter_context(redis_server())
        settings = load_settings(instance=folder / "instance", redis_url=bus, database_url=url)
        make_secrets(settings)
        engine = make_engine(url)
        things.callback(engine.dispose)
        migrate.upgrade(engine)
        seed(engine, settings)
        plan = _people(settings, engine, visitors, agents)
        webs = [things.enter_context(_web(settings, mode, folder / f"web{n}.log")) for n in (1, 2)]
        plan |= {
            "ports": [port for port, _process in webs], "rate": rate, "seconds": seconds, "after_kill_seconds": seconds / 2,
        }  # fmt: skip
        reference = _reference(url)
        seen = _load(plan, webs[0][1], [process.pid for _port, process in webs], seconds)
        return seen | _checked(engine, seen) | {"reference": reference}


class _web:  # noqa: N801 - used as a context manager
    """A web process; yields its port and process."""

    def __init__(self, settings: Settings, mode: str, log: Path) -> None:
        self.settings, self.mode, self.log = settings, mode, log
        self.things = ExitStack()

    def __enter__(self) -> tuple[int, "subprocess.Popen[bytes]"]:
        port = free_port()
        told = {
            "UCKEFU_INSTANCE": self.settings.instance, "UCKEFU_REDIS_URL": self.settings.redis_url,
            "UCKEFU_DATABASE_URL": self.settings.database_url, "UCKEFU_WEB_PORT": port,
            "UCKEFU_ASYNC_MODE": self.mode,
        }  # fmt: skip
        words = [f"{key}={value}" for key, value in told.items()]

        def answers() -> bool:
            with suppress(requests.ConnectionError):
                return requests.get(f"http://127.0.0.1:{port}/healthz", timeout=2).ok
            return False

        command = ["/usr/bin/env", *words, sys.executable, "-m", "admin"]
        return port, self.things.enter_context(running(command, self.log, answers))

    def __exit__(self, *_given: object) -> None:
        self.things.close()


def _people(settings: Settings, engine: Engine, visitors: int, agents: int) -> Line:
    """Everybody in the record, each visitor in a conversation with an agent; tokens and session cookies for the client."""
    instant = now()
    with Session(engine) as session:
        queue = session.scalar(select(Queue.name).where(Queue.channel == "chat"))
        session.add(
            Site(key="bench", name="Bench", secret="s", queue_name=queue, settings=UNLIMITED, created_at=instant)
        )  # fmt: skip
        for n in range(agents):
            user = User(
                login=f"bench{n}", name=f"Agent {n}", role="agent", password_hash="x", created_at=instant
            )
            session.add(Agent(user=user, extension=f"1{n + 100:03d}", a1_hash=""))
        session.commit()
        site_id = session.scalar(select(Site.id).where(Site.key == "bench"))
        rows = session.execute(select(User, Agent).join(Agent).where(User.login.like("bench%"))).all()
        cookies, mine = {}, {}
        app = create_app(settings, TESTING=True)
        for user, agent in rows:
            mine[agent.id] = []
            cookies[agent.id] = _cookie(app, identity.snapshot(user, agent).get_id())
        ids, plan_visitors = list(mine), []
        talks: list[Line] = []
        for n in range(visitors):
            visitor_id, id_, agent_id = f"visitor-{n}", f"conversation-{n}", ids[n % len(ids)]
            mine[agent_id].append(id_)
            with app.app_context():
                token = links.visitor_token(visitor_id, "bench")
            plan_visitors.append({"token": token, "conversations": [id_]})
            talks.append({
                "id": id_, "site_id": site_id, "visitor_id": visitor_id, "queue_name": queue, "agent_id": agent_id,
                "opened_at": instant, "assigned_at": instant, "last_message_at": instant, "prechat": {},
            })  # fmt: skip
        session.execute(insert(Visitor), [
            {"id": t["visitor_id"], "site_id": site_id, "open_conversation_id": t["id"], "created_at": instant, "seen_at": instant}
            for t in talks
        ])  # fmt: skip
        session.execute(
            insert(Interaction), [{"id": t["id"], "channel": "chat", "started_at": instant} for t in talks]
        )
        session.execute(insert(Conversation), talks)
        session.commit()
        with app.app_context():
            db.engine.dispose()
        app.extensions["uckefu"]["bus"].close()
    agents_plan = [{"cookie": cookies[id_], "conversations": mine[id_]} for id_ in ids]
    return {"visitors": plan_visitors, "agents": agents_plan}


def _cookie(app: Any, user_key: str) -> str:
    """The session cookie of somebody who is signed in; 50 logins a moment would be slowed down, as they should."""
    client = app.test_client()
    with client.session_transaction() as session:
        session["_user_id"] = user_key
        session["_fresh"] = True
        session["id"] = user_key
    cookie = client.get_cookie("uckefu")
    return f"uckefu={cookie.value}"


def _reference(url: str) -> float:
    """p99 of an INSERT and its COMMIT, by itself, in milliseconds."""
    where = make_url(url)
    connection = pymysql.connect(
        host=where.host, port=where.port or 3306, user=where.username, password=str(where.password), database=where.database
    )  # fmt: skip
    times = []
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE bench_reference (id INT AUTO_INCREMENT PRIMARY KEY, text TEXT) ENGINE=InnoDB"
        )
        for _ in range(REFERENCE_COMMITS):
            begun = time.perf_counter()
            cursor.execute("INSERT INTO bench_reference (text) VALUES ('a message of some length')")
            connection.commit()
            times.append((time.perf_counter() - begun) * 1000)
        cursor.execute("DROP TABLE bench_reference")
    return round(percentile(times, 0.99), 1)


def _load(plan: Line, victim: "subprocess.Popen[bytes]", pids: list[int], seconds: float) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.bench.chat_client"]
    client = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=PROJECT_ROOT
    )
    assert client.stdin is not None and client.stdout is not None
    try:
        client.stdin.write(json.dumps(plan) + "\n")
        client.stdin.flush()
        _expect(client.stdout, "connected")
        meter = Meter(pids)
        _expect(client.stdout, "half")
        used = meter.stop()
        victim.kill()
        seen: dict[str, Any] = json.loads(client.communicate(timeout=LONGEST_SECONDS)[0])
    except (subprocess.TimeoutExpired, json.JSONDecodeError) as error:
        raise TimeoutError(f"the chat client did not end: {error}") from error
    finally:
        client.kill()
        client.wait()
    return seen | {"details": _details(plan, seen, used, seconds)}


def _expect(stream: IO[str], word: str) -> None:
    if (line := stream.readline().strip()) != word:
        raise TimeoutError(f"the chat client said {line!r} instead of {word!r}")


def _details(plan: Line, seen: Line, used: Used, seconds: float) -> Line:
    return {
        "visitors": len(plan["visitors"]), "agents": len(plan["agents"]), "offered_per_second": plan["rate"],
        "acknowledged_per_second": round(len(seen["acked_ms"]) / seconds), "sent": seen["sent"],
        "reconnected": seen["reconnected"], "late_arrivals": seen["late"], "refused": seen["refused"],
        "connect_seconds": round(seen["connect_seconds"], 1), "web_cpu_percent": round(used.chosen_percent), **used.machine(),
    }  # fmt: skip


def _checked(engine: Engine, seen: Line) -> Line:
    """What the record and the pages say of every acknowledged message."""
    with Session(engine) as session:
        rows = session.execute(
            select(Message.client_id, Message.conversation_id, Message.sequence)
            .where(Message.client_id.like("%-%-%"))
            .order_by(Message.conversation_id, Message.sequence)
        ).all()
    stored: dict[str, int] = {}
    doubled = 0
    for client_id, _conversation, _sequence in rows:
        doubled += client_id in stored
        stored[client_id] = stored.get(client_id, 0) + 1
    shown = seen["shown"]
    doubled += sum(len(sequences) > 1 for sequences in shown.values())
    lost = sum(client_id not in stored or client_id not in shown for client_id in seen["acknowledged"])
    reordered, last = 0, {}
    for client_id, conversation, _sequence in rows:
        author, _, number = client_id.rpartition("-")
        reordered += int(number) < last.get((conversation, author), -1)
        last[conversation, author] = int(number)
    return {"lost": lost, "doubled": doubled, "reordered": reordered}
