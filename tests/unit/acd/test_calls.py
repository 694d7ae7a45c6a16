"""One call's way: offered, answered, declined, expired, failed, held, transferred, ended."""

import pytest

from acd.domain.effects import (
    Answer,
    HangUpCaller,
    HoldLeg,
    MaskRecording,
    OfferCall,
    PlayMusic,
    PressKeys,
    TransferCaller,
    Withdraw,
)
from acd.domain.inputs import (
    BridgeEnded,
    CallerGone,
    CommandReceived,
    LegAnswered,
    LegEnded,
    LegHeld,
    QueueConfig,
    Rules,
)
from acd.domain.view import build
from acd.messages import (
    AgentStatusChanged,
    CallConnected,
    CallEnded,
    CallHeld,
    MemberEntered,
    MemberLeft,
    OfferEnded,
    TalkNoted,
    WrapUpEnded,
)
from tests.unit.acd.acd_world import Centre

SALES, SERVICE = QueueConfig(name="sales"), QueueConfig(name="service")


def ringing(agents: int = 2) -> tuple[Centre, str]:
    """A centre with its agents ready, and a caller for whom agent 1's phone rings."""
    centre = Centre(agents=agents, queues=(SERVICE, SALES))
    centre.ready(*range(1, agents + 1))
    return centre, centre.arrives()


def talking(agents: int = 1) -> tuple[Centre, str]:
    centre, caller = ringing(agents)
    centre.answers(1)
    return centre, caller


def outcomes(centre: Centre) -> list[str]:
    return [event.outcome for event in centre.told(OfferEnded)]


def test_an_answered_offer_becomes_a_talk() -> None:
    centre, _caller = ringing()
    centre.answers(1)
    assert centre.state(1) == "talking"
    assert outcomes(centre) == ["accepted"]
    assert [event.agent_id for event in centre.told(CallConnected)] == [1]
    assert [(event.result, event.agent_id) for event in centre.told(MemberLeft)] == [("answered", 1)]
    assert centre.line() == []
    centre.wait(600)
    assert centre.state(1) == "talking"


def test_an_answer_that_is_said_twice_counts_once() -> None:
    centre, _ = ringing()
    leg = centre.answers(1)
    centre.do(LegAnswered, leg_id=leg)
    assert len(centre.told(CallConnected)) == 1


def test_nobody_answers_and_the_next_agent_rings_and_the_first_gets_no_more_calls() -> None:
    centre, caller = ringing()
    leg = centre.leg(1)
    centre.wait(20)
    assert [effect.leg_id for effect in centre.wanted(Withdraw)] == [leg]
    centre.phone_fails(1, "PICKED_OFF")
    assert outcomes(centre) == ["expired"]
    assert centre.agent(1).status == "no-answer"
    assert centre.told(AgentStatusChanged)[-1].by == "system"
    assert centre.offered_to(caller) == 2
    centre.hangs_up(caller)
    centre.do(LegEnded, leg_id=centre.leg(2), cause="ORIGINATOR_CANCEL")
    assert centre.offered_to(centre.arrives()) == 2
    assert centre.offered_to(centre.arrives()) is None
    centre.command("SetStatus", 1, status="ready")
    assert centre.state(1) == "offered"


def test_so_many_unanswered_calls_in_a_row_as_the_rule_says_take_an_agent_off() -> None:
    centre = Centre(agents=1, rules=Rules(no_answers_in_a_row=3))
    centre.ready(1)
    caller = centre.arrives()
    for _ in range(2):
        assert centre.offered_to(caller) == 1
        centre.phone_fails(1, "NO_ANSWER")
        assert (centre.agent(1).status, centre.offered_to(caller)) == ("ready", None)
        centre.wait(5)
    centre.answers(1)  # the row is broken
    centre.agent_hangs_up(1)
    centre.wait(30)
    caller = centre.arrives()
    for _ in range(3):
        assert centre.agent(1).status == "ready"
        centre.phone_fails(1, "NO_ANSWER")
        centre.wait(5)
    assert (centre.agent(1).status, centre.state(1)) == ("no-answer", "not-ready")
    assert centre.line() == [caller]


