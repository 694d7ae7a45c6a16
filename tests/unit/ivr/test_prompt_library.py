"""The centre's own prompts: what may be uploaded, what callers hear then, and that nothing is ever lost."""

import io
import subprocess
import wave

import numpy as np
import pytest

from ivr.converting import BadSound, kind_of, telephone_sound
from ivr.prompt_library import NoSuchPrompt, PromptLibrary
from ivr.prompts import Prompts
from ivr.speech import Speech, speech_rms
from uckefu.settings import PROJECT_ROOT

TONE = np.sin(np.arange(24_000) / 3)


class Tone:
    name = "tone"

    def render(self, text, language):
        return TONE[:4000]


def wav_of(samples, rate=16_000):
    out = io.BytesIO()
    with wave.open(out, "wb") as stream:
        stream.setnchannels(1)
        stream.setsampwidth(2)
        stream.setframerate(rate)
        stream.writeframes((samples * 20_000).astype("<i2").tobytes())
    return out.getvalue()


def converted(data, kind):
    options = {
        "mp3": ["-f", "mp3"],
        "ogg": ["-f", "ogg", "-c:a", "libvorbis"],
        "webm": ["-f", "webm", "-c:a", "libopus"],
    }
    done = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", "pipe:0", *options[kind], "pipe:1"],
        input=data, capture_output=True, check=True,
    )  # fmt: skip
    return done.stdout


@pytest.fixture
def library(tmp_path):
    own = tmp_path / "sounds"
    return PromptLibrary(
        own, Prompts(PROJECT_ROOT / "sounds", own), Speech(tmp_path / "speech", {"default": Tone()})
    )


@pytest.mark.parametrize("kind", ["wav", "mp3", "ogg", "webm"])
def test_every_kind_of_file_becomes_a_prompt_of_the_same_loudness(kind):
    data = wav_of(TONE * 0.1)
    data = data if kind == "wav" else converted(data, kind)
    assert kind_of(data) == kind
    samples = telephone_sound(data)
    assert 1.5 < len(samples) / 8000 < 1.9
    assert 20 * np.log10(speech_rms(samples)) == pytest.approx(-20, abs=1)


def test_m4a_is_read_though_its_index_may_be_at_the_end(tmp_path):
    path = tmp_path / "x.m4a"
    command = ["ffmpeg", "-v", "error", "-i", "pipe:0", "-c:a", "aac", str(path)]
    subprocess.run(command, input=wav_of(TONE), check=True)
    assert kind_of(path.read_bytes()) == "m4a"
    assert len(telephone_sound(path.read_bytes())) > 12_000


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "unknown-kind"),
        (b"#EXTM3U\nfile:///etc/passwd\n", "unknown-kind"),
        (b"RIFF\x00\x00\x00\x00WAVE" + b"nonsense" * 20, "unreadable"),
        (wav_of(TONE[:800]), "too-short"),
        (wav_of(np.zeros(16_000)), "silent"),
        (wav_of(np.tile(TONE[:8000], 305), rate=8000), "too-long"),
        (b"RIFF" + bytes(21_000_000), "too-big"),
    ],
    ids=["empty", "playlist", "broken", "short", "silent", "long", "big"],
)  # fmt: skip
def test_a_bad_file_is_refused_with_the_reason(data, code):
    with pytest.raises(BadSound) as refused:
        telephone_sound(data)
    assert refused.value.code == code


def test_an_own_prompt_is_heard_instead_of_the_packaged_one_from_now_on(library):
    packaged = library.prompts.path("welcome", "zh")
    assert packaged.is_relative_to(PROJECT_ROOT)
    library.add("zh", "welcome", TONE, author="李雷", origin="uploaded", text="您好", file="a.mp3")
    assert library.prompts.path("welcome", "zh") == library.folder / "zh" / "welcome.wav"
    assert library.prompts.text("welcome", "zh") == "您好"
    library.as_delivered("zh", "welcome")
    assert library.prompts.path("welcome", "zh") == packaged
    assert library.prompts.text("welcome", "zh") != "您好"
    assert [(v.number, v.is_current) for v in library.versions("zh", "welcome")] == [(1, False)]


def test_a_new_name_is_a_new_prompt_with_versions_that_can_be_put_back(library):
    library.speak("en", "spring_offer", "Our spring offer.", author="李雷")
    library.add("en", "spring_offer", TONE, author="韩梅梅", origin="recorded", text="Spring!")
    assert "spring_offer" in library.prompts.names("en")
    second, first = library.versions("en", "spring_offer")
    assert (second.origin, second.is_current, first.author) == ("recorded", True, "李雷")
    assert library.restore("en", "spring_offer", 1).is_current
    assert (
        library.path("en", "spring_offer").read_bytes() == library.path("en", "spring_offer", 1).read_bytes()
    )
    assert library.prompts.text("spring_offer", "en") == "Our spring offer."


@pytest.mark.parametrize(("language", "name"), [("zh", "../x"), ("fr", "x"), ("zh", ""), ("..", "x")])
def test_a_name_that_is_none_reaches_no_file(library, language, name):
    with pytest.raises(NoSuchPrompt):
        library.add(language, name, TONE, author="", origin="uploaded", text="")
    with pytest.raises(NoSuchPrompt):
        library.path(language, name)
    with pytest.raises(NoSuchPrompt):
        library.path(language, name, 1)
