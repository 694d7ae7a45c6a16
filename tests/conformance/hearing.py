"""What a phone heard: tones in its recording, found by their frequency.

Each phone sends a tone of its own into the call, prompts and music are others, so that a recording tells who was
connected to whom and when.
"""

import itertools
import wave
from pathlib import Path

import numpy as np

RATE = 8000
WINDOW = 800  # samples: 100 ms, so that every tone below is in the middle of a bin of 10 Hz
PROMPT, CALLER, AGENT, SECOND, INVALID, MUSIC = 400, 700, 1100, 1300, 1500, 1700
TONES = {
    PROMPT: "prompt",
    CALLER: "caller",
    AGENT: "agent",
    SECOND: "second",
    INVALID: "invalid",
    MUSIC: "music",
}
LOUD = 400  # amplitude of 32768 from which a tone counts as heard
HEADER_BYTES = 44


def write_tone(path: Path, hertz: int, *, seconds: float = 10) -> Path:
    """A WAV with one tone, to be played into a call."""
    samples = 8000 * np.sin(2 * np.pi * hertz * np.arange(int(RATE * seconds)) / RATE)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.astype("<i2").tobytes())
    return path


def samples_of(path: Path, *, first_byte: int = 0) -> "np.ndarray":
    """The samples of a mono recording, also of one that still grows (its header has no length yet)."""
    data = path.read_bytes()[HEADER_BYTES + first_byte :] if path.exists() else b""
    return np.frombuffer(data[: len(data) // 2 * 2], dtype="<i2").astype(float)


def channels_of(path: Path) -> "list[np.ndarray]":
    """The channels of a finished WAV file."""
    with wave.open(str(path), "rb") as file:
        count = file.getnchannels()
        data = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(float)
    return [data[channel::count] for channel in range(count)]


def windows(samples: "np.ndarray") -> list[frozenset[str]]:
    """The names of the tones in each 100 ms."""
    found = []
    weight = np.hanning(WINDOW)
    for begin in range(0, len(samples) - WINDOW + 1, WINDOW):
        spectrum = np.abs(np.fft.rfft(samples[begin : begin + WINDOW] * weight)) * 4 / WINDOW
        found.append(
            frozenset(name for hertz, name in TONES.items() if spectrum[hertz * WINDOW // RATE] > LOUD)
        )
    return found


def milliseconds_of(samples: "np.ndarray", tone: str) -> int:
    """How long a tone was heard."""
    return 100 * sum(tone in window for window in windows(samples))


def story(samples: "np.ndarray") -> list[str]:
    """The tones in the order in which they came, without silence and without what lasted no more than 100 ms."""
    told: list[str] = []
    seen = windows(samples)
    for one, next_one in itertools.pairwise(seen):
        for tone in sorted(one & next_one):
            if not told or told[-1] != tone:
                told.append(tone)
    return told
