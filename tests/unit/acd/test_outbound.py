"""Calls that agents make: who may, whom, showing which number, and how each one ends."""

import json

import pytest

from acd.domain.effects import AnswerPhone, DialOut, HangUpCaller, MuteLeg
from acd.domain.inputs import (
    AgentConfig,
    Configured,
    CustomerDialed,
    EndpointChanged,
    LegAnswered,
    LegEnded,
    QueueConfig,
    SeenLeg,
    SwitchSeen,
    TierConfig,
    TrunkConfig,
)
from acd.domain.state import State
from acd.domain.view import build
from acd.messages import CallConnected, CallDialed, CallEnded, CallNotReached
from tests.unit.acd.acd_world import SECOND, Centre

NUMBER = "13800138000"
TRUNK = TrunkConfig(name="trunk", prefixes=("1", "0"), numbers=("4001", "4002"))


def office(
    *, caller_number: str = "", queue_number: str = "", auto_answer: bool = False, wrap_up: int = 30
) -> Centre:
    """Two agents who are ready, and a trunk."""
    centre = Centre()
    queue = QueueConfig(name="service", caller_number=queue_number, wrap_up_seconds=wrap_up)
    agents = tuple(
        AgentConfig(agent_id=n, extension=f"{1000 + n}", tiers=(TierConfig(queue="service"),),
                    caller_number=caller_number, is_auto_answer=auto_answer)
        for n in (1, 2)
    )  # fmt: skip
    centre.do(Configured, queues=(queue,), agents=agents, trunks=(TRUNK,), do_not_call=("13900000009",))
    centre.ready(1, 2)
    return centre


def calls(centre: Centre, number: str = NUMBER, agent: int = 1, **values: str) -> str:
    centre.command("PlaceCall", agent, number=number, **values)
    return centre.code()


def picks_up(centre: Centre, agent: int = 1) -> None:
    """The agent's own phone is answered, so the switch dials the customer."""
    centre.do(CustomerDialed, channel_id=centre.agent(agent).dial.channel_id)


def customer_answers(centre: Centre, agent: int = 1) -> None:
    picks_up(centre, agent)
    centre.do(LegAnswered, leg_id=centre.agent(agent).dial.leg_id)


def ends(centre: Centre, cause: str, agent: int = 1) -> None:
    work = centre.agent(agent).dial or centre.agent(agent).talk
    centre.do(LegEnded, leg_id=work.leg_id, cause=cause)


def test_the_agents_own_phone_rings_first_and_then_the_number_is_dialled():
    centre = office()
    assert calls(centre) == "ok"
    effect = centre.wanted(DialOut)[-1]
    assert (effect.extension, effect.number, effect.trunk, effect.caller_number) == (
        "1001",
        NUMBER,
        "trunk",
        "4001",
    )
    assert centre.state(1) == "dialling"
    assert build(centre.engine)["agents"]["1"]["dial"]["stage"] == "phone"
    picks_up(centre)
    assert build(centre.engine)["agents"]["1"]["dial"]["stage"] == "customer"
    dialed = centre.told(CallDialed)[-1]
    assert (dialed.number, dialed.queue, dialed.caller_number) == (NUMBER, "service", "4001")


def test_when_the_customer_answers_they_talk_and_wrap_up_follows_as_the_queue_says():
    centre = office()
    calls(centre)
    customer_answers(centre)
    assert centre.state(1) == "talking"
    call = build(centre.engine)["agents"]["1"]["call"]
    assert (call["direction"], call["number"], call["did"]) == ("outbound", NUMBER, "4001")
    assert centre.told(CallConnected)[-1].offer_id == call["offer_id"]
    ends(centre, "NORMAL_CLEARING")
    assert centre.state(1) == "wrap-up"
    assert centre.told(CallEnded)[-1].wrap_up_seconds == 30


def test_no_caller_is_offered_to_an_agent_who_dials():
    centre = office()
    calls(centre)
    caller = centre.arrives()
    assert centre.offered_to(caller) == 2


