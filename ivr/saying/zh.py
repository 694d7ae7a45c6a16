"""Chinese: 一百零五, 两万三千, 十二元五角, 三月四日, 下午三点零五分."""

from datetime import date, time
from decimal import Decimal

DIGITS = {str(n): f"say/{n}" for n in range(10)} | {"*": "say/star", "#": "say/hash"}
_UNITS = ((10**8, "say/yi"), (10**4, "say/wan"))
_PLACES = ((1000, "say/thousand"), (100, "say/hundred"), (10, "say/10"))


def number(value: Decimal) -> list[str]:
    """A number: 负三点一四, 一万零五."""
    sign = ["say/minus"] if value < 0 else []
    whole, _, fraction = f"{abs(value):f}".partition(".")
    fraction = fraction.rstrip("0")
    said = whole_number(int(whole))
    return sign + said + (["say/point", *(DIGITS[c] for c in fraction[:6])] if fraction else [])


def whole_number(value: int) -> list[str]:
    """A whole number from 0 below 10^12."""
    if value == 0:
        return ["say/0"]
    said: list[str] = []
    for unit, name in _UNITS:
        high, low = divmod(value, unit)
        if high:
            said += (["say/liang"] if high == 2 else _below_10000(high)) + [name]
            if 0 < low < unit // 10:
                said.append("say/0")
        value = low
    # 12 is 十二, but 10012 is 一万零十二 and 112 一百一十二.
    return said + (_below_10000(value) if value else [])


def _below_10000(value: int) -> list[str]:
    said: list[str] = []
    if 10 <= value < 20:
        return ["say/10", *([f"say/{value - 10}"] if value > 10 else [])]
    gap = False
    for size, name in _PLACES:
        digit, value = divmod(value, size)
        if digit:
            said += ["say/0"] if gap else []
            said += ["say/liang" if digit == 2 and size == 1000 else f"say/{digit}", name]
            gap = False
        elif said:
            gap = True
    if value:
        said += [*(["say/0"] if gap else []), f"say/{value}"]
    return said


def money(value: Decimal) -> list[str]:
    """Money: 十二元五角三分, 两元, 零元."""
    sign = ["say/minus"] if value < 0 else []
    yuan, fen = divmod(int(abs(value) * 100), 100)
    jiao, fen = divmod(fen, 10)
    said = [] if not yuan and (jiao or fen) else [*_counted(yuan), "say/yuan"]
    if jiao:
        said += [f"say/{jiao}", "say/jiao"]
    elif fen and yuan:
        said.append("say/0")
    return sign + said + ([f"say/{fen}", "say/fen"] if fen else [])


def _counted(value: int) -> list[str]:
    return ["say/liang"] if value == 2 else whole_number(value)


def day(value: date, today: date) -> list[str]:
    """A date: 二零二六年三月四日星期三; this year's without the year."""
    year = [] if value.year == today.year else [*(DIGITS[c] for c in str(value.year)), "say/year"]
    month = [*whole_number(value.month), "say/month", *whole_number(value.day), "say/day"]
    return [*year, *month, f"say/weekday{value.isoweekday()}"]


def clock(value: time) -> list[str]:
    """A time: 上午九点三十分, 下午三点整."""
    hour = value.hour % 12 or 12
    half = "say/morning" if value.hour < 12 else "say/afternoon"
    said = [half, *_counted(hour), "say/hour"]
    if not value.minute:
        return [*said, "say/sharp"]
    return [*said, *(["say/0"] if value.minute < 10 else []), *whole_number(value.minute), "say/minute"]
