"""The list of calls: search by contact, sorting, chips, results as of now; the waveform of a recording."""

import json
import wave
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from acd import contract
from admin.calls.peaks import NotReadable, peaks_of
from sql.models import Contact, Interaction, QueueVisit
from tests.unit.admin.conftest import view_with
from uckefu.times import now, to_us

SignIn = Callable[[str], FlaskClient]


def _call(session: Session, id_: str, number: str, **values: object) -> Interaction:
    began = values.pop("began", now() - timedelta(minutes=5))
    assert isinstance(began, datetime)
    call = Interaction(
        id=id_, from_number=number, started_at=began, queued_at=began, queue_name="service", **values
    )
    session.add(call)
    session.commit()
    return call


def _ids(client: FlaskClient, address: str = "/calls/?begin=&end=") -> list[str]:
    text = client.get(address).get_data(as_text=True)
    return [part.split('"')[0] for part in text.split('data-call="')[1:]]


def test_a_contact_is_found_by_name_and_company_however_its_number_was_written(
    session: Session, sign_in: SignIn
) -> None:
    for n, number in enumerate(
        ("13800138000", "+8613800138000", "008613800138000", "02150001234", "13999999999")
    ):
        _call(session, f"call-{n}", number)
    client = sign_in("supervisor")
    assert set(_ids(client, "/calls/?begin=&end=&text=陈静")) == {"call-0", "call-1", "call-2", "call-3"}
    assert len(_ids(client, "/calls/?begin=&end=&text=晨光贸易")) == 4
    assert _ids(client, "/calls/?begin=&end=&text=%2B86 138 0013 8000")
    assert _ids(client, "/calls/?begin=&end=&text=_") == []


def test_a_name_with_a_digit_does_not_find_every_number(session: Session, sign_in: SignIn) -> None:
    _call(session, "call-1", "13999999991")
    session.add(Contact(name="B1 Logistics", created_at=now()))
    session.commit()
    assert _ids(sign_in("supervisor"), "/calls/?begin=&end=&text=B1") == []


def test_the_list_sorts_both_ways_and_ignores_what_it_does_not_know(
    session: Session, sign_in: SignIn
) -> None:
    for n, number in enumerate(("3001", "1001", "2001")):
        _call(session, f"call-{n}", number, began=now() - timedelta(minutes=n))
    client = sign_in("supervisor")
    assert _ids(client, "/calls/?sort=number") == ["call-1", "call-2", "call-0"]
    assert _ids(client, "/calls/?sort=-number") == ["call-0", "call-2", "call-1"]
    assert _ids(client, "/calls/?sort=time") == ["call-2", "call-1", "call-0"]
    assert _ids(client, "/calls/?sort=password_hash") == ["call-0", "call-1", "call-2"]


def test_a_chat_in_the_list_looks_like_one_and_leads_to_what_was_written(
    session: Session, sign_in: SignIn
) -> None:
    _call(session, "chat-1", "", channel="chat", to_number="demo")
    client = sign_in("supervisor")
    row = client.get("/calls/?begin=&end=").get_data(as_text=True).split('data-call="chat-1"')[1]
    assert "ti-message-circle" in row and "访客" in row and "ti-phone-incoming" not in row
    story = client.get("/calls/chat-1").get_data(as_text=True)
    assert "/conversations/chat-1" in story and "查看会话内容" in story and "没有录音" not in story


def test_a_new_filter_begins_at_the_first_page_and_a_page_beyond_the_end_is_the_last(
    session: Session, sign_in: SignIn
) -> None:
    for n in range(45):
        _call(session, f"call-{n:02d}", "1001", began=now() - timedelta(seconds=n))
    client = sign_in("supervisor")
    assert len(_ids(client, "/calls/?page=3")) == 5
    assert len(_ids(client, "/calls/?page=99")) == 5
    text = client.get("/calls/?page=3&queue=service").get_data(as_text=True)
    assert 'href="/calls/?page=3"' not in text  # the chip that removes the queue


