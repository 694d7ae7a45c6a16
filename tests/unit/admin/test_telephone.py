"""Numbers: normalised, masked, placed."""

import pytest

from admin.telephone import e164, masked, national, place


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("13812346621", "138****6621"), ("+8613812346621", "138****6621"), ("075788882016", "0757****2016"),
        ("1001", "1001"), ("anonymous", "anonymous"), ("+14155552671", "+141****2671"), ("", ""),
    ],
)  # fmt: skip
def test_the_middle_of_a_number_is_hidden(number: str, shown: str) -> None:
    assert masked(number) == shown


def test_the_same_number_is_one_number_however_it_is_written() -> None:
    assert {e164(n) for n in ("13812346621", "+8613812346621", "0086 138 1234 6621")} == {"+8613812346621"}
    assert national("+8675788882016") == "075788882016"


def test_regions_are_told_in_the_readers_language() -> None:
    assert "南京" in place("02512345678", "zh")
    assert "Nanjing" in place("02512345678", "en")
    assert place("1001", "zh") == ""
