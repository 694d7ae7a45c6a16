"""The desktop: each agent gets its own slice, numbers are masked, commands go to the ACD, SQL may be away."""

import json
from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from acd import contract
from admin.desk import queries
from admin.sockets import socketio
from admin.view import board, my_slice
from sql.models import AuditEntry
from tests.unit.admin.conftest import view_with

OFFER = {
    "offer_id": "call-9:1:1", "interaction_id": "call-9", "queue": "service", "number": "13912340873", "did": "4001",
    "intent": "2", "entered_at_us": 1, "expires_at_us": 2, "reason": {"rule": "longest-idle", "candidates": 2},
}  # fmt: skip


def _publish(app: Flask, view: dict[str, Any]) -> None:
    app.extensions["uckefu"]["bus"].set(contract.VIEW, json.dumps(view))
    app.extensions["live"].publish(view, 1)


def _socket(app: Flask, client: FlaskClient) -> Any:
    return socketio.test_client(app, flask_test_client=client)


def _named(received: list[dict[str, Any]], name: str) -> list[Any]:
    return [message["args"][0]["content"] for message in received if message["name"] == name]


def test_only_the_agent_who_is_offered_the_call_gets_the_pop_up(
    app: Flask, agents: dict[str, int], sign_in: Callable[[str], FlaskClient]
) -> None:
    first, second = _socket(app, sign_in("agent1")), _socket(app, sign_in("agent2"))
    first.get_received()
    second.get_received()
    _publish(app, view_with(agents["agent1"], state="offered", offer=OFFER))
    assert _named(first.get_received(), "my")[0]["offer"]["offer_id"] == "call-9:1:1"
    heard = second.get_received()
    assert all(not mine.get("offer") for mine in _named(heard, "my"))
    assert "13912340873" not in json.dumps(heard)
    assert "call-9" not in json.dumps(heard)


def test_the_slice_masks_the_number_and_knows_the_region_in_both_languages(agents: dict[str, int]) -> None:
    mine = my_slice(view_with(1, offer={**OFFER, "number": "02512345678"}), 1, "CN")
    assert mine is not None
    assert mine["offer"]["number"] == "025****5678"
    assert "南京" in mine["offer"]["region"]["zh"]
    assert "Nanjing" in mine["offer"]["region"]["en"]


def test_the_board_masks_waiting_numbers_and_tells_no_offers() -> None:
    view = view_with(1, offer=OFFER)
    view["members"] = [{"member_id": "m", "interaction_id": "i", "queue": "service", "number": "13912340873"}]
    text = json.dumps(board(view, "CN"))
    assert "139****0873" in text
    assert "13912340873" not in text
    assert "offer_id" not in text


def test_a_page_that_connects_is_shown_the_present_state_at_once(
    app: Flask, agents: dict[str, int], sign_in: Callable[[str], FlaskClient]
) -> None:
    _publish(app, view_with(agents["agent1"], state="offered", offer=OFFER))
    received = _socket(app, sign_in("agent1")).get_received()
    assert _named(received, "my")[0]["offer"]["interaction_id"] == "call-9"
    assert _named(received, "board")[0]["totals"]["voice"]["ready"] == 1


def test_an_unchanged_slice_is_not_sent_again(
    app: Flask, agents: dict[str, int], sign_in: Callable[[str], FlaskClient]
) -> None:
    view = view_with(agents["agent1"])
    client = _socket(app, sign_in("agent1"))
    _publish(app, view)
    client.get_received()
    _publish(app, view | {"version": 2})
    assert client.get_received() == []


def _answer_next(app: Flask, reply: contract.Reply, seen: list[contract.Command]) -> Thread:
    """Be the ACD for one command (presences are passed over)."""
    bus = app.extensions["uckefu"]["bus"]

    def answer() -> None:
        last = "0"
        while True:
            for _stream, entries in bus.xread({contract.COMMANDS: last}, block=5000) or []:
                for entry_id, fields in entries:
                    last = entry_id
                    command = contract.decode_command(fields["data"])
                    if isinstance(command, contract.Presence):
                        continue
                    seen.append(command)
                    text = json.dumps({"ok": reply.ok, "code": reply.code, "message": ""})
                    bus.lpush(contract.REPLY + command.command_id, text)
                    return

    thread = Thread(target=answer)
    thread.start()
    return thread