def test_after_declining_an_agent_is_left_alone_as_long_as_the_rule_says() -> None:
    centre = Centre(agents=1, rules=Rules(decline_pause_seconds=40))
    centre.ready(1)
    caller = centre.arrives()
    centre.command("DeclineOffer", 1, offer_id=centre.agent(1).offer.offer_id)
    centre.phone_fails(1, "PICKED_OFF")
    centre.wait(39)
    assert centre.offered_to(caller) is None
    centre.wait(1)
    assert centre.offered_to(caller) == 1
    assert centre.agent(1).status == "ready"


def test_the_switch_may_end_the_ringing_by_itself() -> None:
    centre, caller = ringing()
    centre.phone_fails(1, "NO_ANSWER")
    assert outcomes(centre) == ["expired"]
    assert centre.offered_to(caller) == 2


def test_a_declined_caller_goes_to_the_next_agent_and_not_back_to_the_first() -> None:
    centre, caller = ringing()
    offer = centre.agent(1).offer
    centre.command("DeclineOffer", 1, offer_id=offer.offer_id)
    assert outcomes(centre) == ["declined"]
    centre.phone_fails(1, "PICKED_OFF")
    assert centre.offered_to(caller) == 2
    assert centre.state(1) == "idle"
    assert centre.offered_to(centre.arrives()) is None
    centre.wait(5)
    assert centre.state(1) == "offered"


def test_who_declined_is_asked_again_only_when_others_were_tried() -> None:
    centre, caller = ringing()
    for agent in (1, 2):
        centre.command("DeclineOffer", agent, offer_id=centre.agent(agent).offer.offer_id)
        centre.phone_fails(agent, "PICKED_OFF")
    assert centre.offered_to(caller) is None
    centre.wait(5)
    assert centre.offered_to(caller) == 1


def test_who_declined_takes_another_caller_before_the_one_declined() -> None:
    centre, declined = ringing(agents=1)
    other = centre.arrives()
    centre.command("DeclineOffer", 1, offer_id=centre.agent(1).offer.offer_id)
    centre.phone_fails(1, "PICKED_OFF")
    centre.wait(5)
    assert centre.offered_to(other) == 1
    assert centre.line() == [declined, other]


def test_an_offer_of_somebody_else_cant_be_declined() -> None:
    centre, caller = ringing()
    offer = centre.agent(1).offer
    centre.command("DeclineOffer", 2, offer_id=offer.offer_id)
    assert centre.wanted(Answer)[-1].code == "not-your-offer"
    assert centre.offered_to(caller) == 1


@pytest.mark.parametrize(
    "cause",
    [
        "USER_BUSY",
        "SUBSCRIBER_ABSENT",
        "USER_NOT_REGISTERED",
        "DESTINATION_OUT_OF_ORDER",
        "NO_ROUTE_DESTINATION",
    ],
)
def test_a_phone_that_cant_be_reached_is_left_alone_for_a_while(cause: str) -> None:
    centre, caller = ringing()
    centre.phone_fails(1, cause)
    assert [(event.outcome, event.cause) for event in centre.told(OfferEnded)] == [("failed", cause)]
    assert centre.offered_to(caller) == 2
    assert (centre.agent(1).status, centre.state(1)) == ("ready", "idle")
    second = centre.arrives()
    assert centre.offered_to(second) is None
    centre.wait(5)
    assert centre.offered_to(second) == 1


def test_each_failure_in_a_row_doubles_the_pause() -> None:
    centre, caller = ringing(agents=1)
    for seconds in (5, 10, 20, 40, 60, 60):
        centre.phone_fails(1, "USER_BUSY")
        centre.wait(seconds - 0.001)
        assert centre.offered_to(caller) is None
        centre.wait(0.001)
        assert centre.offered_to(caller) == 1


