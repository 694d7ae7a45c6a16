"""The port between a flow and the switch: the few things that a node asks of a call.

`adapters/mod_python.py` implements it over FreeSWITCH's session, `adapters/terminal.py` in a terminal. A
hangup is normal control flow: whatever blocks raises `CallerGone`, nodes never look, the engine catches it once.
"""

from pathlib import Path
from typing import Protocol

Sound = Path | tuple[Path, ...]
"""A file, or several that are played as one: the pieces of a number, without a gap between them."""


class CallerGone(Exception):
    """The caller has hung up, or somebody has transferred the call away: the flow is over."""


class Session(Protocol):
    """One call, as a flow sees it."""

    def answer(self) -> None:
        """Answer, if that has not happened yet.

        Raises:
            CallerGone: also from the other calls that block.
        """

    def play(self, prompt: Sound) -> None:
        """Play a sound to its end; keys pressed meanwhile are kept for `read_key`. A broken file is logged."""

    def read_key(self, prompt: Sound | None, timeout_seconds: float) -> str:
        """Play a sound until a key is pressed, then wait for one.

        Args:
            prompt: what to play; None waits in silence.
            timeout_seconds: how long to wait after the prompt.

        Returns:
            The key (0-9, *, #), one kept from before if there is, or "" when none came.
        """

    def flush_keys(self) -> None:
        """Forget the keys pressed so far."""

    def record(self, path: Path, limit_seconds: float, silence_seconds: float) -> float:
        """Record what the caller says until a key, the limit, or so much silence.

        Returns:
            How many seconds there are in the file; 0 when there is none. A caller who hangs up meanwhile has finished
            the message: that raises at the next call only.
        """

    def start_recording(self, path: Path) -> None:
        """Record both sides in the background."""

    def stop_recording(self, path: Path) -> None:
        """End that recording."""

    def mask_recording(self, path: Path, on: bool) -> None:
        """Write silence into that recording, or speech again."""

    def set_variable(self, name: str, value: str) -> None:
        """Set a channel variable."""

    def hangup(self, cause: str) -> None:
        """End the call with a Q.850 cause name, e.g. NORMAL_CLEARING."""
