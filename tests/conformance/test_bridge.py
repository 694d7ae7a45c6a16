"""An answered caller is bridged to a phone, as our ACD does it; and everything that can come between."""

import uuid

import pytest

from tests.support import sipp as steps


@pytest.fixture
def held(caller, desk):
    """An answered caller in the controller's hands, with the variables that `dialplan/20_queue.xml` sets."""
    caller.call("7003")
    held = desk.take()
    held.run("answer")
    held.set(
        hangup_after_bridge="true",
        continue_on_fail="true",
        ringback="local_stream://moh",
        instant_ringback="true",
    )
    return held


def ring(held, target: str, **variables: str) -> str:
    """Bridge to `target` with a leg id of our own; returns it."""
    leg = str(uuid.uuid4())
    braces = {"origination_uuid": leg, "leg_timeout": "20", "ignore_early_media": "true"} | variables
    text = ",".join(f"{name}={value}" for name, value in braces.items())
    held.execute("bridge", f"{{{text}}}{target}", event_uuid=leg)
    return leg


def user(journal, extension: str = "1001") -> str:
    return f"user/{extension}@{journal.switch.domain}"


def test_both_hear_each_other_and_the_agents_hangup_ends_the_call(held, caller, agent, journal):
    leg = ring(held, user(journal), our_mark="mine")
    caller.hears("music")
    agent.answer_next()
    caller.hears("agent")
    agent.hears("caller")
    agent.hang_up()
    caller.wait("disconnected")
    ours, theirs = journal.ended(held.uuid), journal.ended(leg)
    held.wait("CHANNEL_HANGUP_COMPLETE")
    assert caller.heard() == ["music", "agent"]
    assert agent.heard() == ["caller"]
    assert held.story(held.uuid)[-7:] == [
        "BRIDGE", "UNBRIDGE", "HANGUP", "EXECUTE_COMPLETE bridge", "UNPARK", "EXECUTE_COMPLETE socket", "HANGUP_COMPLETE",
    ]  # fmt: skip
    assert journal.story(leg, without=("PROGRESS", "PROGRESS_MEDIA")) == [
        "CREATE",
        "ANSWER",
        "HANGUP",
        "HANGUP_COMPLETE",
    ]
    bridged = held.wait("CHANNEL_BRIDGE")
    assert (bridged.get("Bridge-A-Unique-ID"), bridged.get("Bridge-B-Unique-ID")) == (held.uuid, leg)
    assert ours.variable("originate_disposition") == "SUCCESS"
    assert ours.variable("last_bridge_hangup_cause") == "NORMAL_CLEARING"
    assert (ours.variable("sip_hangup_disposition"), theirs.variable("sip_hangup_disposition")) == (
        "send_bye",
        "recv_bye",
    )
    assert (ours.variable("last_app"), ours.variable("bridge_uuid")) == ("bridge", leg)
    assert (theirs.variable("our_mark"), ours.variable("our_mark")) == ("mine", None)
    assert (theirs.variable("dialed_user"), theirs.get("Call-Direction")) == ("1001", "outbound")
    assert theirs.variable("last_bridge_role") == "originatee"


def test_the_callers_hangup_ends_the_call(held, caller, agent, journal):
    leg = ring(held, user(journal))
    agent.answer_next()
    agent.hears("caller")
    caller.hang_up()
    agent.wait("disconnected")
    ours, theirs = journal.ended(held.uuid), journal.ended(leg)
    held.wait("CHANNEL_HANGUP_COMPLETE")
    assert held.story(held.uuid)[-7:] == [
        "BRIDGE", "HANGUP", "UNBRIDGE", "EXECUTE_COMPLETE bridge", "UNPARK", "EXECUTE_COMPLETE socket", "HANGUP_COMPLETE",
    ]  # fmt: skip
    assert (ours.variable("sip_hangup_disposition"), theirs.variable("sip_hangup_disposition")) == (
        "recv_bye",
        "send_bye",
    )
    assert (ours.variable("last_bridge_hangup_cause"), ours.variable("last_bridge_role")) == (
        None,
        "originator",
    )
    assert theirs.variable("hangup_cause") == "NORMAL_CLEARING"


