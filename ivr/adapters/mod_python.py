"""A flow's session over the `session` that FreeSWITCH (mod_python3) or the built-in switch hands to a handler.

After a hangup FreeSWITCH's calls return at once with nothing, so each one that blocks is followed by `ready()`.
"""

from pathlib import Path
from typing import Protocol

import structlog

from ivr.session import CallerGone

log = structlog.get_logger(__name__)


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
    def hangup(self, cause: str) -> object: ...
    def getVariable(self, name: str) -> str | None: ...  # noqa: N802
    def setVariable(self, name: str, value: str) -> object: ...  # noqa: N802


class ModPythonSession:
    """`ivr.session.Session` over FreeSWITCH's."""

    def __init__(self, session: FreeSwitchSession) -> None:
        self.session = session

    def answer(self) -> None:
        self.session.answer()
        self._still_here()

    def play(self, prompt: Path) -> None:
        self.session.streamFile(str(prompt))  # the switch itself logs a file that it can't play
        self._still_here()

    def read_key(self, prompt: Path | None, timeout_seconds: float) -> str:
        key = self._get_digit(str(prompt or ""), timeout_seconds)
        # A file that can't be played ends playAndGetDigits at once, without a wait and without a `read_result`.
        if not key and prompt and not self.session.getVariable("read_result"):
            log.warning("prompt_not_played", path=str(prompt))
            key = self._get_digit("", timeout_seconds)
        return key

    def flush_keys(self) -> None:
        self.session.flushDigits()

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
