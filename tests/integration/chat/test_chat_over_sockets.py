"""Visitors over real sockets: who may touch what, bad input, two processes, and everything that breaks in between."""

import json
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import redis
import requests
import socketio
import websocket
from sqlalchemy import select

from acd import contract
from admin.chat import numbering, service
from admin.chat.numbering import Draft
from admin.db import db
from sql.models import Conversation, LeftMessage, VisitorBlock
from tests.support.chat import Backstage
from tests.support.waiting import wait_until
from uckefu.times import now, to_us

Visit = Callable[..., Any]
AWAY_SECONDS = 20


def test_a_message_reaches_every_window_at_every_process(visit: Visit, backstage: Backstage) -> None:
    first = visit("a")
    second = visit("b", first.token)
    first.send("m1", "hello")
    second.wait(lambda: second.texts("visitor") == ["hello"])
    backstage.says(first.conversation_id, "good day")
    for window in (first, second):
        window.wait(lambda window=window: window.texts("agent") == ["good day"])
    assert second.ask("read", {"sequence": 2})["ok"]
    assert (backstage.conversation() or {})["visitor_read_sequence"] == 2


def test_a_visitor_comes_back_to_the_same_conversation_and_history(
    visit: Visit, backstage: Backstage
) -> None:
    visitor = visit()
    visitor.send("m1", "first talk")
    before = visitor.conversation_id
    assert visitor.ask("end", {})["ok"]
    assert visitor.ask("rate", {"stars": 5, "comment": "fine"})["ok"]
    visitor.send("m2", "second talk")
    assert visitor.conversation_id != before
    again = visit("b", visitor.token)
    assert again.state["conversation"]["conversation_id"] == visitor.conversation_id
    older = again.ask("history", {"before": visitor.conversation_id})
    assert older["conversation"]["conversation_id"] == before
    assert [m["text"] for m in older["messages"] if m["kind"] == "text"] == ["first talk"]


def test_no_visitor_can_touch_anothers_conversation(visit: Visit) -> None:
    one, other = visit(), visit()
    one.send("m1", "my secret")
    for event, data in (
        ("since", {"conversation_id": one.conversation_id, "sequence": 0}),
        ("history", {"before": one.conversation_id}),
    ):
        assert other.ask(event, data)["code"] == "unknown-conversation"
    assert other.ask("end", {})["code"] == "unknown-conversation"
    assert other.ask("introduce", {"name": "x", "email": "one@example.com"})["ok"]
    assert other.ask("recall", {"sequence": 1})["code"] == "unknown-conversation"
    other.send("m1", "the same client id")
    assert other.conversation_id != one.conversation_id
    assert other.texts("visitor") == [] or "my secret" not in other.texts("visitor")


def test_a_foreign_origin_is_refused_at_the_handshake(visit: Visit, webs: Any) -> None:
    address = webs.address("a")
    handshake = f"{address}/socket.io/?EIO=4&transport=polling"
    assert requests.get(handshake, headers={"Origin": "https://evil.example"}, timeout=5).status_code == 400
    assert requests.get(handshake, headers={"Origin": address}, timeout=5).status_code == 200


@pytest.mark.parametrize("auth", [None, {}, [], "x", {"site": "demo", "token": 5}, {"site": "nowhere"}])
def test_who_brings_no_proper_hello_is_not_let_in(webs: Any, auth: Any) -> None:
    client = socketio.Client(reconnection=False, handle_sigint=False)
    with pytest.raises(socketio.exceptions.ConnectionError):
        client.connect(
            webs.address("a"),
            namespaces=["/visitor"],
            transports=["websocket"],
            auth=auth or {"none": 1},
            wait_timeout=5,
        )
    client.disconnect()


@pytest.mark.parametrize(
    ("event", "data", "code"),
    [
        ("send", None, "bad-request"),
        ("send", [], "bad-request"),
        ("send", "text", "bad-request"),
        ("send", {"client_id": "a"}, "empty"),
        ("send", {"client_id": "a", "text": "x" * 301}, "too-long"),
        ("send", {"client_id": "a", "text": "x" * 30_000}, "bad-request"),
        ("send", {"client_id": "", "text": "x"}, "bad-request"),
        ("send", {"client_id": "a", "text": 5}, "bad-request"),
        ("send", {"client_id": "a", "text": "\ud800"}, "bad-request"),
        ("send", {"client_id": "a", "text": "x", "kind": "note"}, "bad-request"),
        ("send", {"client_id": "a", "attachment_id": "none"}, "bad-attachment"),
        ("since", {"conversation_id": "x", "sequence": -1}, "bad-request"),
        ("since", {"conversation_id": "x", "sequence": True}, "bad-request"),
        ("rate", {"stars": 6}, "bad-request"),
        ("introduce", {"queue": "sales"}, "unknown-queue"),
        ("introduce", {"email": "a b"}, "bad-request"),
        ("leave", {"client_id": "a", "reach": "nobody", "text": "x"}, "bad-request"),
        ("read", {"sequence": 10**12}, "bad-request"),
    ],
)
def test_bad_input_gets_a_code_and_the_worker_goes_on(visit: Visit, event: str, data: Any, code: str) -> None:
    visitor = visit()
    assert visitor.ask(event, data)["code"] == code
    assert visitor.ask("here", {})["ok"]


