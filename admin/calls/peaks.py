"""The waveform of a recording, computed here, so that a player draws an hour's call without loading it.

`calls.views.peaks` calls `peaks_of` off the loop. The file is read in pieces; nothing of it stays in memory.
"""

import wave
from pathlib import Path
from typing import Any

import numpy as np

POINTS = 1200
PIECE_FRAMES = 1 << 18


class NotReadable(Exception):
    """The file is no WAV of 16-bit samples, or is still being written and has no samples yet."""


def peaks_of(path: Path) -> dict[str, Any]:
    """`{"seconds", "peaks": [[…] per channel]}`, the loudest sample of each of at most 1,200 slices, 0 to 1.

    Raises:
        NotReadable: see there.
    """
    try:
        with wave.open(str(path), "rb") as sound:
            frames, channels, rate = sound.getnframes(), sound.getnchannels(), sound.getframerate()
            if sound.getsampwidth() != 2 or not frames:
                raise NotReadable(path.name)
            return {"seconds": frames / rate, "peaks": _loudest(sound, frames, channels).round(3).T.tolist()}
    except (wave.Error, EOFError, OSError) as error:
        raise NotReadable(path.name) from error


def _loudest(sound: wave.Wave_read, frames: int, channels: int) -> "np.ndarray[Any, Any]":
    width = -(-frames // POINTS)
    found = np.zeros((-(-frames // width), channels))
    done = 0
    while piece := sound.readframes(max(1, PIECE_FRAMES // width) * width):
        samples = np.abs(np.frombuffer(piece, "<i2").astype(np.int32).reshape(-1, channels))
        starts = np.arange(0, len(samples), width)
        slices = np.maximum.reduceat(samples, starts, axis=0) / 32768
        found[done : done + len(slices)] = slices[: len(found) - done]
        done += len(slices)
    return found
