"""Recordings of legs, as the engine sees them: started, fed each tick, masked, completed (files: recording.py)."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from softswitch.media.leg import Leg
from softswitch.media.recording import Emit, Recording, RecordingWriter


class Recorder:
    """All on the engine's thread; `bridged` is the set of legs that talk with somebody."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._writer = RecordingWriter(emit)

    def start(self, legs: Iterable[Leg], leg: Leg, recording: Recording) -> None:
        """Record from the next tick on; a path that this leg records already just goes on (as in FreeSWITCH)."""
        holder = next((other for other in legs if recording.path in other.recordings), None)
        if holder is None:
            leg.recordings[recording.path] = recording
            self._writer.write(recording, b"")  # makes the file, so that a wrong path is told at once
        elif holder is not leg:
            self.refuse(leg.id, recording.path, "another call is recorded there")

    def refuse(self, leg_id: str, path: str, reason: str) -> None:
        """Tell that nothing is recorded."""
        data = {"path": path, "milliseconds": 0, "status": "failed", "reason": reason}
        self._emit(leg_id, "recorded", data)

    def stop(self, leg: Leg, path: str) -> None:
        """Complete a file; `recorded` follows when it is on disk."""
        recording = leg.recordings.pop(path, None)
        if recording is not None:
            self._writer.write(recording, recording.take(), last=True)

    def record(
        self, leg: Leg, said: NDArray[np.float32], heard: NDArray[np.int16], bridged: frozenset[str]
    ) -> None:
        """Give a tick's sound to the leg's recordings."""
        for recording in list(leg.recordings.values()):
            if recording.failed:
                del leg.recordings[recording.path]
            elif recording.is_on(bridged):
                self._write(recording, recording.add(said.astype(np.int16), heard))

    def skip(self, leg: Leg, frames: int, bridged: frozenset[str]) -> None:
        """Keep in step with the wall clock over ticks that were missed."""
        for recording in leg.recordings.values():
            if recording.is_on(bridged):
                self._write(recording, recording.add_silence(frames))

    def shut_down(self, timeout_seconds: float) -> bool:
        """Wait for the disk; False when it did not take everything in time."""
        return self._writer.stop(timeout_seconds)

    def _write(self, recording: Recording, sound: bytes | None) -> None:
        if sound is not None:
            self._writer.write(recording, sound)