def test_a_call_to_a_colleague_needs_no_trunk_and_no_wrap_up():
    centre = office()
    assert calls(centre, "1002") == "ok"
    effect = centre.wanted(DialOut)[-1]
    assert (effect.trunk, effect.direction, effect.caller_number) == ("", "internal", "1001")
    customer_answers(centre)
    ends(centre, "NORMAL_CLEARING")
    assert centre.state(1) == "idle"


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("13900000009", "do-not-call"),
        ("+8613800138000", "number-not-allowed"),
        ("8613800138000", "number-not-allowed"),
        ("12", "bad-number"),
        ("abc", "bad-number"),
        ("1001", "bad-number"),
        ("138,0013", "bad-number"),
    ],
)
def test_a_number_that_may_not_be_called_is_refused_and_it_is_said_why(number, code):
    centre = office()
    assert calls(centre, number) == code
    assert centre.state(1) == "idle"
    assert not centre.wanted(DialOut)


def test_an_agent_may_call_when_ready_or_on_a_break_and_not_in_the_middle_of_something():
    centre = office()
    centre.command("SetStatus", 1, status="break")
    assert calls(centre) == "ok"
    assert calls(centre) == "in-call"
    customer_answers(centre)
    assert calls(centre) == "in-call"
    ends(centre, "NORMAL_CLEARING")
    assert calls(centre) == "wrap-up-first"
    centre.command("SetStatus", 1, status="offline")
    assert calls(centre) == "signed-out"


def test_an_agent_whose_phone_is_lost_is_told_so():
    centre = office()
    centre.do(EndpointChanged, switch="switch1", extension="1001", registered=False)
    assert calls(centre) == "phone-lost"


def test_the_number_shown_is_the_agents_then_the_queues_then_the_trunks():
    shown = {}
    for name, centre in (
        ("agent", office(caller_number="4002", queue_number="4001")),
        ("queue", office(queue_number="4002")),
        ("trunk", office()),
        ("not ours", office(caller_number="110")),
    ):
        calls(centre)
        shown[name] = centre.wanted(DialOut)[-1].caller_number
    assert shown == {"agent": "4002", "queue": "4002", "trunk": "4001", "not ours": "4001"}


def test_only_a_number_of_the_centre_can_be_shown():
    centre = office()
    assert calls(centre, caller_number="110") == "caller-number-not-ours"
    assert calls(centre, caller_number="4002") == "ok"
    assert centre.wanted(DialOut)[-1].caller_number == "4002"
    assert build(centre.engine)["agents"]["1"]["caller_numbers"] == ["4001", "4002"]


@pytest.mark.parametrize("cause", ["NO_ANSWER", "CALL_REJECTED", "USER_NOT_REGISTERED"])
def test_when_the_agents_own_phone_does_not_answer_it_is_said_so(cause):
    centre = office()
    calls(centre)
    ends(centre, cause)
    failure = build(centre.engine)["agents"]["1"]["dial_failure"]
    assert (failure["why"], failure["cause"]) == ("phone", cause)
    assert centre.state(1) == "idle"


@pytest.mark.parametrize("cause", ["USER_BUSY", "NO_ANSWER", "UNALLOCATED_NUMBER", "CALL_REJECTED"])
def test_when_the_customer_is_not_reached_it_is_said_why_and_the_agent_is_free(cause):
    centre = office()
    calls(centre)
    picks_up(centre)
    ends(centre, cause)
    failure = build(centre.engine)["agents"]["1"]["dial_failure"]
    assert (failure["why"], failure["cause"], failure["number"]) == ("customer", cause, NUMBER)
    assert centre.told(CallNotReached)[-1].cause == cause
    assert (centre.state(1), build(centre.engine)["agents"]["1"]["dial"]) == ("idle", None)


def test_a_failure_is_shown_until_the_agent_does_something_else():
    centre = office()
    calls(centre)
    ends(centre, "NO_ANSWER")
    assert build(centre.engine)["agents"]["1"]["dial_failure"]
    centre.command("SetStatus", 1, status="ready")
    assert build(centre.engine)["agents"]["1"]["dial_failure"] is None