def test_a_failed_offer_gives_the_caller_its_music_back() -> None:
    centre, caller = ringing(agents=1)
    centre.phone_fails(1, "USER_BUSY")
    assert [effect.channel_id for effect in centre.wanted(PlayMusic)] == [caller]


def test_the_caller_keeps_its_place_when_an_offer_fails() -> None:
    centre, first = ringing(agents=1)
    second = centre.arrives()
    centre.phone_fails(1, "USER_BUSY")
    assert centre.line() == [first, second]


def test_nobody_is_rung_for_a_caller_who_has_left() -> None:
    centre, caller = ringing()
    leg = centre.leg(1)
    centre.do(LegEnded, leg_id=leg, cause="ORIGINATOR_CANCEL")  # the phone's end may be heard of first
    assert len(centre.wanted(OfferCall)) == 1
    centre.hangs_up(caller)
    assert outcomes(centre) == ["withdrawn"]
    assert centre.told(MemberLeft)[-1].result == "abandoned"
    assert len(centre.wanted(OfferCall)) == 1


def test_the_caller_hangs_up_and_the_agent_is_idle_when_the_phone_has_stopped() -> None:
    centre, caller = ringing()
    idle_since_us = centre.agent(1).idle_since_us
    leg = centre.leg(1)
    centre.hangs_up(caller)
    assert outcomes(centre) == ["withdrawn"]
    assert centre.state(1) == "offered"
    centre.do(LegEnded, leg_id=leg, cause="ORIGINATOR_CANCEL")
    assert centre.state(1) == "idle"
    assert centre.agent(1).idle_since_us == idle_since_us


def test_a_ringing_that_does_not_stop_is_ended_again_and_then_given_up() -> None:
    centre, caller = ringing(agents=1)
    centre.hangs_up(caller)
    centre.wait(10)
    assert len(centre.wanted(Withdraw)) == 3
    assert centre.state(1) == "idle"
    assert centre.anomalies


def test_an_answer_in_the_moment_of_the_timeout_does_not_connect() -> None:
    centre, caller = ringing()
    leg = centre.leg(1)
    centre.wait(20)
    centre.do(LegAnswered, leg_id=leg)
    assert not centre.told(CallConnected)
    centre.phone_fails(1, "PICKED_OFF")
    assert centre.offered_to(caller) == 2


def test_hangup_starts_wrap_up_and_its_end_makes_the_agent_idle() -> None:
    centre, _ = talking()
    centre.agent_hangs_up(1)
    assert centre.state(1) == "wrap-up"
    assert [event.wrap_up_seconds for event in centre.told(CallEnded)] == [30]
    centre.wait(30)
    assert centre.state(1) == "idle"
    assert [event.result for event in centre.told(WrapUpEnded)] == ["timeout"]


def test_the_order_of_the_two_hangups_does_not_matter() -> None:
    centre, caller = talking()
    leg = centre.leg(1)
    centre.do(CallerGone, channel_id=caller)
    centre.do(LegEnded, leg_id=leg)
    assert len(centre.told(CallEnded)) == 1
    assert centre.state(1) == "wrap-up"
    assert centre.engine.state.members == {}


def test_wrap_up_ends_early_with_a_disposition_and_a_note() -> None:
    centre, _ = talking()
    talk = centre.agent(1).talk
    centre.agent_hangs_up(1)
    centre.command("FinishWrapUp", 1, offer_id=talk.offer_id, disposition_id=3, note="will call back")
    assert centre.state(1) == "idle"
    assert [(event.disposition_id, event.note) for event in centre.told(TalkNoted)] == [(3, "will call back")]
    assert [event.result for event in centre.told(WrapUpEnded)] == ["finished"]


