"""Callbacks that keep the place, in the order of those who hold, and never more than there are agents."""

import json
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from acd.adapters.dial import UnsafeText
from acd.adapters.switchboard import cause_of, originate_line
from acd.domain.effects import DialBack, HangUpCaller, LetGo, OfferCall
from acd.domain.engine import Engine
from acd.domain.inputs import (
    CallbackConfig,
    CallerGone,
    LimitConfig,
    MemberArrived,
    QueueConfig,
    Rules,
    SeenLeg,
    Started,
    SwitchSeen,
)
from acd.domain.state import State
from acd.domain.view import build
from acd.messages import (
    CallbackCancelled,
    CallbackRequested,
    CallbackTried,
    MemberLeft,
    OfferMade,
    encode_event,
)
from acd.why import story
from tests.unit.acd.acd_world import Centre

NUMBER = "13800138000"
BACK = CallbackConfig(trunk="gateway1", attempts=2, retry_seconds=300, dial_seconds=30)


def a_centre(agents: int = 1, callback: CallbackConfig = BACK, **values: Any) -> Centre:
    queue = QueueConfig(name="service", callback=callback, wrap_up_seconds=0, max_wait_seconds=3600, **values)
    return Centre(agents=agents, queues=(queue, QueueConfig(name="sales")))


def asks(centre: Centre, channel: str = "c1", number: str = NUMBER, **values: Any) -> None:
    """A caller wants to be called back and is off the line."""
    centre.arrives(channel=channel, callback_number=number, **values)
    centre.hangs_up(channel)


def answers_back(centre: Centre) -> str:
    """The customer who was dialled last answers."""
    dialled = centre.wanted(DialBack)[-1]
    centre.do(
        MemberArrived, channel_id=dialled.channel_id, interaction_id=dialled.interaction_id, switch="switch1",
        queue=dialled.queue,
    )  # fmt: skip
    return str(dialled.channel_id)


def test_who_wants_to_be_called_back_is_off_the_line_and_in_the_line() -> None:
    centre = a_centre()
    asks(centre)
    assert [(e.channel_id, e.by) for e in centre.wanted(HangUpCaller)] == [("c1", "system")]
    assert [event.number for event in centre.told(CallbackRequested)] == [NUMBER]
    (row,) = build(centre.engine)["members"]
    assert (row["interaction_id"], row["callback"], row["number"]) == ("c1", True, NUMBER)


def test_a_callback_is_made_exactly_when_its_turn_has_come() -> None:
    centre = a_centre()
    first = centre.arrives()
    asks(centre)
    last = centre.arrives()
    assert centre.line() == [first, "c1", last]
    centre.ready(1)
    centre.answers(1)
    assert centre.wanted(DialBack) == []
    centre.agent_hangs_up(1)
    assert [e.number for e in centre.wanted(DialBack)] == [NUMBER]
    assert centre.offered_to(last) is None


@settings(deadline=None)
@given(
    callers=st.lists(st.tuples(st.booleans(), st.integers(0, 2)), min_size=1, max_size=9),
    agents=st.integers(1, 3),
)
def test_whoever_is_called_back_is_served_exactly_in_the_order_of_equal_priority_callers_who_hold(
    callers: list[tuple[bool, int]], agents: int
) -> None:
    centre = a_centre(agents)
    for n, (is_called_back, priority) in enumerate(callers):
        if is_called_back:
            asks(centre, f"c{n}", f"1380013800{n}", priority=priority)
        else:
            centre.arrives(channel=f"c{n}", priority=priority)
        centre.wait(1)
    centre.ready(*range(1, agents + 1))
    while offered := [a for a in range(1, agents + 1) if centre.agent(a).offer]:
        assert sum(m.dialing for m in centre.engine.state.members.values()) <= agents
        first = min(offered, key=lambda a: centre.agent(a).offer.made_at_us)
        member = centre.engine.state.members[centre.agent(first).offer.channel_id]
        if member.dialing:
            centre.do(
                MemberArrived, channel_id=member.channel_id, interaction_id=member.interaction_id, switch="switch1",
                queue=member.queue,
            )  # fmt: skip
        centre.answers(first)
        centre.wait(1)
        centre.agent_hangs_up(first)
    in_order = sorted(range(len(callers)), key=lambda n: (-callers[n][1], n))
    assert [offer.interaction_id for offer in centre.told(OfferMade)] == [f"c{n}" for n in in_order]


def test_the_agent_is_rung_when_the_customer_has_answered_and_they_talk() -> None:
    centre = a_centre()
    asks(centre)
    centre.ready(1)
    assert centre.state(1) == "offered"
    assert centre.wanted(OfferCall) == []
    channel = answers_back(centre)
    assert [effect.channel_id for effect in centre.wanted(OfferCall)] == [channel]
    centre.answers(1)
    assert (centre.state(1), centre.agent(1).talk.interaction_id) == ("talking", "c1")
    centre.agent_hangs_up(1)
    assert centre.state(1) == "idle"
    assert (centre.engine.state.members, centre.engine.state.callbacks, centre.engine.state.visits) == (
        {},
        {},
        {},
    )