def test_an_oversized_frame_ends_its_own_socket_only(visit: Visit) -> None:
    bystander, large = visit(), visit()
    large.client.emit("send", {"client_id": "a", "text": "x" * 200_000}, namespace="/visitor")
    wait_until(lambda: not large.client.connected, what="the socket to be closed")
    assert bystander.ask("here", {})["ok"]


def test_who_writes_too_fast_is_told_when_to_go_on(visit: Visit, backstage: Backstage) -> None:
    backstage.set_up("demo", visitor_per_minute=3)
    try:
        visitor = visit()
        wait_until(
            lambda: visitor.ask("rate", {"stars": 1})["code"] == "slow-down", what="the limit to be in force"
        )
        answer = visitor.ask("send", {"client_id": "a", "text": "x"})
        assert answer["code"] == "slow-down" and 1 <= answer["wait_seconds"] <= 21
    finally:
        backstage.set_up("demo", visitor_per_minute=60)


def test_who_wrote_too_fast_at_one_web_process_is_held_at_the_other_too(
    visit: Visit, webs: Any, backstage: Backstage
) -> None:
    backstage.set_up("demo", visitor_per_minute=3)
    try:
        visitor = visit("a")
        wait_until(
            lambda: visitor.ask("rate", {"stars": 1})["code"] == "slow-down", what="the limit to be in force"
        )
        elsewhere = visit("b", visitor.token)

        def held() -> bool:  # within a quarter of a second, or the limit's worth at most
            return bool(elsewhere.ask("rate", {"stars": 1})["code"] == "slow-down")

        wait_until(held, what="the limit at the other process")
        answer = elsewhere.ask("send", {"client_id": "a", "text": "x"})
        assert answer["code"] == "slow-down" and answer["wait_seconds"] >= 1
    finally:
        backstage.set_up("demo", visitor_per_minute=60)


def test_frames_that_make_no_sense_stop_nobody(visit: Visit, webs: Any) -> None:
    """Whatever comes over the socket, whole or broken: that socket may be closed, and the worker serves the others."""
    bystander = visit()
    address = webs.address("a").replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket"
    hello = '40/visitor,{"site":"demo","token":""}'
    deep = "[" * 20_000 + "]" * 20_000
    frames: list[str | bytes] = [
        "", "9", "4", "42", "42/visitor", "42/visitor,", "42/visitor,{", "42/visitor,[]", "42/visitor,[5]", "42/visitor,7[null]",
        '42/visitor,1["send",' + deep + "]", '42/visitor,["send",{"client_id":"a","text":"' + "x" * 90_000 + '"}]',
        '42/visitor,1["connect"]', '42/visitor,1["disconnect"]', '42/visitor,1["no-such-event",{}]', "42/nowhere,[\"send\"]",
        '42/visitor,1["send",{"client_id":"a","text":"\\ud800"}]', '42/visitor,1["since",{"sequence":1e999}]',
        '42/visitor,999999999999999999999999["send",{}]', '451-/visitor,["send",{"_placeholder":true,"num":0}]',
        "4599999999-/visitor,[]", "43/visitor,1[]", "44/visitor,{}", b"", b"\x00\xff\xfe", b"x" * 1000, "40/visitor,[]", hello,
    ]  # fmt: skip
    for frame in frames:
        raw = websocket.create_connection(address, timeout=5, origin=webs.address("a"))
        try:
            raw.recv()
            raw.send(hello)
            while "state" not in (told := str(raw.recv())):
                assert "44" not in told[:2], told
            opcode = websocket.ABNF.OPCODE_BINARY if isinstance(frame, bytes) else websocket.ABNF.OPCODE_TEXT
            raw.send(frame, opcode)
        finally:
            raw.close()
        assert bystander.ask("here", {})["ok"], frame[:60]
    _address, process, _up = webs.processes["a"]
    assert process.poll() is None


