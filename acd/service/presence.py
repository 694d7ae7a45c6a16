"""Which pages are open: keeps the heartbeats out of the log, and notices windows that went silent.

A window counts as gone when it was silent for `SILENCE_SECONDS` while another page was heard, so a web process
that is down for a minute takes no agent away.
"""

from collections.abc import Iterable

SILENCE_SECONDS = 25

Window = tuple[int, str]


class PresenceWatch:
    """Heartbeats by window, on the service's clock."""

    def __init__(self, open_windows: Iterable[Window], now_us: int) -> None:
        self._heard_us: dict[Window, int] = dict.fromkeys(open_windows, now_us)
        self._last_us = now_us

    def heard(self, window: Window, here: bool, now_us: int) -> bool:
        """Take a heartbeat or a goodbye. True when it changes something and so belongs in the log."""
        self._last_us = now_us
        if not here:
            return self._heard_us.pop(window, None) is not None
        new = window not in self._heard_us
        self._heard_us[window] = now_us
        return new

    def silent(self) -> list[Window]:
        """The windows that are gone without a word; each is told once."""
        limit = self._last_us - SILENCE_SECONDS * 1_000_000
        gone = [window for window, heard_us in self._heard_us.items() if heard_us < limit]
        for window in gone:
            del self._heard_us[window]
        return gone