def test_a_note_is_taken_after_the_wrap_up_time_too() -> None:
    centre, _ = talking()
    talk = centre.agent(1).talk
    centre.agent_hangs_up(1)
    centre.wait(60)
    centre.command("FinishWrapUp", 1, offer_id=talk.offer_id, note="late")
    assert [event.note for event in centre.told(TalkNoted)] == ["late"]
    centre.command("FinishWrapUp", 1, offer_id="somebody else's", note="no")
    assert centre.wanted(Answer)[-1].code == "not-your-call"


def test_wrap_up_is_as_long_as_the_queue_of_the_call_says() -> None:
    queues = (QueueConfig(name="service", wrap_up_seconds=15), QueueConfig(name="sales", wrap_up_seconds=90))
    centre = Centre(agents=1, queues=queues)
    centre.ready(1)
    for queue, seconds in (("service", 15), ("sales", 90)):
        centre.arrives(queue=queue)
        centre.answers(1)
        centre.agent_hangs_up(1)
        centre.wait(seconds - 1)
        assert centre.state(1) == "wrap-up"
        centre.wait(1)
        assert centre.state(1) == "idle"


def test_a_wrap_up_is_not_made_longer_than_the_rule_allows() -> None:
    centre = Centre(agents=1, rules=Rules(extend_max_seconds=60))
    centre.ready(1)
    centre.arrives()
    centre.answers(1)
    centre.agent_hangs_up(1)
    centre.command("ExtendWrapUp", 1, seconds=31)
    assert centre.wanted(Answer)[-1].code == "too-long"
    centre.command("ExtendWrapUp", 1, seconds=30)
    centre.wait(60)
    assert centre.state(1) == "idle"


def test_wrap_up_can_be_made_longer() -> None:
    centre, _ = talking()
    centre.agent_hangs_up(1)
    centre.wait(20)
    centre.command("ExtendWrapUp", 1, seconds=30)
    centre.wait(39)
    assert centre.state(1) == "wrap-up"
    centre.wait(1)
    assert centre.state(1) == "idle"


def test_a_queue_without_wrap_up_makes_the_agent_idle_at_once() -> None:
    centre = Centre(agents=1, queues=(QueueConfig(name="service", wrap_up_seconds=0),))
    centre.ready(1)
    centre.arrives()
    centre.answers(1)
    waiting = centre.arrives()
    centre.agent_hangs_up(1)
    assert centre.offered_to(waiting) == 1


def test_a_status_chosen_while_talking_is_taken_after_the_call() -> None:
    centre, _ = talking()
    centre.command("SetStatus", 1, status="break")
    assert centre.wanted(Answer)[-1].code == "later"
    assert centre.agent(1).status == "ready"
    centre.agent_hangs_up(1)
    assert (centre.agent(1).status, centre.state(1)) == ("break", "wrap-up")
    centre.wait(30)
    assert centre.state(1) == "not-ready"


def test_ready_ends_wrap_up() -> None:
    centre, _ = talking()
    centre.agent_hangs_up(1)
    centre.command("SetStatus", 1, status="ready")
    assert centre.state(1) == "idle"


def test_hold_is_asked_of_the_switch_and_told_when_the_switch_says_so() -> None:
    centre, _caller = talking()
    leg = centre.leg(1)
    centre.command("HoldCall", 1, on=True)
    assert [(effect.leg_id, effect.on) for effect in centre.wanted(HoldLeg)] == [(leg, True)]
    assert not centre.told(CallHeld)
    centre.do(LegHeld, leg_id=leg, on=True)
    centre.do(LegHeld, leg_id=leg, on=True)
    assert [event.on for event in centre.told(CallHeld)] == [True]


def test_the_agent_hangs_up_from_the_page() -> None:
    centre, caller = talking()
    centre.command("HangUpCall", 1)
    assert [(effect.channel_id, effect.by) for effect in centre.wanted(HangUpCaller)] == [(caller, "agent")]


def test_keys_go_to_the_callers_end_and_nothing_but_keys() -> None:
    centre, caller = talking()
    centre.command("SendDigits", 1, digits="1*#")
    assert [(effect.channel_id, effect.digits) for effect in centre.wanted(PressKeys)] == [(caller, "1*#")]
    centre.command("SendDigits", 1, digits="1; uuid_kill")
    assert centre.wanted(Answer)[-1].code == "bad-target"


