"""What a caller does in a dry run, on a clock of its own: keys at a menu, or at a moment while a prompt plays.

`terminal.TerminalSession` asks it whenever something plays or waits. The rules are the switch's: a key stops a prompt
that may be interrupted, else it is kept for whoever reads keys next, until somebody forgets the kept ones.
"""

import re
from collections.abc import Callable, Sequence

from ivr.session import CallerGone

SAYS = "key=0…9, key=*, key=#, keys=12#, key=1@2.5 (2.5 s after the move before it), wait, hangup, hangup@4 or speak=5"
_MOMENT = re.compile(r"(?P<word>.+)@(?P<seconds>\d{1,4}(?:\.\d{1,3})?)", re.ASCII)


class BadScript(ValueError):
    """A `--say` that no caller can do."""


def parse_say(word: str) -> str:
    """What a caller does: a key, "" for waiting, "hangup", or "speak=<seconds>" into a recording; `…@<seconds>` when.

    Raises:
        BadScript: anything else.
    """
    moment = _MOMENT.fullmatch(word)
    if moment:
        said = parse_say(moment["word"])
        if said != "hangup" and len(said) != 1:
            raise BadScript(f"--say {word}: only a key and a hangup come at a moment")
        return f"{said}@{moment['seconds']}"
    if word in ("wait", "hangup"):
        return "" if word == "wait" else word
    name, _, key = word.partition("=")
    if name == "speak" and key.isascii() and key.isdigit() and len(key) < 4:
        return word
    if name != "key" or len(key) != 1 or key not in "0123456789*#":
        raise BadScript(f"--say {word}: use {SAYS}")
    return key


def parse_says(words: Sequence[str]) -> list[str]:
    """Several in turn; `keys=12#` are three keys.

    Raises:
        BadScript: see `parse_say`.
    """
    said: list[str] = []
    for word in words:
        keys = word.removeprefix("keys=")
        said += [parse_say(f"key={key}") for key in keys] if keys != word and keys else [parse_say(word)]
    return said


class Moves:
    """A caller's moves in turn, and the time of the call.

    Args:
        says: from `parse_says`.
        moved: is told of each move as it is made.
    """

    def __init__(self, says: Sequence[str], moved: Callable[[str], None] = lambda _word: None) -> None:
        self._says, self._moved = list(says), moved
        self.seconds = 0.0  # since the call began
        self.moved_seconds = 0.0  # when the caller did something last
        self.kept: list[str] = []  # keys that nobody has read yet

    @property
    def has_moments(self) -> bool:
        """Whether some move comes at a moment: the length of what plays counts."""
        return any("@" in said for said in self._says)

    def hears(self, seconds: float, *, stops: bool) -> float:
        """Something plays so long; with `stops` a key ends it. How much of it the caller has heard.

        Raises:
            CallerGone: the caller hangs up meanwhile.
        """
        begin, end = self.seconds, self.seconds + seconds
        if stops and self.kept:
            return 0.0
        while self._says and (due := self._due()) is not None and due < end:
            self.kept.append(self._take_at(due))
            if stops:
                return self.seconds - begin
        self.seconds = end
        return seconds

    def key(self, limit_seconds: float) -> str | None:
        """A key that was kept or comes within the limit, "" when none does; None when nobody knows what comes next.

        Raises:
            CallerGone: as in `hears`.
        """
        if self.kept:
            return self.kept.pop(0)
        if not self._says:
            return None
        due = self._due()
        if due is not None:
            if due <= self.seconds + limit_seconds:
                return self._take_at(due)
            self.seconds += limit_seconds
            return ""
        said = self.take()
        key = said if len(said) == 1 else ""
        self.passes(1 if key else limit_seconds)
        return key

    def take(self) -> str:
        """The next move; "" when there is none.

        Raises:
            CallerGone: it is the hangup.
        """
        if not self._says:
            return ""
        said = self._says.pop(0)
        self._moved(said)
        if said == "hangup":
            raise CallerGone
        return said

    def speaks(self, limit_seconds: float) -> float | None:
        """How long the caller speaks into a recording; a key at a moment ends it. None when nobody knows.

        Raises:
            CallerGone: the caller hangs up instead, or meanwhile.
        """
        if not self._says:
            return None
        due, begin = self._due(), self.seconds
        if due is not None:
            if due <= self.seconds + limit_seconds:
                self._take_at(due)
                return self.seconds - begin
            self.seconds += limit_seconds
            return limit_seconds
        said = self.take()
        seconds = min(float(said.removeprefix("speak=")), limit_seconds) if said.startswith("speak=") else 0.0
        self.passes(seconds)
        return seconds

    def passes(self, seconds: float) -> None:
        """So much time, which the caller has spent on the last move."""
        self.seconds += seconds
        self.moved_seconds = self.seconds

    def _due(self) -> float | None:
        """When the next move comes; None for one that comes when it is waited for."""
        _, at, seconds = self._says[0].partition("@")
        return self.moved_seconds + float(seconds) if at else None

    def _take_at(self, due: float) -> str:
        word = self._says.pop(0).partition("@")[0]
        self._moved(word)
        self.seconds = self.moved_seconds = max(self.seconds, due)
        if word == "hangup":
            raise CallerGone
        return word