def test_there_are_never_more_callbacks_out_than_agents() -> None:
    centre = a_centre(agents=2)
    for n in range(5):
        asks(centre, f"c{n}", f"1380013800{n}")
    centre.ready(1, 2)
    assert len(centre.wanted(DialBack)) == 2


def test_a_customer_who_does_not_answer_is_tried_again_later_at_its_old_place() -> None:
    centre = a_centre()
    asks(centre)
    centre.wait(10)
    waiting = centre.arrives()
    centre.ready(1)
    centre.do(CallerGone, channel_id=centre.wanted(DialBack)[0].channel_id, cause="NO_ANSWER")
    assert centre.offered_to(waiting) == 1  # the agent is free for the next one at once
    centre.answers(1)
    centre.agent_hangs_up(1)
    centre.wait(299)
    assert len(centre.wanted(DialBack)) == 1
    centre.wait(1)
    assert len(centre.wanted(DialBack)) == 2
    assert centre.wanted(DialBack)[0].channel_id != centre.wanted(DialBack)[1].channel_id


def test_after_the_last_attempt_it_is_over() -> None:
    centre = a_centre()
    asks(centre)
    centre.ready(1)
    for _ in range(2):
        centre.do(CallerGone, channel_id=centre.wanted(DialBack)[-1].channel_id, cause="USER_BUSY")
        centre.wait(300)
    assert [(event.attempt, event.next_at_us > 0) for event in centre.told(CallbackTried)] == [
        (1, True),
        (2, False),
    ]
    assert [event.result for event in centre.told(MemberLeft)] == ["failed"]
    assert (centre.state(1), centre.engine.state.callbacks) == ("idle", {})


def test_dialling_whose_end_nobody_reports_has_an_end() -> None:
    centre = a_centre()
    asks(centre)
    centre.ready(1)
    centre.wait(33)
    assert [event.cause for event in centre.told(CallbackTried)] == []
    centre.wait(2)
    assert [event.cause for event in centre.told(CallbackTried)] == ["NO_ANSWER"]
    assert centre.state(1) == "idle"


def test_an_agent_who_declines_while_it_dials_is_free_and_the_next_agent_takes_it() -> None:
    centre = a_centre(agents=2)
    asks(centre)
    centre.ready(1, 2)
    centre.command("DeclineOffer", 1, offer_id=centre.told(OfferMade)[0].offer_id)
    centre.wait(0.1)
    assert (centre.state(1), centre.state(2)) == ("idle", "offered")
    assert centre.wanted(DialBack)[-1].channel_id != centre.wanted(DialBack)[0].channel_id


def test_an_agent_who_does_not_answer_leaves_the_customer_first_in_line() -> None:
    centre = a_centre(agents=2)
    asks(centre)
    centre.ready(1)
    channel = answers_back(centre)
    later = centre.arrives()
    centre.phone_fails(1, "NO_ANSWER")
    assert centre.line() == ["c1", later]
    centre.ready(2)
    assert centre.offered_to(channel) == 2


def test_nobody_is_called_back_outside_the_hours() -> None:
    office = CallbackConfig(trunk="gateway1", opens_minute=9 * 60, closes_minute=18 * 60)
    queue = QueueConfig(name="service", callback=office)
    centre = Centre(agents=1, queues=(queue,), rules=Rules(day_offset_seconds=8 * 3600))
    centre.wait(3600 * 10.75)  # the clock begins at 06:13 in Shanghai; now it is 16:58
    asks(centre)
    centre.wait(3600 * 2)
    centre.ready(1)
    assert centre.wanted(DialBack) == []
    assert centre.state(1) == "idle"
    centre.wait(3600 * 13.9)
    assert centre.wanted(DialBack) == []
    centre.wait(3600 * 0.2)
    assert len(centre.wanted(DialBack)) == 1


@pytest.mark.parametrize("number", ["12", "anonymous", "13800138000;x", ""])
def test_a_number_that_can_not_be_called_waits_as_ever(number: str) -> None:
    centre = a_centre()
    caller = centre.arrives(callback_number=number)
    assert (centre.line(), centre.wanted(HangUpCaller)) == ([caller], [])


def test_a_number_that_must_not_be_called_waits_as_ever() -> None:
    centre = a_centre()
    centre.engine.state.do_not_call = (NUMBER,)
    caller = centre.arrives(callback_number=NUMBER)
    assert (centre.line(), centre.wanted(HangUpCaller)) == ([caller], [])


