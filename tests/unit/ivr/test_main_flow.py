"""The conversations of the packaged main line, as a caller has them."""

import pytest

GREETED = ["zh/welcome", "zh/main_menu"]
AGAIN = ["zh/invalid_key", "zh/main_menu"]


@pytest.mark.parametrize(
    ("says", "queue", "intent", "heard"),
    [
        (["key=1"], "sales", "销售咨询", [*GREETED, "zh/please_hold"]),
        (["key=2"], "service", "售后服务", [*GREETED, "zh/please_hold"]),
        (["key=0"], "operator", "人工服务", [*GREETED, "zh/please_hold"]),
        (["key=7", "key=1"], "sales", "销售咨询", [*GREETED, *AGAIN, "zh/please_hold"]),
        (["key=7", "key=*"], "operator", "人工服务", [*GREETED, *AGAIN, "zh/please_hold"]),
        (["wait", "wait"], "operator", "人工服务", [*GREETED, "zh/no_key", "zh/main_menu", "zh/please_hold"]),
        (["wait", "key=2"], "service", "售后服务", [*GREETED, "zh/no_key", "zh/main_menu", "zh/please_hold"]),
        (["key=#", "wait"], "operator", "人工服务", [*GREETED, *AGAIN, "zh/please_hold"]),
    ],
)
def test_what_a_caller_keys_decides_the_queue(main_flow, converse, says, queue, intent, heard):
    outcome, session = converse(main_flow, says)
    assert (outcome.next, outcome.queue, outcome.intent) == ("queue", queue, intent)
    assert session.heard == heard


def test_outside_the_office_hours_the_caller_hears_so_and_goodbye(main_flow, converse, saturday_evening):
    outcome, session = converse(main_flow, [], at=saturday_evening)
    assert outcome.next == "hangup"
    assert session.heard == ["zh/closed", "zh/goodbye"]


def test_in_an_english_centre_the_same_flow_speaks_english(main_flow, converse, context):
    centre = context().centre.model_copy(update={"language": "en"})
    outcome, session = converse(main_flow, ["key=1"], centre=centre)
    assert session.heard == ["en/welcome", "en/main_menu", "en/please_hold"]
    assert outcome.variables()["uckefu_language"] == "en"


def test_a_hangup_at_any_moment_ends_the_flow_quietly_and_the_events_say_where(main_flow, converse, names):
    # Answer, welcome, menu, wrong-key prompt, menu, please hold: the caller leaves in place of each.
    nodes = ["", "welcome", "main_menu", "main_menu", "main_menu", "operator"]
    for step, node in enumerate(nodes):
        outcome, _ = converse(main_flow, ["key=7", "key=7"], leaves_after=step)
        left = outcome.events[-2]
        assert outcome.next == "gone", step
        assert (type(left).__name__, left.node) == ("CallerLeft", node)


def test_a_hangup_instead_of_a_key_ends_the_flow(main_flow, converse, names):
    outcome, _ = converse(main_flow, ["key=7", "hangup"])
    assert outcome.next == "gone"
    assert names(outcome)[-3:] == ["KeyPressed", "CallerLeft", "FlowEnded"]


def test_the_events_tell_the_whole_way(main_flow, converse, names):
    outcome, _ = converse(main_flow, ["key=7", "key=2"])
    assert [(type(e).__name__, e.node) for e in outcome.events] == [
        ("NodeEntered", "office_hours"),
        ("NodeLeft", "office_hours"),
        ("NodeEntered", "welcome"),
        ("NodeLeft", "welcome"),
        ("NodeEntered", "main_menu"),
        ("KeyPressed", "main_menu"),
        ("KeyPressed", "main_menu"),
        ("NodeLeft", "main_menu"),
        ("NodeEntered", "service"),
        ("FlowEnded", ""),
    ]


def test_the_outcome_becomes_the_variables_that_the_dialplan_reads(main_flow, converse):
    outcome, _ = converse(main_flow, ["key=2"])
    assert outcome.variables() == {
        "uckefu_next": "queue",
        "uckefu_queue": "service",
        "uckefu_priority": "0",
        "uckefu_intent": "售后服务",
        "uckefu_language": "zh",
        "uckefu_flow": "main@1",
    }
