"""Attended transfer and supervision of calls, as pages ask for them: who may, what is noted, what an agent sees."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from acd import contract
from admin import view as views
from sql.models import AuditEntry
from tests.unit.admin.conftest import view_with
from tests.unit.admin.test_talks import _acd, _ask, _socket

SignIn = Callable[[str], FlaskClient]
ACTS = [
    ("listen", "call-listened"), ("whisper", "call-whispered"), ("barge", "call-barged"),
    ("take-over", "call-taken-over"), ("stop", "call-left"),
]  # fmt: skip


@pytest.mark.parametrize("mode", [mode for mode, _ in ACTS])
def test_an_agent_may_not_supervise_calls(app: Flask, sign_in: SignIn, mode: str) -> None:
    answer = _ask(_socket(app, sign_in("agent1")), "supervise", agent_id=2, mode=mode, extension="1001")
    assert answer["code"] == "forbidden"


@pytest.mark.parametrize(("mode", "action"), ACTS)
def test_each_act_at_a_call_is_noted_and_asked_for_in_the_supervisors_name(
    app: Flask, sign_in: SignIn, session: Session, mode: str, action: str
) -> None:
    seen: list[contract.Command] = []
    acd = _acd(app, seen)
    assert _ask(_socket(app, sign_in("supervisor")), "supervise", agent_id=2, mode=mode, extension="1002")[
        "ok"
    ]
    acd.join()
    command = seen[0]
    assert isinstance(command, contract.SuperviseCall)
    assert (command.agent_id, command.mode, command.extension) == (2, mode, "1002")
    assert command.actor.startswith("supervisor:")
    assert session.query(AuditEntry).filter_by(action=action).one().detail == {
        "agent": 2,
        "extension": "1002",
    }


def test_a_supervisor_without_a_phone_is_asked_for_one(app: Flask, sign_in: SignIn) -> None:
    answer = _ask(_socket(app, sign_in("supervisor")), "supervise", agent_id=2, mode="listen")
    assert (answer["ok"], answer["code"]) == (False, "no-phone")
    assert "no-phone" not in answer["message"]


@pytest.mark.parametrize(
    ("event", "fields", "command"),
    [
        ("consult", {"kind": "agent", "target": "2"}, contract.ConsultCall),
        ("consult", {"kind": "number", "target": "+862112345678"}, contract.ConsultCall),
        ("consult", {"kind": "queue", "target": "service"}, contract.ConsultCall),
        *(("consult-to", {"to": to}, contract.SteerConsult) for to in ("private", "customer", "together", "complete", "end")),
    ],
)  # fmt: skip
def test_an_agent_consults_for_its_own_call(
    app: Flask, sign_in: SignIn, agents: dict[str, int], event: str, fields: dict[str, Any], command: type
) -> None:
    seen: list[contract.Command] = []
    acd = _acd(app, seen)
    assert _ask(_socket(app, sign_in("agent1")), event, **fields)["ok"]
    acd.join()
    assert type(seen[0]) is command
    assert seen[0].agent_id == agents["agent1"]


@pytest.mark.parametrize(
    ("event", "fields"),
    [("consult", {"kind": "agent", "target": "2;x"}), ("consult", {"kind": "queue", "target": "two words"}), ("consult-to", {"to": "x"})],
)  # fmt: skip
def test_what_is_no_consult_is_refused(
    app: Flask, sign_in: SignIn, event: str, fields: dict[str, Any]
) -> None:
    assert _ask(_socket(app, sign_in("agent1")), event, **fields)["code"] == "bad-request"


@pytest.mark.parametrize(
    ("mode", "is_there", "sees_listening", "seen"),
    [
        ("listen", True, False, []), ("whisper", True, False, []), ("barge", True, False, [{"mode": "barge"}]),
        ("listen", True, True, [{"mode": "listen"}]), ("barge", False, True, []),
    ],
)  # fmt: skip
def test_the_agent_sees_who_barged_in_and_who_listens_only_if_the_centre_says_so(
    mode: str, is_there: bool, sees_listening: bool, seen: list[dict[str, str]]
) -> None:
    call = {
        "interaction_id": "i",
        "number": "13900000001",
        "supervised": [{"by": "7", "mode": mode, "is_there": is_there}],
    }
    mine = views.my_slice(view_with(1, call=call), 1, "CN", sees_listening=sees_listening)
    assert mine is not None
    assert mine["call"]["supervised"] == seen
