"""Speaks every text of `prompts.yml` into a WAV beside it: `python sounds/make_prompts.py [zh en]`.

For whoever changes a text; the WAVs are committed, so nobody else runs this. Needs espeak-ng and sox (both in
Debian). 8 kHz, 16 bit, mono, as G.711 carries it; every prompt at the same speech level, none clipped.
"""

import subprocess
import sys
import tempfile
import wave
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray

HERE = Path(__file__).parent
# The plain voice `cmn` turns characters into pinyin and then reads that as English.
VOICES = {
    "zh": ["-v", "cmn-latn-pinyin", "-s", "185", "-p", "45"],
    "en": ["-v", "en-us", "-s", "150", "-p", "42"],
}
RATE_HZ = 8000
SPEECH_LEVEL_DBFS = -20.0  # of the parts where there is speech
HIGHEST_PEAK = 10 ** (-2 / 20)
LEAD_SECONDS, TAIL_SECONDS = 0.15, 0.25  # the first syllable is not lost while the path opens


def main(languages: list[str]) -> None:
    """Speak all texts of the languages."""
    for language in languages or list(VOICES):
        folder = HERE / language
        texts = yaml.safe_load((folder / "prompts.yml").read_text(encoding="utf-8"))
        for name, text in texts.items():
            samples = levelled(speak(text, language))
            write(folder / f"{name}.wav", samples)
            print(f"{language}/{name}.wav {len(samples) / RATE_HZ:.1f} s")


def speak(text: str, language: str) -> NDArray[np.float64]:
    """The text as samples from -1 to 1, telephone band, silence at both ends cut off."""
    with tempfile.TemporaryDirectory() as folder:
        raw, cut = Path(folder) / "raw.wav", Path(folder) / "cut.wav"
        subprocess.run(["espeak-ng", *VOICES[language], "-w", str(raw), text], check=True)
        trim = ["silence", "1", "0.02", "-55d", "reverse"]
        shape = ["highpass", "250", "lowpass", "3300", "rate", "-v", str(RATE_HZ)]
        subprocess.run(
            [
                "sox",
                "-R",
                "-D",
                str(raw),
                "-b",
                "16",
                "-c",
                "1",
                str(cut),
                "gain",
                "-6",
                *shape,
                *trim,
                *trim,
            ],
            check=True,
        )
        with wave.open(str(cut)) as stream:
            data = stream.readframes(stream.getnframes())
    return np.frombuffer(data, "<i2").astype(np.float64) / 32768


def levelled(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """The samples at the speech level; a peak beyond the highest is bent softly instead of clipped."""
    gain = 10 ** (SPEECH_LEVEL_DBFS / 20) / speech_rms(samples)
    loud = samples * gain
    knee = HIGHEST_PEAK * 0.6
    over = np.abs(loud) > knee
    bent = knee + (HIGHEST_PEAK - knee) * np.tanh((np.abs(loud) - knee) / (HIGHEST_PEAK - knee))
    loud = np.where(over, np.sign(loud) * bent, loud)
    return np.concatenate(
        [np.zeros(int(LEAD_SECONDS * RATE_HZ)), loud, np.zeros(int(TAIL_SECONDS * RATE_HZ))]
    )


def speech_rms(samples: NDArray[np.float64]) -> float:
    """The level of the 20 ms frames in which somebody speaks (not 25 dB below the loudest)."""
    frames = samples[: len(samples) // 160 * 160].reshape(-1, 160)
    power = (frames**2).mean(axis=1)
    return float(np.sqrt(power[power > power.max() / 10**2.5].mean()))


def write(path: Path, samples: NDArray[np.float64]) -> None:
    """Write 16-bit mono at 8 kHz."""
    with wave.open(str(path), "wb") as stream:
        stream.setnchannels(1)
        stream.setsampwidth(2)
        stream.setframerate(RATE_HZ)
        stream.writeframes(np.round(samples * 32767).astype("<i2").tobytes())


if __name__ == "__main__":
    main(sys.argv[1:])