@pytest.mark.parametrize(
    ("event", "fields", "command"),
    [
        ("status", {"status": "break"}, contract.SetStatus),
        ("decline", {"offer_id": "x"}, contract.DeclineOffer),
        ("hold", {"on": True}, contract.HoldCall),
        ("hangup", None, contract.HangUpCall),
        ("transfer", {"kind": "queue", "target": "sales"}, contract.TransferCall),
        ("finish", {"offer_id": "x", "disposition_id": 1, "note": "n"}, contract.FinishWrapUp),
        ("extend", None, contract.ExtendWrapUp),
        ("digits", {"digits": "1#"}, contract.SendDigits),
        ("pause-recording", {"on": True}, contract.PauseRecording),
    ],
)
def test_each_button_becomes_the_agents_own_command(
    app: Flask,
    agents: dict[str, int],
    sign_in: Callable[[str], FlaskClient],
    event: str,
    fields: Any,
    command: type,
) -> None:
    seen: list[contract.Command] = []
    acd = _answer_next(app, contract.Reply(True), seen)
    answer = _socket(app, sign_in("agent1")).emit(event, fields, callback=True)
    acd.join()
    assert answer["ok"] is True
    assert type(seen[0]) is command
    assert seen[0].agent_id == agents["agent1"]


def test_a_refusal_is_told_in_the_agents_language(app: Flask, sign_in: Callable[[str], FlaskClient]) -> None:
    acd = _answer_next(app, contract.Reply(False, "no-call"), [])
    answer = _socket(app, sign_in("agent1")).emit("hangup", None, callback=True)
    acd.join()
    assert answer == {"ok": False, "code": "no-call", "message": "现在没有可操作的通话。"}


@pytest.mark.parametrize(
    ("event", "fields"),
    [
        ("status", {"status": "dancing"}), ("status", None), ("status", "ready"), ("decline", {"offer_id": "x" * 65}),
        ("transfer", {"kind": "queue", "target": "a b"}), ("transfer", {"kind": "number", "target": "1"}),
        ("finish", {"offer_id": "x", "disposition_id": "many"}), ("hold", {"on": True, "more": 1}), ("digits", {"digits": "1;2"}), ("digits", {}),
    ],
)  # fmt: skip
def test_a_malformed_event_is_refused_with_a_code(
    app: Flask, sign_in: Callable[[str], FlaskClient], event: str, fields: Any
) -> None:
    answer = _socket(app, sign_in("agent1")).emit(event, fields, callback=True)
    assert answer["code"] == "bad-request"


def test_somebody_without_an_extension_is_told_so(app: Flask, sign_in: Callable[[str], FlaskClient]) -> None:
    answer = _socket(app, sign_in("administrator")).emit("status", {"status": "ready"}, callback=True)
    assert answer["code"] == "no-agent"


def test_without_the_acd_a_command_says_so_in_words(
    app: Flask, sign_in: Callable[[str], FlaskClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contract.AcdClient, "reply_timeout_seconds", 1)
    answer = _socket(app, sign_in("agent1")).emit("hangup", None, callback=True)
    assert answer["code"] == "acd-unavailable"
    assert answer["message"]


def test_the_caller_is_told_from_contacts_and_history_to_the_agent_who_is_offered_the_call(
    app: Flask, agents: dict[str, int], sign_in: Callable[[str], FlaskClient]
) -> None:
    _publish(app, view_with(agents["agent1"], state="offered", offer=OFFER))
    own = sign_in("agent1").get("/desk/caller/call-9")
    assert own.status_code == 200
    assert own.get_json() == {"contact": None, "past": [], "reason": None}
    assert sign_in("agent2").get("/desk/caller/call-9").status_code == 404


def test_with_the_database_away_the_pop_up_still_has_number_and_region(
    app: Flask, agents: dict[str, int], sign_in: Callable[[str], FlaskClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    _publish(app, view_with(agents["agent1"], state="offered", offer=OFFER))
    client = sign_in("agent1")

    def away(*_: object, **__: object) -> None:
        raise OperationalError("select", {}, Exception("gone"))

    monkeypatch.setattr(queries, "contact_of", away)
    answer = client.get("/desk/caller/call-9").get_json()
    assert answer == {"missing": True}
    mine = my_slice(view_with(1, offer=OFFER), 1, "CN")  # the slice itself needs no database
    assert mine is not None
    assert mine["offer"]["number"] == "139****0873"


def test_a_revealed_number_is_noted(
    app: Flask, agents: dict[str, int], session: Session, sign_in: Callable[[str], FlaskClient]
) -> None:
    _publish(app, view_with(agents["agent1"], state="offered", offer=OFFER))
    assert sign_in("agent1").post("/desk/reveal/call-9").get_json() == {"number": "13912340873"}
    assert session.query(AuditEntry).filter_by(action="number-revealed", subject="call-9").count() == 1
