"""Signing in: the same answer for everything wrong, slower after five failures, and safe cookies."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from admin.accounts import identity
from admin.app import create_app
from admin.db import db
from sql.models import AuditEntry, User
from sql.seed import login_secret
from uckefu.settings import Settings


def _refusal(client: FlaskClient, login: str, password: str) -> tuple[int, str]:
    answer = client.post("/login", data={"login": login, "password": password})
    text = answer.get_data(as_text=True)
    return answer.status_code, text.split('role="alert"')[1].split("</div>")[0]


def test_an_unknown_login_and_a_wrong_password_are_told_the_same(app: Flask) -> None:
    assert _refusal(app.test_client(), "admin", "x") == _refusal(app.test_client(), "nobody", "x")


def test_after_five_failures_even_the_right_password_must_wait(app: Flask, settings: Settings) -> None:
    client = app.test_client()
    for _ in range(5):
        status, text = _refusal(client, "admin", "x")
        assert status == 401
    status, slowed = _refusal(client, "admin", settings.secrets[login_secret("admin")])
    assert status == 401
    assert slowed != text
    assert re.search(r"\d+ (秒|seconds)", slowed)


def test_the_slow_down_of_one_login_does_not_touch_another(app: Flask, settings: Settings) -> None:
    for _ in range(6):
        _refusal(app.test_client(), "admin", "x")
    login = {"login": "agent1", "password": settings.secrets[login_secret("agent1")]}
    assert app.test_client().post("/login", data=login).status_code == 302


def test_a_deactivated_user_is_out_at_the_next_look(
    app: Flask, session: Session, sign_in: Callable[[str], FlaskClient]
) -> None:
    client = sign_in("agent1")
    user = session.query(User).filter_by(login="agent1").one()
    user.active = False
    session.commit()
    identity.forget(user.id)
    assert client.get("/").status_code == 302


def test_the_session_cookie_is_http_only_and_same_site(app: Flask, settings: Settings) -> None:
    answer = app.test_client().post(
        "/login", data={"login": "admin", "password": settings.secrets[login_secret("admin")]}
    )
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example", ""])
def test_a_login_never_leads_to_another_site(app: Flask, settings: Settings, target: str) -> None:
    answer = app.test_client().post(
        f"/login?next={target}", data={"login": "admin", "password": settings.secrets[login_secret("admin")]}
    )
    assert answer.headers["Location"] == "/"


def test_every_form_needs_its_token(settings: Settings) -> None:
    app = create_app(settings, TESTING=True)
    answer = app.test_client().post(
        "/login", data={"login": "admin", "password": settings.secrets[login_secret("admin")]}
    )
    assert answer.status_code == 400
    with app.app_context():
        db.engine.dispose()
    app.extensions["uckefu"]["bus"].close()


def test_a_changed_password_ends_the_other_sessions(
    app: Flask, settings: Settings, sign_in: Callable[[str], FlaskClient]
) -> None:
    here, there = sign_in("agent"), sign_in("agent")
    present = settings.secrets[login_secret("agent1")]
    answer = here.post(
        "/profile", data={"present": present, "new": "a new one 123", "again": "a new one 123"}
    )
    assert answer.status_code == 302
    assert here.get("/").status_code == 200
    assert there.get("/").status_code == 302


def test_a_login_is_noted_in_the_audit(app: Flask, session: Session, settings: Settings) -> None:
    login = {"login": "supervisor", "password": settings.secrets[login_secret("supervisor")]}
    assert app.test_client().post("/login", data=login).status_code == 302
    assert session.query(AuditEntry).filter_by(action="login", subject="supervisor").count() == 1


def test_the_policy_allows_no_inline_script(app: Flask) -> None:
    policy = app.test_client().get("/login").headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe-inline" not in policy
