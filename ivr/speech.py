"""Text to speech behind a port: rendered when a flow is published, kept by text and voice, never on the call path.

`ivr.versions` calls `Speech.render`; `ivr.call` asks `Speech.path`, which only looks for the file. `Espeak` is the floor
that every machine can have; `Hibari` speaks better English where the extra `voice` is installed, `Xiaoxiao` better
Mandarin where `mandarin` is. Another voice is a class with `name` and `render` here and an entry in `voices`.
"""

import hashlib
import io
import os
import shutil
import subprocess
import threading
import wave
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ivr import mandarin

if TYPE_CHECKING:  # numpy is loaded when something is rendered, not in the switch at every start
    import numpy as np
    from numpy.typing import NDArray

RATE_HZ = 8000
BAND_HZ = (250, 3300)
SPEECH_LEVEL_DBFS = -20.0  # of the parts where there is speech
HIGHEST_PEAK = 10 ** (-2 / 20)
SILENCE_DBFS = -50.0
RENDER_SECONDS = 30


class SpeechNotAvailable(Exception):
    """The voice can't speak here, e.g. its program is not installed."""


class Voice(Protocol):
    """Speaks a text. `name` goes into the key of what is kept: another voice, another name."""

    name: str

    def render(self, text: str, language: str) -> "NDArray[np.float64]":
        """The text as samples from -1 to 1 at 8 kHz, silence at both ends cut off, at any level.

        Raises:
            SpeechNotAvailable: see there.
        """


