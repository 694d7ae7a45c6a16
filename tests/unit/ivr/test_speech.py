"""Text to speech: telephone audio at one level, kept by text and voice, made by the program that is there."""

import shutil
import sys
import wave

import numpy as np
import pytest

from ivr.speech import Espeak, Hibari, Speech, SpeechNotAvailable, levelled, speech_rms


class Tone:
    def __init__(self, name="tone"):
        self.name, self.spoken = name, 0

    def render(self, text, language):
        self.spoken += 1
        return np.sin(np.arange(8000) / 3) * 0.01


def test_a_text_is_spoken_once_for_each_voice_and_language(tmp_path):
    first, second = Tone(), Tone("other")
    speech = Speech(tmp_path, {"default": first, "other": second})
    assert speech.path("您好", "zh") is None
    path = speech.render("您好", "zh")
    assert speech.render("您好", "zh") == path == speech.path("您好", "zh")
    assert first.spoken == 1
    others = {speech.render("您好", "en"), speech.render("您好", "zh", "other"), speech.render("再见", "zh")}
    assert len({path, *others}) == 4


def test_another_version_of_a_voice_speaks_anew(tmp_path):
    assert Speech(tmp_path, {"default": Tone("1")}).render("x", "en") != Speech(
        tmp_path, {"default": Tone("2")}
    ).render("x", "en")


def test_a_voice_that_nobody_has_is_told(tmp_path):
    with pytest.raises(SpeechNotAvailable, match="there is no voice `best`"):
        Speech(tmp_path).render("x", "en", "best")


def test_without_the_program_it_is_said_which_one_is_missing(tmp_path):
    with pytest.raises(SpeechNotAvailable, match="no-such-espeak is not installed"):
        Speech(tmp_path, {"default": Espeak("no-such-espeak")}).render("x", "en")


def test_what_is_kept_is_telephone_audio_at_the_common_level(tmp_path):
    path = Speech(tmp_path, {"default": Tone()}).render("x", "en")
    with wave.open(str(path)) as stream:
        assert (stream.getframerate(), stream.getsampwidth(), stream.getnchannels()) == (8000, 2, 1)
        samples = np.frombuffer(stream.readframes(stream.getnframes()), "<i2") / 32768
    assert 0.09 < speech_rms(samples) < 0.11
    assert np.abs(samples).max() < 0.85
    assert not samples[:800].any()


def test_a_loud_peak_is_bent_and_not_clipped():
    samples = np.concatenate([np.sin(np.arange(8000) / 3) * 0.05, [0.9], np.sin(np.arange(8000) / 3) * 0.05])
    assert np.abs(levelled(samples)).max() < 0.8


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
@pytest.mark.parametrize(
    ("language", "text"), [("zh", "您好，欢迎致电。"), ("en", "-h Hello, thank you for calling.")]
)
def test_espeak_speaks_chinese_and_english(tmp_path, language, text):
    samples = Espeak().render(text, language)
    assert 0.5 < len(samples) / 8000 < 5
    spectrum = np.abs(np.fft.rfft(samples)) ** 2
    hertz = np.fft.rfftfreq(len(samples), 1 / 8000)
    in_band = spectrum[(hertz > 150) & (hertz < 3750)].sum() / spectrum.sum()
    assert in_band > 0.98


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
def test_a_text_with_nothing_to_say_is_told():
    with pytest.raises(SpeechNotAvailable):
        Espeak().render("…", "en")


class Mute(Tone):
    def render(self, text, language):
        raise SpeechNotAvailable(f"{self.name} is away")


def test_the_first_voice_that_can_speak_a_text_does_it_and_the_last_is_the_floor(tmp_path):
    best, floor = Tone("best"), Tone("floor")
    both, below = Speech(tmp_path, {"default": (best, floor)}), Speech(tmp_path, {"default": floor})
    assert both.render("x", "en") != below.render("x", "en")
    assert Speech(tmp_path, {"default": (Mute("away"), floor)}).render("x", "en") == below.path("x", "en")
    with pytest.raises(SpeechNotAvailable, match="second is away"):
        Speech(tmp_path, {"default": (Mute("first"), Mute("second"))}).render("y", "en")


def test_what_the_floor_has_spoken_is_heard_until_the_better_voice_has_spoken_it(tmp_path):
    best, floor = Tone("best"), Tone("floor")
    old = Speech(tmp_path, {"default": floor}).render("x", "en")
    speech = Speech(tmp_path, {"default": (best, floor)})
    assert speech.path("x", "en") == old
    assert speech.render("x", "en") == speech.path("x", "en") != old


def test_the_better_voice_leaves_chinese_to_the_floor():
    for text, language in (("您好", "zh"), ("Hello 王先生", "en")):
        with pytest.raises(SpeechNotAvailable, match="English only"):
            Hibari().render(text, language)


def test_without_its_package_the_better_voice_says_so(monkeypatch):
    from ivr import speech

    speech._hibari.cache_clear()
    monkeypatch.setitem(sys.modules, "hibari", None)
    with pytest.raises(SpeechNotAvailable, match="not installed"):
        Hibari().render("Hello.", "en")


def test_the_better_voice_speaks_english_in_the_telephones_band_the_same_way_each_time():
    pytest.importorskip("hibari", reason="the extra `voice` is not installed")
    first, again = (Hibari().render("Hello, thank you for calling.", "en") for _ in range(2))
    assert 0.8 < len(first) / 8000 < 5
    assert np.array_equal(first, again)
    with pytest.raises(SpeechNotAvailable):
        Hibari().render("…", "en")