def test_a_call_in_progress_runs_and_what_the_acd_no_longer_has_is_over(
    app: Flask, session: Session, agents: dict[str, int], sign_in: SignIn
) -> None:
    began = now() - timedelta(minutes=2)
    for id_ in ("here", "gone"):
        _call(session, id_, "1001", began=began, connected_at=began + timedelta(seconds=10))
    _call(session, "queued", "1001", began=began)
    session.add(QueueVisit(id="queued:1", interaction_id="queued", queue_name="service", entered_at=began))
    session.commit()
    view = view_with(agents["agent1"], call={"interaction_id": "here"})
    view["members"] = [{"interaction_id": "queued"}]
    bus = app.extensions["uckefu"]["bus"]
    bus.set(contract.VIEW, json.dumps({**view, "at_us": to_us(now())}))
    text = sign_in("supervisor").get("/calls/").get_data(as_text=True)
    rows = {row.split('"')[0]: row for row in text.split('data-call="')[1:]}
    assert "通话中" in rows["here"]
    assert "通话中" not in rows["gone"]
    assert "等待" in rows["queued"]
    assert "02:0" in rows["queued"]  # it waits since two minutes


def test_a_visit_in_the_night_of_the_centre_counts_for_its_own_day(
    app: Flask, session: Session, sign_in: SignIn
) -> None:
    (app.extensions["uckefu"]["settings"].centre_file).write_text("timezone: America/New_York\n")
    _call(session, "call-1", "1001", began=datetime.fromisoformat("2026-03-17T03:30:00+00:00"))
    client = sign_in("supervisor")
    assert _ids(client, "/calls/?begin=2026-03-16&end=2026-03-16") == ["call-1"]
    assert "03-16 23:30:00" in client.get("/calls/?begin=2026-03-16&end=2026-03-16").get_data(as_text=True)


def _write(path: Path, samples: "np.ndarray") -> Path:
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(samples.shape[1])
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(samples.astype("<i2").tobytes())
    return path


def test_the_waveform_has_each_channels_loudest_samples_in_their_place(tmp_path: Path) -> None:
    samples = np.zeros((8000 * 90 + 17, 2))
    samples[8000 * 45, 0] = -32768
    samples[-1, 1] = 16384
    found = peaks_of(_write(tmp_path / "a.wav", samples))
    left, right = found["peaks"]
    assert found["seconds"] == pytest.approx(90.002125)
    assert (max(left), max(right)) == (1.0, 0.5)
    assert left.index(1.0) == pytest.approx(len(left) / 2, abs=1)
    assert right[-1] == 0.5
    assert len(left) == len(right) <= 1200


@pytest.mark.parametrize("content", [b"", b"RIFF", b"\0" * 5000])
def test_what_is_no_recording_has_no_waveform(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(NotReadable):
        peaks_of(path)


def test_the_waveform_needs_the_same_right_as_the_recording(
    app: Flask, session: Session, agents: dict[str, int], sign_in: SignIn
) -> None:
    folder = app.extensions["uckefu"]["settings"].recordings_dir
    folder.mkdir(parents=True)
    _write(folder / "c.wav", np.ones((800, 2)))
    _call(session, "call-1", "1001", agent_id=agents["agent1"], recording="c.wav")
    assert sign_in("agent1").get("/calls/call-1/peaks").get_json()["seconds"] == 0.1
    assert sign_in("agent2").get("/calls/call-1/peaks").status_code == 404
    assert app.test_client().get("/calls/call-1/peaks").status_code == 302


def test_a_range_beyond_the_end_is_refused_as_such(
    app: Flask, session: Session, agents: dict[str, int], sign_in: SignIn
) -> None:
    folder = app.extensions["uckefu"]["settings"].recordings_dir
    folder.mkdir(parents=True)
    (folder / "c.wav").write_bytes(b"0123456789")
    _call(session, "call-1", "1001", recording="c.wav")
    client = sign_in("supervisor")
    for asked, status, body in (
        ("bytes=-3", 206, b"789"),
        ("bytes=8-", 206, b"89"),
        ("bytes=99-", 416, None),
    ):
        with client.get("/calls/call-1/recording", headers={"Range": asked}) as answer:
            assert answer.status_code == status
            assert body is None or answer.data == body
