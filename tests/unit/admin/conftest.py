"""The app on a SQLite of its own and a real Redis, with one user of each role; nothing is patched."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin.accounts import identity
from admin.app import create_app
from admin.db import db
from sql.engine import make_engine
from sql.models import Agent, Base, Conversation, Interaction, Message, Site, User, Visitor
from sql.seed import seed
from tests.support.servers import redis_server
from uckefu.settings import Settings, load_settings, make_secrets
from uckefu.times import now

TALK_ID = "11111111-2222-3333-4444-555555555555"
LOGINS = {"administrator": "admin", "supervisor": "supervisor", "agent": "agent1"}


@pytest.fixture(scope="package")
def bus_url() -> Iterator[str]:
    with redis_server() as url:
        yield url


@pytest.fixture(scope="package")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An instance with the sample data, made once: hashing passwords is slow on purpose."""
    settings = load_settings(instance=tmp_path_factory.mktemp("template") / "instance")
    make_secrets(settings)
    engine = make_engine(settings.sql_url)
    Base.metadata.create_all(engine)
    seed(engine, settings)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return settings.instance


@pytest.fixture
def settings(tmp_path: Path, bus_url: str, template: Path) -> Settings:
    shutil.copytree(template, tmp_path / "instance")
    return load_settings(instance=tmp_path / "instance", redis_url=bus_url)


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    identity._kept.clear()
    app = create_app(settings, TESTING=True, WTF_CSRF_ENABLED=False)
    bus: redis.Redis = app.extensions["uckefu"]["bus"]
    bus.flushdb()
    yield app
    with app.app_context():
        db.engine.dispose()
    bus.close()


@pytest.fixture
def session(settings: Settings) -> Iterator[Session]:
    engine = make_engine(settings.sql_url)
    with Session(engine) as session:
        yield session
    engine.dispose()


@pytest.fixture
def agents(session: Session) -> dict[str, int]:
    """Agent ids by login."""
    rows = session.execute(select(User.login, Agent.id).join(Agent, Agent.user_id == User.id))
    return {row[0]: row[1] for row in rows}


@pytest.fixture
def talk(session: Session, agents: dict[str, int]) -> str:
    """A conversation of agent1 with one message of its visitor."""
    site = session.scalars(select(Site)).first()
    assert site is not None
    visitor = Visitor(
        id="v" * 36, site_id=site.id, name="林晓燕", phone="13912340873", created_at=now(), seen_at=now()
    )
    session.add(visitor)
    session.add(Interaction(id=TALK_ID, channel="chat", started_at=now()))
    session.flush()
    session.add(
        Conversation(
            id=TALK_ID, site_id=site.id, visitor_id=visitor.id, queue_name="webchat", agent_id=agents["agent1"], name="林晓燕",
            opened_at=now(), last_message_at=now(), waiting_since=now(), last_sequence=1, last_public_sequence=1, prechat={},
        )
    )  # fmt: skip
    session.flush()
    session.add(
        Message(conversation_id=TALK_ID, sequence=1, client_id="c1", kind="text", author="visitor", name="林晓燕", text="你好", sent_at=now(), detail={})
    )  # fmt: skip
    session.commit()
    return TALK_ID


@pytest.fixture
def sign_in(app: Flask, session: Session) -> Callable[[str], FlaskClient]:
    """A client that is signed in as a role (or a login); the login itself is tested in test_login.py."""

    def signed_in(who: str) -> FlaskClient:
        client = app.test_client()
        user = session.query(User).filter_by(login=LOGINS.get(who, who)).one()
        with client.session_transaction() as cookie:
            cookie["_user_id"] = identity.snapshot(user, user.agent).get_id()
            cookie["_fresh"] = True
        return client

    return signed_in


def view_with(agent_id: int, **parts: Any) -> dict[str, Any]:
    """An ACD view in which one agent has an offer, a call or a wrap-up."""
    agent: dict[str, Any] = {
        "status": "ready", "status_since_us": 1, "state": "idle", "state_since_us": 1, "extension": "1001",
        "registered": True, "present": True, "offer": None, "call": None, "wrap_up": None,
    }  # fmt: skip
    return {
        "version": 1, "at_us": 1, "writer": "test", "switches": {}, "members": [],
        "queues": {"service": {"waiting": 0, "in_service": 0, "ready": 1, "oldest_entered_at_us": None}},
        "totals": {"voice": {"waiting": 0, "in_service": 0, "ready": 1}},
        "agents": {str(agent_id): {**agent, **parts}},
    }  # fmt: skip
