"""The calls page: filters, zone, who sees what, and recordings in ranges."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from acd.contract import EVENTS
from sql.models import AuditEntry, Interaction, QueueVisit, Talk
from uckefu.settings import Settings
from uckefu.times import to_us

BEGAN = datetime(2026, 3, 16, 16, 30, tzinfo=UTC)  # 2026-03-17 00:30 in Shanghai


@pytest.fixture
def call(session: Session, agents: dict[str, int], settings: Settings) -> Interaction:
    path = settings.recordings_dir / "2026/03/16/call-1.wav"
    path.parent.mkdir(parents=True)
    path.write_bytes(bytes(range(256)) * 4)
    call = Interaction(
        id="call-1", from_number="13912340873", to_number="4001", started_at=BEGAN, answered_at=BEGAN,
        queued_at=BEGAN + timedelta(seconds=10), connected_at=BEGAN + timedelta(seconds=44),
        ended_at=BEGAN + timedelta(seconds=251), queue_name="service", agent_id=agents["agent1"],
        hangup_by="caller", recording="2026/03/16/call-1.wav",
    )  # fmt: skip
    session.add(call)
    session.add(
        QueueVisit(
            id="call-1:1", interaction_id="call-1", queue_name="service", entered_at=call.queued_at,
            left_at=call.connected_at, result="answered",
        )
    )  # fmt: skip
    session.add(
        Talk(
            id="call-1:1:1", interaction_id="call-1", agent_id=agents["agent1"], queue_name="service",
            connected_at=call.connected_at, ended_at=call.ended_at, note="<script>alert(1)</script>",
        )
    )  # fmt: skip
    session.commit()
    return call


def _page(client: FlaskClient, **filters: str) -> str:
    return client.get("/calls/", query_string=filters).get_data(as_text=True)


def test_a_call_just_after_midnight_belongs_to_the_centres_day(
    call: Interaction, sign_in: Callable[[str], FlaskClient]
) -> None:
    client = sign_in("supervisor")
    assert "03-17 00:30:00" in _page(client, begin="2026-03-17", end="2026-03-17")
    assert "call-1" not in _page(client, begin="2026-03-16", end="2026-03-16")


def test_wait_and_talk_are_shown_from_the_stored_instants(
    call: Interaction, sign_in: Callable[[str], FlaskClient]
) -> None:
    text = _page(sign_in("supervisor"), begin="2026-03-17", end="2026-03-17")
    assert "00:34" in text
    assert "03:27" in text


def test_the_number_is_masked_in_the_list(call: Interaction, sign_in: Callable[[str], FlaskClient]) -> None:
    text = _page(sign_in("administrator"), begin="2026-03-17", end="2026-03-17")
    assert "139****0873" in text
    assert "13912340873" not in text


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"text": "0873"}, True), ({"text": "0874"}, False), ({"text": "call-1"}, True), ({"queue": "service"}, True),
        ({"queue": "sales"}, False), ({"result": "answered"}, True), ({"result": "abandoned"}, False),
        ({"result": "nonsense"}, True), ({"text": "%"}, False), ({"begin": "not a day"}, True),
    ],
)  # fmt: skip
def test_filters(
    call: Interaction, sign_in: Callable[[str], FlaskClient], filters: dict[str, str], found: bool
) -> None:
    text = _page(sign_in("supervisor"), **{"begin": "2026-03-01", "end": "2026-04-01", **filters})
    assert ('data-call="call-1"' in text) is found


def test_an_agent_sees_and_hears_only_calls_that_the_agent_took_part_in(
    call: Interaction, sign_in: Callable[[str], FlaskClient]
) -> None:
    own, other = sign_in("agent1"), sign_in("agent2")
    assert own.get("/calls/call-1").status_code == 200
    with own.get("/calls/call-1/recording") as heard:
        assert heard.status_code == 200
    assert other.get("/calls/call-1").status_code == 404
    assert other.get("/calls/call-1/recording").status_code == 404
    assert "call-1" not in _page(other, begin="2026-03-01", end="2026-04-01")


def test_a_note_with_markup_is_shown_as_text(
    call: Interaction, sign_in: Callable[[str], FlaskClient]
) -> None:
    text = sign_in("supervisor").get("/calls/call-1").get_data(as_text=True)
    assert "&lt;script&gt;" in text
    assert "<script>alert" not in text


def test_a_recording_is_served_in_ranges(call: Interaction, sign_in: Callable[[str], FlaskClient]) -> None:
    with sign_in("supervisor").get("/calls/call-1/recording", headers={"Range": "bytes=10-19"}) as answer:
        assert answer.status_code == 206
        assert answer.headers["Content-Range"] == "bytes 10-19/1024"
        assert answer.data == bytes(range(10, 20))


def test_a_recording_needs_login_and_is_noted(
    app: Flask, call: Interaction, session: Session, sign_in: Callable[[str], FlaskClient]
) -> None:
    assert app.test_client().get("/calls/call-1/recording").status_code == 302
    sign_in("supervisor").get("/calls/call-1/recording").close()
    assert session.query(AuditEntry).filter_by(action="recording-played", subject="call-1").count() == 1


@pytest.mark.parametrize("path", ["../secrets.json", "/etc/passwd", "2026/../../secrets.json", "2026"])
def test_a_recordings_path_never_leaves_its_folder(
    call: Interaction, session: Session, sign_in: Callable[[str], FlaskClient], path: str
) -> None:
    call.recording = path
    session.commit()
    assert sign_in("supervisor").get("/calls/call-1/recording").status_code == 404


def test_the_details_tell_the_whole_story_with_names_and_masked_numbers_to_whoever_may_see_the_call(
    app: Flask, call: Interaction, agents: dict[str, int], sign_in: Callable[[str], FlaskClient]
) -> None:
    bus, agent_id = app.extensions["uckefu"]["bus"], agents["agent1"]
    who = {"offer_id": "call-1:1:1", "interaction_id": "call-1", "agent_id": agent_id}
    entered = {
        "type": "MemberEntered",
        "interaction_id": "call-1",
        "queue": "service",
        "number": "13912340873",
    }
    reason = {"rule": "longest-idle", "candidates": 2, "excluded": {"in-call": 1}}
    offered = {"type": "OfferMade", **who, "reason": reason}
    others = [
        {"type": "MemberEntered", "interaction_id": f"o{n}", "queue": "sales", "number": "1"}
        for n in range(40)
    ]
    held = {"type": "CallHeld", "offer_id": "call-1:1:1", "agent_id": agent_id, "on": True}
    for number, event in enumerate([*others, entered, offered, held, *others], 1):
        at_us = to_us(call.started_at) + 10**9 * (-1 if number < 41 else 0)
        bus.xadd(
            EVENTS, {"data": json.dumps({"event_id": number, "at_us": at_us, **event})}, id=f"{number}-0"
        )
    page = sign_in("agent1").get("/calls/call-1").get_data(as_text=True)
    assert "139****0873 进入队列 service" in page
    assert "振铃坐席" in page and "2 位可选" in page and "通话中 1" in page and "保持通话" in page
    assert f"坐席 {agent_id}" not in page
    assert sign_in("agent2").get("/calls/call-1").status_code == 404
