"""Several digits from a caller, one by one: `collect` and `callback` use it.

A digit that was keyed ahead counts; the end is the terminator, the last digit, or a pause.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ivr.call import Call


@dataclass(frozen=True, kw_only=True)
class Keying:
    """How digits are taken.

    Args:
        least, most: how many.
        terminator: the key that ends them, "" for none.
        first_seconds: how long to wait for the first digit, after what is said.
        digit_seconds: how long for each further one.
    """

    least: int
    most: int
    terminator: str
    first_seconds: float
    digit_seconds: float

    def take(self, call: Call, pieces: Sequence[Any], *, barge_in: bool) -> str | None:
        """Say pieces and take digits; None when nothing at all was keyed."""
        key = call.ask(pieces, self.first_seconds, barge_in=barge_in)
        if not key:
            return None
        digits = ""
        while key and key != self.terminator:
            digits += key
            if len(digits) >= self.most:
                break
            key = call.session.read_key(None, self.digit_seconds)
        return digits