def test_a_queue_without_a_trunk_lets_the_caller_wait() -> None:
    centre = a_centre(callback=CallbackConfig())
    caller = centre.arrives(callback_number=NUMBER)
    assert (centre.line(), centre.wanted(HangUpCaller)) == ([caller], [])


def test_the_customer_who_calls_again_has_its_place_back_and_is_not_called() -> None:
    centre = a_centre()
    asks(centre)
    other = centre.arrives()
    again = centre.arrives(number=NUMBER)
    assert centre.line() == [again, other]
    assert [event.by for event in centre.told(CallbackCancelled)] == ["caller"]


def test_a_callback_can_be_cancelled() -> None:
    centre = a_centre()
    asks(centre)
    centre.command("CancelCallback", 0, interaction_id="c1", actor="supervisor:1")
    assert (centre.code(), centre.line()) == ("ok", [])
    centre.command("CancelCallback", 0, interaction_id="c1")
    assert centre.code() == "no-callback"


def test_a_callback_that_is_cancelled_while_it_dials_frees_the_agent() -> None:
    centre = a_centre()
    asks(centre)
    centre.ready(1)
    centre.command("CancelCallback", 0, interaction_id="c1")
    assert (centre.state(1), centre.engine.state.members) == ("idle", {})
    assert centre.wanted(HangUpCaller)[-1].channel_id == centre.wanted(DialBack)[0].channel_id


def test_who_was_offered_a_callback_by_a_limit_has_the_place_of_its_call() -> None:
    centre = a_centre(limits=(LimitConfig(when="time", value=60, to="callback"),))
    centre.arrives(channel="c1")
    centre.wait(1)
    other = centre.arrives()
    centre.wait(59)
    assert [effect.flow for effect in centre.wanted(LetGo)] == ["callback"]
    asks(centre, "c1")
    assert centre.line() == ["c1", other]


def test_who_declines_the_callback_has_its_place_too() -> None:
    centre = a_centre(limits=(LimitConfig(when="time", value=60, to="callback"),))
    centre.arrives(channel="c1")
    centre.wait(1)
    other = centre.arrives()
    centre.wait(59)
    centre.arrives(channel="c1")
    assert centre.line() == ["c1", other]


def test_a_restart_forgets_no_callback() -> None:
    centre = a_centre()
    asks(centre)
    asks(centre, "c2", "13900139000")
    centre.ready(1)
    centre.engine = Engine(State.load(centre.engine.state.dump()))
    centre.do(Started, writer="another")
    centre.wait(20)
    answers_back(centre)
    assert centre.wanted(OfferCall)[-1].interaction_id == "c1"
    assert centre.line() == ["c1", "c2"]


def test_what_the_switch_has_does_not_end_a_callback_that_is_just_being_dialled() -> None:
    centre = a_centre()
    asks(centre)
    centre.ready(1)
    centre.wait(5)
    legs = (SeenLeg(leg_id=centre.wanted(DialBack)[0].channel_id),)
    centre.do(SwitchSeen, switch="switch1", asked_at_us=centre.now_us, legs=legs, registered=("1001",))
    assert centre.state(1) == "offered"
    centre.do(SwitchSeen, switch="switch1", asked_at_us=centre.now_us, registered=("1001",))
    assert centre.state(1) == "idle"


def test_the_command_that_dials_says_where_the_answered_call_goes() -> None:
    effect = DialBack("s", "new-1", "i1", "service", NUMBER, "gateway1", "4001", "zh", 30)
    line = originate_line(effect)
    assert line.startswith("originate {origination_uuid=new-1,originate_timeout=30,")
    assert line.endswith(f"}}sofia/gateway/gateway1/{NUMBER} queue XML uckefu")
    assert "interaction_id=i1" in line
    for bad in ({"number": "1}x"}, {"queue": "a,b"}, {"trunk": "g w"}, {"caller_id": "4001'"}):
        values = {name: getattr(effect, name) for name in effect.__slots__}
        plain = {"switch": "s", "channel_id": "new-1", **values, **bad}
        with pytest.raises(UnsafeText):
            originate_line(DialBack(**plain))


def test_why_a_call_never_began_is_in_the_reply() -> None:
    assert cause_of("-ERR NO_ROUTE_DESTINATION") == "NO_ROUTE_DESTINATION"
    assert cause_of("what?") == "DESTINATION_OUT_OF_ORDER"


def test_the_story_of_a_callback_is_told() -> None:
    centre = a_centre()
    asks(centre)
    centre.ready(1)
    centre.do(CallerGone, channel_id=centre.wanted(DialBack)[0].channel_id, cause="NO_ANSWER")
    events = [json.loads(encode_event(event)) for event in centre.events]
    told = "\n".join(story(events, "c1", "en", "UTC"))
    assert "wants to be called back at 13800138000" in told
    assert "attempt 1 to call back 13800138000 was in vain (NO_ANSWER)" in told
