"""What a leg can be played, as frames; the library makes them, the engine takes a frame each tick; no I/O."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from softswitch.media.g711 import FRAME_SAMPLES
from softswitch.media.tones import FOR_EVER

Frame = NDArray[np.int16]


class Source(Protocol):
    """Something to play."""

    def next_frame(self) -> Frame | None:
        """160 samples, or None when it is over."""


class Samples:
    """A sound in memory, played `loops` times to the sample (-1: for ever)."""

    def __init__(self, samples: NDArray[np.int16], loops: int = 1) -> None:
        self._samples = samples
        self._loops_left = loops if len(samples) else 0
        self._position = 0

    def next_frame(self) -> Frame | None:
        """The next piece; the last one is padded with silence."""
        end = self._position + FRAME_SAMPLES
        if end <= len(self._samples):
            frame = self._samples[self._position : end]
            self._position = end
            return frame
        return self._frame_across_the_end()

    def _frame_across_the_end(self) -> Frame | None:
        frame = np.zeros(FRAME_SAMPLES, np.int16)
        filled = 0
        while filled < FRAME_SAMPLES and self._loops_left:
            piece = self._samples[self._position : self._position + FRAME_SAMPLES - filled]
            frame[filled : filled + len(piece)] = piece
            filled += len(piece)
            self._position += len(piece)
            if self._position >= len(self._samples):
                self._position = 0
                self._loops_left -= self._loops_left != FOR_EVER
                if not self._loops_left:
                    self._samples = self._samples[:0]
        return frame if filled else None


class Silence:
    """`silence_stream://MS`; -1 for ever."""

    _frame = np.zeros(FRAME_SAMPLES, np.int16)

    def __init__(self, milliseconds: int) -> None:
        self._frames_left = FOR_EVER if milliseconds < 0 else -(-milliseconds // 20)

    def next_frame(self) -> Frame | None:
        """A silent frame."""
        if not self._frames_left:
            return None
        self._frames_left -= self._frames_left != FOR_EVER
        return self._frame


class SharedStream:
    """`local_stream://name`: every listener hears the same moment, told by the engine's tick count."""

    def __init__(self, samples: NDArray[np.int16], tick: Callable[[], int]) -> None:
        self._samples = samples
        self._tick = tick

    def next_frame(self) -> Frame | None:
        """The piece of this moment."""
        start = self._tick() * FRAME_SAMPLES % len(self._samples)
        frame = self._samples[start : start + FRAME_SAMPLES]
        return frame if len(frame) == FRAME_SAMPLES else self._wrapped(frame)

    def _wrapped(self, frame: Frame) -> Frame:
        missing = FRAME_SAMPLES - len(frame)
        return np.concatenate([frame, np.resize(self._samples, missing)])
