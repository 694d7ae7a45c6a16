"""The committed prompts: each text has its file and each file its text; all at one level, none clipped."""

import wave
from pathlib import Path

import numpy as np
import pytest
import yaml

from uckefu.settings import PROJECT_ROOT

SOUNDS = PROJECT_ROOT / "sounds"
LANGUAGES = ["zh", "en"]
PROMPTS = sorted(path for language in LANGUAGES for path in (SOUNDS / language).glob("*.wav"))


def texts(language):
    return yaml.safe_load((SOUNDS / language / "prompts.yml").read_text(encoding="utf-8"))


def samples(path: Path):
    with wave.open(str(path)) as stream:
        assert (stream.getframerate(), stream.getsampwidth(), stream.getnchannels()) == (8000, 2, 1)
        return np.frombuffer(stream.readframes(stream.getnframes()), "<i2") / 32768


def speech_level_dbfs(sound):
    frames = sound[: len(sound) // 160 * 160].reshape(-1, 160)
    power = (frames**2).mean(axis=1)
    return 10 * np.log10(power[power > power.max() / 10**2.5].mean())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_has_its_file_and_every_file_its_text(language):
    assert {p.stem for p in (SOUNDS / language).glob("*.wav")} == set(texts(language))
    assert all(texts(language).values())


def test_every_language_says_the_same_things():
    assert set(texts("zh")) == set(texts("en"))


@pytest.mark.parametrize("path", PROMPTS, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_a_prompt_is_telephone_audio_at_the_common_level_and_not_clipped(path):
    sound = samples(path)
    assert 1 < len(sound) / 8000 < 15
    assert -22 < speech_level_dbfs(sound) < -18
    assert np.abs(sound).max() < 0.85
    assert not sound[:800].any()  # the path to the caller opens while nothing is said


def test_the_hold_music_is_quiet_long_enough_and_has_no_seam():
    sound = samples(SOUNDS / "music" / "hold.wav")
    assert 20 < len(sound) / 8000 < 30
    assert np.abs(sound).max() < 0.25
    steps = np.abs(np.diff(sound))
    assert abs(sound[0] - sound[-1]) <= np.quantile(steps, 0.999)