def test_a_blocked_visitor_is_told_so_and_not_let_in(visit: Visit, webs: Any, backstage: Backstage) -> None:
    visitor = visit()
    visitor.send("m1", "spam")
    with backstage.record() as session:
        id_ = (backstage.conversation() or {})["visitor_id"]
        session.add(VisitorBlock(visitor_id=id_, created_at=now(), until=now() + timedelta(hours=1)))
        session.commit()
    client, told = socketio.Client(reconnection=False, handle_sigint=False), []
    client.on("connect_error", lambda data: told.append(data), namespace="/visitor")
    with pytest.raises(socketio.exceptions.ConnectionError):
        client.connect(
            webs.address("a"), namespaces=["/visitor"], transports=["websocket"],
            auth={"site": "demo", "token": visitor.token},
        )  # fmt: skip
    wait_until(lambda: told, what="the reason")
    assert told[0]["message"] == "blocked"
    client.disconnect()


def test_a_message_for_later_is_kept_once(visit: Visit, backstage: Backstage) -> None:
    visitor = visit()
    left = {"client_id": "l1", "reach": "13800138000", "text": "call me"}
    assert visitor.ask("leave", left)["ok"] and visitor.ask("leave", left)["ok"]
    with backstage.record() as session:
        assert [m.text for m in session.scalars(select(LeftMessage))] == ["call me"]


def test_gevent_by_one_setting_serves_beside_eventlet(visit: Visit, webs: Any, backstage: Backstage) -> None:
    webs.start_web("g", "gevent")
    at_g = visit("g")
    at_g.send("m1", "hello")
    at_a = visit("a", at_g.token)
    at_a.wait(lambda: at_a.texts("visitor") == ["hello"])
    at_a.send("m2", "from the other process")
    at_g.wait(lambda: at_g.texts("visitor") == ["hello", "from the other process"])
    backstage.says(at_g.conversation_id, "good day")
    at_g.wait(lambda: at_g.texts("agent") == ["good day"])


# ---- what breaks -------------------------------------------------------------------------------------------


def test_when_a_worker_is_killed_nothing_is_lost_doubled_or_out_of_order(
    visit: Visit, webs: Any, backstage: Backstage
) -> None:
    visitors = [visit("a") for _ in range(4)]
    for visitor in visitors:
        visitor.send("first", "first")
    half = threading.Barrier(5, timeout=60)

    def talk(visitor: Any) -> None:
        for number in range(20):
            if number == 8:
                half.wait()
            visitor.send(f"m{number}", f"visitor {number}")

    threads = [threading.Thread(target=talk, args=(visitor,)) for visitor in visitors]
    for thread in threads:
        thread.start()
    half.wait()
    webs.kill_web("a")
    for number in range(10):
        for visitor in visitors:
            backstage.says(visitor.conversation_id, f"agent {number}")
    for thread in threads:
        thread.join(90)
    for visitor in visitors:
        visitor.catch_up()
        wanted = ["first", *(f"visitor {n}" for n in range(20))]
        assert visitor.texts("visitor") == wanted
        assert visitor.texts("agent") == [f"agent {n}" for n in range(10)]
        assert [t for t in backstage.texts(visitor.conversation_id) if not t.startswith("agent")] == wanted


def test_while_redis_is_away_messages_are_acknowledged_and_told_after_its_return(
    visit: Visit, webs: Any, backstage: Backstage
) -> None:
    at_a = visit("a")
    at_b = visit("b", at_a.token)
    at_a.send("m0", "before")
    at_b.wait(lambda: at_b.texts("visitor") == ["before"])
    webs.bus.stop()
    at_a.send("m1", "meanwhile")
    assert backstage.texts(at_a.conversation_id) == ["before", "meanwhile"]
    webs.bus.start()
    at_b.wait(lambda: any(event == "resync" for event, _data in at_b.events), seconds=30)
    at_b.conversation_id = at_a.conversation_id
    at_b.catch_up()
    assert at_b.texts("visitor") == ["before", "meanwhile"]
    at_a.send("m2", "after")
    at_b.wait(lambda: at_b.texts("visitor") == ["before", "meanwhile", "after"])


