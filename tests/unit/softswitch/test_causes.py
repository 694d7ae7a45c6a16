"""Hangup causes: names, numbers, SIP codes."""

import pytest

from softswitch.sip import causes


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        (486, "USER_BUSY"), (600, "USER_BUSY"), (480, "NO_USER_RESPONSE"), (404, "UNALLOCATED_NUMBER"),
        (603, "CALL_REJECTED"), (408, "RECOVERY_ON_TIMER_EXPIRE"), (487, "ORIGINATOR_CANCEL"),
        (488, "INCOMPATIBLE_DESTINATION"), (503, "NORMAL_TEMPORARY_FAILURE"), (499, "NORMAL_UNSPECIFIED"),
    ],
)  # fmt: skip
def test_a_final_response_gives_the_cause_that_mod_sofia_gives(code, cause):
    assert causes.from_sip(code) == cause


@pytest.mark.parametrize(
    ("cause", "code"),
    [
        ("USER_BUSY", 486), ("NO_ROUTE_DESTINATION", 404), ("NO_ANSWER", 480), ("CALL_REJECTED", 603),
        ("ORIGINATOR_CANCEL", 487), ("NORMAL_CLEARING", 480), ("NORMAL_TEMPORARY_FAILURE", 503),
    ],
)  # fmt: skip
def test_a_cause_refuses_with_the_code_that_mod_sofia_uses(cause, code):
    assert causes.to_sip(cause) == code
    assert code in causes.PHRASES


def test_every_cause_in_the_tables_is_a_cause():
    assert {causes.from_sip(code) for code in range(200, 700)} <= set(causes.NUMBERS)


def test_causes_of_freeswitch_itself_are_16_in_q850():
    assert (causes.q850("USER_BUSY"), causes.q850("LOSE_RACE"), causes.q850("ALLOTTED_TIMEOUT")) == (
        17,
        16,
        16,
    )


def test_the_reason_header_tells_who_else_answered():
    assert causes.reason("LOSE_RACE") == ("SIP", 200, "Call completed elsewhere")
    assert causes.reason("NORMAL_CLEARING") == ("Q.850", 16, "NORMAL_CLEARING")
    assert causes.reason("MANAGER_REQUEST") == ("SIP", 703, "MANAGER_REQUEST")


def test_a_cause_is_read_from_names_and_numbers():
    assert causes.parse("user_busy") == causes.parse("17") == "USER_BUSY"
    assert causes.parse("nonsense") == "NORMAL_CLEARING"
