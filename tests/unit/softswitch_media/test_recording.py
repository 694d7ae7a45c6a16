"""Recordings: what is on which side, how long they are, and what a bad disk does."""

import resource
import threading
import wave
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.unit.softswitch_media.phone import Studio, amplitude_of

CALLER_HZ, AGENT_HZ = 300, 900


def read(path: Path) -> NDArray[np.int16]:
    """A recording's samples, a column a channel."""
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getsampwidth()) == (8000, 2)
        frames = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return frames.reshape(-1, file.getnchannels())


def talk(studio: Studio) -> None:
    """Caller and agent in talk."""
    studio.phone("caller", CALLER_HZ)
    studio.phone("agent", AGENT_HZ)
    studio.bridge("caller", "agent")


def start(studio: Studio, path: Path | str, **options: object) -> None:
    """Record the caller's leg."""
    studio.engine.start_recording(
        str(options.get("leg", "caller")),
        str(path),
        bool(options.get("stereo", True)),
        options.get("heard_from"),  # type: ignore[arg-type]
        bool(options.get("only_bridged")),
    )


def stop(studio: Studio, path: Path | str, leg: str = "caller") -> dict[str, object]:
    """Complete it; returns `recorded`."""
    studio.engine.stop_recording(leg, str(path))
    return studio.event("recorded")


def test_left_is_the_leg_and_right_is_what_it_hears(studio: Studio, tmp_path: Path) -> None:
    path = tmp_path / "2024" / "05" / "call.wav"
    talk(studio)
    start(studio, path)
    studio.run(100)
    assert stop(studio, path) == {"path": str(path), "milliseconds": 2000, "status": "done", "reason": ""}
    sound = read(path)
    assert sound.shape == (16_000, 2)
    left, right = sound[1600:, 0], sound[1600:, 1]
    assert amplitude_of(left, CALLER_HZ) > 7000 > 50 > amplitude_of(left, AGENT_HZ)
    assert amplitude_of(right, AGENT_HZ) > 7000 > 50 > amplitude_of(right, CALLER_HZ)


def test_mono_has_both_in_one(studio: Studio, tmp_path: Path) -> None:
    talk(studio)
    start(studio, tmp_path / "mono.wav", stereo=False)
    studio.run(100)
    stop(studio, tmp_path / "mono.wav")
    sound = read(tmp_path / "mono.wav")
    assert sound.shape == (16_000, 1)
    assert amplitude_of(sound[1600:, 0], CALLER_HZ) > 7000 and amplitude_of(sound[1600:, 0], AGENT_HZ) > 7000


def test_time_without_packets_is_silence_of_the_same_length(studio: Studio, tmp_path: Path) -> None:
    studio.phone("caller")
    start(studio, tmp_path / "quiet.wav")
    studio.run(70)
    studio.engine.skip(30)
    assert stop(studio, tmp_path / "quiet.wav")["milliseconds"] == 2000
    assert np.abs(read(tmp_path / "quiet.wav").astype(int)).max() <= 8


def test_only_the_bridged_time_is_recorded_when_told_so(studio: Studio, tmp_path: Path) -> None:
    talk(studio)
    studio.engine.disconnect("caller", "agent")
    start(studio, tmp_path / "b.wav", only_bridged=True)
    studio.run(40)
    studio.engine.connect("caller", "agent", 1.0)
    studio.run(50)
    studio.engine.close("agent")
    studio.run(40)
    assert stop(studio, tmp_path / "b.wav")["milliseconds"] == 1000


def test_a_supervisor_who_only_listens_makes_no_bridge(studio: Studio, tmp_path: Path) -> None:
    studio.phone("caller", CALLER_HZ)
    studio.phone("supervisor")
    studio.engine.connect("supervisor", "caller", 1.0)
    start(studio, tmp_path / "s.wav", only_bridged=True)
    studio.run(40)
    assert stop(studio, tmp_path / "s.wav")["milliseconds"] == 0
    assert len(read(tmp_path / "s.wav")) == 0


def test_another_legs_bridge_may_open_the_recording(studio: Studio, tmp_path: Path) -> None:
    talk(studio)
    studio.phone("monitor")
    start(studio, tmp_path / "m.wav", leg="monitor", heard_from="agent", only_bridged=True)
    studio.run(25)
    assert stop(studio, tmp_path / "m.wav", "monitor")["milliseconds"] == 500


def test_a_masked_stretch_is_silent_on_both_sides(studio: Studio, tmp_path: Path) -> None:
    talk(studio)
    path = tmp_path / "masked.wav"
    start(studio, path)
    studio.run(50)
    studio.engine.mask_recording("caller", str(path), True)
    studio.run(50)
    studio.engine.mask_recording("caller", str(path), False)
    studio.run(50)
    stop(studio, path)
    sound = read(path)
    assert len(sound) == 24_000
    assert sound[:8000].any() and not sound[8000:16_000].any() and sound[16_000:].any()


