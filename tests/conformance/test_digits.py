"""Keys: RFC 4733 and SIP INFO, and nothing at all."""

import pytest

from tests.support import sipp as steps

PROMPT, INVALID = "tone_stream://%(600,0,400)", "tone_stream://%(500,0,1500)"
MENU = f"1 1 2 1500 # {PROMPT} {INVALID} choice [12] 1000"


@pytest.mark.parametrize("method", ["rfc4733", "info"])
def test_a_key_ends_the_prompt_and_is_the_answer(caller, desk, journal, method):
    caller.call("7003")
    held = desk.take()
    held.run("answer")
    held.execute("play_and_get_digits", f"1 1 2 3000 # tone_stream://%(15000,0,400) {INVALID} choice [12]")
    caller.hears("prompt")
    caller.do("dtmf", digits="2", method=method)
    done = held.completed("play_and_get_digits")
    assert (done.variable("choice"), done.variable("read_result")) == ("2", "success")
    pressed = journal.wait("DTMF", held.uuid)
    assert (pressed.get("DTMF-Digit"), pressed.get("DTMF-Source")) == (
        "2",
        "RTP" if method == "rfc4733" else "ENDPOINT",
    )


def test_several_keys_end_with_the_terminator(caller, desk):
    caller.call("7003")
    held = desk.take()
    held.run("answer")
    held.execute(
        "play_and_get_digits", f"1 8 1 3000 # tone_stream://%(15000,0,400) {INVALID} number \\d+ 2000"
    )
    caller.hears("prompt")
    caller.do("dtmf", digits="4711#")
    done = held.completed("play_and_get_digits")
    assert (done.variable("number"), done.variable("read_terminator_used")) == ("4711", "#")


def test_nothing_keyed_plays_prompt_and_invalid_sound_for_each_try(caller, desk, journal):
    caller.call("7003")
    held = desk.take()
    held.run("answer")
    done = held.run("play_and_get_digits", MENU)
    assert (done.variable("choice"), done.variable("read_result")) == (None, "failure")
    played = [event.get("Playback-File-Path") for event in journal.of(held.uuid, "PLAYBACK_START")]
    assert played == [PROMPT, INVALID] * 2
    assert caller.heard()[:3] == ["prompt", "invalid", "prompt"]


def test_a_wrong_key_is_refused_and_the_next_try_counts(caller, desk):
    caller.call("7003")
    held = desk.take()
    held.run("answer")
    held.execute("play_and_get_digits", f"1 1 2 3000 # tone_stream://%(15000,0,400) {INVALID} choice [12]")
    caller.hears("prompt")
    caller.do("dtmf", digits="7")
    caller.hears("invalid")
    caller.hears("prompt")
    caller.do("dtmf", digits="1")
    assert held.completed("play_and_get_digits").variable("choice") == "1"


def test_a_key_by_info_of_a_scripted_phone_is_acknowledged(sipp, desk):
    info = steps.in_dialog("INFO", 2, "Signal=1\nDuration=160\n", content="application/dtmf-relay")
    phone = sipp(
        steps.scenario(
            steps.invite(),
            steps.answered(),
            steps.ack(),
            steps.pause(200),
            info,
            steps.expect(200),
            steps.hung_up(),
        ),
        number="7003",
    )
    held = desk.take()
    held.run("answer")
    done = held.run("play_and_get_digits", MENU)
    assert done.variable("choice") == "1"
    held.execute("hangup")
    assert phone.finish().messages[-4:] == ["> INFO", "< 200", "< BYE", "> 200"]
