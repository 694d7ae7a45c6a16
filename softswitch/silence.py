"""How long a recording that still grows has been silent; `session.recordFile` ends one by it, as FreeSWITCH does."""

import array
import os

HEAD_BYTES = 44
FRAME_BYTES = 320  # 20 ms of 16-bit mono at 8 kHz
FRAME_SECONDS = 0.02


class SilenceWatch:
    """Reads a growing mono recording; the engine writes it every half second.

    Args:
        path: the WAV file.
        threshold: the mean of a frame's samples below which nobody speaks (FreeSWITCH's energy score).
    """

    def __init__(self, path: str, threshold: int) -> None:
        self.path, self.threshold = path, threshold
        self._read_bytes = HEAD_BYTES
        self._silent_frames = 0

    def silent_seconds(self) -> float:
        """How much silence the file ends with now."""
        for frame in self._new_frames():
            loud = sum(map(abs, array.array("h", frame))) >= self.threshold * (FRAME_BYTES // 2)
            self._silent_frames = 0 if loud else self._silent_frames + 1
        return self._silent_frames * FRAME_SECONDS

    def _new_frames(self) -> list[bytes]:
        try:
            with open(self.path, "rb") as file:
                file.seek(self._read_bytes)
                data = file.read(max(0, os.path.getsize(self.path) - self._read_bytes))
        except OSError:  # not there yet: the engine makes it
            return []
        whole = len(data) // FRAME_BYTES * FRAME_BYTES
        self._read_bytes += whole
        return [data[begin : begin + FRAME_BYTES] for begin in range(0, whole, FRAME_BYTES)]