def test_without_hangup_after_bridge_the_caller_stays(held, caller, agent, journal):
    held.set(hangup_after_bridge="false")
    leg = ring(held, user(journal))
    agent.answer_next()
    caller.hears("agent")
    agent.hang_up()
    ended = held.completed("bridge", leg)
    assert ended.variable("bridge_hangup_cause") == "NORMAL_CLEARING"
    held.run("playback", "tone_stream://%(1200,0,400)")
    assert caller.heard()[-1] == "prompt"


REFUSALS = {"busy": (486, "USER_BUSY", "BUSY"), "declined": (603, "CALL_REJECTED", "DONTCALL")}


@pytest.mark.parametrize("what", REFUSALS)
def test_a_phone_that_refuses_leaves_the_caller_where_it_was(held, agent, journal, what):
    code, cause, status = REFUSALS[what]
    leg = ring(held, user(journal))
    agent.wait("incoming")
    agent.hang_up(code)
    ended = held.completed("bridge", leg)
    assert (ended.variable("originate_disposition"), ended.variable("DIALSTATUS")) == (cause, status)
    assert ended.variable("originate_failed_cause") == cause
    theirs = journal.ended(leg)
    assert theirs.variable("hangup_cause") == cause
    assert (theirs.variable("sip_hangup_disposition"), theirs.variable("sip_term_status")) == (
        "recv_refuse",
        str(code),
    )
    assert journal.api(f"uuid_exists {held.uuid}") == "true"


def test_nobody_answers(held, agent, journal):
    leg = ring(held, user(journal), leg_timeout="2")
    agent.wait("incoming")
    agent.wait("disconnected", "disconnctd")
    ended = held.completed("bridge", leg)
    assert (ended.variable("originate_disposition"), ended.variable("DIALSTATUS")) == (
        "NO_ANSWER",
        "NOANSWER",
    )
    assert journal.ended(leg).variable("sip_hangup_disposition") == "send_cancel"


def test_nobody_answers_at_an_address(held, sipp, journal):
    """FreeSWITCH has another word for it when the dial string names an address and not a user."""
    cancelled = steps.request("CANCEL") + steps.respond_in_dialog(200, "OK")
    phone = sipp(steps.phone(steps.respond(180, "Ringing"), cancelled))
    leg = ring(held, f"sofia/internal/{phone.uri}", leg_timeout="2")
    ended = held.completed("bridge", leg)
    assert (ended.variable("originate_disposition"), ended.variable("DIALSTATUS")) == (
        "ALLOTTED_TIMEOUT",
    ) * 2
    assert phone.messages[:3] == ["< INVITE", "> 180", "< CANCEL"]


def test_an_unregistered_user_fails_at_once(held, second, journal):
    second.do("unregister")
    second.wait("unregistered")
    leg = ring(held, user(journal, "1002"))
    ended = held.completed("bridge", leg)
    assert ended.variable("originate_disposition") == "USER_NOT_REGISTERED"
    assert journal.of(leg) == []


def test_an_unknown_user_fails_at_once(held, journal):
    leg = ring(held, user(journal, "1999"))
    ended = held.completed("bridge", leg)
    assert ended.variable("originate_disposition") == "SUBSCRIBER_ABSENT"
    assert journal.of(leg) == []


def test_a_phone_that_answers_with_another_codec_fails_and_the_caller_stays(held, sipp, journal):
    phone = sipp(steps.phone(steps.respond(180, "Ringing"), steps.respond(200, "OK", steps.sdp(9))))
    leg = ring(held, f"sofia/internal/{phone.uri}")
    ended = held.completed("bridge", leg)
    assert ended.variable("originate_disposition") == "INCOMPATIBLE_DESTINATION"
    assert journal.ended(leg).variable("hangup_cause") == "INCOMPATIBLE_DESTINATION"
    assert journal.api(f"uuid_exists {held.uuid}") == "true"


def test_a_phone_that_does_not_take_our_codecs_fails_and_the_caller_stays(held, sipp, journal):
    phone = sipp(steps.phone(steps.respond(488, "Not Acceptable Here"), steps.request("ACK")))
    leg = ring(held, f"sofia/internal/{phone.uri}")
    ended = held.completed("bridge", leg)
    assert ended.variable("originate_disposition") == "INCOMPATIBLE_DESTINATION"
    assert journal.ended(leg).variable("sip_term_status") == "488"
    phone.finish()


