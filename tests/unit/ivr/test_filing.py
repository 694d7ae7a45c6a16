"""What a call leaves behind: whole lines, whole files, and never an error for the caller."""

import json
import threading
import wave
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from ivr.contacts import ContactFiles, write
from ivr.filing import FileFiling

AT = datetime(2025, 3, 4, 2, 30, tzinfo=UTC)


@pytest.fixture
def filing(tmp_path):
    return FileFiling(tmp_path)


def test_runs_are_lines_of_the_hours_file(filing, tmp_path):
    filing.journal({"interaction_id": "a", "名": "李雷"}, AT)
    filing.journal({"interaction_id": "b"}, AT)
    lines = (tmp_path / "spool" / "flow" / "20250304T02.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["interaction_id"] for line in lines] == ["a", "b"]


def test_calls_that_end_at_once_do_not_mix_their_lines(filing, tmp_path):
    threads = [
        threading.Thread(
            target=lambda n=n: [filing.journal({"n": n, "text": "x" * 5000}, AT) for _ in range(50)]
        )
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = (tmp_path / "spool" / "flow" / "20250304T02.jsonl").read_text().splitlines()
    assert len([json.loads(line) for line in lines]) == 400


def test_a_record_is_a_file_of_its_own_with_an_id(filing, tmp_path):
    assert filing.put("voicemail", "i-1", {"seconds": 3}, AT)
    (path,) = (tmp_path / "spool" / "voicemail").iterdir()
    assert json.loads(path.read_text()) == {"id": path.stem, "seconds": 3}


def test_audio_has_a_path_by_date_and_id(filing, tmp_path):
    path = filing.audio_path("voicemail", "i-1", AT)
    assert path.parent == tmp_path / "voicemail" / "2025" / "03" / "04"
    assert path.parent.is_dir()
    assert path.name.startswith("i-1-")


def test_an_id_that_is_no_file_name_gets_no_audio_and_its_record_another_name(filing, tmp_path):
    assert filing.audio_path("voicemail", "../../etc", AT) is None
    assert filing.put("survey", "../../etc", {}, AT)
    assert [p.name[:7] for p in (tmp_path / "spool" / "survey").iterdir()] == ["unknown"]


def test_a_full_disk_costs_the_record_and_is_told(filing, tmp_path):
    (tmp_path / "spool").write_text("a file stands where the folder should be")
    (tmp_path / "voicemail").write_text("here too")
    with capture_logs() as logs:
        filing.journal({"interaction_id": "a"}, AT)
        assert not filing.put("survey", "a", {"score": 5}, AT)
        assert filing.audio_path("voicemail", "a", AT) is None
    assert [line["event"] for line in logs] == [
        "flow_events_lost",
        "record_lost_but_for_this_line",
        "nothing_recorded",
    ]
    assert logs[1]["record"] == {"score": 5}


def test_contacts_are_found_by_number_and_read_anew_when_they_change(tmp_path):
    contacts = ContactFiles(tmp_path)
    assert contacts.find("13800138000", "CN") is None
    write(
        tmp_path,
        {"13800138000": {"name": "李雷"}, "4001": {"name": "short"}, "+12025550123": {"name": "abroad"}},
        "CN",
    )
    assert contacts.find("+86 138-0013-8000", "CN") == {"name": "李雷"}
    assert contacts.find("0012025550123", "CN") == {"name": "abroad"}
    assert contacts.find("4001", "CN") == {"name": "short"}
    write(tmp_path, {"13800138000": {"name": "韩梅梅!"}}, "CN")
    assert contacts.find("13800138000", "CN") == {"name": "韩梅梅!"}
    assert contacts.find("4001", "CN") is None


@pytest.mark.parametrize("text", ["[", "[]", '{"+8613800138000": 3}'])
def test_a_broken_contact_file_is_an_error_or_nobody(tmp_path, text):
    (tmp_path / "00.json").write_text(text)
    try:
        assert ContactFiles(tmp_path).find("13800138000", "CN") is None
    except ValueError:
        assert text in ("[", "[]")


@pytest.mark.parametrize("number", ["", "anonymous", "*", "+", "١٢", "../../x", "9" * 50])
def test_no_number_breaks_the_look_up(tmp_path, number):
    assert ContactFiles(tmp_path).find(number, "CN") is None


def test_a_wav_is_as_long_as_its_bytes_say(tmp_path):
    from ivr.adapters.mod_python import length_seconds

    path = tmp_path / "x.wav"
    with wave.open(str(path), "wb") as stream:
        stream.setnchannels(1)
        stream.setsampwidth(2)
        stream.setframerate(8000)
        stream.writeframes(b"\0\0" * 12000)
    assert length_seconds(path) == 1.5
    path.write_bytes(b"RIFF")
    assert length_seconds(path) == 0
    assert length_seconds(tmp_path / "none.wav") == 0
