"""The centre's own settings: office hours in its zone, and a broken edit that harms nobody."""

import os
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest
from pydantic import ValidationError

from uckefu.centre import Centre, Opening, load_centre

WEEKDAYS_9_TO_18 = [Opening(days=["mon", "tue", "wed", "thu", "fri"], begin=time(9), end=time(18))]


def test_without_a_file_the_centre_is_always_open(tmp_path: Path) -> None:
    centre = load_centre(tmp_path / "none.yml")
    assert centre.is_open(datetime(2025, 3, 1, 15, 59, 59, 999998, tzinfo=UTC))


@pytest.mark.parametrize(
    ("zone", "instant", "is_open"),
    [
        ("Asia/Shanghai", datetime(2025, 3, 3, 1, 0, tzinfo=UTC), True),  # Monday 09:00
        ("Asia/Shanghai", datetime(2025, 3, 3, 0, 59, 59, tzinfo=UTC), False),  # Monday 08:59:59
        (
            "Asia/Shanghai",
            datetime(2025, 3, 3, 10, 0, tzinfo=UTC),
            False,
        ),  # Monday 18:00, the end is excluded
        (
            "Asia/Shanghai",
            datetime(2025, 3, 2, 17, 0, tzinfo=UTC),
            False,
        ),  # Sunday there is Monday here, 01:00
        ("America/New_York", datetime(2025, 3, 3, 14, 0, tzinfo=UTC), True),  # Monday 09:00, winter
        (
            "America/New_York",
            datetime(2025, 3, 10, 13, 0, tzinfo=UTC),
            True,
        ),  # Monday 09:00, summer time since Sunday
        ("America/New_York", datetime(2025, 3, 10, 22, 30, tzinfo=UTC), False),
    ],
)
def test_office_hours_are_those_of_the_centres_zone(zone: str, instant: datetime, is_open: bool) -> None:
    assert Centre(timezone=zone, office_hours=WEEKDAYS_9_TO_18).is_open(instant) is is_open


def test_a_closed_day_is_a_day_of_the_centres_calendar() -> None:
    centre = Centre(closed_days=[date(2025, 1, 29)])
    assert not centre.is_open(datetime(2025, 1, 28, 16, 0, tzinfo=UTC))  # 29 January, 00:00 in Shanghai
    assert centre.is_open(datetime(2025, 1, 29, 16, 0, tzinfo=UTC))


def test_an_edit_is_seen_and_a_broken_one_keeps_the_last_good(tmp_path: Path) -> None:
    path = tmp_path / "centre.yml"
    for number, (text, name) in enumerate(
        [
            ("name: One", "One"),
            ("name: Two", "Two"),
            ("name: [", "Two"),
            ("colour: red", "Two"),
            ("name: Five", "Five"),
        ]
    ):
        path.write_text(text)
        os.utime(path, ns=(number + 1, number + 1))
        assert load_centre(path).name == name


def test_a_first_file_that_is_broken_gives_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "centre.yml"
    path.write_text("timezone: Mars/Olympus")
    assert load_centre(path) == Centre()


def test_an_unknown_zone_is_refused_with_an_example() -> None:
    with pytest.raises(ValidationError, match="Asia/Shanghai"):
        Centre(timezone="Mars/Olympus")


def test_hours_may_be_written_without_quotes(tmp_path: Path) -> None:
    path = tmp_path / "centre.yml"
    path.write_text("office_hours:\n- {days: [mon], begin: 09:00, end: 18:00}\nclosed_days: [2027-01-01]\n")
    opening = load_centre(path).office_hours[0]
    assert (opening.begin, opening.end) == (time(9), time(18))
