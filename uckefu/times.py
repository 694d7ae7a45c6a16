"""Instants and durations: stored in UTC, shown in the centre's zone, computed in one place.

Everyone who stores, compares or shows a time comes here. An instant is an aware `datetime` in UTC; on the
bus it is an integer of microseconds since the epoch (`at_us`), as FreeSWITCH's own `*_uepoch` are.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return datetime.now(UTC)


def to_us(instant: datetime) -> int:
    """Microseconds since the epoch of an aware instant."""
    delta = instant - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def from_us(microseconds: int) -> datetime:
    """The aware UTC instant of `microseconds` since the epoch."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)


def as_utc(instant: datetime) -> datetime:
    """An instant read from SQL (SQLite and MySQL give it naive, and it is UTC) as an aware one."""
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def elapsed(begin: datetime | None, end: datetime | None) -> timedelta | None:
    """The duration between two stored instants; None when either is missing, never negative."""
    if begin is None or end is None:
        return None
    return max(as_utc(end) - as_utc(begin), timedelta(0))


def total(durations: Iterable[timedelta | None]) -> timedelta:
    """The exact sum; rounding happens once, when it is shown (three of 59.6 s are 00:02:59)."""
    return sum((d for d in durations if d is not None), timedelta(0))


def average(durations: Iterable[timedelta | None]) -> timedelta | None:
    """The exact mean of those that are known, or None when there are none."""
    known = [d for d in durations if d is not None]
    return total(known) / len(known) if known else None


def hms(duration: timedelta | None) -> str:
    """`HH:MM:SS`, whole seconds; the mean 239.5 s is shown as 00:04:00, a sum of 178.8 s as 00:02:59."""
    if duration is None:
        return "—"
    seconds = (duration // timedelta(milliseconds=1) + 500) // 1000  # half up, once
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def clock(duration: timedelta | None) -> str:
    """`MM:SS`, or `H:MM:SS` from an hour on, as the screens show a running time."""
    if duration is None:
        return "—"
    text = hms(duration)
    return text[3:] if text.startswith("00:") else text.removeprefix("0")


def shown(instant: datetime | None, zone: str) -> datetime | None:
    """The instant in the centre's zone, for a screen."""
    return None if instant is None else as_utc(instant).astimezone(ZoneInfo(zone))
