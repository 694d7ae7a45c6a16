"""The app on a SQLite of its own, a site, visitors and an agent; what would go to the pages and to the ACD is kept."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from acd import contract
from admin.accounts import identity
from admin.app import create_app
from admin.chat import relay as relays
from admin.db import db
from sql.models import Agent, Conversation, Site, User, Visitor
from tests.unit.admin.conftest import bus_url, settings, template
from uckefu.settings import Settings
from uckefu.times import now

__all__ = ["bus_url", "settings", "template"]


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    identity._kept.clear()
    app = create_app(settings, TESTING=True, WTF_CSRF_ENABLED=False)
    bus: redis.Redis = app.extensions["uckefu"]["bus"]
    bus.flushdb()
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()
    bus.close()


@dataclass
class Told:
    """What the relay sent: (namespace, rooms, event, content)."""

    lines: list[tuple[str, list[str], str, Any]] = field(default_factory=list)

    def of(self, event: str, namespace: str = relays.AGENTS) -> list[Any]:
        return [line[3] for line in self.lines if line[2] == event and line[0] == namespace]


@pytest.fixture
def told(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Told:
    told = Told()
    monkeypatch.setattr(
        relays.Relay, "send", lambda _self, namespace, rooms, event, content: told.lines.append((namespace, rooms, event, content))
    )  # fmt: skip
    return told


@pytest.fixture
def asked(app: Flask) -> Callable[[], list[contract.Command]]:
    """What the ACD was asked so far."""
    bus = app.extensions["uckefu"]["bus"]
    return lambda: [contract.decode_command(fields["data"]) for _id, fields in bus.xrange(contract.COMMANDS)]


@pytest.fixture
def site(app: Flask) -> Site:
    site = Site(key="shop", name="Shop", secret="s" * 32, queue_name="service", created_at=now())
    db.session.add(site)
    db.session.commit()
    return site


@pytest.fixture
def visitor(site: Site) -> Visitor:
    return _visitor(site, "visitor-1", "Lin")


@pytest.fixture
def stranger(site: Site) -> Visitor:
    return _visitor(site, "visitor-2", "")


def _visitor(site: Site, id_: str, name: str) -> Visitor:
    visitor = Visitor(id=id_, site_id=site.id, name=name, created_at=now(), seen_at=now())
    db.session.add(visitor)
    db.session.commit()
    return visitor


@pytest.fixture
def conversation(app: Flask, site: Site, visitor: Visitor, told: Told) -> Conversation:
    from admin.chat import service

    return service.open_conversation(site, visitor)


@pytest.fixture
def agent_id(app: Flask) -> int:
    """The sample agent1."""
    found = db.session.scalar(
        select(Agent.id).join(User, User.id == Agent.user_id).where(User.login == "agent1")
    )
    assert found is not None
    return found


@pytest.fixture
def sign_in(app: Flask) -> Callable[[str], FlaskClient]:
    def signed_in(login: str) -> FlaskClient:
        client = app.test_client()
        user = db.session.query(User).filter_by(login=login).one()
        with client.session_transaction() as cookie:
            cookie["_user_id"] = identity.snapshot(user, user.agent).get_id()
            cookie["_fresh"] = True
        return client

    return signed_in
