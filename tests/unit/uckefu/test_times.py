"""Durations are summed exactly and rounded once, when they are shown."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uckefu import times

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)


def seconds(value: float) -> timedelta:
    return timedelta(milliseconds=round(value * 1000))


def test_three_waits_of_59_6_seconds_are_178_8_seconds_together() -> None:
    assert times.hms(times.total([seconds(59.6)] * 3)) == "00:02:59"


def test_a_mean_of_239_5_seconds_is_shown_as_four_minutes() -> None:
    assert times.hms(times.average([seconds(239), seconds(240)])) == "00:04:00"


def test_a_mean_leaves_out_what_is_not_known() -> None:
    assert times.average([seconds(10), None, seconds(20)]) == seconds(15)
    assert times.average([None]) is None


@pytest.mark.parametrize(
    ("duration", "hms", "clock"),
    [
        (None, "—", "—"),
        (seconds(0), "00:00:00", "00:00"),
        (seconds(0.499), "00:00:00", "00:00"),
        (seconds(59.5), "00:01:00", "01:00"),
        (seconds(3599.4), "00:59:59", "59:59"),
        (seconds(3600), "01:00:00", "1:00:00"),
        (seconds(100 * 3600), "100:00:00", "100:00:00"),
    ],
)
def test_a_duration_is_shown_in_whole_seconds_rounded_half_up(
    duration: timedelta | None, hms: str, clock: str
) -> None:
    assert (times.hms(duration), times.clock(duration)) == (hms, clock)


def test_a_duration_is_never_negative_and_unknown_when_an_end_is() -> None:
    assert times.elapsed(NOON, NOON - seconds(1)) == timedelta(0)
    assert times.elapsed(NOON, None) is None
    assert times.elapsed(NOON, (NOON + seconds(1.5)).replace(tzinfo=None)) == seconds(1.5)


@given(st.datetimes(timezones=st.just(UTC)))
def test_an_instant_survives_the_bus_to_the_microsecond(instant: datetime) -> None:
    assert times.from_us(times.to_us(instant)) == instant


def test_a_screen_shows_the_zone_of_the_centre() -> None:
    assert times.shown(NOON, "Asia/Shanghai").isoformat() == "2025-03-01T20:00:00+08:00"
    assert times.shown(None, "Asia/Shanghai") is None
