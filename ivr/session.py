"""The port between a flow and the switch: the few things that a node asks of a call.

`adapters/mod_python.py` implements it over FreeSWITCH's session, `adapters/terminal.py` in a terminal. A
hangup is normal control flow: whatever blocks raises `CallerGone`, nodes never look, the engine catches it once.
"""

from pathlib import Path
from typing import Protocol


class CallerGone(Exception):
    """The caller has hung up, or somebody has transferred the call away: the flow is over."""


class Session(Protocol):
    """One call, as a flow sees it."""

    def answer(self) -> None:
        """Answer, if that has not happened yet.

        Raises:
            CallerGone: also from the other calls that block.
        """

    def play(self, prompt: Path) -> None:
        """Play a file to its end; keys pressed meanwhile are kept for `read_key`. A broken file is logged."""

    def read_key(self, prompt: Path | None, timeout_seconds: float) -> str:
        """Play a file until a key is pressed, then wait for one.

        Args:
            prompt: what to play; None waits in silence.
            timeout_seconds: how long to wait after the prompt.

        Returns:
            The key (0-9, *, #), one kept from before if there is, or "" when none came.
        """

    def flush_keys(self) -> None:
        """Forget the keys pressed so far."""

    def hangup(self, cause: str) -> None:
        """End the call with a Q.850 cause name, e.g. NORMAL_CLEARING."""
