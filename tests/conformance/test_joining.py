"""A third phone joins a talk: listen, whisper, barge, take over, consult, three-way. Who hears whom, told by the tones.

The caller runs `bridge` to the agent's phone; the third leg eavesdrops on the agent's leg, as our ACD does it.
"""

import uuid

import pytest

MUSIC = "local_stream://moh"


@pytest.fixture
def talk(caller, agent, desk, journal):
    """A caller and an agent who talk; `talk.leg` is the agent's."""
    caller.call("7003")
    held = desk.take()
    held.run("answer")
    held.set(hangup_after_bridge="true", continue_on_fail="true")
    held.execute("bridge", f"{{leg_timeout=20}}user/1001@{journal.switch.domain}", event_uuid="talk")
    agent.answer_next()
    caller.hears("agent")
    agent.hears("caller")
    held.leg = journal.phone_leg()
    return held


@pytest.fixture
def join(talk, second, journal):
    """Let the second phone join with these variables; returns its leg."""

    def begin(after: str = "", **variables: str) -> str:
        leg = str(uuid.uuid4())
        braces = ",".join(f"{k}={v}" for k, v in {"origination_uuid": leg, **variables}.items())
        actions = f"eavesdrop:{talk.leg}{after}"
        journal.command(f"bgapi originate {{{braces}}}user/1002@{journal.switch.domain} {actions} inline")
        second.answer_next()
        return leg

    return begin


BARGE = {"eavesdrop_whisper_aleg": "true", "eavesdrop_whisper_bleg": "true"}


def test_who_listens_hears_both_and_is_heard_by_nobody(talk, join, caller, agent, second):
    join()
    second.hears("caller")
    second.hears("agent")
    agent.hears("caller")
    second.hang_up()
    assert caller.heard() == ["agent"]
    assert agent.heard() == ["caller"]


def test_who_whispers_is_heard_by_the_agent_alone(talk, join, caller, agent, second):
    join(eavesdrop_whisper_bleg="true")
    agent.hears("second")
    second.hears("caller")
    second.hears("agent")
    second.hang_up()
    assert caller.heard() == ["agent"]


def test_who_barges_in_talks_with_both(talk, join, caller, agent, second):
    join(**BARGE)
    agent.hears("second")
    caller.hears("second")
    second.hears("caller")
    second.hears("agent")
    second.hang_up()
    caller.hears("agent")
    agent.hears("caller")


def test_listening_becomes_whispering_and_barging_without_a_new_call(
    talk, join, caller, agent, second, journal
):
    leg = join(eavesdrop_enable_dtmf="false")
    second.hears("caller")
    for variables, heard_by in (
        ("eavesdrop_whisper_aleg=false;eavesdrop_whisper_bleg=true", agent),
        ("eavesdrop_whisper_aleg=true;eavesdrop_whisper_bleg=true", caller),
    ):
        assert journal.api(f"uuid_setvar_multi {leg} {variables}") == "+OK\n"
        assert journal.api(f"uuid_transfer {leg} eavesdrop:{talk.leg} inline") == "+OK\n"
        heard_by.hears("second")
    assert agent.hears("caller") is None


def test_the_listeners_call_ends_with_the_talk(talk, join, caller, second, journal):
    leg = join()
    second.hears("caller")
    caller.hang_up()
    second.wait("disconnected")
    assert journal.ended(leg).variable("hangup_cause") == "NORMAL_CLEARING"


def test_whoever_takes_over_talks_with_the_caller_and_the_agent_is_released(
    talk, join, caller, agent, second, journal
):
    leg = join()
    second.hears("caller")
    assert journal.api(f"uuid_bridge {talk.uuid} {leg}") == f"+OK {leg}\n"
    agent.wait("disconnected")
    caller.hears("second")
    second.hears("caller")
    assert talk.completed("bridge", "talk").uuid == talk.uuid
    second.hang_up()
    caller.wait("disconnected")


def test_a_consult_is_heard_by_agent_and_colleague_while_the_caller_hears_music(
    talk, join, caller, agent, second, journal
):
    journal.api(f"uuid_displace {talk.uuid} start {MUSIC} 0")
    join(**BARGE)
    caller.hears("music")
    agent.hears("second")
    second.hears("agent")
    journal.api(f"uuid_displace {talk.uuid} stop {MUSIC}")
    caller.hears("second")
    second.hears("caller")
    agent.hears("caller")
    second.hang_up()
    caller.hears("agent")
    heard = caller.heard()
    assert "second" not in heard[: heard.index("music") + 1]


def test_the_colleague_hears_music_while_the_agent_talks_with_the_caller(
    talk, join, caller, agent, second, journal
):
    leg = join(**BARGE)
    agent.hears("second")
    assert journal.api(f"uuid_transfer {leg} playback:{MUSIC} inline") == "+OK\n"
    second.hears("music")
    agent.hears("caller")
    assert journal.api(f"uuid_transfer {leg} eavesdrop:{talk.leg} inline") == "+OK\n"
    agent.hears("second")
    second.hears("agent")


@pytest.mark.parametrize("is_aside", [False, True])
def test_when_the_agents_phone_hangs_up_the_caller_goes_on_with_the_colleague(
    talk, join, caller, agent, second, journal, is_aside
):
    """In the middle of a consult, with no controller's help: the dialplan takes the colleague's leg."""
    leg = join(",sleep:5000", **BARGE)
    agent.hears("second")
    if is_aside:
        journal.api(f"uuid_transfer {leg} playback:{MUSIC} inline")
        second.hears("music")
    talk.set(uckefu_consult_leg=leg, transfer_after_bridge="consulted:XML:uckefu", uckefu_language="zh")
    agent.hang_up()
    caller.hears("second")
    second.hears("caller")
    caller.hang_up()
    second.wait("disconnected")
