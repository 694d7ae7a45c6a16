"""Playbacks of legs: loading off the voice thread, replacing or mixing, and an end that is always told.

The engine calls everything here on its own thread; only the `load` jobs run on the loader's.
"""

import os
from collections import deque
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from softswitch.media.errors import SourceUnusable
from softswitch.media.leg import Leg, Playback
from softswitch.media.library import Library
from softswitch.media.recording import Emit
from softswitch.media.sources import Samples, Source
from softswitch.media.tones import digit_tones

Submit = Callable[[Callable[[], None]], None]
_LOADING_TICKS = 250
_MOST_MIXED_PLAYBACKS = 8


class Player:
    """`submit` runs a job on the loader's thread (tests: at once); `wake` is an eventfd that is written after it."""

    def __init__(self, emit: Emit, submit: Submit, library: Library, wake: int) -> None:
        self._emit = emit
        self._submit = submit
        self._library = library
        self._wake = wake
        self._loaded: deque[Callable[[], None]] = deque()

    def start(self, leg: Leg, source: str, play_id: str, *, loop: bool, mix: bool) -> None:
        """Load a source, then play it; ends with `played` whatever happens."""
        playback = Playback(play_id, mix)
        for old in self._in_the_way(leg, playback):
            self.end(leg, old, "broken")
        leg.playbacks.append(playback)
        self._submit(lambda: self._load(leg, playback, source, loop=loop))

    def stop(self, leg: Leg, play_id: str | None) -> None:
        """Break one playback, or all of a leg."""
        for playback in [p for p in leg.playbacks if play_id in (None, p.play_id)]:
            self.end(leg, playback, "broken")

    def play_digits(self, leg: Leg, digits: str, milliseconds: int) -> None:
        """Digits as sound, for a peer that did not negotiate telephone events."""
        if len(leg.playbacks) <= _MOST_MIXED_PLAYBACKS:
            leg.playbacks.append(Playback("", True, Samples(digit_tones(digits, milliseconds))))

    def add_stream(self, name: str, folder: str) -> None:
        """Load the folder of `local_stream://name`."""

        def load() -> None:
            try:
                problems = self._library.add_stream(name, folder)
            except SourceUnusable as error:
                problems = str(error)
            except Exception as error:  # noqa: BLE001 - a file that breaks the reader must not end the loader
                problems = f"{type(error).__name__}: {error}"
            if problems:
                self._emit(
                    None, "log", {"event": "music stream incomplete", "stream": name, "reason": problems}
                )

        self._submit(load)

    def take_loaded(self) -> None:
        """Start what the loader has finished."""
        while self._loaded:
            self._loaded.popleft()()

    def play_into(self, leg: Leg, heard: NDArray[np.float32]) -> None:
        """One playback replaces what the peers say (as in FreeSWITCH), mixed ones are added to it."""
        for playback in sorted(leg.playbacks, key=lambda p: p.mix):
            if playback.source is None:
                self._wait(leg, playback)
                continue
            frame = playback.source.next_frame()
            if frame is None:
                self.end(leg, playback, "done")
            elif playback.mix:
                heard += frame
            else:
                heard[:] = frame

    def end(self, leg: Leg, playback: Playback, status: str, reason: str = "") -> None:
        """Take a playback off and tell how it ended."""
        leg.playbacks = [p for p in leg.playbacks if p is not playback]
        if playback.play_id:  # In-band digits have none.
            self.tell(leg.id, playback.play_id, status, reason)

    def tell(self, leg_id: str, play_id: str, status: str, reason: str) -> None:
        """Send `played`."""
        self._emit(leg_id, "played", {"play_id": play_id, "status": status, "reason": reason})

    def _in_the_way(self, leg: Leg, playback: Playback) -> list[Playback]:
        """Playbacks that a new one ends: of the same id, the other one that replaces, the oldest of too many."""
        same_kind = [p for p in leg.playbacks if p.mix == playback.mix]
        keep = _MOST_MIXED_PLAYBACKS - 1 if playback.mix else 0
        too_many = same_kind[: max(0, len(same_kind) - keep)]
        return [p for p in leg.playbacks if p.play_id == playback.play_id or p in too_many]

    def _load(self, leg: Leg, playback: Playback, name: str, *, loop: bool) -> None:
        source, reason = None, ""
        try:
            source = self._library.source(name, loop=loop)
        except SourceUnusable as error:
            reason = str(error)
        except Exception as error:  # noqa: BLE001 - a file that breaks the reader must not end the loader
            reason = f"{type(error).__name__}: {error}"
        self._loaded.append(lambda: self._begin(leg, playback, source, reason))
        os.eventfd_write(self._wake, 1)

    def _begin(self, leg: Leg, playback: Playback, source: Source | None, reason: str) -> None:
        if playback not in leg.playbacks:  # It was stopped meanwhile.
            return
        playback.source = source
        if source is None:
            self.end(leg, playback, "failed", reason)

    def _wait(self, leg: Leg, playback: Playback) -> None:
        playback.waited_ticks += 1
        if playback.waited_ticks > _LOADING_TICKS:
            self.end(leg, playback, "failed", "the file could not be read in time")
