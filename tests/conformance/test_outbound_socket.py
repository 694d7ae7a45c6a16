"""Controllers on the outbound event socket: what is said to them, and what happens to the call without them."""

import pytest

from esl.aio import CallGone


def test_a_controller_answers_plays_and_hangs_up(caller, desk, journal):
    caller.call("7003")
    held = desk.take()
    assert held.uuid == journal.caller_leg()
    assert held.call.data.get("Caller-Destination-Number") == "7003"
    assert held.call.data.get("Caller-Caller-ID-Number") == caller.user
    assert held.call.data.variable("sip_call_id")
    held.run("answer")
    held.run("set", "hello=world")
    completed = held.run("playback", "tone_stream://%(800,0,400)")
    assert completed.get("Application-Response") == "FILE PLAYED"
    assert completed.variable("hello") == "world"
    held.execute("hangup", "NORMAL_CLEARING")
    held.wait("CHANNEL_HANGUP_COMPLETE")
    assert caller.heard() == ["prompt"]
    assert held.story(held.uuid, without=("PROGRESS_MEDIA", "PARK")) == [
        "EXECUTE answer", "ANSWER", "EXECUTE_COMPLETE answer",
        "EXECUTE set", "EXECUTE_COMPLETE set",
        "EXECUTE playback", "EXECUTE_COMPLETE playback",
        "EXECUTE hangup", "HANGUP", "EXECUTE_COMPLETE hangup",
        "UNPARK", "EXECUTE_COMPLETE socket", "HANGUP_COMPLETE",
    ]  # fmt: skip
    assert held.call.hung_up.is_set()


def test_a_completion_names_the_execute_it_belongs_to(caller, desk):
    caller.call("7003")
    held = desk.take()
    held.run("answer")
    held.execute("set", "a=1", event_uuid="first")
    held.execute("set", "b=2", event_uuid="second")
    assert held.completed("set", "second").get("Application-Data") == "b=2"
    assert held.completed("set", "first").get("Application-Data") == "a=1"
    assert [e.get("Application-UUID") for e in held.of(held.uuid, "CHANNEL_EXECUTE_COMPLETE")][-2:] == [
        "first",
        "second",
    ]


def test_a_file_that_is_missing_is_told_and_the_call_goes_on(caller, desk):
    caller.call("7003")
    held = desk.take()
    held.run("answer")
    assert held.run("playback", "/no/such/file.wav").get("Application-Response") == "FILE NOT FOUND"
    assert held.run("playback", "tone_stream://%(300,0,400)").get("Application-Response") == "FILE PLAYED"


def test_the_caller_hangs_up_and_the_running_application_still_completes(caller, desk):
    caller.call("7003")
    held = desk.take()
    held.run("answer")
    held.execute("playback", "tone_stream://%(20000,0,400)")
    caller.hears("prompt")
    caller.hang_up()
    held.wait("CHANNEL_HANGUP_COMPLETE")
    story = held.story(held.uuid)
    assert story[story.index("HANGUP") :] == [
        "HANGUP", "EXECUTE_COMPLETE playback", "UNPARK", "EXECUTE_COMPLETE socket", "HANGUP_COMPLETE"
    ]  # fmt: skip
    with pytest.raises(CallGone):
        held.run("playback", "silence_stream://100")


def test_a_controller_that_dies_gives_the_call_to_the_next_action(caller, desk, journal):
    """What it had begun to play is played to its end first: an endless music would never end (see the next test)."""
    caller.call("7013")
    held = desk.take()
    held.run("answer")
    held.execute("playback", "tone_stream://%(900,0,1500)")
    caller.hears("invalid")
    held.die()
    caller.hears("prompt")
    caller.wait("disconnected")
    assert caller.heard() == ["invalid", "prompt"]
    assert journal.ended(held.uuid).variable("hangup_cause") == "NORMAL_CLEARING"


def test_endless_music_of_a_dead_controller_is_left_by_uuid_break(caller, desk, journal):
    caller.call("7013")
    held = desk.take()
    held.run("answer")
    held.execute("playback", "local_stream://moh")
    caller.hears("music")
    held.die()
    caller.hears("music")
    assert journal.api(f"uuid_break {held.uuid} all").startswith("+OK")
    caller.hears("prompt")
    caller.wait("disconnected")
    assert caller.heard() == ["music", "prompt"]


def test_music_with_a_time_limit_ends_by_itself_after_its_controller(caller, desk, journal):
    caller.call("7013")
    held = desk.take()
    held.run("answer")
    held.run("set", "playback_timeout_sec=2")
    held.execute("playback", "local_stream://moh")
    caller.hears("music")
    held.die()
    caller.hears("prompt")


def test_with_nothing_after_a_dead_controller_the_call_ends(caller, desk, journal):
    caller.call("7003")
    held = desk.take()
    held.run("answer")
    held.die()
    caller.wait("disconnected")
    assert journal.ended(held.uuid).variable("hangup_cause") == "NORMAL_CLEARING"


def test_a_controller_that_refuses_gives_the_call_to_the_next_action(caller, desk):
    caller.call("7023")
    held = desk.take()
    assert held.run("answer").get("Answer-State") == "answered"


def test_music_is_broken_off_and_the_bridge_follows_at_once(caller, agent, desk, journal):
    """What our ACD does at an offer: `uuid_break all` and `bridge` in one breath; nothing is nested, nothing comes back."""
    caller.call("7003")
    held = desk.take()
    held.run("answer")
    held.execute("playback", "local_stream://moh", event_uuid="music")
    caller.hears("music")
    held.break_and_bridge(f"{{leg_timeout=20}}user/1001@{journal.switch.domain}", "offer")
    agent.answer_next()
    caller.hears("agent")
    agent.hang_up()
    held.completed("bridge", "offer")
    held.run("set", "still=here")
    caller.hang_up()
    held.wait("CHANNEL_HANGUP_COMPLETE")
    story = held.story(held.uuid, without=("PROGRESS_MEDIA",))
    begin = story.index("EXECUTE playback")
    assert story[begin : begin + 6] == [
        "EXECUTE playback", "EXECUTE_COMPLETE playback",
        "EXECUTE bridge", "BRIDGE", "UNBRIDGE", "EXECUTE_COMPLETE bridge",
    ]  # fmt: skip
    assert journal.wait("PLAYBACK_STOP").get("Playback-Status") == "break"
    assert caller.heard() == ["music", "agent"]


def test_breaking_a_channel_that_plays_nothing_does_no_harm(caller, desk, journal):
    caller.call("7003")
    held = desk.take()
    held.run("answer")
    assert held.api(f"uuid_break {held.uuid} all").startswith("+OK")
    assert held.run("playback", "tone_stream://%(900,0,400)").get("Application-Response") == "FILE PLAYED"
    assert journal.wait("PLAYBACK_STOP").get("Playback-Status") == "done"
