"""A bridged caller goes elsewhere: by `uuid_transfer`, and by the agent's phone with REFER."""

import pytest

AFTER_TRANSFER = ["UNBRIDGE", "EXECUTE_COMPLETE bridge", "UNPARK", "EXECUTE_COMPLETE socket"]


@pytest.fixture
def talk(caller, agent, desk, journal):
    """A caller and an agent who talk."""
    caller.call("7003")
    held = desk.take()
    held.run("answer")
    held.set(hangup_after_bridge="true", continue_on_fail="true")
    held.execute("bridge", f"{{leg_timeout=20}}user/1001@{journal.switch.domain}", event_uuid="talk")
    agent.answer_next()
    caller.hears("agent")
    return held


def test_uuid_transfer_takes_the_caller_along_and_lets_the_agent_go(talk, caller, agent, second, journal):
    leg = journal.phone_leg()
    assert journal.api(f"uuid_transfer {talk.uuid} 1002 XML lab") == "+OK\n"
    agent.wait("disconnected")
    second.answer_next()
    caller.hears("second")
    second.hears("caller")
    story = journal.story(talk.uuid)
    begin = story.index("UNBRIDGE")
    assert story[begin : begin + 4] == AFTER_TRANSFER
    theirs = journal.ended(leg)
    assert (theirs.variable("hangup_cause"), theirs.variable("sip_hangup_disposition")) == (
        "NORMAL_CLEARING",
        "send_bye",
    )
    second.hang_up()
    caller.wait("disconnected")
    ended = journal.ended(talk.uuid)
    assert (ended.variable("transfer_source") or "").endswith(":bl_xfer:1002/lab/XML")
    assert caller.heard() == ["agent", "second"]


def test_the_controller_is_told_that_the_channel_is_not_its_own_any_more(talk, caller, agent, journal):
    journal.api(f"uuid_transfer {talk.uuid} 7300 XML lab")
    caller.hears("prompt")
    assert talk.completed("socket").uuid == talk.uuid


def test_a_transfer_to_nowhere_ends_the_call(talk, caller, journal):
    journal.api(f"uuid_transfer {talk.uuid} 9999 XML lab")
    caller.wait("disconnected")
    assert journal.ended(talk.uuid).variable("hangup_cause") == "NO_ROUTE_DESTINATION"


def test_the_phone_transfers_the_caller_by_itself(talk, caller, agent, second, journal):
    leg = journal.phone_leg()
    agent.do("transfer", uri=f"sip:1002@{journal.switch.domain}")
    agent.wait("transfer", code=200)  # FreeSWITCH says so at once, whatever comes of it
    agent.wait("disconnected")
    second.answer_next()
    caller.hears("second")
    theirs = journal.ended(leg)
    assert theirs.variable("transfer_disposition") == "recv_replace"
    assert theirs.variable("transfer_to") == f"blind:{talk.uuid}"
    assert theirs.variable("transfer_destination") == "blind:1002"
    story = journal.story(talk.uuid)
    begin = story.index("UNBRIDGE")
    assert story[begin : begin + 4] == AFTER_TRANSFER
    caller.hang_up()
    ended = journal.ended(talk.uuid)
    assert (ended.variable("transfer_source") or "").endswith(":bl_xfer:1002/lab/XML")
    assert "sip:1002@" in (ended.variable("sip_refer_to") or "")


def asks_first(agent, second) -> None:
    """The agent's phone holds the caller, calls 1002 by itself and talks there."""
    agent.do("hold")
    agent.call("1002")
    second.answer_next()
    agent.hears("second")
    second.hears("agent")


def test_the_phone_asks_a_colleague_first_and_then_joins_the_two(talk, caller, agent, second, journal):
    leg = journal.phone_leg()
    asks_first(agent, second)
    own, theirs = journal.other_legs(talk.uuid, leg)
    agent.do("join")
    agent.wait("transfer", code=200)
    agent.wait("disconnected")
    agent.wait("disconnected")
    caller.hears("second")
    second.hears("caller")
    first, last = journal.ended(leg), journal.ended(own)
    assert first.variable("transfer_to") == f"att:{theirs}"
    assert first.variable("transfer_disposition") == "recv_replace"
    assert last.variable("transfer_disposition") == "replaced"
    assert last.variable("endpoint_disposition") == "ATTENDED_TRANSFER"
    assert {each.variable("hangup_cause") for each in (first, last)} == {"NORMAL_CLEARING"}
    story = journal.story(
        talk.uuid, without=("EXECUTE", "EXECUTE_COMPLETE", "PLAYBACK_START", "PLAYBACK_STOP")
    )
    assert story[-4:] == ["BRIDGE", "UNBRIDGE", "UNPARK", "BRIDGE"]
    second.hang_up()
    caller.wait("disconnected")
    assert journal.ended(talk.uuid).variable("hangup_cause") == "NORMAL_CLEARING"
    assert journal.ended(theirs).variable("transfer_disposition") == "bridge"


def test_the_phone_joins_the_caller_with_a_number_that_is_no_person(talk, caller, agent, journal):
    leg = journal.phone_leg()
    agent.do("hold")
    agent.call("9000")  # in the lab that number says the prompt's tone, for a phone it is music
    agent.hears("music")
    (own,) = journal.other_legs(talk.uuid, leg)
    agent.do("join")
    agent.wait("transfer", code=200)
    agent.wait("disconnected")
    agent.wait("disconnected")
    caller.hears("prompt")
    assert journal.ended(own).variable("hangup_cause") == "ATTENDED_TRANSFER"


def test_the_phone_transfers_the_caller_while_the_colleague_still_rings(talk, caller, agent, second, journal):
    agent.do("hold")
    agent.call("1002")
    second.wait("early")
    agent.wait("early")
    agent.do("join")
    agent.wait("transfer", code=200)
    agent.wait("disconnected")
    agent.wait("disconnected")
    if journal.switch.name == "builtin":  # there the phone rings anew, on FreeSWITCH it rings on
        second.wait("disconnected")
        second.wait("incoming")
    second.do("answer")
    caller.hears("second")
    second.hears("caller")


def test_a_phone_that_names_a_call_that_is_over_is_refused_and_keeps_the_caller(talk, caller, agent, journal):
    if journal.switch.name == "freeswitch":
        pytest.skip("FreeSWITCH looks for the call at the address in Refer-To, and the caller goes there")
    leg = journal.phone_leg()
    agent.do("join", replaces="no-such-call;to-tag=1;from-tag=2")
    agent.wait("transfer", code=481)
    caller.hears("agent")
    agent.hears("caller")
    assert journal.api(f"uuid_exists {leg}").strip() == "true"
