"""Attended transfer and three-way in the domain: every end of a consult has a way out."""

import pytest

from acd.domain.effects import (
    DialThird,
    DropThird,
    GuardCaller,
    HangUpCaller,
    HoldLeg,
    JoinThird,
    MaskRecording,
    SteerThird,
)
from acd.domain.engine import Engine
from acd.domain.inputs import (
    BridgeEnded,
    LegAnswered,
    LegEnded,
    SeenLeg,
    SwitchSeen,
    ThirdAnswered,
    TrunkConfig,
)
from acd.domain.state import State
from acd.domain.view import build
from acd.messages import CallConnected, CallEnded, ConsultEnded
from tests.unit.acd.acd_world import SECOND, Centre


@pytest.fixture
def centre():
    """Agent 1 talks with a caller; agents 2 and 3 are ready. The name is the caller's channel."""
    made = Centre(agents=3)
    made.ready(1)
    made.caller = made.arrives(number="13900000001")
    made.answers(1)
    made.ready(2, 3)
    return made


def consults(centre, target="2", kind="agent") -> str:
    """Begin; returns the third leg."""
    centre.command("ConsultCall", 1, kind=kind, target=target)
    assert centre.code() == "ok"
    return centre.wanted(DialThird)[-1].leg_id


def answered(centre, target="2") -> str:
    leg = consults(centre, target)
    centre.do(ThirdAnswered, leg_id=leg)
    return leg


def steer(centre, to: str) -> str:
    centre.command("SteerConsult", 1, to=to)
    return centre.code()


def consult_of(centre):
    return build(centre.engine)["agents"]["1"]["call"]["consult"]


def test_the_caller_hears_music_and_the_recording_silence_while_the_colleague_is_asked(centre):
    consults(centre)
    assert centre.wanted(HoldLeg)[-1].on and centre.wanted(MaskRecording)[-1].on
    assert consult_of(centre)["mode"] == "private"


def test_a_colleague_who_is_consulted_is_busy_and_gets_no_call(centre):
    consults(centre)
    assert centre.state(2) == "busy"
    other = centre.arrives()
    assert centre.offered_to(other) == 3


@pytest.mark.parametrize("way", ["ThirdAnswered", "no answer"])
def test_a_colleague_is_free_again_after_the_consult_and_has_no_wrap_up(centre, way):
    leg = consults(centre)
    if way == "ThirdAnswered":
        centre.do(ThirdAnswered, leg_id=leg)
    centre.do(LegEnded, leg_id=leg, cause="NO_ANSWER")
    assert centre.state(2) == "idle"
    assert not centre.agent(2).wrap_up
    assert consult_of(centre) is None
    assert not centre.wanted(HoldLeg)[-1].on and not centre.wanted(MaskRecording)[-1].on
    assert not centre.wanted(GuardCaller)[-1].on
    assert centre.state(1) == "talking"


def test_a_busy_colleague_is_told_as_busy_and_one_without_a_phone_as_away(centre):
    centre.arrives()
    centre.answers(2)
    centre.command("ConsultCall", 1, kind="agent", target="2")
    assert centre.code() == "colleague-busy"
    centre.command("ConsultCall", 1, kind="number", target="1002")
    assert centre.code() == "colleague-busy"
    centre.command("ConsultCall", 1, kind="number", target="1009")
    assert centre.code() == "colleague-away"


def test_an_outside_number_is_consulted_by_the_rules_of_calling_out(centre):
    centre.command("ConsultCall", 1, kind="number", target="02112345678")
    assert centre.code() == "number-not-allowed"
    centre.engine.state.trunks = (TrunkConfig(name="gw", prefixes=("021",), numbers=("4001",)),)
    consults(centre, "02112345678", "number")
    dialled = centre.wanted(DialThird)[-1]
    assert (dialled.trunk, dialled.shown) == ("gw", "4001")