def test_while_the_database_is_away_for_20_seconds_nothing_is_acknowledged_and_all_is_stored_once_after_it(
    visit: Visit, webs: Any, backstage: Backstage
) -> None:
    visitors = [visit(at) for at in ("a", "b")]
    for visitor in visitors:
        visitor.send("m0", "0")
    texts = [str(number) for number in range(6)]

    def talk(visitor: Any) -> None:
        for text in texts[1:]:
            visitor.send(f"m{text}", text)

    threads = [threading.Thread(target=talk, args=(visitor,)) for visitor in visitors]
    webs.cable.cut()
    try:
        answer = visitors[0].ask("send", {"client_id": "m1", "text": "1"}, timeout=20)
        assert answer["code"] == "try-again"
        for thread in threads:
            thread.start()
        threads[0].join(AWAY_SECONDS)
        assert all(thread.is_alive() for thread in threads), "a message was acknowledged that nobody stored"
        assert requests.get(webs.address("a") + "/healthz", timeout=5).ok
    finally:
        webs.cable.mend()
    for thread, visitor in zip(threads, visitors, strict=True):
        thread.join(60)
        assert backstage.texts(visitor.conversation_id) == texts
        assert visitor.client.connected


def test_messages_that_come_at_once_share_transactions_and_each_is_stored_once_in_its_order(
    visit: Visit, backstage: Backstage
) -> None:
    visitors = [visit() for _ in range(6)]
    windows = [visit("b", visitor.token) for visitor in visitors[:2]]  # which send the same again
    texts = [str(number) for number in range(8)]
    for visitor in visitors:
        visitor.send("m0", "0")

    def talk(visitor: Any) -> None:
        for text in texts[1:]:
            visitor.send(f"m{text}", text)

    threads = [threading.Thread(target=talk, args=(each,)) for each in (*visitors, *windows)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    for visitor in visitors:
        assert backstage.texts(visitor.conversation_id) == texts
        visitor.wait(lambda visitor=visitor: visitor.texts("visitor") == texts)


def test_a_shared_transaction_leaves_to_each_alone_what_is_not_plainly_its_own(
    visit: Visit, backstage: Backstage
) -> None:
    mine, ended, foreign = visit(), visit(), visit()
    for visitor in (mine, ended, foreign):
        visitor.send("m0", "0")
    assert ended.ask("end", {})["ok"]
    with backstage.record():
        ids = [visitor.conversation_id for visitor in (mine, ended, foreign)]
        owner = db.session.scalar(
            select(Conversation.visitor_id).where(Conversation.id == mine.conversation_id)
        )
        drafts = [Draft(id_, service.a_visitor(str(owner)), "m1", "text", "1") for id_ in ids]
        agents = Draft(foreign.conversation_id, backstage.agent, "n1", "text", "not served by this agent")
        with db.engine.begin() as connection:
            stored = numbering.together(connection, drafts)
            assert numbering.together(connection, [agents]) == [None]
    assert [each is not None for each in stored] == [True, False, False]
    assert backstage.texts(mine.conversation_id) == ["0", "1"]
    assert backstage.texts(foreign.conversation_id) == ["0"]


def test_a_conversation_that_routing_forgot_is_asked_for_again_and_an_assignment_is_noticed(
    visit: Visit, backstage: Backstage, bus_client: redis.Redis
) -> None:
    visitor = visit()
    visitor.send("m1", "hello")
    bus_client.delete(contract.COMMANDS)
    view: dict[str, Any] = {"version": 1, "at_us": to_us(now()), "queues": {}, "members": [], "agents": {}}
    bus_client.set(contract.VIEW, json.dumps(view))
    bus_client.set(contract.LEASE, "test#1")

    def asked() -> bool:
        commands = [contract.decode_command(f["data"]) for _id, f in bus_client.xrange(contract.COMMANDS)]
        return any(
            isinstance(c, contract.EnterQueue) and c.interaction_id == visitor.conversation_id
            for c in commands
        )

    wait_until(asked, seconds=30, what="the conversation to be asked for again")
    member = {"interaction_id": visitor.conversation_id, "queue": "webchat", "position": 2, "member_id": "m"}
    view["members"] = [member]
    bus_client.set(contract.VIEW, json.dumps(view))
    bus_client.publish(contract.VIEW_CHANNEL, json.dumps(view))
    visitor.wait(lambda: any(e == "position" and d["position"] == 2 for e, d in visitor.events))
    view["members"] = []
    part = {"interaction_id": visitor.conversation_id, "offer_id": "o1", "queue": "webchat"}
    view["agents"] = {str(backstage.agent.agent_id): {"status": "ready", "conversations": [part]}}
    bus_client.set(contract.VIEW, json.dumps(view))
    visitor.wait(
        lambda: any(m["detail"].get("code") == "assigned" for m in visitor.heard.values()), seconds=30
    )
    bus_client.delete(contract.LEASE, contract.VIEW)
