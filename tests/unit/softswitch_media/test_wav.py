"""Reading WAV files of every kind, and refusing what is none."""

import os
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from softswitch.media.errors import SourceUnusable
from softswitch.media.library import Library
from softswitch.media.wav import read_wav, resample
from tests.unit.softswitch_media.phone import amplitude_of, encode, tone


def wav(data: bytes, *, encoding: int = 1, channels: int = 1, rate_hz: int = 8000, bits: int = 16) -> bytes:
    """A WAV file's bytes."""
    width = channels * bits // 8
    form = struct.pack("<HHIIHH", encoding, channels, rate_hz, rate_hz * width, width, bits)
    body = b"fmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WAVE" + body


def written(folder: Path, content: bytes) -> str:
    """A file with this content."""
    path = folder / "sound.wav"
    path.write_bytes(content)
    return str(path)


def test_8_khz_mono_is_taken_as_it_is(tmp_path: Path) -> None:
    sound = tone(440, 100)
    assert (read_wav(written(tmp_path, wav(sound.tobytes()))) == sound).all()


@pytest.mark.parametrize("rate_hz", [8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000, 6000, 12345])
def test_a_tone_keeps_its_pitch_and_length_from_any_rate(tmp_path: Path, rate_hz: int) -> None:
    path = written(tmp_path, wav(tone(700, 1000, rate_hz=rate_hz).tobytes(), rate_hz=rate_hz))
    sound = read_wav(path)
    assert abs(len(sound) - 8000) <= 2
    assert amplitude_of(sound, 700) == pytest.approx(8000, rel=0.03)
    assert amplitude_of(sound, 1500) < 80


def test_what_8_khz_cannot_carry_is_taken_out_and_not_folded_down() -> None:
    sound = resample(tone(5500, 1000, rate_hz=16000).astype(np.float32), 16000)
    assert amplitude_of(sound, 2500) < 80


def test_stereo_channels_are_averaged(tmp_path: Path) -> None:
    both = np.column_stack([tone(400, 500), tone(900, 500)]).astype("<i2")
    sound = read_wav(written(tmp_path, wav(both.tobytes(), channels=2)))
    assert amplitude_of(sound, 400) == pytest.approx(4000, rel=0.05)
    assert amplitude_of(sound, 900) == pytest.approx(4000, rel=0.05)


def as_24_bits(sound: NDArray[np.int16]) -> bytes:
    """Little-endian samples of three bytes."""
    return b"".join(b"\0" + struct.pack("<h", sample) for sample in sound.tolist())


@pytest.mark.parametrize(
    ("encoding", "bits", "make"),
    [
        (1, 8, lambda s: ((s // 256) + 128).astype(np.uint8).tobytes()),
        (1, 24, as_24_bits),
        (1, 32, lambda s: (s.astype("<i4") << 16).tobytes()),
        (3, 32, lambda s: (s / 32768).astype("<f4").tobytes()),
        (6, 8, lambda s: encode(s, 8)),
        (7, 8, lambda s: encode(s, 0)),
    ],
)
def test_other_sample_formats_give_the_same_sound(
    tmp_path: Path, encoding: int, bits: int, make: object
) -> None:
    assert callable(make)
    sound = tone(440, 200)
    read = read_wav(written(tmp_path, wav(make(sound), encoding=encoding, bits=bits)))
    assert np.abs(read.astype(int) - sound).max() <= 300


def test_an_extensible_header_and_unknown_chunks_are_read(tmp_path: Path) -> None:
    sound = tone(440, 100)
    form = struct.pack("<HHIIHH", 0xFFFE, 1, 8000, 16000, 2, 16) + struct.pack("<HHI", 22, 16, 4)
    form += struct.pack("<H", 1) + b"\0" * 14
    chunks = b"LIST" + struct.pack("<I", 3) + b"abc\0" + b"fmt " + struct.pack("<I", len(form)) + form
    content = b"RIFF\0\0\0\0WAVE" + chunks + b"data" + struct.pack("<I", 0xFFFFFFFF) + sound.tobytes()
    assert (read_wav(written(tmp_path, content)) == sound).all()


def test_a_file_that_is_cut_off_plays_as_far_as_it_goes(tmp_path: Path) -> None:
    content = wav(tone(440, 100).tobytes())
    assert len(read_wav(written(tmp_path, content[:-301]))) == 800 - 151


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not a WAV file"),
        (b"RIFF\0\0\0\0WAVE", "no sound"),
        (b"RIFF\0\0\0\0WAVEdata\4\0\0\0abcd", "before its format"),
        (b"RIFF\0\0\0\0WAVEfmt \2\0\0\0ab", "cut off"),
        (b"\xff\xfb\x90 an mp3 that is called wav", "not a WAV file"),
        (wav(b""), "no sound"),
        (wav(b"a"), "no sound"),
        (wav(b"abcd", encoding=85), "not PCM"),
        (wav(b"abcd", bits=12), "not PCM"),
        (wav(b"abcd", rate_hz=0), "0 Hz"),
        (wav(b"abcd", channels=0, bits=16), "0 channels"),
    ],
)
def test_a_bad_file_is_refused_with_its_name_and_the_reason(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    path = written(tmp_path, content)
    with pytest.raises(SourceUnusable, match=reason) as refusal:
        read_wav(path)
    assert path in str(refusal.value)


@pytest.mark.parametrize("name", ["missing.wav", "", "null\0byte.wav", "."])
def test_a_file_that_cannot_be_opened_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SourceUnusable):
        read_wav(f"{tmp_path}/{name}")


def test_a_pipe_that_nobody_writes_to_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    with pytest.raises(SourceUnusable, match="not a file"):
        read_wav(str(tmp_path / "pipe.wav"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=120), st.integers(0, 60), st.booleans())
def test_damaged_files_give_sound_or_a_reason(tmp_path: Path, noise: bytes, where: int, inside: bool) -> None:
    whole = wav(tone(440, 20).tobytes())
    path = written(tmp_path, whole[:where] + noise + whole[where + len(noise) :] if inside else noise)
    reason = path
    try:
        sound = read_wav(path)
    except SourceUnusable as error:
        reason = str(error)
    else:
        assert len(sound)
    assert path in reason


def test_the_library_reads_a_file_once_until_it_changes(tmp_path: Path) -> None:
    library = Library(lambda: 0)
    path = written(tmp_path, wav(tone(440, 100).tobytes()))
    library.source(path)
    library.source(path)
    assert library.cached_bytes == 1600
    written(tmp_path, wav(tone(880, 200).tobytes()))
    source = library.source(path)
    frames = [source.next_frame() for _ in range(11)]
    assert frames[9] is not None and frames[10] is None


def test_the_library_forgets_the_sound_that_was_not_used_for_longest(tmp_path: Path) -> None:
    library = Library(lambda: 0, cache_bytes=4000)
    for name in ("a", "b", "a", "c"):
        path = tmp_path / f"{name}.wav"
        if not path.exists():
            path.write_bytes(wav(tone(440, 100).tobytes()))
        library.source(str(path))
    assert library.cached_bytes == 3200
    (tmp_path / "a.wav").unlink()
    with pytest.raises(SourceUnusable, match="No such file"):
        library.source(str(tmp_path / "a.wav"))


def test_an_unknown_scheme_is_refused() -> None:
    with pytest.raises(SourceUnusable, match="shout:// is not supported"):
        Library(lambda: 0).source("shout://radio")