def test_a_completed_transfer_gives_the_colleague_the_call_and_the_agent_wrap_up(centre):
    leg = answered(centre)
    assert steer(centre, "complete") == "ok"
    assert centre.wanted(JoinThird)[-1].leg_id == leg
    centre.do(BridgeEnded, channel_id=centre.caller, leg_id=centre.leg(1))
    centre.do(LegAnswered, leg_id=leg)
    assert (centre.state(1), centre.state(2)) == ("wrap-up", "talking")
    assert centre.agent(2).talk.number == "13900000001"
    assert not centre.wanted(MaskRecording)[-1].on
    assert centre.told(ConsultEnded)[-1].result == "completed"
    assert [e.agent_id for e in centre.told(CallConnected)] == [1, 2]
    centre.agent_hangs_up(2)
    assert centre.state(2) == "wrap-up"
    assert len({e.offer_id for e in centre.told(CallEnded)}) == 2


def test_the_bridge_may_be_told_before_the_end_of_the_agents_talk(centre):
    leg = answered(centre)
    steer(centre, "complete")
    centre.do(LegAnswered, leg_id=leg)
    assert (centre.state(1), centre.state(2)) == ("wrap-up", "talking")
    assert not centre.anomalies


def test_before_the_third_one_answers_nothing_can_be_completed(centre):
    consults(centre)
    assert steer(centre, "complete") == "not-answered-yet"
    assert steer(centre, "together") == "not-answered-yet"


def test_swapping_three_way_and_back(centre):
    answered(centre)
    for to in ("customer", "private", "together"):
        assert steer(centre, to) == "ok"
        assert consult_of(centre)["mode"] == to
        assert centre.wanted(MaskRecording)[-1].on == (to == "private")
    assert [(s.was, s.mode) for s in centre.wanted(SteerThird)] == [
        ("private", "customer"), ("customer", "private"), ("private", "together")
    ]  # fmt: skip


def test_an_agent_who_hangs_up_on_the_page_leaves_a_three_way_and_the_others_go_on(centre):
    answered(centre)
    steer(centre, "together")
    centre.command("HangUpCall", 1)
    assert centre.wanted(JoinThird) and not centre.wanted(HangUpCaller)


def test_an_agent_who_hangs_up_on_the_page_in_a_consult_is_back_with_the_caller(centre):
    leg = answered(centre)
    centre.command("HangUpCall", 1)
    assert centre.wanted(DropThird) and not centre.wanted(HangUpCaller)
    centre.do(LegEnded, leg_id=leg, cause="NORMAL_CLEARING")
    assert not centre.wanted(HoldLeg)[-1].on


def test_when_the_agents_phone_hangs_up_in_a_consult_the_colleague_has_the_call(centre):
    leg = answered(centre)
    assert centre.wanted(GuardCaller)[-1].leg_id == leg
    centre.do(BridgeEnded, channel_id=centre.caller, leg_id=centre.leg(1))
    assert centre.state(1) == "wrap-up"
    centre.do(LegAnswered, leg_id=leg)
    assert centre.state(2) == "talking"


def test_when_the_agents_phone_hangs_up_while_the_colleagues_rings_that_ringing_ends(centre):
    leg = consults(centre)
    centre.do(BridgeEnded, channel_id=centre.caller, leg_id=centre.leg(1))
    assert centre.wanted(DropThird)[-1].leg_id == leg
    centre.do(LegEnded, leg_id=leg, cause="ORIGINATOR_CANCEL")
    assert centre.state(2) == "idle"


def test_a_caller_who_hangs_up_in_a_consult_frees_everybody(centre):
    leg = answered(centre)
    centre.hangs_up(centre.caller)
    assert centre.wanted(DropThird)[-1].leg_id == leg
    centre.do(LegEnded, leg_id=leg, cause="NORMAL_CLEARING")
    assert (centre.state(1), centre.state(2)) == ("wrap-up", "idle")


def test_a_third_one_whose_end_is_never_told_does_not_keep_the_caller_waiting_for_ever(centre):
    consults(centre)
    centre.wait(60)
    assert consult_of(centre) is None
    assert not centre.wanted(HoldLeg)[-1].on