def test_a_muted_leg_is_not_recorded_either(studio: Studio, tmp_path: Path) -> None:
    talk(studio)
    studio.engine.mute("caller", True)
    start(studio, tmp_path / "muted.wav")
    studio.run(50)
    stop(studio, tmp_path / "muted.wav")
    sound = read(tmp_path / "muted.wav")
    assert not sound[:, 0].any() and sound[:, 1].any()


def test_closing_the_leg_completes_the_file(studio: Studio, tmp_path: Path) -> None:
    talk(studio)
    start(studio, tmp_path / "closed.wav")
    studio.run(33)
    studio.engine.close("caller")
    assert studio.event("recorded")["milliseconds"] == 660
    assert len(read(tmp_path / "closed.wav")) == 33 * 160


def test_the_header_is_right_while_the_file_grows(studio: Studio, tmp_path: Path) -> None:
    talk(studio)
    path = tmp_path / "growing.wav"
    start(studio, path)
    studio.run(75)
    stop(studio, path)
    start(studio, tmp_path / "next.wav")  # Not stopped: the writer's queue is in order, so wait for a third.
    studio.run(75)
    start(studio, tmp_path / "third.wav", leg="agent")
    stop(studio, tmp_path / "third.wav", "agent")
    assert len(read(tmp_path / "next.wav")) >= 50 * 160


def test_the_same_path_twice_goes_on_for_one_leg_and_is_refused_to_another(
    studio: Studio, tmp_path: Path
) -> None:
    talk(studio)
    path = tmp_path / "twice.wav"
    start(studio, path)
    studio.run(25)
    start(studio, path)
    start(studio, path, leg="agent")
    assert studio.event("recorded")["reason"] == "another call is recorded there"
    studio.run(25)
    assert stop(studio, path)["milliseconds"] == 1000


def test_a_leg_may_have_two_recordings(studio: Studio, tmp_path: Path) -> None:
    talk(studio)
    for name in ("one.wav", "two.wav"):
        start(studio, tmp_path / name)
    studio.run(25)
    assert stop(studio, tmp_path / "one.wav")["milliseconds"] == 500
    studio.run(25)
    assert stop(studio, tmp_path / "two.wav")["milliseconds"] == 1000


def test_a_folder_that_cannot_be_made_is_told_and_the_talk_goes_on(studio: Studio, tmp_path: Path) -> None:
    talk(studio)
    (tmp_path / "file").write_text("in the way")
    path = tmp_path / "file" / "call.wav"
    start(studio, path)
    told = studio.event("recorded")
    assert (told["status"], told["milliseconds"], told["path"]) == ("failed", 0, str(path)) and told["reason"]
    studio.run(50)
    assert amplitude_of(studio.phones["agent"].heard(30), CALLER_HZ) > 7000
    studio.engine.stop_recording("caller", str(path))
    studio.run(2)
    assert not studio.told("recorded")


def test_a_full_disk_ends_the_recording_once_and_the_talk_goes_on(studio: Studio, tmp_path: Path) -> None:
    talk(studio)
    start(studio, "/dev/full")
    assert studio.event("recorded")["reason"] == "No space left on device"
    studio.run(100)
    start(studio, tmp_path / "after.wav", leg="agent")
    studio.engine.close("caller")
    assert stop(studio, tmp_path / "after.wav", "agent")["path"] == str(tmp_path / "after.wav")


@pytest.fixture
def small_files() -> object:
    """No file may grow beyond 20,000 bytes: a disk that fills up in the middle."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.usefixtures("small_files")
def test_a_disk_that_fills_up_in_the_middle_keeps_what_was_written(studio: Studio, tmp_path: Path) -> None:
    talk(studio)
    start(studio, tmp_path / "part.wav")
    studio.run(100)
    told = studio.event("recorded")
    assert told["status"] == "failed" and told["milliseconds"] == 500
    assert len(read(tmp_path / "part.wav")) >= 25 * 160


def test_recording_a_leg_that_is_gone_is_refused(studio: Studio, tmp_path: Path) -> None:
    start(studio, tmp_path / "gone.wav")
    assert studio.event("recorded")["reason"] == "there is no such leg"


def test_a_disk_that_hangs_ends_recordings_before_memory_does(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("softswitch.media.recording._MOST_WAITING_BYTES", 100_000)
    hang = threading.Event()
    real = studio.engine._recorder._writer._write
    monkeypatch.setattr(studio.engine._recorder._writer, "_write", lambda *a: (hang.wait(10), real(*a)))
    talk(studio)
    start(studio, tmp_path / "slow.wav")
    studio.run(500)
    hang.set()
    assert studio.event("recorded")["reason"] == "the disk is too slow"
