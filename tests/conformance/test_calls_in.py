"""Calls that only the switch takes part in: answered, played to, refused, run by a Python script, cancelled."""

import re

import pytest

from tests.support import sipp as steps


def test_a_call_is_answered_played_to_and_hung_up(caller, journal):
    caller.call("7002")
    caller.wait("confirmed")
    caller.wait("disconnected")
    leg = journal.caller_leg()
    ended = journal.ended(leg)
    assert caller.heard() == ["prompt"]
    assert journal.story(leg, without=("PROGRESS_MEDIA",)) == [
        "CREATE",
        "EXECUTE answer", "ANSWER", "EXECUTE_COMPLETE answer",
        "EXECUTE playback", "PLAYBACK_START", "PLAYBACK_STOP", "EXECUTE_COMPLETE playback",
        "EXECUTE hangup", "HANGUP", "EXECUTE_COMPLETE hangup", "HANGUP_COMPLETE",
    ]  # fmt: skip
    assert ended.variable("hangup_cause") == "NORMAL_CLEARING"
    assert ended.variable("sip_hangup_disposition") == "send_bye"
    assert ended.variable("hangup_cause_q850") == "16"


def test_the_messages_of_an_answered_call_come_in_order(sipp, journal):
    phone = sipp(
        steps.scenario(steps.invite(), steps.answered(), steps.ack(), steps.hung_up()), number="7002"
    ).finish()
    assert phone.messages == ["> INVITE", "< 100", "< 200", "> ACK", "< BYE", "> 200"]
    offer = phone.log.split("SIP/2.0 200 OK", 1)[1]
    assert "m=audio" in offer and "RTP/AVP 8" in offer


def test_a_caller_who_hangs_up_ends_the_playback(caller, journal):
    caller.call("7004")
    caller.wait("confirmed")
    caller.hears("prompt")
    caller.hang_up()
    leg = journal.caller_leg()
    ended = journal.ended(leg)
    assert journal.story(leg, without=("PROGRESS_MEDIA",)) == [
        "CREATE",
        "EXECUTE answer", "ANSWER", "EXECUTE_COMPLETE answer",
        "EXECUTE playback", "PLAYBACK_START", "HANGUP", "PLAYBACK_STOP", "EXECUTE_COMPLETE playback", "HANGUP_COMPLETE",
    ]  # fmt: skip
    assert ended.variable("sip_hangup_disposition") == "recv_bye"
    assert (ended.variable("sip_term_status"), ended.variable("proto_specific_hangup_cause")) == (
        "200",
        "sip:200",
    )


def test_a_number_that_no_extension_takes_is_404(sipp, journal):
    phone = sipp(steps.scenario(steps.invite(), steps.may(100), steps.refused(404)), number="9999").finish()
    assert phone.messages == ["> INVITE", "< 100", "< 404", "> ACK"]
    leg = journal.caller_leg()
    assert journal.ended(leg).variable("hangup_cause") == "NO_ROUTE_DESTINATION"
    assert journal.story(leg) == ["CREATE", "HANGUP", "HANGUP_COMPLETE"]


@pytest.mark.parametrize("profile", ["external"])
def test_a_gateway_that_calls_a_number_which_is_not_ours_gets_404(sipp, journal, profile):
    phone = sipp(steps.scenario(steps.invite(), steps.may(100), steps.refused(404)), profile, "8888").finish()
    assert phone.messages == ["> INVITE", "< 100", "< 404", "> ACK"]
    assert journal.ended(journal.caller_leg()).variable("hangup_cause") == "UNALLOCATED_NUMBER"


def test_a_caller_with_no_codec_of_ours_is_488(sipp, journal):
    only_g722 = steps.invite(body=steps.sdp(9))
    phone = sipp(steps.scenario(only_g722, steps.may(100), steps.refused(488)), number="7002").finish()
    assert phone.messages == ["> INVITE", "< 100", "< 488", "> ACK"]
    assert journal.ended(journal.caller_leg()).variable("hangup_cause") == "INCOMPATIBLE_DESTINATION"


def test_a_python_script_answers_and_plays_and_the_dialplan_goes_on(caller, journal):
    caller.call("7005")
    caller.wait("confirmed")
    caller.wait("disconnected")
    ended = journal.ended(journal.caller_leg())
    assert caller.heard() == ["prompt", "invalid"]
    assert ended.variable("lab_args") == "two words"
    assert ended.variable("lab_seen") == "('7005', False, True, True, 1)"
    assert ended.variable("lab_unset") == "None"
    assert ended.variable("after_python") == "done"
    assert journal.story(ended.uuid, without=("PROGRESS_MEDIA", "PLAYBACK_START", "PLAYBACK_STOP")) == [
        "CREATE",
        "EXECUTE python", "ANSWER", "EXECUTE playback", "EXECUTE_COMPLETE playback", "EXECUTE_COMPLETE python",
        "EXECUTE set", "EXECUTE_COMPLETE set",
        "EXECUTE hangup", "HANGUP", "EXECUTE_COMPLETE hangup", "HANGUP_COMPLETE",
    ]  # fmt: skip


def test_after_a_script_with_a_defect_the_next_action_runs(caller, journal):
    caller.call("7006")
    caller.wait("confirmed")
    caller.wait("disconnected")
    assert caller.heard() == ["prompt"]
    assert "a script with a defect" in journal.switch.log()


def test_a_hangup_while_a_script_plays_ends_the_script(caller, journal):
    caller.call("7015")
    caller.wait("confirmed")
    caller.hears("invalid")
    caller.hang_up()
    ended = journal.ended(journal.caller_leg())
    assert ended.variable("lab_seen") == "('7015', False, True, True, 0)"
    assert ended.variable("after_python") is None  # the dialplan does not go on for a caller who has left


def test_conditions_captures_and_slices_are_those_of_freeswitch(caller, journal):
    caller.call("7218")
    caller.wait("disconnected", "disconnctd")
    ended = journal.ended(journal.caller_leg())
    assert ended.variable("hangup_cause") == "CALL_REJECTED"
    names = ("first", "second", "is_one", "from_mobile", "sliced")
    assert [ended.variable(name) for name in names] == ["1", "8", "yes", "yes", "72-8"]
    assert re.fullmatch(r"\d\d\.\d\d", ended.variable("computed") or "")


def test_an_anti_action_runs_when_the_condition_does_not_hold(caller, journal):
    caller.call("7228")
    caller.wait("disconnected", "disconnctd")
    assert journal.ended(journal.caller_leg()).variable("is_one") == "no"


def test_the_switch_started_without_an_error_in_its_log(switch):
    wrong = ("[ERR]", "[CRIT]", "[ALERT]", "[error", "[critical")
    assert [line for line in switch.start_log.splitlines() if any(word in line for word in wrong)] == []


def test_it_listens_on_loopback_only(switch):
    import psutil

    listening = {
        each.laddr.ip
        for each in psutil.Process(switch.pid).net_connections()
        if each.status in ("LISTEN", "NONE")
    }
    assert listening <= {"127.0.0.1", "::1"}
