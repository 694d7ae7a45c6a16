"""The users page: created with generated passwords, shown once; the ACD is told; nobody locks themself out."""

from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from acd import contract
from sql.models import Agent, AuditEntry, Queue, Tier, User

NEW = {"login": "li.na", "name": "李娜", "role": "agent", "extension": "1099", "active": "y"}


def _reloads(app: Flask) -> int:
    entries = app.extensions["uckefu"]["bus"].xrange(contract.COMMANDS)
    return sum('"ReloadConfiguration"' in fields["data"] for _id, fields in entries)


def _quick(app: Flask) -> None:
    app.extensions["uckefu"]["acd"].reply_timeout_seconds = 1


def test_a_new_agent_gets_passwords_shown_once_and_its_queues(
    app: Flask, session: Session, sign_in: Callable[[str], FlaskClient]
) -> None:
    _quick(app)
    queue = session.query(Queue).filter_by(name="sales").one()
    client = sign_in("administrator")
    sent = {**NEW, f"queue-{queue.id}": "y", f"level-{queue.id}": "2"}
    blank = client.get("/users/new").get_data(as_text=True)
    assert 'value="agent" selected' in blank, "a new user is nobody powerful unless chosen"
    shown = client.post("/users/new", data=sent)
    assert shown.status_code == 200
    assert shown.get_data(as_text=True).count("data-secret") == 2
    agent = session.query(Agent).filter_by(extension="1099").one()
    assert len(agent.a1_hash) == 32
    assert session.query(Tier).filter_by(agent_id=agent.id, queue_id=queue.id).one().level == 2
    assert _reloads(app) == 1
    assert session.query(AuditEntry).filter_by(action="user-created", subject="li.na").count() == 1
    assert "data-secret" not in client.get("/users/").get_data(as_text=True)
    with client.session_transaction() as cookie:
        assert "password" not in str(dict(cookie))


def test_a_taken_login_or_extension_is_said_at_its_field_and_nothing_is_lost(
    app: Flask, session: Session, sign_in: Callable[[str], FlaskClient]
) -> None:
    client = sign_in("administrator")
    for field, taken in (("login", "agent1"), ("extension", "1001")):
        answer = client.post("/users/new", data={**NEW, field: taken})
        text = answer.get_data(as_text=True)
        assert answer.status_code == 400
        assert "已被使用" in text
        assert "李娜" in text
    assert session.query(User).filter_by(name="李娜").count() == 0


def test_an_administrator_cannot_take_away_the_own_rights(
    app: Flask, session: Session, sign_in: Callable[[str], FlaskClient]
) -> None:
    me = session.query(User).filter_by(login="admin").one()
    client = sign_in("administrator")
    answer = client.post(
        f"/users/{me.id}", data={"login": "admin", "name": "A", "role": "agent", "active": "y"}
    )
    assert answer.status_code == 400
    session.refresh(me)
    assert (me.role, me.active) == ("administrator", True)


def test_a_deactivated_agent_leaves_its_queues(
    app: Flask, session: Session, sign_in: Callable[[str], FlaskClient]
) -> None:
    _quick(app)
    user = session.query(User).filter_by(login="agent1").one()
    form = {"login": "agent1", "name": user.name, "role": "agent", "extension": "1001"}
    assert sign_in("administrator").post(f"/users/{user.id}", data=form).status_code == 302
    session.expire_all()
    assert user.active is False
    assert session.query(Tier).filter_by(agent_id=user.agent.id).count() == 0


def test_a_new_login_password_leaves_the_phone_alone_and_a_new_phone_password_the_login(
    app: Flask, session: Session, sign_in: Callable[[str], FlaskClient]
) -> None:
    user = session.query(User).filter_by(login="agent2").one()
    before = (user.password_hash, user.agent.a1_hash)
    client = sign_in("administrator")
    assert client.post(f"/users/{user.id}/password").status_code == 200
    session.expire_all()
    middle = (user.password_hash, user.agent.a1_hash)
    assert middle[0] != before[0]
    assert middle[1] == before[1]
    assert client.post(f"/users/{user.id}/phone-password").status_code == 200
    session.expire_all()
    assert (user.password_hash, user.agent.a1_hash != middle[1]) == (middle[0], True)


def test_an_extension_cannot_be_taken_away_silently_and_a_level_must_be_one(
    app: Flask, session: Session, sign_in: Callable[[str], FlaskClient]
) -> None:
    user = session.query(User).filter_by(login="agent1").one()
    queue = session.query(Queue).filter_by(name="sales").one()
    form = {"login": "agent1", "name": user.name, "role": "agent", "active": "y"}
    client = sign_in("administrator")
    assert client.post(f"/users/{user.id}", data={**form, "extension": ""}).status_code == 400
    for level in ("0", "10", "x", "-1", "1.5"):
        sent = {**form, "extension": "1001", f"queue-{queue.id}": "y", f"level-{queue.id}": level}
        assert client.post(f"/users/{user.id}", data=sent).status_code == 400
    session.expire_all()
    assert session.query(Tier).filter_by(agent_id=user.agent.id).count() == 4
