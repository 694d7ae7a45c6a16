"""Dial strings, as switch_ivr_originate reads them."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softswitch import dialstring


def test_variables_attempts_and_legs():
    dial = dialstring.parse("{all=1,b='x, y'}[this=2]user/1001@d,sofia/gateway/t/10086|user/1002@d")
    assert dial.variables == {"all": "1", "b": "x, y"}
    assert [[(leg.kind, leg.rest, leg.variables) for leg in attempt] for attempt in dial.attempts] == [
        [("user", "1001@d", {"this": "2"}), ("sofia", "gateway/t/10086", {})],
        [("user", "1002@d", {})],
    ]


def test_the_contracts_own_dial_string():
    dial = dialstring.parse(
        "{origination_uuid=u,leg_timeout=15,ignore_early_media=true,api_reporting_hook='python fs_scripts.cdr'}user/1001@d"
    )
    assert dial.variables["api_reporting_hook"] == "python fs_scripts.cdr"
    assert dial.variables["leg_timeout"] == "15"


def test_another_separator_and_escaped_commas():
    assert dialstring.read_variables("^^:a=1,2:b=3") == {"a": "1,2", "b": "3"}
    assert dialstring.read_variables(r"a=1\,2,b=3") == {"a": "1,2", "b": "3"}


def test_several_braces_add_up():
    assert dialstring.parse("<e=0>{a=1}{b=2}user/1").variables == {"e": "0", "a": "1", "b": "2"}


def test_what_sofia_contact_gives_is_one_leg():
    dial = dialstring.parse("sofia/internal/sip:1001@127.0.0.1:5099;transport=udp;ob")
    assert dial.attempts[0][0].rest == "internal/sip:1001@127.0.0.1:5099;transport=udp;ob"


@pytest.mark.parametrize("text", ["{a=1", "[b=2user/1", "{a='}user/1"])
def test_a_bracket_without_its_end_is_refused(text):
    with pytest.raises(dialstring.BadDialString):
        dialstring.parse(text)


def test_nothing_to_dial_has_no_attempts():
    assert dialstring.parse("").attempts == ()
    assert dialstring.parse(",|,").attempts == ()


@given(st.text(alphabet="{}[]<>',|=^\\ab/@:", max_size=60))
def test_any_text_is_read_or_refused(text):
    with contextlib.suppress(dialstring.BadDialString):
        dialstring.parse(text)
