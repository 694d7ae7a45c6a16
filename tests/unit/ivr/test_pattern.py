"""Patterns: as regular expressions match them, and never for long."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.pattern import BadPattern, Pattern

SAME = [
    "1[3-9]\\d{9}", "(86|0086)?1\\d{10}", "[0-9]{4,6}", "\\d+", "\\d*#?", "(12|3)+4?", "[^0]\\d*", ".{3}", "a|b|", "\\*\\d\\#",
    "[1-35]+", "(1(2(3)?)*)+", "[]a]", "[a-]",
]  # fmt: skip


@pytest.mark.parametrize("source", SAME)
@given(text=st.text(alphabet="0123456789*#ab]-", max_size=14))
def test_it_matches_what_a_regular_expression_matches(source, text):
    assert Pattern(source).matches(text) == bool(re.fullmatch(source, text))


@pytest.mark.parametrize(
    "source",
    [
        "",
        "(",
        "1)",
        "[",
        "*",
        "1**",
        "1{3,1}",
        "1{99}",
        "\\w",
        "^1",
        "1$",
        "((((((1))))))",
        "[9-0]",
        "1" * 101,
        "\\",
    ],
)
def test_what_is_not_in_the_list_is_refused(source):
    with pytest.raises(BadPattern):
        Pattern(source)


@pytest.mark.parametrize(
    "source",
    ["(\\d+)+x", "((\\d*)*)*x", "(\\d?){64}(\\d?){64}x", "(((1{64}){64}){64})", "(((1?){64}){64}){64}x"],
)
def test_a_pattern_that_would_hold_the_interpreter_for_hours_takes_no_time(source):
    began = time.process_time()
    assert not Pattern(source).matches("1" * 100)
    assert time.process_time() - began < 5  # not a measurement: `re` would need years


def test_a_long_text_does_not_fit():
    assert not Pattern("1*").matches("1" * 101)
