"""Statuses, pages that are open or gone, and places that are kept."""

import pytest

from acd.domain.effects import Answer, PlayMusic, Withdraw
from acd.domain.inputs import (
    ControlLost,
    LegAnswered,
    LegEnded,
    MemberArrived,
    Rules,
    SeenLeg,
    Started,
    SwitchSeen,
)
from acd.domain.reconcile import differences
from acd.domain.states import AGENT, AGENT_STATES, MEMBER, MEMBER_STATES, IllegalTransition, next_agent_state
from acd.domain.view import build
from acd.messages import AgentStatusChanged, CallConnected, CallEnded, MemberEntered, MemberLeft, OfferEnded
from tests.unit.acd.acd_world import SECOND, Centre


def page(centre: Centre, agent: int, window: str, here: bool = True) -> None:
    centre.command("Presence", agent, window_id=window, here=here)


# ---- the tables ----------------------------------------------------------------------------------------


def test_the_tables_name_only_known_states() -> None:
    assert {state for state, _ in AGENT} | set(AGENT.values()) == set(AGENT_STATES)
    assert {state for state, _ in MEMBER} | set(MEMBER.values()) == set(MEMBER_STATES)


def test_a_transition_that_the_table_does_not_have_is_refused() -> None:
    with pytest.raises(IllegalTransition, match="signed-out: 'offer made'"):
        next_agent_state("signed-out", "offer made")


# ---- statuses ------------------------------------------------------------------------------------------


def test_a_status_says_who_chose_it() -> None:
    centre = Centre(agents=1)
    centre.command("SetStatus", 1, status="ready", actor="supervisor:7")
    centre.command("SetStatus", 1, status="meal")
    assert [(e.status, e.by) for e in centre.told(AgentStatusChanged)] == [
        ("ready", "supervisor"),
        ("meal", "agent"),
    ]
    assert centre.state(1) == "not-ready"


@pytest.mark.parametrize("status", ["break", "meal", "meeting", "training", "after-work"])
def test_whoever_is_not_ready_says_why_and_is_not_asked_until_ready_again(status: str) -> None:
    centre = Centre(agents=1)
    centre.ready(1)
    centre.command("SetStatus", 1, status=status)
    caller = centre.arrives()
    assert (centre.state(1), centre.offered_to(caller)) == ("not-ready", None)
    assert build(centre.engine)["agents"]["1"]["status"] == status
    centre.command("SetStatus", 1, status="ready")
    assert centre.offered_to(caller) == 1


def test_the_same_status_again_is_no_news() -> None:
    centre = Centre(agents=1)
    centre.ready(1, 1)
    assert len(centre.told(AgentStatusChanged)) == 1


def test_no_answer_cant_be_chosen() -> None:
    centre = Centre(agents=1)
    centre.command("SetStatus", 1, status="no-answer")
    assert centre.wanted(Answer)[-1].code == "bad-status"


def test_offline_signs_out() -> None:
    centre = Centre(agents=1)
    centre.ready(1)
    centre.command("SetStatus", 1, status="offline")
    assert centre.state(1) == "signed-out"


def test_a_supervisor_signs_out_an_agent_who_is_offered_nothing_any_more() -> None:
    centre = Centre(agents=1)
    centre.ready(1)
    centre.command("SetStatus", 1, status="offline", actor="supervisor:7")
    assert centre.state(1) == "signed-out"
    assert [(e.status, e.by) for e in centre.told(AgentStatusChanged)][-1] == ("offline", "supervisor")
    assert centre.offered_to(centre.arrives()) is None


def test_a_supervisor_who_signs_out_an_agent_in_a_talk_does_not_cut_it_off() -> None:
    centre = Centre(agents=1)
    centre.ready(1)
    centre.arrives()
    centre.answers(1)
    centre.command("SetStatus", 1, status="offline", actor="supervisor:7")
    assert (centre.state(1), centre.wanted(Answer)[-1].code) == ("talking", "later")
    centre.agent_hangs_up(1)
    assert [(e.status, e.by) for e in centre.told(AgentStatusChanged)][-1] == ("offline", "supervisor")
    waiting = centre.arrives()
    centre.wait(30)
    assert (centre.state(1), centre.offered_to(waiting)) == ("signed-out", None)


def test_a_supervisor_who_signs_out_an_agent_in_wrap_up_ends_that_at_once() -> None:
    centre = Centre(agents=1)
    centre.ready(1)
    centre.arrives()
    centre.answers(1)
    centre.agent_hangs_up(1)
    centre.command("SetStatus", 1, status="offline", actor="supervisor:7")
    assert centre.state(1) == "signed-out"


# ---- pages ---------------------------------------------------------------------------------------------


def test_an_agent_without_any_page_is_asked_as_long_as_none_was_ever_open() -> None:
    centre = Centre(agents=1)
    centre.ready(1)
    assert centre.offered_to(centre.arrives()) == 1


