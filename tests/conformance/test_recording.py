"""`record_session` as `dialplan/20_queue.xml` uses it: stereo, and only what is said between two people."""

import pytest

from tests.conformance.hearing import channels_of, milliseconds_of, story


@pytest.fixture
def talk(caller, agent, desk, journal, tmp_path):
    """A caller and an agent who talk, recorded; music came before. Gives the path and the controller."""
    path = tmp_path / "call.wav"
    caller.call("7003")
    held = desk.take()
    held.run("answer")
    held.set(
        RECORD_STEREO="true", RECORD_BRIDGE_REQ="true", hangup_after_bridge="true", continue_on_fail="true"
    )
    held.run("record_session", str(path))
    held.execute("playback", "local_stream://moh")
    caller.hears("music")
    held.break_and_bridge(f"{{leg_timeout=20}}user/1001@{journal.switch.domain}", "offer")
    agent.answer_next()
    caller.hears("agent")
    agent.hears("caller")
    return path, held


def test_the_caller_is_on_the_left_and_the_agent_on_the_right_and_nothing_else(talk, caller, journal):
    path, held = talk
    caller.hears("agent", milliseconds=1000)
    caller.hang_up()
    ended = journal.ended(held.uuid)
    left, right = channels_of(path)
    assert (story(left), story(right)) == (["caller"], ["agent"])
    assert milliseconds_of(left, "caller") >= 800
    assert abs(len(left) - len(right)) < 8
    assert int(ended.variable("record_ms") or 0) == pytest.approx(len(left) / 8, abs=100)
    assert ended.variable("record_completion_cause") == "success-silence"


def test_the_start_and_the_end_are_told_with_the_path(talk, caller, journal):
    path, held = talk
    caller.hears("agent", milliseconds=1000)  # what lasts less is not kept
    caller.hang_up()
    journal.ended(held.uuid)
    assert journal.wait("RECORD_START", held.uuid).get("Record-File-Path") == str(path)
    stopped = journal.wait("RECORD_STOP", held.uuid)
    assert stopped.get("Record-File-Path") == str(path)
    assert stopped.get("Record-Completion-Cause") == "success-silence"
    story = journal.story(held.uuid)
    assert story.index("HANGUP") < story.index("RECORD_STOP") < story.index("HANGUP_COMPLETE")


def test_a_transfer_goes_on_in_the_same_file(talk, caller, second, journal):
    path, held = talk
    journal.api(f"uuid_transfer {held.uuid} 1002 XML lab")
    second.answer_next()
    caller.hears("second", milliseconds=1000)
    caller.hang_up()
    journal.ended(held.uuid)
    left, right = channels_of(path)
    assert (story(left), story(right)) == (["caller"], ["agent", "second"])
    assert len(journal.of(held.uuid, "RECORD_START")) == len(journal.of(held.uuid, "RECORD_STOP")) == 1
