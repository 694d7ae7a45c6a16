"""The dry run step by step: it waits where the caller is asked, and goes on from there the same way each time."""

from datetime import UTC, datetime

import pytest

from ivr.adapters.terminal import BadScript
from ivr.trial import MOST_SAYS, TooLong, Wish, trial
from uckefu.centre import Centre

TUESDAY = datetime(2025, 3, 4, 2, 0, tzinfo=UTC)


@pytest.fixture
def dry(prompts, others):
    def make(flow, *says, **more):
        wish = Wish(number="13800138000", says=says, **{"at": TUESDAY} | more)
        return trial(flow, others, prompts, Centre(), wish)

    return make


def test_it_waits_for_a_key_and_says_how_long(dry, main_flow):
    waiting = dry(main_flow)
    assert (waiting.waits, waiting.wait_seconds, waiting.node) == ("key", 5, "main_menu")
    assert waiting.outcome is None
    assert next(s.about["text"] for s in waiting.steps if s.kind == "heard").startswith("您好")


def test_the_next_move_continues_what_was_there(dry, main_flow):
    before, after = dry(main_flow, "key=9"), dry(main_flow, "key=9", "key=1")
    assert after.steps[: len(before.steps)] == before.steps
    assert (after.waits, after.outcome.next, after.outcome.queue) == ("", "queue", "sales")
    assert after.seconds > before.seconds > 5


def test_waiting_takes_the_time_that_the_menu_waits(dry, main_flow):
    waited = dry(main_flow, "wait")
    keyed = [step for step in waited.steps if step.kind == "keyed"]
    assert keyed[0].about == {"key": "", "waited": 5}


def test_a_caller_who_hangs_up_ends_it(dry, main_flow):
    gone = dry(main_flow, "hangup")
    assert (gone.waits, gone.outcome.next) == ("", "gone")


def test_variables_are_shown_as_they_were_at_each_step(dry, flow_of):
    flow = flow_of(
        "start: a\nnodes:\n  a: {type: set, values: {x: '1'}, next: b}\n  b: {type: set, values: {x: x + 1}, next: c}\n"
        "  c: {type: menu, prompt: main_menu, keys: {1: c}, no_input: d}\n  d: {type: hangup}\n"
    )
    steps = dry(flow).steps
    assert [s.variables for s in steps if s.kind == "NodeEntered"] == [{}, {"x": 1}, {"x": 2}]


def test_lookups_get_the_answers_that_were_wished_for(dry, flow_of):
    flow = flow_of(
        "start: a\nnodes:\n  a: {type: lookup, source: http, url: 'https://crm.example/x', answers: {state: state}, "
        "found: b, failed: c}\n  b: {type: lookup, source: contact, found: c, failed: c}\n  c: {type: hangup}\n"
    )
    answered = dry(flow, answers=[{"status": 200, "data": {"state": "paid"}}], contact={"vip": 3})
    assert answered.steps[-1].about["next"] == "hangup"
    assert [s.about["result"] for s in answered.steps if s.kind == "LookedUp"] == ["found", "found"]
    assert [s.about["result"] for s in dry(flow).steps if s.kind == "LookedUp"] == ["failed"]


def test_a_recording_is_waited_for_and_spoken_into(dry, flow_of):
    flow = flow_of("start: a\nnodes:\n  a: {type: voicemail, next: b}\n  b: {type: hangup}\n")
    assert dry(flow).waits == "recording"
    assert any(step.kind == "Recorded" for step in dry(flow, "speak=7").steps)


def test_time_travel(dry, flow_of):
    flow = flow_of(
        "start: a\nnodes:\n  a: {type: hours, weekly: [{days: [mon], begin: '09:00', end: '18:00'}], open: b, closed: c}\n"
        "  b: {type: hangup}\n  c: {type: hangup}\n"
    )
    assert dry(flow, at=datetime(2025, 3, 3, 3, tzinfo=UTC)).steps[-2].node == "b"
    assert dry(flow, at=datetime(2025, 3, 1, 12, tzinfo=UTC)).steps[-2].node == "c"


def test_moves_that_nobody_can_make_and_too_many_are_refused(dry, main_flow):
    with pytest.raises(BadScript):
        dry(main_flow, "sing")
    with pytest.raises(TooLong):
        dry(main_flow, *["wait"] * (MOST_SAYS + 1))
