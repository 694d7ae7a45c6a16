"""Numbers, digits, money, dates and times as names of recorded pieces (`sounds/<language>/say/`), no I/O.

`ivr.call` asks `pieces`; `zh` and `en` know their language. A value that is none of the kind gives `NotSayable`.
"""

from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol

from ivr.saying import en, zh

LONGEST_DIGITS = 32
BIGGEST = Decimal(10) ** 12


class _Speaker(Protocol):
    DIGITS: dict[str, str]

    def number(self, value: Decimal, /) -> list[str]: ...
    def money(self, value: Decimal, /) -> list[str]: ...
    def day(self, value: date, today: date, /) -> list[str]: ...
    def clock(self, value: time, /) -> list[str]: ...


class NotSayable(ValueError):
    """The value can't be read out in this way."""


def pieces(how: str, value: Any, language: str, today: date) -> list[str]:
    """The pieces that say `value`.

    Args:
        how: digits, number, money, date, time or datetime.
        value: text, a number, or for dates and times also their Python objects.
        language: zh or en.
        today: a date of this year is said without its year.

    Raises:
        NotSayable: see there.
    """
    speaker: _Speaker = zh if language == "zh" else en
    if how == "digits":
        return [speaker.DIGITS[c] for c in digits(value)]
    if how == "number":
        return speaker.number(decimal(value))
    if how == "money":
        return speaker.money(decimal(value).quantize(Decimal("0.01")))
    if how == "date":
        return speaker.day(_moment(value).date(), today)
    if how == "time":
        return speaker.clock(_moment(value).time())
    if how == "datetime":
        moment = _moment(value)
        return speaker.day(moment.date(), today) + speaker.clock(moment.time())
    raise NotSayable(f"no way `{how}` to say something")


def digits(value: Any) -> str:
    """The digits of a value (with * and #); blanks, dashes and a leading + are passed over."""
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    found = text.replace(" ", "").replace("-", "").removeprefix("+")
    if isinstance(value, bool) or not 0 < len(found) <= LONGEST_DIGITS or set(found) - set("0123456789*#"):
        raise NotSayable(f"{value!r} has no digits to say")
    return found


def decimal(value: Any) -> Decimal:
    """A value as an exact number."""
    try:
        number = Decimal(str(value).strip().replace(",", ""))
    except InvalidOperation as error:
        raise NotSayable(f"{value!r} is no number") from error
    if isinstance(value, bool) or not number.is_finite() or abs(number) >= BIGGEST:
        raise NotSayable(f"{value!r} is no number that can be said")
    return number


def _moment(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time())
    if isinstance(value, time):
        return datetime.combine(date.min, value)
    try:
        return _parsed(str(value).strip())
    except ValueError as error:
        raise NotSayable(f"{value!r} is no date or time, e.g. 2025-03-04 or 09:30") from error


def _parsed(text: str) -> datetime:
    if ":" in text and "-" not in text:
        return datetime.combine(date.min, time.fromisoformat(text))
    return datetime.fromisoformat(text)
