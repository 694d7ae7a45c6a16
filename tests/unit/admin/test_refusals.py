"""What goes wrong is said in the reader's language or as a JSON problem, with the right code, and costs nothing else."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from admin.app import connect_bus, create_app
from admin.calls import queries
from admin.db import db
from admin.desk import views as desk_views
from admin.throttle import FREE_FAILURES, LoginThrottle
from uckefu.settings import Settings

SignIn = Callable[[str], FlaskClient]


def _away(*_: object, **__: object) -> None:
    raise OperationalError("select", {}, Exception("gone"))


@pytest.mark.parametrize(("language", "words"), [("zh-CN", "页面不存在"), ("en", "Nothing here")])
def test_a_refusal_is_a_page_in_the_readers_language(app: Flask, language: str, words: str) -> None:
    answer = app.test_client().get("/nothing", headers={"Accept-Language": language})
    assert answer.status_code == 404
    assert words in answer.get_data(as_text=True)


def test_a_script_gets_a_json_problem_with_the_requests_id(app: Flask) -> None:
    answer = app.test_client().get("/nothing", headers={"Accept": "application/json"})
    assert answer.content_type == "application/problem+json"
    assert answer.get_json()["status"] == 404
    assert answer.get_json()["request_id"] == answer.headers["X-Request-Id"]


def test_with_the_record_away_a_page_says_so_and_the_desktop_still_opens(
    app: Flask, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = sign_in("agent1")
    assert client.get("/").status_code == 200
    monkeypatch.setattr(queries, "count", _away)
    answer = client.get("/calls/")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    assert "暂时读不到数据" in answer.get_data(as_text=True)
    monkeypatch.setattr(db.session, "execute", _away)
    assert client.get("/").status_code == 200


def test_a_number_whose_reveal_cannot_be_noted_is_not_revealed(
    sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_views, "seen_by_me", lambda _id: "13912340873")
    monkeypatch.setattr(desk_views, "audit", lambda *_, **__: False)
    answer = sign_in("agent1").post("/desk/reveal/call-1", headers={"Accept": "application/json"})
    assert answer.status_code == 503
    assert "13912340873" not in answer.get_data(as_text=True)


def test_a_failure_of_ours_is_500_and_tells_no_secrets(
    settings: Settings, sign_in: SignIn, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail")

    app.config["PROPAGATE_EXCEPTIONS"] = False
    monkeypatch.setattr(queries, "count", fail)
    answer = sign_in("supervisor").get("/calls/")
    assert answer.status_code == 500
    assert "secret detail" not in answer.get_data(as_text=True)


def test_too_many_logins_from_one_address_are_429_whatever_their_names(app: Flask) -> None:
    client = app.test_client()
    codes = [client.post("/login", data={"login": f"u{n}", "password": ""}).status_code for n in range(61)]
    assert codes[-1] == 429
    assert set(codes[:-1]) == {200}
    assert client.get("/healthz").status_code == 200


def test_the_policy_of_each_page_is_strict_and_only_the_player_may_bring_a_style(
    app: Flask, sign_in: SignIn
) -> None:
    client = sign_in("supervisor")
    plain, player = (client.get(address).headers["Content-Security-Policy"] for address in ("/", "/calls/"))
    assert "nonce" not in plain
    assert re.search(r"style-src 'self' 'nonce-[\w-]{16,}'", player)
    assert "script-src" not in player  # scripts: default-src 'self', nothing inline
    assert "unsafe" not in plain + player


def test_templates_hold_nothing_that_the_policy_forbids(app: Flask, sign_in: SignIn) -> None:
    client = sign_in("administrator")
    for address in ("/", "/calls/", "/users/", "/users/new", "/profile", "/nothing"):
        text = client.get(address).get_data(as_text=True)
        assert not re.search(r"\sstyle=|\son[a-z]+=\"|<script(?![^>]*(?:src=|application/json))", text), (
            address
        )


def test_behind_https_cookies_are_secure_and_the_proxys_word_about_the_client_counts(
    settings: Settings,
) -> None:
    app = create_app(settings.model_copy(update={"https": True}), TESTING=True, WTF_CSRF_ENABLED=False)
    proxied = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}
    answer = app.test_client().get("/login", headers=proxied)
    assert "Secure" in answer.headers["Set-Cookie"]
    assert "Strict-Transport-Security" in answer.headers
    with app.app_context():
        db.engine.dispose()
    app.extensions["uckefu"]["bus"].close()


def test_a_hundred_tries_at_once_are_not_a_hundred_free_ones(bus_url: str) -> None:
    bus = redis.Redis.from_url(bus_url, decode_responses=True)
    bus.flushdb()
    throttle = LoginThrottle(bus)
    with ThreadPoolExecutor(20) as pool:
        waits = list(pool.map(lambda _n: throttle.try_now("admin", "203.0.113.1"), range(100)))
    assert waits.count(0) == FREE_FAILURES
    assert throttle.try_now("ADMIN", "203.0.113.1") > 0
    assert throttle.try_now("admin", "203.0.113.2") == 0
    throttle.succeeded("admin", "203.0.113.1")
    assert throttle.try_now("admin", "203.0.113.1") == 0
    bus.close()


def test_without_redis_a_process_slows_down_by_itself(settings: Settings) -> None:
    throttle = LoginThrottle(
        connect_bus(settings.model_copy(update={"redis_url": "unix:///nowhere/redis.sock"}))
    )
    waits = [throttle.try_now("admin", "203.0.113.1") for _ in range(FREE_FAILURES + 1)]
    assert waits[:-1] == [0] * FREE_FAILURES
    assert waits[-1] > 0


@pytest.mark.parametrize(
    "target", ["/\t/evil.example", "/%5Cevil.example", "/calls/\r\nX: y", "javascript:alert(1)"]
)
def test_no_spelling_leads_a_login_elsewhere(app: Flask, settings: Settings, target: str) -> None:
    answer = app.test_client().post(
        "/login", query_string={"next": target.replace("%5C", "\\")},
        data={"login": "admin", "password": settings.secrets["login:admin"]},
    )  # fmt: skip
    assert answer.headers["Location"] == "/"