def test_a_transfer_that_the_switch_did_not_make_leaves_the_consult_as_it_was(centre):
    answered(centre)
    steer(centre, "complete")
    centre.wait(10)
    assert consult_of(centre)["ending"] == ""
    assert steer(centre, "end") == "ok"


def test_hold_and_blind_transfer_wait_until_the_consult_is_over(centre):
    answered(centre)
    for command, values in (
        ("HoldCall", {"on": False}),
        ("TransferCall", {"kind": "extension", "target": "1003"}),
    ):
        centre.command(command, 1, **values)
        assert centre.code() == "in-consult"


def test_after_a_restart_the_consult_is_as_it_was_and_what_was_missed_is_found(centre):
    leg = consults(centre)
    talk_leg = centre.leg(1)
    centre.engine = Engine(State.load(centre.engine.state.dump()))
    centre.wait(5)
    legs = tuple(SeenLeg(leg_id=each, bridged=True) for each in (centre.caller, talk_leg, leg))
    centre.do(
        SwitchSeen,
        switch="switch1",
        asked_at_us=centre.now_us,
        legs=legs,
        registered=("1001", "1002", "1003"),
    )
    assert consult_of(centre)["answered_at_us"]
    centre.now_us += SECOND
    centre.do(
        SwitchSeen,
        switch="switch1",
        asked_at_us=centre.now_us,
        legs=legs[:2],
        registered=("1001", "1002", "1003"),
    )
    assert consult_of(centre) is None
    assert not centre.wanted(HoldLeg)[-1].on
    assert centre.state(1) == "talking"


def rung(centre) -> int:
    """Which agent the consult rings now."""
    return consult_of(centre)["third_agent_id"]


def test_whoever_of_a_queue_answers_is_consulted_and_takes_the_call(centre):
    leg = consults(centre, "service", "queue")
    assert rung(centre) == 2 and consult_of(centre)["asked_queue"] == "service"
    centre.do(LegEnded, leg_id=leg, cause="NO_ANSWER")
    assert rung(centre) == 3 and centre.state(2) == "idle"
    assert centre.wanted(HoldLeg)[-1].on and centre.wanted(GuardCaller)[-1].on
    leg = centre.wanted(DialThird)[-1].leg_id
    centre.do(ThirdAnswered, leg_id=leg)
    assert steer(centre, "complete") == "ok"
    centre.do(LegAnswered, leg_id=leg)
    assert (centre.state(1), centre.state(3)) == ("wrap-up", "talking")


def test_when_nobody_of_the_queue_answers_the_caller_is_back_with_the_agent(centre):
    consults(centre, "service", "queue")
    for _ in range(2):
        centre.do(LegEnded, leg_id=centre.wanted(DialThird)[-1].leg_id, cause="NO_ANSWER")
    assert consult_of(centre) is None
    assert not centre.wanted(HoldLeg)[-1].on and not centre.wanted(GuardCaller)[-1].on
    assert [e.result for e in centre.told(ConsultEnded)] == ["not-reached", "not-reached"]
    over = build(centre.engine)["agents"]["1"]["call"]["consult_over"]
    assert (over["result"], over["asked_queue"]) == ("not-reached", "service")
    assert (centre.state(1), centre.state(2), centre.state(3)) == ("talking", "idle", "idle")


def test_an_agent_who_cancels_the_consult_of_a_queue_rings_nobody_else(centre):
    leg = consults(centre, "service", "queue")
    steer(centre, "end")
    centre.do(LegEnded, leg_id=leg, cause="ORIGINATOR_CANCEL")
    assert consult_of(centre) is None and len(centre.wanted(DialThird)) == 1


def test_a_queue_with_nobody_free_is_not_consulted_and_the_caller_hears_no_music(centre):
    for n in (2, 3):
        centre.arrives()
        centre.answers(n)
    centre.command("ConsultCall", 1, kind="queue", target="service")
    assert centre.code() == "nobody-free"
    centre.command("ConsultCall", 1, kind="queue", target="nowhere")
    assert centre.code() == "unknown-queue"
    assert not centre.wanted(HoldLeg) and not centre.wanted(DialThird)
