"""The web process as browsers and the bus meet it: sockets, pushes, logout, bad messages, Redis away, its end."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import redis
import requests
import socketio.exceptions

from acd import contract
from tests.integration.admin.conftest import PROJECT, FakeAcd, Web, Window, environment
from uckefu.settings import Settings

Open = Callable[..., Window]


def test_only_the_rung_agents_windows_hear_of_the_call_and_then_who_it_is(
    web: Web, acd: FakeAcd, open_window: Open
) -> None:
    first, again, other = (open_window(web.sign_in(login)) for login in ("agent1", "agent1", "agent2"))
    offer = acd.offer("agent1", "13800138000", "call-1")
    for window in (first, again):
        mine = window.wait_for("my", lambda d: d["content"].get("offer"))["content"]["offer"]
        assert (mine["number"], mine["region"]["en"]) == ("138****8000", "Beijing")
        card = window.wait_for("caller")
        assert (card["interaction_id"], card["card"]["contact"]["name"]) == (offer.interaction_id, "陈静")
    acd.show()  # a further view, so that whatever was meant for the other agent has come by then
    other.wait_for("board")
    first.wait_for("my", lambda d: not d["content"]["offer"])
    said = json.dumps(other.heard, ensure_ascii=False)
    assert "call-1" not in said
    assert "陈静" not in said


def test_a_second_window_and_a_reload_show_the_present_call_at_once(
    web: Web, acd: FakeAcd, open_window: Open
) -> None:
    acd.offer("agent1", "13912340873", "call-2")
    browser = web.sign_in("agent1")
    for _ in range(2):
        window = open_window(browser)
        assert window.wait_for("my")["content"]["offer"]["interaction_id"] == "call-2"
        window.client.disconnect()


def test_a_stranger_is_refused_at_the_handshake(web: Web, acd: FakeAcd, open_window: Open) -> None:
    with pytest.raises(socketio.exceptions.ConnectionError):
        open_window(None)


@pytest.mark.parametrize("transport", ["polling", "websocket"])
def test_a_strange_origin_is_refused_at_the_handshake_though_the_cookie_is_good(
    web: Web, acd: FakeAcd, transport: str
) -> None:
    browser, address = web.sign_in("agent1"), f"{web.address}/socket.io/?EIO=4&transport={transport}"
    own = browser.get(address.replace("websocket", "polling"), headers={"Origin": web.address}, timeout=10)
    assert own.status_code == 200
    strange = browser.get(address, headers={"Origin": "https://evil.example"}, timeout=10)
    assert strange.status_code == 400
    assert "sid" not in strange.text


def test_presence_is_told_at_connect_and_when_the_window_goes(
    web: Web, acd: FakeAcd, open_window: Open, wait: Callable[..., Any]
) -> None:
    window = open_window(web.sign_in("agent1"))
    window.wait_for("my")
    window.client.disconnect()

    def told() -> bool:
        here = [c.here for c in acd.commands() if isinstance(c, contract.Presence)]
        return here[:1] == [True] and here[-1:] == [False]

    wait(told, what="presence and its end")


def test_a_logout_tells_the_other_windows_and_a_copied_cookie_is_dead(
    web: Web, acd: FakeAcd, open_window: Open
) -> None:
    browser = web.sign_in("agent2")
    copied = dict(browser.cookies)
    window = open_window(browser)
    page = browser.get(f"{web.address}/", timeout=10).text
    token = page.split('name="csrf-token" content="')[1].split('"')[0]
    browser.post(f"{web.address}/logout", data={"csrf_token": token}, timeout=10)
    window.wait_for("signed-out")
    window.client.emit("here")
    window.wait_for("gone")
    answer = requests.get(f"{web.address}/", cookies=copied, allow_redirects=False, timeout=10)
    assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (302, "/login")


def test_a_message_that_cannot_be_read_does_not_end_the_news(
    web: Web, acd: FakeAcd, bus: redis.Redis, open_window: Open
) -> None:
    window = open_window(web.sign_in("agent1"))
    window.wait_for("my")
    for channel in (contract.VIEW_CHANNEL, contract.EVENTS_CHANNEL):
        for text in ("{", "[]", '{"type": "OfferMade"}', '{"agents": 1}', "null"):
            bus.publish(channel, text)
    acd.show(agent1={"status": "meal"})
    window.wait_for("my", lambda d: d["content"].get("status") == "meal")


def test_a_quiet_centre_is_not_an_old_view(web: Web, acd: FakeAcd, bus: redis.Redis) -> None:
    view = json.loads(str(bus.get(contract.VIEW)))
    bus.set(contract.VIEW, json.dumps({**view, "at_us": 1}))  # nothing has changed for years
    assert requests.get(f"{web.address}/readyz", timeout=10).json()["acd"] is True
    bus.delete(contract.LEASE)
    answer = requests.get(f"{web.address}/readyz", timeout=10)
    assert (answer.status_code, answer.json()["acd"]) == (503, False)


def test_metrics_are_for_this_machine_or_the_token(web: Web) -> None:
    url, token = f"{web.address}/metrics", web.settings.secrets["metrics_token"]
    assert "uckefu_http_request_seconds" in requests.get(url, timeout=10).text
    proxied = {"X-Forwarded-For": "203.0.113.9"}
    assert requests.get(url, headers=proxied, timeout=10).status_code == 403
    wrong = {**proxied, "Authorization": "Bearer ü"}
    assert (
        requests.get(
            url, headers={k: v.encode() for k, v in wrong.items()}, timeout=10
        ).status_code
        == 403
    )  # fmt: skip
    right = {**proxied, "Authorization": f"Bearer {token}"}
    assert requests.get(url, headers=right, timeout=10).status_code == 200


def test_without_redis_pages_open_and_a_login_works(settings: Settings, web: Web) -> None:
    from admin.app import create_app
    from uckefu.settings import load_settings

    away = load_settings(instance=settings.instance, redis_url="unix:///nowhere/redis.sock")
    app = create_app(away, TESTING=True, WTF_CSRF_ENABLED=False)
    client = app.test_client()
    login = {"login": "agent1", "password": settings.secrets["login:agent1"]}
    assert client.post("/login", data=login).status_code == 302
    for address in ("/", "/calls/", "/profile"):
        assert client.get(address).status_code == 200
    with app.app_context():
        from admin.db import db

        db.engine.dispose()
    app.extensions["uckefu"]["bus"].close()


def test_an_unknown_async_mode_is_refused_by_name(settings: Settings) -> None:
    told = {**environment(settings), "UCKEFU_ASYNC_MODE": "twisted"}
    ended = subprocess.run(
        [sys.executable, "-m", "admin"], env=told, cwd=PROJECT, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode != 0
    assert "UCKEFU_ASYNC_MODE" in ended.stderr


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_told_to_end_the_process_ends_though_pages_are_open(
    web_of_its_own: Web, acd: FakeAcd, open_window: Open, told: signal.Signals
) -> None:
    web = web_of_its_own
    for _ in range(3):
        open_window(web.sign_in("agent1"), at=web.address).wait_for("my")
    web.process.send_signal(told)
    assert web.process.wait(30) == 0
    log = web.log.read_text()
    assert "RLock" not in log
    assert "Traceback" not in log
