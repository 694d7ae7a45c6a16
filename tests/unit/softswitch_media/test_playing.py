"""Playback to a leg: what it replaces, what it is added to, how it ends."""

import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.unit.softswitch_media.phone import Studio, amplitude_of, tone

PEER_HZ, PROMPT_HZ = 300, 900


@pytest.fixture
def prompt(tmp_path: Path) -> str:
    """A second of a tone."""
    return write_wav(tmp_path / "prompt.wav", PROMPT_HZ)


def write_wav(path: Path, hz: float, milliseconds: int = 1000) -> str:
    """A WAV file with a tone."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(tone(hz, milliseconds).tobytes())
    return str(path)


def play(studio: Studio, source: str, play_id: str = "p", *, loop: bool = False, mix: bool = False) -> None:
    """Play to the leg `a`."""
    studio.engine.play("a", source, play_id, loop, mix)


def test_a_prompt_is_heard_in_full_and_its_end_is_told(studio: Studio, prompt: str) -> None:
    phone = studio.phone("a")
    play(studio, prompt)
    studio.run(51)
    assert amplitude_of(phone.heard()[:8000], PROMPT_HZ) == pytest.approx(8000, rel=0.05)
    assert studio.told("played") == [{"play_id": "p", "status": "done", "reason": ""}]


def test_while_it_plays_the_peer_is_not_heard_and_then_it_is(studio: Studio, prompt: str) -> None:
    phone = studio.phone("a")
    studio.phone("b", PEER_HZ)
    studio.bridge("a", "b")
    play(studio, prompt)
    studio.run(50)
    assert amplitude_of(phone.heard(40), PEER_HZ) < 20
    studio.run(50)
    assert amplitude_of(phone.heard(40), PEER_HZ) > 7000 > 50 > amplitude_of(phone.heard(40), PROMPT_HZ)


def test_a_mixed_sound_is_added_to_the_peer(studio: Studio, prompt: str) -> None:
    phone = studio.phone("a")
    studio.phone("b", PEER_HZ)
    studio.bridge("a", "b")
    play(studio, prompt, mix=True)
    studio.run(50)
    assert amplitude_of(phone.heard(40), PEER_HZ) > 7000
    assert amplitude_of(phone.heard(40), PROMPT_HZ) > 7000


def test_the_peer_does_not_hear_the_prompt(studio: Studio, prompt: str) -> None:
    studio.phone("a")
    peer = studio.phone("b")
    studio.bridge("a", "b")
    play(studio, prompt)
    studio.run(40)
    assert amplitude_of(peer.heard(), PROMPT_HZ) < 20


def test_stopping_ends_it_at_once_as_broken(studio: Studio, prompt: str) -> None:
    phone = studio.phone("a")
    play(studio, prompt)
    studio.run(10)
    studio.engine.stop_play("a", None)
    studio.run(20)
    assert amplitude_of(phone.heard(20), PROMPT_HZ) < 20
    assert studio.told("played") == [{"play_id": "p", "status": "broken", "reason": ""}]


def test_only_the_named_playback_is_stopped(studio: Studio, prompt: str) -> None:
    studio.phone("a")
    play(studio, prompt, "one")
    play(studio, prompt, "two", mix=True)
    studio.engine.stop_play("a", "two")
    studio.engine.stop_play("a", "nobody")
    studio.run(60)
    assert [(d["play_id"], d["status"]) for d in studio.told("played")] == [
        ("two", "broken"),
        ("one", "done"),
    ]


def test_the_next_prompt_replaces_the_one_that_plays(studio: Studio, prompt: str, tmp_path: Path) -> None:
    phone = studio.phone("a")
    play(studio, prompt, "one", loop=True)
    studio.run(10)
    play(studio, write_wav(tmp_path / "next.wav", 1500), "two")
    studio.run(40)
    assert amplitude_of(phone.heard(40), 1500) > 7000 > 50 > amplitude_of(phone.heard(40), PROMPT_HZ)
    assert studio.told("played")[0] == {"play_id": "one", "status": "broken", "reason": ""}


def test_a_looped_prompt_goes_on(studio: Studio, prompt: str) -> None:
    phone = studio.phone("a")
    play(studio, prompt, loop=True)
    studio.run(180)
    assert amplitude_of(phone.heard(50), PROMPT_HZ) > 7000 and not studio.told("played")


def _missing(folder: Path) -> str:
    return str(folder / "missing.wav")


def _broken(folder: Path) -> str:
    (folder / "broken.wav").write_bytes(b"RIFF nothing of it")
    return str(folder / "broken.wav")


@pytest.mark.parametrize(
    "source",
    [_missing, _broken, lambda _: "tone_stream://x", lambda _: "local_stream://no", lambda _: "what://x"],
)
def test_what_cannot_be_played_is_told_with_a_reason_and_the_talk_goes_on(
    studio: Studio, tmp_path: Path, source: Callable[[Path], str]
) -> None:
    phone = studio.phone("a")
    studio.phone("b", PEER_HZ)
    studio.bridge("a", "b")
    play(studio, source(tmp_path))
    studio.run(50)
    told = studio.event("played")
    assert told["status"] == "failed" and told["reason"]
    assert amplitude_of(phone.heard(40), PEER_HZ) > 7000


def test_a_failed_prompt_leaves_nothing_playing_and_the_one_before_is_over(
    studio: Studio, prompt: str, tmp_path: Path
) -> None:
    studio.phone("a")
    play(studio, prompt, "one")
    play(studio, _missing(tmp_path), "two")
    studio.run(2)
    assert [(d["play_id"], d["status"]) for d in studio.told("played")] == [
        ("one", "broken"),
        ("two", "failed"),
    ]


def test_a_disk_that_hangs_fails_the_prompt_in_time() -> None:
    never: list[object] = []
    studio = Studio(submit=never.append)
    studio.phone("a")
    play(studio, "/any.wav")
    studio.run(260)
    assert studio.event("played")["reason"] == "the file could not be read in time"
    studio.close()


def test_a_prompt_that_was_stopped_while_loading_does_not_begin_later(prompt: str) -> None:
    jobs: list[Callable[[], None]] = []
    studio = Studio(submit=jobs.append)
    phone = studio.phone("a")
    play(studio, prompt)
    studio.engine.stop_play("a", "p")
    jobs.pop()()
    studio.run(30)
    assert amplitude_of(phone.heard(), PROMPT_HZ) < 20
    assert [data["status"] for data in studio.told("played")] == ["broken"]
    studio.close()


def test_closing_the_leg_ends_its_playback(studio: Studio, prompt: str) -> None:
    studio.phone("a")
    play(studio, prompt)
    studio.engine.close("a")
    assert studio.event("played")["status"] == "broken"


def test_playing_to_a_leg_that_is_gone_fails(studio: Studio, prompt: str) -> None:
    play(studio, prompt)
    assert studio.event("played") == {"play_id": "p", "status": "failed", "reason": "there is no such leg"}


def test_ringback_has_its_cadence_on_the_wire(studio: Studio) -> None:
    phone = studio.phone("a")
    play(studio, "tone_stream://%(400,200,450);loops=-1")
    studio.run(90)
    heard = phone.heard().astype(int)
    loud = [bool(np.abs(heard[i : i + 800]).max() > 1000) for i in range(0, 14_400, 800)]
    assert loud == [True, True, True, True, False, False] * 3


def test_all_who_wait_hear_one_music_at_one_moment(studio: Studio, tmp_path: Path) -> None:
    folder = tmp_path / "moh"
    folder.mkdir()
    write_wav(folder / "1.wav", 400, 500)
    write_wav(folder / "2.wav", 1200, 500)
    (folder / "3.wav").write_bytes(b"not music")
    studio.engine.add_stream("moh", str(folder))
    assert "3.wav" in studio.event("log")["reason"]
    first, second = studio.phone("a"), studio.phone("b")
    play(studio, "local_stream://moh")
    studio.run(30)
    studio.engine.play("b", "local_stream://moh", "q", False, False)
    studio.run(40)
    assert [p.payload for p in first.packets[-40:]] == [p.payload for p in second.packets[-40:]]
    assert amplitude_of(second.heard(15), 1200) < amplitude_of(second.heard(15), 400)


def test_an_empty_music_folder_is_told(studio: Studio, tmp_path: Path) -> None:
    studio.engine.add_stream("moh", str(tmp_path))
    assert "no WAV files" in studio.event("log")["reason"]


def test_digits_go_in_band_to_a_phone_that_knows_no_events(studio: Studio) -> None:
    phone = studio.phone("a", telephone_event=None)
    studio.engine.send_dtmf("a", "5", 400)
    studio.run(25)
    assert amplitude_of(phone.heard()[1000:3500], 770) > 5000
    assert amplitude_of(phone.heard()[1000:3500], 1336) > 5000
    assert not studio.told("played")


def test_digits_go_as_events_to_a_phone_that_does(studio: Studio) -> None:
    phone = studio.phone("a")
    studio.engine.send_dtmf("a", "12", 100)
    studio.run(40)
    codes = [p.payload[0] for p in phone.packets if p.payload_type == 101]
    assert codes == [1] * 7 + [2] * 7
