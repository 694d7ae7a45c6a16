"""The engine: a flow author's mistake and our own become events, and the caller goes on."""

from pathlib import Path

import pytest

from ivr.engine import run
from ivr.nodes.play import Play
from ivr.session import CallerGone


class FakeSession:
    """Keys come while prompts play or after them, as a phone does it; `broken` methods raise."""

    def __init__(self, keys=(), *, typed_ahead="", broken=()):
        self.keys, self.kept, self.broken = list(keys), typed_ahead, broken
        self.heard, self.waits = [], []

    def _maybe_break(self, name):
        if name in self.broken:
            raise RuntimeError(f"{name} is broken")

    def answer(self):
        self._maybe_break("answer")

    def play(self, prompt: Path):
        self._maybe_break("play")
        self.heard.append(prompt.stem)

    def read_key(self, prompt, timeout_seconds):
        self._maybe_break("read_key")
        if prompt:
            self.heard.append(prompt.stem)
        self.waits.append(timeout_seconds)
        if self.kept:
            key, self.kept = self.kept[0], self.kept[1:]
            return key
        if not timeout_seconds:
            return ""
        return self.keys.pop(0) if self.keys else ""

    def flush_keys(self):
        self.kept = ""

    def hangup(self, cause):
        self.heard.append(f"hangup {cause}")


MENU = """\
start: hello
nodes:
  hello: {type: play, prompt: [welcome, please_hold], next: ask}
  ask: {type: menu, prompt: [welcome, main_menu], keys: {1: one, 2: two}, no_input: nobody, no_match: wrong}
  one: {type: queue, queue: one, priority: 7}
  two: {type: transfer, extension: 1002}
  nobody: {type: queue, queue: nobody}
  wrong: {type: queue, queue: wrong}
"""


def test_a_key_pressed_while_the_greeting_plays_stops_it_and_counts_for_the_menu(flow_of, context):
    session = FakeSession(typed_ahead="1")
    outcome = run(flow_of(MENU), session, context())
    assert (outcome.queue, outcome.priority) == ("one", 7)
    assert session.heard == ["welcome"]


def test_without_barge_in_keys_pressed_during_the_prompt_are_forgotten(flow_of, context):
    flow = flow_of(
        MENU.replace("type: menu,", "type: menu, barge_in: false,").replace(
            "next: ask", "barge_in: false, next: ask"
        )
    )
    session = FakeSession(["2"], typed_ahead="1")
    outcome = run(flow, session, context())
    assert (outcome.next, outcome.target) == ("transfer", "1002")
    assert session.heard == ["welcome", "please_hold", "welcome", "main_menu"]


def test_keys_hammered_at_the_wrong_moment_do_not_use_up_the_retry(flow_of, context):
    session = FakeSession(["2"], typed_ahead="99999")
    assert run(flow_of(MENU), session, context()).next == "transfer"


def test_the_last_try_decides_between_no_match_and_no_input(flow_of, context):
    flow = flow_of(MENU)
    assert run(flow, FakeSession(["9", "9"]), context()).queue == "wrong"
    assert run(flow, FakeSession(["9", ""]), context()).queue == "nobody"
    assert run(flow, FakeSession(["", "9"]), context()).queue == "wrong"


def test_without_no_match_a_wrong_key_goes_where_silence_goes(flow_of, context):
    flow = flow_of(MENU.replace(", no_match: wrong", ""))
    assert run(flow, FakeSession(["9", "9"]), context()).queue == "nobody"


def test_the_menu_waits_its_seconds_after_the_last_prompt_only(flow_of, context):
    session = FakeSession(["1"])
    run(flow_of(MENU.replace("no_input", "timeout_seconds: 2.5, no_input")), session, context())
    assert session.waits == [0, 0, 0, 2.5]


def test_a_missing_prompt_is_recorded_and_the_flow_goes_on(flow_of, context, names):
    flow = flow_of(MENU.replace("main_menu", "lost").replace("[welcome, please_hold]", "gone"))
    outcome = run(flow, FakeSession(["1"]), context())
    assert outcome.queue == "one"
    missing = [e for e in outcome.events if type(e).__name__ == "PromptMissing"]
    assert [(e.prompt, e.language, e.instead) for e in missing] == [("gone", "zh", ""), ("lost", "zh", "")]


