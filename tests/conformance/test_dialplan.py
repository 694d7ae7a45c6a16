"""The dialplan of the project on both switches: a DID through flow and queue, and reloading with a mistake in it."""

import pytest

from tests.conformance.handset import Handset
from tests.conformance.hearing import CALLER


@pytest.fixture
def outside(switch, journal, tmp_path):
    """Somebody behind the gateway."""
    with Handset("13900000002", switch.address("external")) as phone:
        phone.sing(tmp_path, CALLER)
        phone.begin(tmp_path)
        yield phone


def test_a_did_goes_through_the_flow_into_the_queue_and_to_an_agent(outside, agent, desk, journal, switch):
    outside.call("4001")
    outside.wait("confirmed")
    journal.wait("PLAYBACK_START")
    outside.do("dtmf", digits="2")
    held = desk.take(20)
    data = held.call.data
    assert data.variable("interaction_id") == held.uuid
    assert (data.variable("uckefu_did"), data.variable("uckefu_queue")) == ("4001", "service")
    assert data.get("Caller-Caller-ID-Number") == outside.user
    held.execute("playback", "local_stream://moh", event_uuid="music")
    outside.hears("music")
    braces = (
        "leg_timeout=20,ignore_early_media=true,uckefu_role=agent,api_reporting_hook='python fs_scripts.cdr'"
    )
    held.break_and_bridge(f"{{{braces},interaction_id={held.uuid}}}user/1001@{switch.domain}", "offer")
    agent.answer_next()
    outside.hears("agent", milliseconds=1500)  # what lasts less than a second is not kept (RECORD_MIN_SEC)
    agent.hears("caller")
    agent.hang_up()
    outside.wait("disconnected")
    journal.ended(held.uuid)
    recording = switch.settings.recordings_dir / (data.variable("uckefu_recording") or "")
    assert recording.is_file()


def test_without_any_controller_the_caller_hears_music_and_is_tried_again(outside, desk, journal):
    desk.close()
    outside.call("4001")
    outside.wait("confirmed")
    journal.wait("PLAYBACK_START")
    outside.do("dtmf", digits="2")
    journal.wait("CHANNEL_EXECUTE_COMPLETE", fact=lambda e: e.get("Application") == "socket", seconds=20)
    outside.hears("music")
    desk.reopen()
    assert desk.take(20).call.data.variable("uckefu_queue") == "service"


def test_the_fallback_says_that_it_is_sorry_and_hangs_up(caller, journal):
    caller.call("7002")
    leg = journal.caller_leg()
    caller.wait("confirmed")
    journal.api(f"uuid_setvar {leg} uckefu_language zh")
    journal.api(f"uuid_transfer {leg} fallback XML uckefu")
    told = journal.wait(
        "PLAYBACK_START", leg, lambda e: "system_error" in (e.get("Playback-File-Path") or "")
    )
    assert told.get("Playback-File-Path", "").endswith("/zh/system_error.wav")


def test_a_dialplan_with_a_mistake_is_refused_and_the_old_one_serves(caller, journal, switch):
    path = switch.dialplan / "95_new.xml"
    path.write_text(
        '<include>\n<context name="broken">\n<extension name="x">\n</include>\n', encoding="utf-8"
    )
    try:
        reply = journal.api("reloadxml")
        assert reply.startswith(("-ERR", "+OK [["))  # FreeSWITCH says +OK and the parser's error in brackets
        caller.call("7002")
        caller.wait("confirmed")
        caller.hears("prompt")
    finally:
        path.unlink()
        journal.api("reloadxml")


def test_a_new_extension_serves_after_reloadxml_and_no_call_is_lost(caller, second, journal, switch):
    caller.call("7004")
    caller.wait("confirmed")
    path = switch.dialplan / "90_lab.xml"
    before = path.read_text(encoding="utf-8")
    path.write_text(before.replace("^7002$", "^(7002|7099)$"), encoding="utf-8")
    try:
        assert journal.api("reloadxml") == "+OK [Success]\n"
        caller.hears("prompt")
        caller.hang_up()
        caller.wait("disconnected")
        caller.call("7099")
        caller.wait("confirmed")
    finally:
        path.write_text(before, encoding="utf-8")
        journal.api("reloadxml")