class Espeak:
    """espeak-ng: robotic, understandable, in every Debian."""

    # The plain voice `cmn` turns characters into pinyin and then reads that as English.
    VOICES = {
        "zh": ["-v", "cmn-latn-pinyin", "-s", "185", "-p", "45"],
        "en": ["-v", "en-us", "-s", "150", "-p", "42"],
    }

    def __init__(self, program: str = "espeak-ng") -> None:
        self.program, self.name = program, "espeak-ng-1"

    def render(self, text: str, language: str) -> "NDArray[np.float64]":
        """As `Voice.render`."""
        program = shutil.which(self.program)
        if program is None:
            raise SpeechNotAvailable(f"{self.program} is not installed")
        # The text goes over stdin, so that one that begins with `-` is no option.
        command = [program, *self.VOICES[language], "--stdin", "--stdout"]
        try:
            spoken = subprocess.run(
                command, input=text.encode("utf-8"), capture_output=True, check=True, timeout=RENDER_SECONDS
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise SpeechNotAvailable(f"{self.program}: {error}") from error
        return _telephone(spoken.stdout)


class Hibari:
    """hibari-tts (Apache-2.0, its model inside the wheel): an English voice as a person's; the extra `voice` installs it."""

    name = "hibari-1"

    def render(self, text: str, language: str) -> "NDArray[np.float64]":
        """As `Voice.render`; what is not English is left to the next voice."""
        import numpy as np

        if language != "en" or any("\u2e80" <= letter <= "\u9fff" for letter in text):
            raise SpeechNotAvailable("hibari speaks English only")
        if not any(map(str.isalnum, text)):
            raise SpeechNotAvailable("there is nothing to say")
        try:
            spoken = np.asarray(_hibari()(text, seed=0), dtype=np.float64)
        except ModuleNotFoundError as error:
            raise SpeechNotAvailable("hibari-tts is not installed") from error
        except (OSError, RuntimeError, ValueError, IndexError, KeyError) as error:
            raise SpeechNotAvailable(f"hibari: {error}") from error
        return _in_band(spoken, HIBARI_HZ)


class Xiaoxiao:
    """Kokoro's Mandarin voice (`ivr.mandarin`), as a person's; the extra `mandarin` installs it."""

    name = "xiaoxiao-1"

    def render(self, text: str, language: str) -> "NDArray[np.float64]":
        """As `Voice.render`; what is not in Chinese characters is left to the next voice."""
        if language != "zh":
            raise SpeechNotAvailable("xiaoxiao speaks Mandarin only")
        try:
            return _in_band(mandarin.spoken(text), mandarin.RATE_HZ)
        except mandarin.NotMandarin as error:
            raise SpeechNotAvailable(f"xiaoxiao: {error}") from error
        except mandarin.NotInstalled as error:
            raise SpeechNotAvailable(f"the extra `mandarin` is not installed: {error}") from error
        except (OSError, RuntimeError, ValueError, KeyError) as error:
            raise SpeechNotAvailable(f"kokoro: {error}") from error


HIBARI_HZ = 24_000


@cache
def _hibari() -> Any:
    """The model, loaded at its first use: half a second, 100 MB."""
    from hibari import Hibari as Model

    return Model()


class Speech:
    """Rendered texts below one folder: `<folder>/<language>/<key>.wav`.

    Args:
        folder: `instance/speech`.
        voices: by the name that a flow gives, one or several of which the first that can speak a text does it;
            `default` must be there.
    """

    def __init__(self, folder: Path, voices: Mapping[str, Voice | tuple[Voice, ...]] | None = None) -> None:
        self.folder = folder
        given = voices or {"default": (Hibari(), Xiaoxiao(), Espeak())}
        self.voices = {name: each if isinstance(each, tuple) else (each,) for name, each in given.items()}

    def path(self, text: str, language: str, voice: str = "default") -> Path | None:
        """The best file of a text that was rendered, else None. For the call path: a look or two at the disk.

        A text that the floor has spoken is heard until the flow is published again with the better voice.
        """
        names = [each.name for each in self.voices.get(voice, ())] or [voice]
        paths = (self._path(text, language, name) for name in names)
        return next((path for path in paths if path.is_file()), None)

    def samples(self, text: str, language: str, voice: str = "default") -> "NDArray[np.float64]":
        """A text as the first voice speaks it that can, at the common level.

        Raises:
            SpeechNotAvailable: there is no such voice, or none can speak it here.
        """
        refused = SpeechNotAvailable(f"there is no voice `{voice}`")
        for each in self.voices.get(voice, ()):
            try:
                return levelled(each.render(text, language))
            except SpeechNotAvailable as error:
                refused = error
        raise refused

    def render(self, text: str, language: str, voice: str = "default") -> Path:
        """The file of a text, rendered now unless it is there.

        Raises:
            SpeechNotAvailable: no such voice, or it can't speak here.
            OSError: the file can't be written.
        """
        return self._rendered(text, language, self.voices.get(voice, ()), voice)

    def render_spare(self, text: str, language: str) -> Path:
        """A file of a text that is hardly ever heard: one that is there, else by the floor, which is quick.

        Raises:
            SpeechNotAvailable, OSError: as `render`.
        """
        return self.path(text, language) or self._rendered(text, language, self.voices["default"][-1:])

    def _rendered(self, text: str, language: str, voices: tuple[Voice, ...], voice: str = "default") -> Path:
        refused = SpeechNotAvailable(f"there is no voice `{voice}`")
        for each in voices:
            path = self._path(text, language, each.name)
            if path.is_file():
                return path
            try:
                samples = each.render(text, language)
            except SpeechNotAvailable as error:
                refused = error
                continue
            return self._kept(path, levelled(samples))
        raise refused

    def _kept(self, path: Path, samples: "NDArray[np.float64]") -> Path:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.part")
        write_wav(part, samples)
        part.replace(path)
        return path

    def _path(self, text: str, language: str, name: str) -> Path:
        key = hashlib.sha256(f"{name}\n{language}\n{text}".encode("utf-8", "replace")).hexdigest()[:32]
        return self.folder / language / f"{key}.wav"


def _telephone(data: bytes) -> "NDArray[np.float64]":
    """A WAV (any rate, 16 bit, mono) in the telephone's band at 8 kHz, silence at both ends cut off."""
    import numpy as np

    try:
        with wave.open(io.BytesIO(data)) as stream:
            rate = stream.getframerate()
            raw = stream.readframes(stream.getnframes())
    except (wave.Error, EOFError) as error:
        raise SpeechNotAvailable(f"the voice gave no WAV: {error}") from error
    # A WAV on a pipe has no true length in its head: take whole samples only.
    return _in_band(np.frombuffer(raw[: len(raw) // 2 * 2], "<i2").astype(np.float64) / 32768, rate)


def _in_band(samples: "NDArray[np.float64]", rate: int) -> "NDArray[np.float64]":
    """Samples of any rate in the telephone's band at 8 kHz, silence at both ends cut off."""
    if not samples.any():
        raise SpeechNotAvailable("the voice said nothing")
    return _trimmed(_resampled(samples, rate))


def _resampled(samples: "NDArray[np.float64]", rate: int) -> "NDArray[np.float64]":
    """At 8 kHz and within the band, by leaving out frequencies; prompts are short enough to do it in one piece."""
    import numpy as np

    padded = np.concatenate([samples, np.zeros(rate // 10)])
    spectrum = np.fft.rfft(padded)
    hertz = np.fft.rfftfreq(len(padded), 1 / rate)
    low, high = BAND_HZ
    rise = np.clip((hertz - low * 0.6) / (low * 0.4), 0, 1)
    fall = np.clip((high * 1.12 - hertz) / (high * 0.12), 0, 1)
    count = len(padded) * RATE_HZ // rate
    shaped: NDArray[np.float64] = np.fft.irfft((spectrum * rise * fall)[: count // 2 + 1], count) * (
        count / len(padded)
    )
    return shaped


def _trimmed(samples: "NDArray[np.float64]") -> "NDArray[np.float64]":
    import numpy as np

    loud = np.flatnonzero(np.abs(samples) > np.abs(samples).max() * 10 ** ((SILENCE_DBFS + 15) / 20))
    margin = RATE_HZ // 100
    return samples[max(0, loud[0] - margin) : loud[-1] + margin]


def levelled(
    samples: "NDArray[np.float64]", lead_seconds: float = 0.15, tail_seconds: float = 0.25
) -> "NDArray[np.float64]":
    """The samples at the speech level, with silence round them; a peak beyond the highest is bent softly, not clipped.

    Args:
        lead_seconds: before the speech; the first syllable is not lost while the path opens.
        tail_seconds: after it.
    """
    import numpy as np

    loud = samples * 10 ** (SPEECH_LEVEL_DBFS / 20) / speech_rms(samples)
    knee = HIGHEST_PEAK * 0.6
    bent = knee + (HIGHEST_PEAK - knee) * np.tanh((np.abs(loud) - knee) / (HIGHEST_PEAK - knee))
    loud = np.where(np.abs(loud) > knee, np.sign(loud) * bent, loud)
    return np.concatenate(
        [np.zeros(int(lead_seconds * RATE_HZ)), loud, np.zeros(int(tail_seconds * RATE_HZ))]
    )


def speech_rms(samples: "NDArray[np.float64]") -> float:
    """The level of the 20 ms frames in which somebody speaks (not 25 dB below the loudest)."""
    frames = (
        samples[: len(samples) // 160 * 160].reshape(-1, 160) if len(samples) >= 160 else samples[None, :]
    )
    power = (frames**2).mean(axis=1)
    return float((power[power > power.max() / 10**2.5].mean()) ** 0.5)


def write_wav(path: Path, samples: "NDArray[np.float64]") -> None:
    """Write 16-bit mono at 8 kHz."""
    import numpy as np

    with wave.open(str(path), "wb") as stream:
        stream.setnchannels(1)
        stream.setsampwidth(2)
        stream.setframerate(RATE_HZ)
        stream.writeframes(np.round(samples * 32767).astype("<i2").tobytes())
