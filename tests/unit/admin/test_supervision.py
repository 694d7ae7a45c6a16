"""The supervisor's live view: who may, what is noted, what the agent sees and the customer does not."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from acd import contract
from sql.models import AuditEntry, Message
from tests.unit.admin.conftest import view_with
from tests.unit.admin.test_talks import _acd, _ask, _socket
from uckefu.times import now

SignIn = Callable[[str], FlaskClient]
CALL = {
    "offer_id": "o", "interaction_id": "call-9", "queue": "service", "number": "13912340873", "did": "4001", "intent": "",
    "entered_at_us": 1, "connected_at_us": 2, "held_since_us": None,
}  # fmt: skip


@pytest.mark.parametrize(
    ("event", "fields"),
    [
        ("watch", {"conversation_id": "x"}), ("unwatch", {"conversation_id": "x"}), ("whisper", {"conversation_id": "x", "client_id": "1", "text": "t"}),
        ("watch-take", {"conversation_id": "x", "agent_id": 1}), ("agent-status", {"agent_id": 1, "status": "offline"}),
    ],
)  # fmt: skip
def test_an_agent_may_not_supervise(app: Flask, sign_in: SignIn, event: str, fields: dict[str, Any]) -> None:
    assert _ask(_socket(app, sign_in("agent1")), event, **fields)["code"] == "forbidden"


def test_the_view_has_every_call_and_chat_with_masked_numbers(
    app: Flask, sign_in: SignIn, agents: dict[str, int], talk: str
) -> None:  # fmt: skip
    view = view_with(agents["agent1"], state="talking", call=CALL)
    app.extensions["uckefu"]["bus"].set(contract.VIEW, json.dumps(view))
    now = sign_in("supervisor").get("/supervision/now").get_json()
    assert [(c["agent_id"], c["part"], c["number"]) for c in now["calls"]] == [
        (agents["agent1"], "call", "139****0873")
    ]
    assert [(t["conversation_id"], t["last"]["text"]) for t in now["talks"]] == [(talk, "你好")]
    assert sign_in("agent1").get("/supervision/now").status_code == 403
    assert sign_in("supervisor").get("/supervision").status_code == 200


def test_a_waiting_callers_number_is_hidden_when_the_network_sends_it_as_the_name_too(
    app: Flask, sign_in: SignIn, agents: dict[str, int]
) -> None:
    waiting = {"interaction_id": "call-8", "channel": "voice", "queue": "service", "number": "13912340873"}
    named = [{**waiting, "name": name} for name in ("13912340873", "+86 139 1234 0873", "王丽")]
    view = {**view_with(agents["agent1"], state="ready"), "members": named}
    app.extensions["uckefu"]["bus"].set(contract.VIEW, json.dumps(view))
    answer = sign_in("supervisor").get("/supervision/now")
    assert [call["name"] for call in answer.get_json()["calls"]] == ["139****0873", "139****0873", "王丽"]
    assert "1234" not in answer.get_data(as_text=True)


def test_reading_along_is_noted_and_shows_what_follows(
    app: Flask, sign_in: SignIn, session: Session, talk: str
) -> None:  # fmt: skip
    supervisor = _socket(app, sign_in("supervisor"))
    assert _ask(supervisor, "watch", conversation_id=talk)["messages"][0]["text"] == "你好"
    assert session.query(AuditEntry).filter_by(action="conversation-watched", subject=talk).count() == 1
    _ask(_socket(app, sign_in("agent1")), "say", conversation_id=talk, client_id="a", text="您好")
    assert [m["args"]["message"]["text"] for m in supervisor.get_received() if m["name"] == "message"] == [
        "您好"
    ]


def test_a_whisper_reaches_the_agent_and_never_the_customer(
    app: Flask, sign_in: SignIn, session: Session, talk: str
) -> None:  # fmt: skip
    agent = _socket(app, sign_in("agent1"))
    assert _ask(
        _socket(app, sign_in("supervisor")), "whisper", conversation_id=talk, client_id="w", text="换新"
    )["ok"]
    assert [m["args"]["message"]["text"] for m in agent.get_received() if m["name"] == "message"] == ["换新"]
    note = session.query(Message).filter_by(kind="note").one()
    assert (note.is_public, note.name) == (False, "赵敏")
    assert session.query(AuditEntry).filter_by(action="conversation-whispered").count() == 1


@pytest.mark.parametrize(
    ("event", "fields", "command", "action"),
    [
        (
            "watch-take",
            {"conversation_id": "x", "agent_id": 2},
            contract.TakeConversation,
            "conversation-taken-over",
        ),
        ("agent-status", {"agent_id": 2, "status": "offline"}, contract.SetStatus, "status-forced"),
    ],
)
def test_what_a_supervisor_does_goes_to_routing_in_its_name_and_is_noted(
    app: Flask,
    sign_in: SignIn,
    session: Session,
    event: str,
    fields: dict[str, Any],
    command: type,
    action: str,
) -> None:
    seen: list[contract.Command] = []
    acd = _acd(app, seen)
    assert _ask(_socket(app, sign_in("supervisor")), event, **fields)["ok"]
    acd.join()
    assert type(seen[0]) is command
    assert seen[0].actor.startswith("supervisor:")
    assert seen[0].agent_id == 2
    assert session.query(AuditEntry).filter_by(action=action).count() == 1


def test_every_act_is_shown_with_who_what_whose_and_when_and_to_supervisors_only(
    app: Flask, sign_in: SignIn, session: Session, agents: dict[str, int], talk: str
) -> None:
    supervisor = sign_in("supervisor")
    socket = _socket(app, supervisor)
    _ask(socket, "watch", conversation_id=talk)
    _ask(socket, "whisper", conversation_id=talk, client_id="w", text="换新")
    _ask(socket, "unwatch", conversation_id=talk)
    session.add(AuditEntry(at=now(), action="call-barged", subject="c1", detail={"agent": agents["agent1"]}))
    session.commit()
    page = supervisor.get("/supervision/acts").get_data(as_text=True)
    places = [page.index(words) for words in ("强插通话", "停止旁观", "悄悄提示坐席", "旁观会话</td>")]
    assert places == sorted(places)  # the latest first
    assert "赵敏" in page and "王芳" in page and f"/conversations/{talk}" in page
    chosen = session.query(AuditEntry.user_id).filter_by(action="conversation-left").scalar()
    assert "强插通话" not in supervisor.get(f"/supervision/acts?who={chosen}").get_data(as_text=True)
    assert sign_in("agent1").get("/supervision/acts").status_code == 403
