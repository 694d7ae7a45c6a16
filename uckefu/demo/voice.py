"""Something to hear: a murmur with the rhythm of speech, so that recordings of the demo have two sides to see."""

import wave
from pathlib import Path
from random import Random

import numpy as np

RATE = 8000
SYLLABLE_SECONDS = 0.18


def write_voice(path: Path, hertz: float, rng: Random, seconds: float = 12) -> Path:
    """Write `seconds` of a voice with the pitch `hertz` as 16-bit WAV and return its path."""
    parts: list[np.ndarray[tuple[int], np.dtype[np.float64]]] = []
    while sum(map(len, parts)) < seconds * RATE:
        for _ in range(rng.randint(4, 12)):
            parts.append(_syllable(hertz * rng.uniform(0.85, 1.2), SYLLABLE_SECONDS * rng.uniform(0.7, 1.4)))
        parts.append(np.zeros(int(RATE * rng.uniform(0.3, 1.5))))
    samples = (np.concatenate(parts) * 9000).astype("<i2")
    with wave.open(str(path), "wb") as stream:
        stream.setnchannels(1)
        stream.setsampwidth(2)
        stream.setframerate(RATE)
        stream.writeframes(samples.tobytes())
    return path


def _syllable(hertz: float, seconds: float) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    time = np.arange(int(RATE * seconds)) / RATE
    tones = sum(np.sin(2 * np.pi * hertz * n * time) / n for n in range(1, 6))
    return np.asarray(tones * np.sin(np.pi * time / seconds) ** 2 / 2, dtype=np.float64)