def test_a_caller_who_leaves_while_it_rings_stops_the_ringing(held, caller, sipp, journal):
    cancelled = steps.request("CANCEL") + steps.respond_in_dialog(200, "OK")
    phone = sipp(steps.phone(steps.respond(180, "Ringing"), cancelled))
    leg = ring(held, f"sofia/internal/{phone.uri}")
    phone.saw("> 180")
    caller.hears("music")
    caller.hang_up()
    phone.saw("< CANCEL")
    theirs, ours = journal.ended(leg), journal.ended(held.uuid)
    held.wait("CHANNEL_HANGUP_COMPLETE")
    assert (theirs.variable("hangup_cause"), theirs.variable("sip_hangup_disposition")) == (
        "ORIGINATOR_CANCEL",
        "send_cancel",
    )
    assert (ours.variable("hangup_cause"), ours.variable("sip_hangup_disposition")) == (
        "NORMAL_CLEARING",
        "recv_bye",
    )
    story = held.story(held.uuid)
    assert story[story.index("HANGUP") :] == [
        "HANGUP", "EXECUTE_COMPLETE bridge", "UNPARK", "EXECUTE_COMPLETE socket", "HANGUP_COMPLETE"
    ]  # fmt: skip


def test_a_dead_controller_does_not_keep_the_ringing_alive_after_the_caller_has_left(
    held, caller, agent, journal
):
    leg = ring(held, user(journal))
    agent.wait("incoming")
    held.die()
    caller.hang_up()
    agent.wait("disconnected", "disconnctd")
    assert journal.ended(leg).variable("hangup_cause") == "ORIGINATOR_CANCEL"


def test_an_offer_is_withdrawn_with_a_cause_of_its_own(held, sipp, journal):
    cancelled = steps.request("CANCEL") + steps.respond_in_dialog(200, "OK")
    phone = sipp(steps.phone(steps.respond(180, "Ringing"), cancelled))
    leg = ring(held, f"sofia/internal/{phone.uri}")
    phone.saw("> 180")
    assert held.api(f"uuid_kill {leg} PICKED_OFF").startswith("+OK")
    ended = held.completed("bridge", leg)
    assert (ended.variable("originate_disposition"), ended.variable("DIALSTATUS")) == (
        "PICKED_OFF",
        "PICKED_OFF",
    )
    assert journal.ended(leg).variable("hangup_cause") == "PICKED_OFF"
    phone.saw("< CANCEL")
    assert "cause=200" in phone.log.split("CANCEL sip:", 1)[1]  # RFC 3326: the phone shows no missed call
    assert journal.api(f"uuid_exists {held.uuid}") == "true"


def test_the_message_order_of_an_answered_bridge(held, caller, sipp, journal):
    """FreeSWITCH offers the phone only the codec that the caller talks, here PCMU; the built-in switch offers both."""
    phone = sipp(steps.phone(steps.respond(180, "Ringing"), steps.answer(0), steps.hung_up()))
    leg = ring(held, f"sofia/internal/{phone.uri}")
    journal.wait("CHANNEL_BRIDGE", held.uuid)
    caller.hang_up()
    phone.finish()
    assert phone.messages == ["< INVITE", "> 180", "> 200", "< ACK", "< BYE", "> 200"]
    invite = phone.log.split("\nINVITE ", 1)[1]
    assert f'"{caller.user}" <sip:{caller.user}@' in invite  # the agent's phone shows who calls
    assert journal.ended(leg).variable("sip_hangup_disposition") == "send_bye"


def test_after_a_refusal_the_next_phone_rings(held, caller, agent, second, journal):
    first = ring(held, user(journal))
    agent.wait("incoming")
    agent.hang_up(486)
    held.completed("bridge", first)
    ring(held, user(journal, "1002"))
    second.answer_next()
    caller.hears("second")


def test_a_talk_goes_on_without_its_controller(held, caller, agent, journal):
    ring(held, user(journal))
    agent.answer_next()
    caller.hears("agent")
    held.die()
    caller.hears("agent")
    agent.hears("caller")
    agent.hang_up()
    caller.wait("disconnected")
    assert journal.ended(held.uuid).variable("hangup_cause") == "NORMAL_CLEARING"


def test_music_plays_before_the_phone_has_said_that_it_rings(held, caller, sipp, journal):
    phone = sipp(
        steps.phone(
            steps.respond(100, "Trying"), steps.request("CANCEL") + steps.respond_in_dialog(200, "OK")
        )
    )
    ring(held, f"sofia/internal/{phone.uri}")
    phone.saw("> 100")
    caller.hears("music")
    caller.hang_up()
    phone.saw("< CANCEL")