def test_an_agent_who_cancels_is_told_of_no_failure():
    centre = office()
    calls(centre)
    picks_up(centre)
    centre.command("HangUpCall", 1)
    assert centre.wanted(HangUpCaller)[-1].channel_id == centre.agent(1).dial.leg_id
    ends(centre, "NORMAL_CLEARING")
    assert centre.told(CallNotReached)[-1].why == "cancelled"
    assert build(centre.engine)["agents"]["1"]["dial_failure"] is None


def test_every_wait_has_an_end_even_when_the_switch_says_nothing():
    centre = office()
    calls(centre)
    centre.wait(60)
    assert centre.state(1) == "idle"
    calls(centre)
    picks_up(centre)
    centre.wait(100)
    assert centre.state(1) == "idle"
    assert centre.wanted(HangUpCaller)


def test_a_status_chosen_while_dialling_is_taken_afterwards():
    centre = office()
    calls(centre)
    centre.command("SetStatus", 1, status="meal")
    assert centre.code() == "later"
    ends(centre, "NO_ANSWER")
    assert (centre.agent(1).status, centre.state(1)) == ("meal", "not-ready")


def test_what_was_missed_of_a_call_is_seen_on_the_switch():
    centre = office()
    calls(centre)
    dial = centre.agent(1).dial
    centre.wait(6)
    legs = (
        SeenLeg(leg_id=dial.leg_id, extension="1001", bridged=True),
        SeenLeg(leg_id=dial.channel_id, bridged=True),
    )
    centre.do(SwitchSeen, switch="switch1", asked_at_us=centre.now_us, legs=legs, registered=("1001", "1002"))
    assert centre.state(1) == "talking"
    centre.wait(1)
    centre.do(SwitchSeen, switch="switch1", asked_at_us=centre.now_us, legs=(), registered=("1001", "1002"))
    assert centre.state(1) == "wrap-up"


def test_a_call_that_never_began_is_seen_to_be_over():
    centre = office()
    calls(centre)
    centre.wait(6)
    centre.do(SwitchSeen, switch="switch1", asked_at_us=centre.now_us, legs=(), registered=("1001", "1002"))
    assert centre.state(1) == "idle"


def test_a_restarted_acd_knows_the_call_that_is_dialled():
    centre = office(auto_answer=True)
    calls(centre)
    again = State.load(centre.engine.state.dump())
    assert again.dump() == centre.engine.state.dump()
    assert again.agents[1].dial == centre.agent(1).dial
    assert json.loads(again.dump())["trunks"][0]["numbers"] == ["4001", "4002"]


def test_mute_is_a_state_of_the_call_and_ends_with_it():
    centre = office()
    calls(centre)
    centre.command("MuteCall", 1, on=True)
    assert centre.code() == "no-call"
    customer_answers(centre)
    centre.command("MuteCall", 1, on=True)
    effect = centre.wanted(MuteLeg)[-1]
    assert (effect.leg_id, effect.on) == (centre.agent(1).talk.leg_id, True)
    assert build(centre.engine)["agents"]["1"]["call"]["muted_since_us"] == centre.now_us
    centre.wait(1)
    centre.command("MuteCall", 1, on=True)
    assert len(centre.wanted(MuteLeg)) == 1
    centre.command("MuteCall", 1, on=False)
    assert build(centre.engine)["agents"]["1"]["call"]["muted_since_us"] is None


def test_the_page_can_ask_the_phone_that_rings_to_answer():
    centre = office()
    caller = centre.arrives()
    agent = centre.offered_to(caller)
    offer = centre.agent(agent).offer
    centre.command("AnswerOffer", agent, offer_id="another")
    assert centre.code() == "not-your-offer"
    centre.command("AnswerOffer", agent, offer_id=offer.offer_id)
    assert (centre.code(), centre.wanted(AnswerPhone)[-1].leg_id) == ("ok", offer.leg_id)


def test_the_customer_who_hangs_up_while_muted_leaves_nothing_behind():
    centre = office(wrap_up=0)
    calls(centre)
    customer_answers(centre)
    centre.command("MuteCall", 1, on=True)
    ends(centre, "NORMAL_CLEARING")
    assert (centre.state(1), centre.agent(1).talk) == ("idle", None)
    assert not centre.engine.dialled
    assert centre.now_us // SECOND
