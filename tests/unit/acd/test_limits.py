"""Too many wait, somebody waits too long, nobody is there: where the caller goes."""

import json
from typing import Any

import pytest

from acd.adapters.dial import UnsafeText
from acd.adapters.switchboard import api_lines
from acd.domain.effects import LetGo, PlayMusic
from acd.domain.inputs import LimitConfig, QueueConfig
from acd.messages import MemberLeft, MemberOverflowed, encode_event
from acd.why import story
from tests.unit.acd.acd_world import Centre


def a_centre(*limits: LimitConfig, agents: int = 1, **values: Any) -> Centre:
    queues = (QueueConfig(name="service", limits=limits, **values), QueueConfig(name="sales"))
    return Centre(agents=agents, queues=queues, tiers={1: ["service"], 2: ["sales"]})


FULL_TO_SALES = LimitConfig(when="length", value=1, to="queue", target="sales")


def test_when_too_many_wait_the_next_goes_to_another_queue() -> None:
    centre = a_centre(FULL_TO_SALES)
    first, second = centre.arrives(), centre.arrives()
    assert (centre.line(), centre.line("sales")) == ([first], [second])
    assert [(e.limit, e.to, e.target) for e in centre.told(MemberOverflowed)] == [
        ("length", "queue", "sales")
    ]
    assert [event.result for event in centre.told(MemberLeft)] == ["transferred"]
    assert len(centre.wanted(PlayMusic)) == 2


def test_whoever_is_matched_at_once_is_not_counted() -> None:
    centre = a_centre(LimitConfig(when="length", value=0, to="fallback"))
    centre.ready(1)
    assert centre.offered_to(centre.arrives()) == 1
    centre.arrives()
    assert [(e.result, e.place) for e in centre.wanted(LetGo)] == [("overflow-length", "fallback")]


def test_who_overflows_is_offered_to_a_free_agent_there_at_once() -> None:
    centre = a_centre(FULL_TO_SALES, agents=2)
    centre.ready(2)
    centre.arrives()
    assert centre.offered_to(centre.arrives()) == 2


def test_who_overflows_keeps_the_time_it_has_waited() -> None:
    centre = a_centre(LimitConfig(when="time", value=30, to="queue", target="sales"))
    first = centre.arrives()
    centre.wait(10)
    later = centre.arrives(queue="sales")
    centre.wait(20)
    assert centre.line("sales") == [first, later]


@pytest.mark.parametrize(
    ("to", "target", "flow"),
    [("flow", "night", "night"), ("voicemail", "", "voicemail"), ("message", "sorry", "sorry"), ("callback", "", "callback")],
)  # fmt: skip
def test_a_limit_can_lead_into_a_flow(to: str, target: str, flow: str) -> None:
    centre = a_centre(LimitConfig(when="time", value=30, to=to, target=target))
    centre.arrives(channel="c1")
    centre.wait(30)
    (effect,) = centre.wanted(LetGo)
    assert (effect.place, effect.flow) == ("overflow", flow)
    assert api_lines(effect) == [
        "uuid_setvar c1 playback_timeout_sec",
        "uuid_setvar c1 uckefu_queue_result overflow-time",
        f"uuid_setvar c1 uckefu_overflow_flow {flow}",
        "uuid_transfer c1 overflow XML uckefu",
    ]


def test_a_flows_name_with_a_command_in_it_goes_nowhere() -> None:
    with pytest.raises(UnsafeText):
        api_lines(LetGo("s", "c1", "overflow-time", "overflow", "night\nuuid_kill x"))


def test_a_limit_sends_one_caller_on_only_once() -> None:
    centre = a_centre(LimitConfig(when="length", value=0, to="flow", target="night"))
    centre.arrives(channel="c1")
    centre.arrives(channel="c1")  # the flow led back to the queue
    assert centre.line() == ["c1"]
    centre.hangs_up("c1")
    assert centre.engine.state.overflowed == {}


def test_two_queues_do_not_play_ball_with_a_caller() -> None:
    queues = tuple(
        QueueConfig(name=name, limits=(LimitConfig(when="length", value=0, to="queue", target=other),))
        for name, other in (("a", "b"), ("b", "a"))
    )
    centre = Centre(agents=0, queues=queues)
    caller = centre.arrives(queue="a")
    assert (centre.line("a"), len(centre.told(MemberOverflowed))) == ([caller], 2)


def test_a_limit_that_leads_to_no_queue_lets_the_caller_wait() -> None:
    centre = a_centre(LimitConfig(when="length", value=0, to="queue", target="no such"))
    caller = centre.arrives()
    assert centre.line() == [caller]


def test_when_nobody_is_signed_in_the_caller_goes_on_at_once() -> None:
    centre = a_centre(LimitConfig(when="nobody", to="flow", target="night"))
    centre.arrives()
    assert [effect.flow for effect in centre.wanted(LetGo)] == ["night"]
    centre.command("SetStatus", 1, status="break")
    assert len(centre.line()) == 0
    centre.arrives()
    assert len(centre.line()) == 1


def test_when_the_last_agent_signs_out_those_who_wait_go_on_after_a_set_time() -> None:
    centre = a_centre(LimitConfig(when="nobody", value=60, to="flow", target="night"))
    centre.command("SetStatus", 1, status="break")
    first, second = centre.arrives(), centre.arrives()
    centre.command("SetStatus", 1, status="offline")
    centre.wait(59)
    assert centre.line() == [first, second]
    centre.wait(1)
    assert [effect.channel_id for effect in centre.wanted(LetGo)] == [first, second]


def test_when_somebody_signs_in_again_in_time_they_stay() -> None:
    centre = a_centre(LimitConfig(when="nobody", value=60, to="flow", target="night"))
    caller = centre.arrives()
    centre.wait(30)
    centre.command("SetStatus", 1, status="break")
    centre.wait(60)
    assert centre.line() == [caller]


def test_a_visitor_who_overflows_is_told_that_its_time_is_over() -> None:
    chat = QueueConfig(
        name="chat", channel="chat", limits=(LimitConfig(when="time", value=30, to="message"),)
    )
    centre = Centre(agents=0, queues=(chat,))
    centre.chats("v1")
    centre.wait(30)
    assert [event.result for event in centre.told(MemberLeft)] == ["timeout"]


def test_while_a_phone_rings_nobody_is_sent_on() -> None:
    centre = a_centre(LimitConfig(when="time", value=5, to="fallback"))
    centre.ready(1)
    caller = centre.arrives()
    centre.wait(10)
    assert centre.offered_to(caller) == 1
    centre.phone_fails(1, "NO_ANSWER")
    centre.wait(1)
    assert [effect.result for effect in centre.wanted(LetGo)] == ["overflow-time"]


def test_the_story_says_why_a_caller_went_elsewhere() -> None:
    centre = a_centre(FULL_TO_SALES)
    centre.arrives()
    caller = centre.arrives()
    events = [json.loads(encode_event(event)) for event in centre.events]
    assert "too many wait" in "\n".join(story(events, caller, "en", "UTC"))
    assert "排队人数已满" in "\n".join(story(events, caller, "zh", "UTC"))