def test_a_paused_recording_is_masked_once_and_the_view_says_since_when() -> None:
    centre, caller = talking()
    for on in (True, True, False):
        centre.command("PauseRecording", 1, on=on)
    assert [(effect.channel_id, effect.on) for effect in centre.wanted(MaskRecording)] == [
        (caller, True),
        (caller, False),
    ]
    centre.command("PauseRecording", 1, on=True)
    assert build(centre.engine)["agents"]["1"]["call"]["recording_paused_since_us"]


@pytest.mark.parametrize("name", ["HoldCall", "HangUpCall", "TransferCall", "SendDigits", "PauseRecording"])
def test_without_a_call_there_is_nothing_to_do(name: str) -> None:
    centre = Centre(agents=1)
    given = {"HoldCall": {"on": True}, "TransferCall": {"kind": "queue", "target": "service"}}
    given |= {"SendDigits": {"digits": "1"}, "PauseRecording": {"on": True}}
    values = given.get(name, {})
    centre.command(name, 1, **values)
    assert centre.wanted(Answer)[-1].code == "no-call"


def test_a_transfer_to_a_queue_is_a_new_visit() -> None:
    centre, caller = talking()
    leg = centre.leg(1)
    centre.command("TransferCall", 1, kind="queue", target="sales")
    assert [(effect.kind, effect.target) for effect in centre.wanted(TransferCaller)] == [("queue", "sales")]
    centre.do(LegEnded, leg_id=leg)
    centre.do(BridgeEnded, channel_id=caller, leg_id=leg)
    centre.loses_socket(caller)
    centre.arrives(channel=caller, queue="sales")
    assert [event.member_id for event in centre.told(MemberEntered)] == [f"{caller}:1", f"{caller}:2"]
    assert centre.line("sales") == [caller]
    assert centre.state(1) == "wrap-up"


def test_a_transferred_caller_may_arrive_before_the_old_call_is_known_to_be_over() -> None:
    centre, caller = talking()
    centre.arrives(channel=caller, queue="sales")
    assert centre.state(1) == "wrap-up"
    assert centre.line("sales") == [caller]


@pytest.mark.parametrize("target", ["10 02", "1002 XML default", "1002\n", "", "{x=y}1002", "1" * 33])
def test_a_transfer_goes_only_to_plain_extensions(target: str) -> None:
    centre, _ = talking()
    centre.command("TransferCall", 1, kind="extension", target=target)
    assert centre.wanted(Answer)[-1].code == "bad-target"
    assert not centre.wanted(TransferCaller)


def test_a_transfer_to_an_unknown_queue_is_refused() -> None:
    centre, _ = talking()
    centre.command("TransferCall", 1, kind="queue", target="no such")
    assert centre.wanted(Answer)[-1].code == "unknown-queue"


def test_a_caller_who_is_left_over_after_a_talk_is_not_left_in_silence() -> None:
    centre, caller = talking()
    centre.do(LegEnded, leg_id=centre.leg(1))
    centre.wait(2)
    assert [(effect.channel_id, effect.by) for effect in centre.wanted(HangUpCaller)] == [(caller, "system")]


def test_a_command_that_makes_no_sense_is_answered_and_changes_nothing() -> None:
    centre, _ = ringing()
    before = centre.engine.state.to_json()["agents"]
    for command in (
        {},
        {"type": "Explode"},
        {"type": "SetStatus", "agent_id": 1},
        {"type": "HoldCall", "agent_id": 1, "on": "x"},
    ):
        centre.do(CommandReceived, command={"command_id": "c", **command})
        assert centre.wanted(Answer)[-1].code == "bad-command"
    centre.command("SetStatus", 99, status="ready")
    assert centre.wanted(Answer)[-1].code == "unknown-agent"
    assert centre.engine.state.to_json()["agents"] == before
