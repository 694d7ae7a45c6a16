"""Limits of messages: of a visitor, an address and a site, counted together by all web processes."""

import time
from types import SimpleNamespace
from typing import Any

import pytest
import redis
from flask import Flask
from socketio import exceptions as socket_refusals

from admin.chat import events
from admin.chat.guests import Guest, lobby
from admin.chat.refusals import ChatRefused
from admin.chat.throttling import MOST_AT_ONCE, SharedBuckets
from admin.db import db
from admin.sockets import socketio
from sql.models import Site

LIMIT = [("visitor:lin", 3)]


@pytest.fixture
def bus(app: Flask) -> redis.Redis:
    bus: redis.Redis = app.extensions["uckefu"]["bus"]
    return bus


@pytest.fixture
def processes(bus: redis.Redis) -> list[SharedBuckets]:
    return [SharedBuckets(), SharedBuckets()]


def takes(buckets: SharedBuckets, limits: list[tuple[str, int]], times: int, now: float = 0.0) -> int:
    """How many of so many tries get through."""
    return sum(not buckets.wait_seconds(limits, now) for _ in range(times))


def test_what_one_process_let_through_the_next_one_does_not(processes: Any, bus: redis.Redis) -> None:
    one, other = processes
    assert takes(one, LIMIT, 5) == 3
    one.share(bus, 0.0)
    other.learn(LIMIT)  # the visitor's window came to the other process
    other.share(bus, 0.0)
    assert takes(other, LIMIT, 5) == 0


def test_what_two_processes_let_through_at_once_is_repaid(processes: Any, bus: redis.Redis) -> None:
    for process in processes:
        assert takes(process, LIMIT, 5) == 3
    for process in (*processes, *processes):
        takes(process, LIMIT, 1)
        process.share(bus, 0.0)
    for process in processes:
        wait = process.wait_seconds(LIMIT, 0.0)
        assert 78 <= wait <= 80, "three were too many: they are waited for before the next one"


def test_one_limit_is_no_other_limit(processes: Any, bus: redis.Redis) -> None:
    one, other = processes
    assert takes(one, LIMIT, 5) == 3
    one.share(bus, 0.0)
    other.learn([("visitor:wang", 3)])
    other.share(bus, 0.0)
    assert takes(other, [("visitor:wang", 3)], 5) == 3


def test_while_redis_is_away_each_process_counts_alone_and_tells_it_later(
    processes: Any, bus: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = processes
    gone = SimpleNamespace(eval=lambda *_: (_ for _ in ()).throw(redis.ConnectionError("away")))
    assert takes(one, LIMIT, 2) == 2
    with pytest.raises(redis.RedisError):
        one.share(gone, 0.0)
    assert takes(one, LIMIT, 5) == 1, "its own count goes on"
    one.share(bus, 0.0)
    other.learn(LIMIT)
    other.share(bus, 0.0)
    assert takes(other, LIMIT, 5) == 0


def test_what_is_taken_while_redis_is_asked_counts_too(processes: Any, bus: redis.Redis) -> None:
    one = processes[0]

    def slowly(*words: Any) -> Any:
        answer = bus.eval(*words)
        takes(one, LIMIT, 1)
        return answer

    assert takes(one, LIMIT, 1) == 1
    one.share(SimpleNamespace(eval=slowly), 0.0)
    assert takes(one, LIMIT, 5) == 1


def test_many_limits_go_to_redis_a_part_at_a_time(processes: Any, bus: redis.Redis) -> None:
    one, sizes = processes[0], []

    def counted(*words: Any) -> Any:
        sizes.append(words[1])
        return bus.eval(*words)

    for n in range(MOST_AT_ONCE + 1):
        takes(one, [(f"visitor:{n}", 3)], 1)
    one.share(SimpleNamespace(eval=counted), 0.0)
    assert sizes == [MOST_AT_ONCE, 1]
    one.share(SimpleNamespace(eval=counted), 0.0)
    assert len(sizes) == 2, "nothing new, nothing told"


def test_a_limit_in_redis_goes_away_by_itself(processes: Any, bus: redis.Redis) -> None:
    takes(processes[0], LIMIT, 1)
    processes[0].share(bus, 0.0)
    (key,) = bus.keys("uckefu:limit:*")
    assert 0 < bus.ttl(key) <= 180


@pytest.mark.parametrize(
    ("setting", "same"),
    [
        ("visitor_per_minute", {"visitor_id": "lin"}),
        ("address_per_minute", {"address": "198.51.100.7"}),
        ("site_per_minute", {}),
    ],
    ids=["visitor", "address", "site"],
)
def test_who_writes_too_fast_is_held_by_visitor_by_address_and_by_site(
    app: Flask, site: Site, setting: str, same: dict[str, str]
) -> None:
    """Each window differs from the others in everything but what is limited."""
    site.settings = {setting: 3}
    db.session.commit()

    def window(n: int) -> Guest:
        who = {"visitor_id": f"visitor-{n}", "address": f"198.51.100.{n + 20}", **same}
        return Guest(f"sid-{n}", site.key, language="zh", **who)

    for n in range(3):
        events._count(window(n))
    with pytest.raises(ChatRefused) as refused:
        events._count(window(3))
    assert refused.value.code == "slow-down" and 1 <= refused.value.wait_seconds <= 21


def test_nobody_waits_for_redis_when_a_message_is_counted(
    app: Flask, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(*_: Any, **__: Any) -> None:
        raise AssertionError("Redis was asked")

    monkeypatch.setattr(app.extensions["uckefu"]["bus"], "execute_command", asked)
    events._count(Guest("sid", site.key, "lin", "198.51.100.7", "zh"))
    assert lobby().limits.wait_seconds([("visitor:other", 60)], time.monotonic()) == 0


def test_an_address_that_opens_window_after_window_is_told_to_slow_down_and_others_are_not(
    app: Flask, site: Site
) -> None:
    site.settings = {"address_per_minute": 3}
    db.session.commit()

    def window(address: str) -> socketio.test_client:
        environ = {"REMOTE_ADDR": address}
        auth = {"site": site.key, "language": "en"}
        client = app.test_client()
        client.environ_base |= environ
        return socketio.test_client(app, namespace=events.NAMESPACE, auth=auth, flask_test_client=client)

    opened = [window("198.51.100.7") for _ in range(4)]
    assert [each.is_connected(events.NAMESPACE) for each in opened] == [True, True, True, False]
    here = app.test_request_context(environ_base={"REMOTE_ADDR": "198.51.100.7"})
    with here, pytest.raises(socket_refusals.ConnectionRefusedError) as refused:
        events.connect({"site": site.key})
    assert refused.value.error_args["message"] == "slow-down"
    assert 19 <= refused.value.error_args["data"]["wait_seconds"] <= 21
    assert window("198.51.100.8").is_connected(events.NAMESPACE)
