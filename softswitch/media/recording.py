"""Call recording: the engine gives a `Recording` a frame each tick, the `RecordingWriter` thread puts it on disk.

The file is at its final path from the start, and its header is rewritten behind every half second of sound,
so that it plays whatever happens to the process. A disk that fails ends the recording, never the call.
"""

import os
import queue
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from softswitch.media.g711 import FRAME_MILLISECONDS, FRAME_SAMPLES, RATE_HZ

Emit = Callable[[str | None, str, dict[str, Any]], None]
_FLUSH_FRAMES = 25
_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
_MOST_DATA_BYTES = 0xFFFFFFFF - _HEADER.size
_MOST_WAITING_BYTES = 64 * 1024 * 1024  # 40 s of 50 stereo recordings on a disk that hangs


def wav_header(channels: int, data_bytes: int) -> bytes:
    """A 44-byte header for 16-bit PCM at 8 kHz."""
    data_bytes = min(data_bytes, _MOST_DATA_BYTES)
    width = 2 * channels
    return _HEADER.pack(
        *(b"RIFF", data_bytes + _HEADER.size - 8, b"WAVE", b"fmt ", 16),
        *(1, channels, RATE_HZ, RATE_HZ * width, width, 16, b"data", data_bytes),
    )


class Recording:
    """One running recording of a leg; used on the engine's thread, except for the fields of the writer."""

    def __init__(self, leg_id: str, path: str, *, stereo: bool, gate_leg_id: str, only_bridged: bool) -> None:
        self.leg_id = leg_id
        self.path = path
        self.channels = 2 if stereo else 1
        self.gate_leg_id = gate_leg_id
        self.only_bridged = only_bridged
        self.masked = False
        self.failed = False  # set by the writer: collect nothing more
        self.written_bytes = 0  # the writer's
        self.descriptor = -1  # the writer's
        self._frames: list[bytes] = []
        self._silence = bytes(2 * self.channels * FRAME_SAMPLES)

    def add(self, heard: NDArray[np.int16], played: NDArray[np.int16]) -> bytes | None:
        """Take a tick's frame: what came from the leg (left) and what it was sent (right).

        Returns the sound to write when half a second is together.
        """
        if self.masked:
            return self.add_silence(1)
        if self.channels == 2:
            both = np.empty((FRAME_SAMPLES, 2), np.int16)
            both[:, 0], both[:, 1] = heard, played
        else:
            both = (heard.astype(np.int32) + played).clip(-32768, 32767).astype(np.int16)
        self._frames.append(both.tobytes())
        return self.take() if len(self._frames) >= _FLUSH_FRAMES else None

    def add_silence(self, frames: int) -> bytes | None:
        """Keep the file in step with the wall clock while there is nothing to record."""
        self._frames += [self._silence] * frames
        return self.take() if len(self._frames) >= _FLUSH_FRAMES else None

    def take(self) -> bytes:
        """What is together so far."""
        sound = b"".join(self._frames)
        self._frames.clear()
        return sound

    def is_on(self, bridged: frozenset[str]) -> bool:
        """Whether time counts: always, or only while the gate leg talks with somebody (RECORD_BRIDGE_REQ)."""
        return not self.only_bridged or self.gate_leg_id in bridged

    @property
    def milliseconds(self) -> int:
        """Length of what is on disk."""
        return self.written_bytes // (2 * self.channels * FRAME_SAMPLES) * FRAME_MILLISECONDS


class RecordingWriter:
    """The thread that writes files; the only one that touches the disk of recordings."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._jobs: queue.SimpleQueue[tuple[Recording, bytes, bool] | None] = queue.SimpleQueue()
        self._queued_bytes = 0  # only the engine's thread adds here
        self._done_bytes = 0  # only the writer's thread adds here
        self._thread = threading.Thread(target=self._run, name="media-writer", daemon=True)
        self._thread.start()

    def write(self, recording: Recording, sound: bytes, *, last: bool = False) -> None:
        """Queue sound; with `last` the file is completed and `recorded` is sent."""
        if self._queued_bytes - self._done_bytes > _MOST_WAITING_BYTES and not last:
            recording.failed = True
            self._jobs.put((recording, b"", True))
            return
        self._queued_bytes += len(sound)
        self._jobs.put((recording, sound, last))

    def stop(self, timeout_seconds: float) -> bool:
        """Write what is queued and end; False when the disk did not take it in time."""
        self._jobs.put(None)
        self._thread.join(timeout_seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            recording, sound, last = job
            self._done_bytes += len(sound)
            if recording.descriptor == _CLOSED:
                continue
            try:
                self._write(recording, sound)
                if last:
                    self._complete(recording, "the disk is too slow" if recording.failed else "")
            except (OSError, ValueError) as error:
                self._complete(recording, getattr(error, "strerror", None) or str(error))

    def _write(self, recording: Recording, sound: bytes) -> None:
        if recording.descriptor == _NOT_OPEN:
            Path(recording.path).parent.mkdir(parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NONBLOCK | os.O_CLOEXEC
            recording.descriptor = os.open(recording.path, flags, 0o640)
        _write_all(recording.descriptor, sound, _HEADER.size + recording.written_bytes)
        recording.written_bytes += len(sound)
        _write_all(recording.descriptor, wav_header(recording.channels, recording.written_bytes), 0)

    def _complete(self, recording: Recording, reason: str) -> None:
        recording.failed = recording.failed or bool(reason)
        if recording.descriptor >= 0:
            with suppress(OSError):  # A failed close was already told by the write before it, or told below.
                os.close(recording.descriptor)
        recording.descriptor = _CLOSED
        status = {"status": "failed" if reason else "done", "reason": reason}
        data = {"path": recording.path, "milliseconds": recording.milliseconds, **status}
        self._emit(recording.leg_id, "recorded", data)


_NOT_OPEN = -1
_CLOSED = -2


def _write_all(descriptor: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, offset)
        view, offset = view[written:], offset + written
