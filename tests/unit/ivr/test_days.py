"""Working days: the centre's own lists, Chinese public holidays and the weekends that make up for them, the week."""

from datetime import UTC, date, datetime, time

import pytest

from ivr.days import day_of, is_open
from uckefu.centre import Centre, Opening

HOURS = [
    Opening(days=["mon", "tue", "wed", "thu", "fri"], begin=time(9), end=time(18)),
    Opening(days=["sat"], begin=time(10), end=time(12)),
]
PLAIN = Centre(office_hours=HOURS)
CHINA = Centre(office_hours=HOURS, public_holidays="CN")


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        (date(2025, 3, 4), "ordinary"),
        (date(2025, 10, 1), "holiday"),
        (date(2025, 10, 8), "holiday"),
        (date(2025, 9, 28), "makeup"),
        (date(2025, 9, 27), "ordinary"),
        (date(2026, 2, 17), "holiday"),
    ],
)
def test_the_state_council_decides_where_the_centre_wants_it(day, kind):
    assert day_of(day, CHINA).kind == kind
    assert day_of(day, PLAIN).kind == "ordinary"


def test_the_centres_own_days_go_before_the_state_council():
    own = CHINA.model_copy(
        update={
            "closed_days": [date(2025, 9, 28)],
            "open_days": {date(2025, 10, 1): "sat", date(2025, 3, 4): "sat"},
        }
    )
    assert day_of(date(2025, 9, 28), own).kind == "closed"
    assert (day_of(date(2025, 10, 1), own).kind, day_of(date(2025, 10, 1), own).weekday) == ("extra", "sat")


def at(year, month, day, hour, minute=0):
    return datetime(year, month, day, hour - 8, minute, tzinfo=UTC)  # Shanghai


@pytest.mark.parametrize(
    ("instant", "centre", "expected"),
    [
        (at(2025, 3, 4, 9), CHINA, True),
        (at(2025, 3, 4, 18), CHINA, False),
        (at(2025, 3, 1, 11), CHINA, True),
        (at(2025, 10, 1, 11), CHINA, False),
        (at(2025, 10, 1, 11), PLAIN, True),
        (at(2025, 9, 28, 17), CHINA, True),
        (at(2025, 9, 28, 17), CHINA.model_copy(update={"makeup_day_as": "sat"}), False),
    ],
)
def test_a_working_weekend_has_the_hours_of_a_weekday(instant, centre, expected):
    assert is_open(instant, centre, centre.office_hours)[0] is expected


def test_a_year_that_nobody_has_published_yet_goes_by_the_week():
    day = day_of(date(2091, 10, 1), CHINA)
    assert (day.kind, day.known) == ("ordinary", False)