def test_a_prompt_missing_in_the_callers_language_is_played_in_the_centres(flow_of, context, tmp_path):
    (tmp_path / "zh").mkdir()
    (tmp_path / "zh" / "welcome.wav").write_bytes(b"RIFF")
    from ivr.call import Call
    from ivr.prompts import Prompts

    session = FakeSession()
    call = Call(session, context(prompts=Prompts(tmp_path)), language="en")
    call.play(["welcome"], barge_in=False)
    assert session.heard == ["welcome"]
    assert [(e.language, e.instead) for e in call.events] == [("en", "zh")]


def test_a_node_that_raises_takes_the_way_out_of_the_flow(flow_of, context, monkeypatch, names):
    def broken(self, call):
        raise ZeroDivisionError("our mistake")

    monkeypatch.setattr(Play, "run", broken)
    outcome = run(flow_of("on_error: nobody\n" + MENU), FakeSession(), context())
    assert (outcome.next, outcome.queue) == ("queue", "nobody")
    (failed,) = [e for e in outcome.events if type(e).__name__ == "NodeFailed"]
    assert failed.node == "hello"
    assert "our mistake" in failed.trace


def test_without_a_way_out_the_caller_comes_to_the_default_queue(flow_of, context):
    outcome = run(flow_of(MENU), FakeSession(broken=["read_key"]), context(default_queue="desk"))
    assert (outcome.next, outcome.queue) == ("queue", "desk")


def test_a_way_out_that_fails_too_ends_in_the_default_queue_and_not_in_a_circle(flow_of, context, names):
    flow = flow_of("on_error: again\n" + MENU + "  again: {type: play, prompt: welcome, next: again}\n")
    outcome = run(flow, FakeSession(broken=["play", "read_key"]), context())
    assert (outcome.next, outcome.queue) == ("queue", "service")
    assert names(outcome).count("NodeFailed") == 2


def test_a_session_that_cannot_answer_is_no_reason_to_drop_the_caller(flow_of, context):
    outcome = run(flow_of(MENU), FakeSession(broken=["answer"]), context())
    assert (outcome.next, outcome.queue) == ("queue", "service")


@pytest.mark.parametrize(
    "flow",
    [
        "start: gone\nnodes:\n  a: {type: hangup}\n",
        "start: a\nnodes:\n  a: {type: play, prompt: welcome}\n",
        "start: a\nnodes:\n  a: {type: play, prompt: welcome, next: gone}\n",
        "start: a\nnodes:\n  a: {type: play, prompt: welcome, next: a}\n",
        "start: a\nnodes:\n  a: {type: menu, prompt: welcome, keys: {1: a}}\n",
    ],
)
def test_the_mistakes_of_an_author_end_in_the_default_queue(flow, flow_of, context, names):
    outcome = run(flow_of(flow), FakeSession(["1"] * 500), context())
    assert (outcome.next, outcome.queue) == ("queue", "service")
    assert {"NodeFailed", "StepLimitReached"} & set(names(outcome))


def test_a_caller_who_goes_round_for_ever_is_stopped_by_the_step_limit(flow_of, context):
    flow = flow_of("start: a\nnodes:\n  a: {type: menu, prompt: welcome, keys: {1: a}, no_input: a}\n")
    outcome = run(flow, FakeSession(["1"] * 500), context(step_limit=20))
    entered = [e for e in outcome.events if type(e).__name__ == "NodeEntered"]
    assert len(entered) == 20


def test_a_hangup_node_ends_the_call_with_its_cause(flow_of, context):
    session = FakeSession()
    outcome = run(flow_of("start: a\nnodes:\n  a: {type: hangup, cause: USER_BUSY}\n"), session, context())
    assert (outcome.next, session.heard) == ("hangup", ["hangup USER_BUSY"])
    assert "uckefu_next" not in outcome.variables()


def test_when_the_caller_left_nothing_is_said_of_where_to_go(flow_of, context):
    class Gone(FakeSession):
        def answer(self):
            raise CallerGone

    outcome = run(flow_of(MENU), Gone(), context())
    assert outcome.variables() == {"uckefu_language": "zh", "uckefu_flow": "test@1"}
