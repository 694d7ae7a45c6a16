"""Tones to tell voices apart: written for a phone to say, found again in what another one heard."""

import wave
from pathlib import Path

import numpy as np

RATE = 8000


def write_tone(path: Path, hertz: float, seconds: float = 2.0) -> Path:
    """A WAV of a sine at -12 dBFS."""
    samples = 8000 * np.sin(2 * np.pi * hertz * np.arange(int(RATE * seconds)) / RATE)
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(samples.astype("<i2").tobytes())
    return path


def read(path: Path) -> np.ndarray:
    """The samples, one column a channel."""
    with wave.open(str(path)) as file:
        frames = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(float)
        return frames.reshape(-1, file.getnchannels())


def so_far(path: Path) -> np.ndarray:
    """The samples of a mono file that still grows: its header has no length yet."""
    data = path.read_bytes()[44:] if path.exists() else b""
    return np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(float)


def share_of(samples: np.ndarray, hertz: float, width: float = 15.0) -> float:
    """The share (0-1) of the sound's energy within `width` Hz of `hertz`."""
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    frequencies = np.fft.rfftfreq(len(samples), 1 / RATE)
    total = power[frequencies > 50].sum()
    return float(power[np.abs(frequencies - hertz) <= width].sum() / total) if total else 0.0


def heard(samples: np.ndarray, hertz: float, *, least_share: float = 0.6) -> bool:
    """Whether in some half second the tone is most of what is heard."""
    step = RATE // 2
    return any(
        share_of(samples[i : i + step], hertz) >= least_share
        for i in range(0, len(samples) - step + 1, step // 2)
    )
