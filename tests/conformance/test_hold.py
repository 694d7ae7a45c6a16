"""Hold: by the agent's phone, and by the page, which on FreeSWITCH must not be `uuid_hold` of the agent's leg.

FreeSWITCH 1.10.12 leaves the caller without any RTP when `uuid_hold` holds the agent's (outbound) leg and the phone
answers the re-INVITE as RFC 3264 says (`recvonly`). So our ACD displaces the caller's audio instead.
"""

import pytest

MUSIC = "local_stream://moh"


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
    agent.hears("caller")
    return held


def test_hold_from_the_phone_gives_the_caller_music_and_the_events_tell(talk, caller, agent, journal):
    leg = journal.phone_leg()
    agent.do("hold")
    caller.hears("music")
    assert journal.wait("CHANNEL_HOLD", leg).get("Channel-Call-State") == "HELD"
    agent.do("resume")
    journal.wait("CHANNEL_UNHOLD", leg)
    caller.hears("agent")
    agent.hears("caller")
    agent.hang_up()
    caller.wait("disconnected")
    assert caller.heard() == ["agent", "music", "agent"]


def test_the_music_of_a_hold_comes_as_an_execute_on_the_callers_channel(talk, caller, agent, journal):
    """A controller must not take it for its own: its Application-UUID is none that it has given."""
    agent.do("hold")
    begun = talk.wait("CHANNEL_EXECUTE", talk.uuid, lambda e: e.get("Application") == "playback")
    assert begun.get("Application-Data") == MUSIC
    caller.hears("music")
    agent.do("resume")
    ended = talk.completed("playback")
    assert ended.get("Application-UUID") not in ("", "talk")


def test_hold_from_the_page_gives_the_caller_music_and_the_agent_silence(talk, caller, agent, journal):
    assert journal.api(f"uuid_displace {talk.uuid} start {MUSIC} 0") == "+OK Success\n"
    caller.hears("music")
    agent.hears_silence()
    assert journal.api(f"uuid_displace {talk.uuid} stop {MUSIC}") == "+OK Success\n"
    caller.hears("agent")
    agent.hears("caller")
    assert caller.heard() == ["agent", "music", "agent"]


def test_a_hold_from_the_page_tells_no_hold_event(talk, caller, journal):
    journal.api(f"uuid_displace {talk.uuid} start {MUSIC} 0")
    caller.hears("music")
    journal.api(f"uuid_displace {talk.uuid} stop {MUSIC}")
    caller.hears("agent")
    assert {"CHANNEL_HOLD", "CHANNEL_UNHOLD"} & {event.name for event in journal.all} == set()


def test_a_caller_on_hold_who_hangs_up_ends_the_talk(talk, caller, agent, journal):
    journal.api(f"uuid_displace {talk.uuid} start {MUSIC} 0")
    caller.hears("music")
    caller.hang_up()
    agent.wait("disconnected")
    assert journal.ended(talk.uuid).variable("hangup_cause") == "NORMAL_CLEARING"


def test_a_transferred_caller_is_not_on_hold_any_more(talk, caller, second, journal):
    """The dialplan ends the hold (`stop_displace_session`), whoever transferred the caller."""
    journal.api(f"uuid_displace {talk.uuid} start {MUSIC} 0")
    caller.hears("music")
    journal.api(f"uuid_setvar {talk.uuid} uckefu_target 1002")
    journal.api(f"uuid_setvar {talk.uuid} interaction_id {talk.uuid}")
    journal.api(f"uuid_setvar {talk.uuid} uckefu_recording transferred.wav")
    assert journal.api(f"uuid_transfer {talk.uuid} transfer XML uckefu") == "+OK\n"
    second.answer_next()
    caller.hears("second")
    second.hears("caller")


@pytest.mark.parametrize("line", ["uuid_displace", "uuid_displace x"])
def test_a_hold_command_without_arguments_says_how_it_is_used(journal, line):
    usage = "-USAGE: <uuid> [start|stop] <path> [<limit>] [mux]\n"
    assert journal.api(line) == usage


def test_a_hold_of_a_call_that_is_gone_is_an_error(journal):
    assert journal.api(f"uuid_displace no-such-call start {MUSIC} 0") == "-ERR Cannot locate session!\n"