def test_a_lost_page_stops_offers_at_once_and_its_return_brings_them_back() -> None:
    centre = Centre(agents=1)
    page(centre, 1, "w1")
    centre.ready(1)
    page(centre, 1, "w1", here=False)
    caller = centre.arrives()
    assert (centre.state(1), centre.offered_to(caller)) == ("idle", None)
    page(centre, 1, "w2")
    assert centre.offered_to(caller) == 1


def test_a_second_window_keeps_the_agent_present() -> None:
    centre = Centre(agents=1)
    page(centre, 1, "w1")
    page(centre, 1, "w2")
    centre.ready(1)
    page(centre, 1, "w1", here=False)
    assert centre.offered_to(centre.arrives()) == 1


def test_a_page_that_stays_away_makes_the_agent_not_ready() -> None:
    centre = Centre(agents=1)
    page(centre, 1, "w1")
    centre.ready(1)
    page(centre, 1, "w1", here=False)
    centre.wait(60)
    assert (centre.agent(1).status, centre.state(1)) == ("break", "not-ready")
    assert centre.told(AgentStatusChanged)[-1].by == "system"


def test_a_page_that_stays_away_does_not_end_a_talk() -> None:
    centre = Centre(agents=1)
    page(centre, 1, "w1")
    centre.ready(1)
    centre.arrives()
    centre.answers(1)
    page(centre, 1, "w1", here=False)
    centre.wait(60)
    assert (centre.state(1), centre.agent(1).next_status) == ("talking", "break")
    centre.agent_hangs_up(1)
    centre.wait(30)
    assert centre.state(1) == "not-ready"


def test_pages_can_be_left_out_of_account() -> None:
    centre = Centre(agents=1, rules=Rules(page_grace_seconds=0))
    page(centre, 1, "w1")
    centre.ready(1)
    page(centre, 1, "w1", here=False)
    assert centre.offered_to(centre.arrives()) == 1


# ---- places --------------------------------------------------------------------------------------------


def test_who_comes_back_within_the_grace_time_has_the_place_it_had() -> None:
    centre = Centre(agents=0)
    callers = [centre.arrives() for _ in range(3)]
    centre.loses_socket(callers[0])
    centre.wait(29)
    assert centre.line() == callers
    centre.arrives(channel=callers[0])
    assert centre.line() == callers
    assert len(centre.told(MemberEntered)) == 3
    assert centre.wanted(PlayMusic)[-1].channel_id == callers[0]


def test_who_is_away_is_not_offered() -> None:
    centre = Centre(agents=1)
    away, other = centre.arrives(), centre.arrives()
    centre.loses_socket(away)
    centre.ready(1)
    assert (centre.offered_to(away), centre.offered_to(other)) == (None, 1)


def test_who_does_not_come_back_has_left() -> None:
    centre = Centre(agents=0)
    caller = centre.arrives()
    centre.loses_socket(caller)
    centre.wait(30)
    assert [event.result for event in centre.told(MemberLeft)] == ["failed"]
    centre.arrives(channel=caller)
    assert centre.told(MemberEntered)[-1].member_id == f"{caller}:2"


def test_after_a_restart_everybody_comes_back_to_the_same_place() -> None:
    centre = Centre(agents=1)
    callers = [centre.arrives(priority=n % 3) for n in range(6)]
    line = centre.line()
    centre.do(Started, writer="another")
    assert centre.line() == line
    for caller in reversed(callers):
        centre.arrives(channel=caller)
    assert centre.line() == line
    centre.ready(1)
    assert centre.offered_to(line[0]) == 1


def test_a_talk_goes_on_through_a_restart() -> None:
    centre = Centre(agents=1)
    centre.ready(1)
    caller = centre.arrives()
    leg = centre.answers(1)
    centre.do(Started, writer="another")
    assert centre.state(1) == "talking"
    centre.do(LegEnded, leg_id=leg)
    assert centre.state(1) == "wrap-up"
    assert caller not in centre.engine.state.members


def test_a_phone_that_rings_through_a_restart_may_be_answered() -> None:
    centre = Centre(agents=1)
    centre.ready(1)
    centre.arrives()
    centre.do(Started, writer="another")
    centre.answers(1)
    assert len(centre.told(CallConnected)) == 1


def test_a_phone_that_rings_through_a_restart_and_is_not_answered_leaves_the_caller_its_place() -> None:
    centre = Centre(agents=1)
    centre.ready(1)
    first, second = centre.arrives(), centre.arrives()
    leg = centre.leg(1)
    centre.do(Started, writer="another")
    centre.wait(20)
    assert [effect.leg_id for effect in centre.wanted(Withdraw)] == [leg]
    centre.do(LegEnded, leg_id=leg, cause="PICKED_OFF")
    assert centre.line() == [first, second]
    assert centre.engine.state.members[first].state == "away"


# ---- what the switch really has ------------------------------------------------------------------------


