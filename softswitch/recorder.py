"""Recordings of legs: begun, masked, ended, kept or not, with FreeSWITCH's variables and events.

`applications.audio`, `uuid_record` and the end of a leg (`lifecycle`) use it; the media process writes the files.
"""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import structlog

from softswitch.audio import MediaPort
from softswitch.caller import now_us
from softswitch.channel import Leg

ON_DISK_SECONDS = 2.0  # how long the end of a call waits for its recording to be on disk
logger = structlog.get_logger(__name__)


class Recorder:
    """Any thread may call."""

    def __init__(self, media: MediaPort, folder: Callable[[], str]) -> None:
        """`folder` is where relative paths are."""
        self._media = media
        self._folder = folder
        self._ended: dict[tuple[str, str], threading.Event] = {}

    def act(self, leg: Leg, path: str, action: str) -> bool:
        """`start`, `stop`, `mask` or `unmask` a path (or `all`); False when there is nothing to act on."""
        if action == "start":
            return self.start(leg, path)
        paths = list(leg.recordings) if path == "all" else [self._full(path)]
        known = [each for each in paths if each in leg.recordings]
        for each in known:
            if action == "stop":
                self.stop(leg, each)
            else:
                self._media.mask_recording(leg.uuid, each, action == "mask")
        return bool(known)

    def start(self, leg: Leg, path: str) -> bool:
        """Record a leg as its RECORD_* variables say; a path that it records already just goes on."""
        path = self._full(path)
        if path in leg.recordings:
            return True
        stereo, only_bridged = leg.is_true("RECORD_STEREO"), leg.is_true("RECORD_BRIDGE_REQ")
        try:
            self._media.start_recording(leg.uuid, path, stereo=stereo, only_bridged=only_bridged)
        except ValueError as error:
            logger.error("can't record", reason=str(error), call_uuid=leg.uuid)
            return False
        leg.recordings[path] = now_us()
        self._ended[leg.uuid, path] = threading.Event()
        leg.publish("RECORD_START", {"Record-File-Path": path})
        return True

    def stop(self, leg: Leg, path: str) -> None:
        """End a recording and wait a moment until it is on disk; publishes RECORD_STOP."""
        if leg.recordings.pop(path, None) is None:
            return
        ended = self._ended.get((leg.uuid, path))
        self._media.stop_recording(leg.uuid, path)
        if ended is not None and not ended.wait(ON_DISK_SECONDS):
            logger.warning("recording not yet on disk", path=path, call_uuid=leg.uuid)
        self._ended.pop((leg.uuid, path), None)
        why = "input-too-short" if _is_discarded(leg, path) else "success-silence"
        leg.set_variable("record_completion_cause", why)
        leg.publish("RECORD_STOP", {"Record-File-Path": path, "Record-Completion-Cause": why})

    def note_end(self, leg: Leg | None, leg_id: str, data: Mapping[str, Any]) -> None:
        """The media process has completed a file, or could not. Must be quick."""
        path = str(data["path"])
        if data.get("status") == "failed":
            logger.error("recording failed", path=path, reason=data.get("reason"), call_uuid=leg_id)
        if leg is not None:
            milliseconds = int(data.get("milliseconds", 0))
            leg.set_variables(
                {
                    "record_ms": str(milliseconds),
                    "record_seconds": str(milliseconds // 1000),
                    "record_samples": str(milliseconds * 8),
                }
            )
        if (ended := self._ended.get((leg_id, path))) is not None:
            ended.set()

    def _full(self, path: str) -> str:
        return path if path.startswith("/") else f"{self._folder()}/{path}"


def _is_discarded(leg: Leg, path: str) -> bool:
    """RECORD_MIN_SEC: what is shorter is not kept."""
    least, length = leg.get_variable("RECORD_MIN_SEC") or "", leg.get_variable("record_ms") or ""
    if not least.isdigit() or not length.isdigit() or int(length) >= int(least) * 1000:
        return False
    Path(path).unlink(missing_ok=True)
    leg.set_variable("RECORD_DISCARDED", "true")
    return True
