"""The end of a recording by silence."""

import pytest

from softswitch.silence import SilenceWatch

HEAD, LOUD, QUIET = bytes(44), (900).to_bytes(2, "little") * 8000, (30).to_bytes(2, "little") * 8000


@pytest.fixture
def recording(tmp_path):
    return tmp_path / "message.wav"


def test_a_recording_that_is_not_there_yet_has_no_silence(recording):
    assert SilenceWatch(str(recording), 200).silent_seconds() == 0


def test_silence_grows_with_the_file(recording):
    watch = SilenceWatch(str(recording), 200)
    recording.write_bytes(HEAD + LOUD + QUIET[:8000])
    assert watch.silent_seconds() == pytest.approx(0.5)
    with recording.open("ab") as file:
        file.write(QUIET)
    assert watch.silent_seconds() == pytest.approx(1.5)


def test_speech_ends_the_silence(recording):
    watch = SilenceWatch(str(recording), 200)
    recording.write_bytes(HEAD + QUIET + QUIET + LOUD)
    assert watch.silent_seconds() == 0


def test_a_frame_that_is_written_half_is_read_later(recording):
    watch = SilenceWatch(str(recording), 200)
    recording.write_bytes(HEAD + QUIET[:500])
    assert watch.silent_seconds() == pytest.approx(0.02)
    with recording.open("ab") as file:
        file.write(QUIET[:140])
    assert watch.silent_seconds() == pytest.approx(0.04)
