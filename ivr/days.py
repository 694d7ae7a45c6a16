"""What kind of day it is for the centre: its own lists first, then public holidays, then the week. `nodes.hours` asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

import chinese_calendar  # type: ignore[import-untyped]

from uckefu.centre import WEEKDAYS, Centre, Opening, Weekday

Kind = Literal["ordinary", "extra", "makeup", "closed", "holiday"]


@dataclass(frozen=True)
class Day:
    """A day of the centre.

    Args:
        kind: `extra` and `makeup` are working days against the week; `closed` and `holiday` free days.
        weekday: whose hours it has.
        name: of the public holiday, in English, else "".
        known: False when the public holidays of that year are not published yet.
    """

    kind: Kind
    weekday: Weekday
    name: str = ""
    known: bool = True

    @property
    def is_free(self) -> bool:
        """Whether nobody works on it."""
        return self.kind in ("closed", "holiday")


def day_of(when: date, centre: Centre) -> Day:
    """What `when` is: the centre's closed days, its open days, public holidays, in this order."""
    weekday = WEEKDAYS[when.weekday()]
    if when in centre.closed_days:
        return Day("closed", weekday)
    if when in centre.open_days:
        return Day("extra", centre.open_days[when])
    if centre.public_holidays == "CN":
        return _in_china(when, weekday, centre)
    return Day("ordinary", weekday)


def _in_china(when: date, weekday: Weekday, centre: Centre) -> Day:
    try:
        free, name = chinese_calendar.get_holiday_detail(when)
    except NotImplementedError:  # the State Council has not published that year, or the package is older
        return Day("ordinary", weekday, known=False)
    if free and name:
        return Day("holiday", weekday, str(name))
    if not free and when.weekday() >= 5:
        return Day("makeup", centre.makeup_day_as, str(name or ""))
    return Day("ordinary", weekday)


def is_open(instant: datetime, centre: Centre, hours: Sequence[Opening]) -> tuple[bool, Day]:
    """Whether the aware `instant` lies in `hours`, and what kind of day it is in the centre's zone."""
    local = instant.astimezone(ZoneInfo(centre.timezone))
    day = day_of(local.date(), centre)
    if day.is_free:
        return False, day
    return any(day.weekday in o.days and o.begin <= local.time() < o.end for o in hours), day
