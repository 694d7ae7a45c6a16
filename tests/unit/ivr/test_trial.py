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


ASK = """\
start: hello
nodes:
  hello: {type: play, prompt: welcome, next: ask}
  ask: {type: menu, prompt: main_menu, keys: {1: one}, no_input: nobody}
  one: {type: queue, queue: one}
  nobody: {type: queue, queue: nobody}
"""


def kinds(done):
    return [step.kind for step in done.steps if step.kind in ("heard", "interrupted", "keyed", "forgotten")]


def test_a_key_at_a_moment_stops_the_prompt_that_plays_and_counts_for_the_menu(dry, flow_of):
    done = dry(flow_of(ASK), "key=1@0.5")
    assert done.outcome.queue == "one"
    assert kinds(done) == ["heard", "interrupted", "keyed"]
    assert done.seconds == done.moved_seconds == 0.5
    assert next(s.about["after"] for s in done.steps if s.kind == "interrupted") == 0.5


def test_a_key_in_the_menus_own_prompt_spares_the_caller_the_rest(dry, flow_of):
    whole = dry(flow_of(ASK))
    welcome, menu = (step for step in whole.steps if step.kind == "heard")
    done = dry(flow_of(ASK), f"key=1@{menu.seconds + 1}")
    assert kinds(done) == ["heard", "heard", "interrupted", "keyed"]
    assert done.outcome.queue == "one"
    assert welcome.about["length"] == menu.seconds < done.seconds < whole.seconds


def test_without_barge_in_a_key_that_comes_too_early_is_forgotten(dry, flow_of):
    flow = flow_of(
        ASK.replace("type: menu,", "type: menu, barge_in: false,").replace(
            "type: play,", "type: play, barge_in: false,"
        )
    )
    done = dry(flow, "key=1@0.5")
    assert (done.waits, kinds(done)) == ("key", ["heard", "heard", "forgotten"])
    assert dry(flow, "key=1@0.5", "key=1").outcome.queue == "one"


def test_a_key_at_a_moment_in_the_wait_counts_and_one_after_it_is_too_late(dry, flow_of):
    prompts_end = dry(flow_of(ASK)).seconds
    assert dry(flow_of(ASK), f"key=1@{prompts_end + 2:.1f}").outcome.queue == "one"
    flow = flow_of(ASK.replace("no_input", "retries: 0, no_input"))
    assert dry(flow, f"key=1@{prompts_end + 6:.1f}").outcome.queue == "nobody"


def test_a_caller_may_hang_up_in_the_middle_of_a_prompt(dry, flow_of):
    gone = dry(flow_of(ASK), "hangup@0.5")
    assert (gone.outcome.next, gone.seconds, kinds(gone)) == ("gone", 0.5, ["heard"])


def test_a_key_at_a_moment_ends_a_recording(dry, flow_of):
    flow = flow_of("start: a\nnodes:\n  a: {type: voicemail, next: b}\n  b: {type: hangup}\n")
    begin = dry(flow).seconds
    done = dry(flow, f"key=#@{begin + 7:.1f}")
    assert next(s.about["seconds_spoken"] for s in done.steps if s.kind == "spoke") == pytest.approx(
        7, abs=0.2
    )


@pytest.mark.parametrize("word", ["wait@2", "speak=5@2", "key=1@", "key=1@-2", "key=11@2", "@2"])
def test_a_moment_that_nobody_can_have_is_refused(dry, main_flow, word):
    with pytest.raises(BadScript):
        dry(main_flow, word)
