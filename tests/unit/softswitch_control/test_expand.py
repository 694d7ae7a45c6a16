"""Variable expansion."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softswitch.expand import expand

VARIABLES = {"a": "alpha", "b": "a", "n": "2", "list": "ARRAY::x|:y", "evil": "${a} ${system(rm)}"}


def api(name: str, arguments: str) -> str:
    return f"<{name}:{arguments}>"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("x ${a} y", "x alpha y"),
        ("$${a}", "alpha"),
        ("${unknown}", ""),
        ("${a:1}", "lpha"),
        ("${a:1:2}", "lp"),
        ("${a:-2}", "ha"),
        ("${a:-9}", "alpha"),
        ("${a:9}", ""),
        ("${a:0:9}", "alpha"),
        ("${${b}}", "alpha"),
        ("${a:${n}}", "pha"),
        ("${list[1]}", "y"),
        ("${upper(x)}", "<upper:x>"),
        ("${strftime(%Y-%m)}", "<strftime:%Y-%m>"),
        ("${f(a (b) c)}", "<f:a (b) c>"),
        ("${f(${a})}", "<f:alpha>"),
        ("${f x y}", "<f:x y>"),
        ("${cond(${n} == 2 ? {yes} : no)}", "<cond:2 == 2 ? {yes} : no>"),
        (r"\${a} ${a}", "${a} alpha"),
        (r"a\\b ${a}", r"a\b alpha"),
        (r"it\'s ${a}", "its alpha"),
        (r"\d+", r"\d+"),
        ("100$ ${a}", "100$ alpha"),
        ("${a", "alpha"),
        (r"${a}\${a}", r"alpha\alpha"),
        ("${a}${b}", "alphaa"),
        ("$1 ${a}", "$1 alpha"),
    ],
)
def test_expansion(text: str, expected: str) -> None:
    assert expand(text, VARIABLES.get, api) == expected


def test_the_value_of_a_variable_is_not_expanded_again() -> None:
    assert expand("${evil}", VARIABLES.get, api) == "${a} ${system(rm)}"


@given(st.text(alphabet="${}()\\:[]a '", max_size=60))
def test_any_text_comes_to_an_end_without_an_error(text: str) -> None:
    assert isinstance(expand(text, VARIABLES.get, api), str)


@given(st.text())
def test_text_without_dollar_and_backslash_stays_as_it_is(text: str) -> None:
    plain = text.replace("$", "").replace("\\", "")
    assert expand(plain, VARIABLES.get, api) == plain
