"""English: one hundred and five, twelve yuan fifty, March fourth, three oh five p m."""

from datetime import date, time
from decimal import Decimal

DIGITS = {str(n): f"say/{n}" for n in range(10)} | {"*": "say/star", "#": "say/hash"}
_UNITS = ((10**9, "say/billion"), (10**6, "say/million"), (10**3, "say/thousand"))


def number(value: Decimal) -> list[str]:
    """A number: minus three point one four."""
    sign = ["say/minus"] if value < 0 else []
    whole, _, fraction = f"{abs(value):f}".partition(".")
    fraction = fraction.rstrip("0")
    said = whole_number(int(whole))
    return sign + said + (["say/point", *(DIGITS[c] for c in fraction[:6])] if fraction else [])


def whole_number(value: int) -> list[str]:
    """A whole number from 0 below 10^12."""
    said: list[str] = []
    for unit, name in _UNITS:
        high, value = divmod(value, unit)
        if high:
            said += [*_below_1000(high), name]
    if said and 0 < value < 100:
        said.append("say/and")
    return said + _below_1000(value) if value or not said else said


def _below_1000(value: int) -> list[str]:
    hundreds, rest = divmod(value, 100)
    if not hundreds:
        return _below_100(rest)
    said = [f"say/{hundreds}", "say/hundred"]
    return [*said, "say/and", *_below_100(rest)] if rest else said


def _below_100(value: int) -> list[str]:
    if value <= 20:
        return [f"say/{value}"]
    tens, ones = divmod(value, 10)
    return [f"say/{tens * 10}", *([f"say/{ones}"] if ones else [])]


def money(value: Decimal) -> list[str]:
    """Money: twelve yuan and fifty fen."""
    sign = ["say/minus"] if value < 0 else []
    yuan, fen = divmod(int(abs(value) * 100), 100)
    said = [*whole_number(yuan), "say/yuan"] if yuan or not fen else []
    said += ["say/and"] if yuan and fen else []
    return sign + said + ([*whole_number(fen), "say/fen"] if fen else [])


def day(value: date, today: date) -> list[str]:
    """A date: Wednesday, March fourth, two zero two six; this year's without the year."""
    year = [] if value.year == today.year else [DIGITS[c] for c in str(value.year)]
    return [f"say/weekday{value.isoweekday()}", f"say/month{value.month}", *ordinal(value.day), *year]


def ordinal(value: int) -> list[str]:
    """First to thirty-first."""
    if value <= 20 or value == 30:
        return [f"say/th{value}"]
    return [f"say/{value // 10 * 10}", f"say/th{value % 10}"]


def clock(value: time) -> list[str]:
    """A time: nine thirty a m, three o'clock p m."""
    half = "say/am" if value.hour < 12 else "say/pm"
    hour = f"say/{value.hour % 12 or 12}"
    if not value.minute:
        return [hour, "say/oclock", half]
    return [hour, *(["say/oh"] if value.minute < 10 else []), *_below_100(value.minute), half]
