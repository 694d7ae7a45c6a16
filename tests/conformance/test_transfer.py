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
