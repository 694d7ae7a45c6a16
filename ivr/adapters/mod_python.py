"""A flow's session over the `session` that FreeSWITCH (mod_python3) or the built-in switch hands to a handler.

After a hangup FreeSWITCH's calls return at once with nothing, so each one that blocks is followed by `ready()`.
"""

import os
import wave
from array import array
from pathlib import Path
from typing import Any, Protocol

import structlog

from ivr.session import CallerGone, Sound

log = structlog.get_logger(__name__)

SILENCE_THRESHOLD = 200  # FreeSWITCH's energy score of a frame, below which nobody speaks
WAV_HEAD_BYTES = 44
FRAME_BYTES = 320  # 20 ms of 16-bit mono at 8 kHz


class FreeSwitchSession(Protocol):
    """What we use of mod_python3's `Session` (FreeSWITCH's switch_cpp.h). Names are FreeSWITCH's."""

    def answer(self) -> object: ...
    def ready(self) -> bool: ...
    def streamFile(self, file: str) -> object: ...  # noqa: N802
    def playAndGetDigits(  # noqa: N802
        self, min_digits: int, max_digits: int, max_tries: int, timeout: int, terminators: str,
        audio_files: str, bad_input_audio_files: str, digits_regex: str,
    ) -> str: ...  # fmt: skip
    def flushDigits(self) -> object: ...  # noqa: N802
    def recordFile(  # noqa: N802
        self, file_name: str, time_limit: int, silence_threshold: int, silence_hits: int
    ) -> object: ...
    def setInputCallback(self, function: Any) -> object: ...  # noqa: N802
    def unsetInputCallback(self) -> object: ...  # noqa: N802
    def execute(self, app: str, data: str) -> object: ...
    def hangup(self, cause: str) -> object: ...
    def destroy(self) -> object: ...
    def getVariable(self, name: str) -> str | None: ...  # noqa: N802
    def setVariable(self, name: str, value: str) -> object: ...  # noqa: N802


class ModPythonSession:
    """`ivr.session.Session` over FreeSWITCH's."""

    def __init__(self, session: FreeSwitchSession) -> None:
        self.session = session

    def answer(self) -> None:
        self.session.answer()
        self._still_here()

    def play(self, prompt: Sound) -> None:
        self.session.streamFile(source(prompt))  # the switch itself logs a file that it can't play
        self._still_here()

    def read_key(self, prompt: Sound | None, timeout_seconds: float) -> str:
        played = source(prompt) if prompt else ""
        key = self._get_digit(played, timeout_seconds)
        # A file that can't be played ends playAndGetDigits at once, without a wait and without a `read_result`.
        if not key and prompt and not self.session.getVariable("read_result"):
            log.warning("prompt_not_played", path=played)
            key = self._get_digit("", timeout_seconds)
        return key

    def flush_keys(self) -> None:
        self.session.flushDigits()

    def record(self, path: Path, limit_seconds: float, silence_seconds: float) -> float:
        # recordFile ends at a key only when an input callback says so; it must return text, None would be an error.
        self.session.setInputCallback(_stop_at_a_key)
        try:
            self.session.recordFile(
                str(path), round(limit_seconds), SILENCE_THRESHOLD, round(silence_seconds)
            )
        finally:
            self.session.unsetInputCallback()
        return length_seconds(path) if has_speech(path) else 0.0

    def start_recording(self, path: Path) -> None:
        self.session.execute("record_session", str(path))

    def stop_recording(self, path: Path) -> None:
        self.session.execute("stop_record_session", str(path))

    def mask_recording(self, path: Path, on: bool) -> None:
        self.session.execute("record_session_mask" if on else "record_session_unmask", str(path))

    def set_variable(self, name: str, value: str) -> None:
        self.session.setVariable(name, value)

    def hangup(self, cause: str) -> None:
        self.session.hangup(cause)

    def _get_digit(self, prompt: str, timeout_seconds: float) -> str:
        # No terminators, so that # and * are keys like others; a timeout of 0 would be none at all.
        milliseconds = max(1, round(timeout_seconds * 1000))
        key = self.session.playAndGetDigits(1, 1, 1, milliseconds, "", prompt, "", "")
        self._still_here()
        return (key or "")[:1]

    def _still_here(self) -> None:
        if not self.session.ready():
            raise CallerGone


def source(sound: Sound) -> str:
    """What the switch is told to play; several files as one `file_string://`, without a gap between them."""
    if isinstance(sound, Path):
        return str(sound)
    return str(sound[0]) if len(sound) == 1 else "file_string://" + "!".join(str(path) for path in sound)


def _stop_at_a_key(_session: object, what: str, _item: object, *_argument: object) -> str:
    return "break" if what == "dtmf" else "true"


def length_seconds(path: Path) -> float:
    """How long a recording is; 0 for one that is not there or is broken."""
    try:
        with wave.open(str(path), "rb") as stream:
            rate, width = stream.getframerate(), stream.getsampwidth() * stream.getnchannels()
        # The switch may still hold the file: its size is true before its head is.
        return max(0, os.path.getsize(path) - WAV_HEAD_BYTES) / (rate * width)
    except (OSError, EOFError, wave.Error, ZeroDivisionError) as error:
        log.warning("recording_not_readable", path=str(path), reason=str(error))
        return 0.0


def has_speech(path: Path) -> bool:
    """Whether anything in a recording is as loud as the switch's own measure of speech; True for one of another format.

    A caller who says nothing leaves the whole silence that ended the recording: that is no message.
    """
    try:
        with path.open("rb") as stream:
            stream.seek(WAV_HEAD_BYTES)
            while frame := stream.read(FRAME_BYTES):
                samples = array("h", frame[: len(frame) // 2 * 2])
                if sum(map(abs, samples)) >= SILENCE_THRESHOLD * len(samples) > 0:
                    return True
    except OSError as error:
        log.warning("recording_not_readable", path=str(path), reason=str(error))
        return True
    return False