def seen(centre: Centre, *legs: SeenLeg, asked_before_seconds: float = 0) -> SwitchSeen:
    asked = centre.now_us - round(asked_before_seconds * SECOND)
    registered = tuple(centre.engine.state.registrations)
    return SwitchSeen(
        at_us=centre.now_us, switch="switch1", asked_at_us=asked, legs=legs, registered=registered
    )


def test_a_caller_whom_the_switch_does_not_have_has_abandoned() -> None:
    centre = Centre(agents=0)
    gone, here = centre.arrives(), centre.arrives()
    centre.wait(1)
    centre.apply(seen(centre, SeenLeg(leg_id=here)))
    assert [(e.interaction_id, e.result) for e in centre.told(MemberLeft)] == [(gone, "abandoned")]


def test_a_caller_who_came_after_the_question_is_not_missed() -> None:
    centre = Centre(agents=0)
    centre.arrives()
    centre.wait(0.5)
    assert differences(centre.engine, seen(centre, asked_before_seconds=1)) == []


def test_a_talk_whose_leg_is_gone_is_over() -> None:
    centre = Centre(agents=1)
    centre.ready(1)
    caller = centre.arrives()
    centre.answers(1)
    centre.wait(5)
    centre.apply(seen(centre, SeenLeg(leg_id=caller)))
    assert len(centre.told(CallEnded)) == 1
    assert centre.state(1) == "wrap-up"


def test_an_answer_that_was_missed_is_taken_from_the_switch() -> None:
    centre = Centre(agents=1)
    centre.ready(1)
    caller = centre.arrives()
    centre.wait(5)
    centre.apply(
        seen(centre, SeenLeg(leg_id=caller), SeenLeg(leg_id=centre.leg(1), extension="1001", bridged=True))
    )
    assert centre.state(1) == "talking"


def test_an_offer_whose_leg_the_switch_does_not_have_is_over_without_blame() -> None:
    centre = Centre(agents=1)
    centre.ready(1)
    caller = centre.arrives()
    assert differences(centre.engine, seen(centre, SeenLeg(leg_id=caller))) == []  # too new to say
    centre.wait(5)
    centre.apply(seen(centre, SeenLeg(leg_id=caller)))
    assert [event.outcome for event in centre.told(OfferEnded)] == ["withdrawn"]
    centre.wait(2)
    assert centre.offered_to(caller) == 1


def test_a_call_of_the_agents_own_that_was_missed_makes_it_busy_and_its_end_idle() -> None:
    centre = Centre(agents=1)
    centre.ready(1)
    centre.wait(1)
    centre.apply(seen(centre, SeenLeg(leg_id="own", extension="1001")))
    assert centre.state(1) == "busy"
    centre.wait(1)
    centre.apply(seen(centre))
    assert centre.state(1) == "idle"


def test_registrations_are_as_the_switch_says() -> None:
    centre = Centre(agents=2)
    event = SwitchSeen(at_us=centre.now_us, switch="switch1", asked_at_us=centre.now_us, registered=("1002",))
    centre.apply(event)
    assert [centre.agent(n).registered for n in (1, 2)] == [False, True]


# ---- events that don't fit -----------------------------------------------------------------------------


def test_an_answer_to_nothing_is_an_anomaly_and_changes_nothing() -> None:
    centre = Centre(agents=1)
    centre.ready(1)
    before = centre.engine.state.to_json()["agents"]
    centre.do(LegAnswered, leg_id="unheard of")
    assert centre.last.anomalies
    assert centre.engine.state.to_json()["agents"] == before


def test_a_second_arrival_of_a_caller_who_waits_is_the_same_visit() -> None:
    centre = Centre(agents=0)
    caller = centre.arrives()
    centre.do(MemberArrived, channel_id=caller, interaction_id=caller, switch="switch1", queue="service")
    assert centre.line() == [caller]
    assert len(centre.told(MemberEntered)) == 1


def test_the_view_counts_what_there_is() -> None:
    centre = Centre(agents=3)
    centre.ready(1, 2)
    centre.arrives()
    centre.answers(1)
    centre.ready(3)
    centre.arrives()
    centre.arrives()
    centre.arrives()
    view = build(centre.engine)
    assert view["totals"]["voice"] == {"waiting": 3, "in_service": 1, "ready": 0}
    assert view["queues"]["service"]["waiting"] == 3
    assert [row["position"] for row in view["members"]] == [1, 2, 3]
    assert [view["agents"][n]["state"] for n in "123"] == ["talking", "offered", "offered"]


def test_a_caller_who_was_taken_elsewhere_is_not_fetched_back() -> None:
    centre = Centre(agents=0)
    caller = centre.arrives()
    centre.do(ControlLost, channel_id=caller, left=True)
    assert [event.result for event in centre.told(MemberLeft)] == ["transferred"]
    assert differences(centre.engine, seen(centre, SeenLeg(leg_id=caller))) == []
