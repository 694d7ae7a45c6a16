"""Whom each strategy picks, what members need, and who is ahead of whom."""

from collections import Counter
from typing import Any

import pytest

from acd.adapters.dial import bridge_argument
from acd.domain import skills
from acd.domain.effects import OfferCall
from acd.domain.inputs import BridgeEnded, LegEnded, QueueConfig, Rules, TierConfig
from acd.domain.skills import BadSkills
from acd.messages import OfferEnded, OfferMade
from tests.unit.acd.acd_world import Centre


def a_centre(strategy: str, agents: int = 3, **values: Any) -> Centre:
    queue = QueueConfig(name="service", strategy=strategy, wrap_up_seconds=0, max_wait_seconds=3600)
    centre = Centre(agents=agents, queues=(queue,), **values)
    centre.ready(*range(agents, 0, -1))
    return centre


def a_call(centre: Centre, seconds: float = 10) -> int:
    """A call comes, is answered and ends; who had it."""
    caller = centre.arrives()
    agent = centre.offered_to(caller)
    assert agent is not None
    centre.answers(agent)
    centre.wait(seconds)
    centre.agent_hangs_up(agent)
    return agent


def positions(*in_order: int) -> dict[int, list[Any]]:
    return {
        agent: [TierConfig(queue="service", position=n)] for n, agent in enumerate(in_order, 1)
    }  # fmt: skip


# ---- one queue, several free agents --------------------------------------------------------------------


def test_round_robin_is_a_true_rotation() -> None:
    centre = a_centre("round-robin")
    assert [a_call(centre) for _ in range(7)] == [1, 2, 3, 1, 2, 3, 1]


def test_round_robin_goes_on_behind_an_agent_who_is_away_and_back() -> None:
    centre = a_centre("round-robin")
    assert [a_call(centre), a_call(centre)] == [1, 2]
    centre.command("SetStatus", 3, status="break")
    assert [a_call(centre), a_call(centre)] == [1, 2]
    centre.ready(3)
    assert [a_call(centre) for _ in range(3)] == [3, 1, 2]


def test_the_agent_with_the_fewest_calls_is_asked() -> None:
    centre = a_centre("fewest-calls", agents=2)
    assert [a_call(centre) for _ in range(2)] == [2, 1]
    centre.command("SetStatus", 1, status="break")
    assert [a_call(centre) for _ in range(2)] == [2, 2]
    centre.ready(1)
    assert [a_call(centre) for _ in range(3)] == [1, 1, 2]


def test_calls_are_counted_from_midnight_in_the_centre() -> None:
    centre = a_centre("fewest-calls", agents=2, rules=Rules(day_offset_seconds=8 * 3600))
    centre.command("SetStatus", 1, status="break")
    a_call(centre)
    a_call(centre)
    assert centre.agent(2).calls_today == 2
    centre.wait(24 * 3600)
    assert centre.agent(2).calls_today == 0


def test_the_agent_who_talked_the_least_is_asked() -> None:
    centre = a_centre("least-talk-time", agents=2)
    assert [a_call(centre, 300), a_call(centre, 10)] == [2, 1]
    assert [a_call(centre, 10) for _ in range(3)] == [1, 1, 1]


def test_top_down_always_begins_with_the_first() -> None:
    centre = a_centre("top-down", tiers=positions(2, 3, 1))
    assert [a_call(centre) for _ in range(3)] == [2, 2, 2]
    first, second, third = centre.arrives(), centre.arrives(), centre.arrives()
    assert [centre.offered_to(caller) for caller in (first, second, third)] == [2, 3, 1]


def test_top_down_goes_on_past_a_dead_agent() -> None:
    centre = a_centre("top-down", tiers=positions(2, 3, 1))
    caller = centre.arrives()
    centre.phone_fails(2, "SUBSCRIBER_ABSENT")
    assert centre.offered_to(caller) == 3
    centre.phone_fails(3, "NO_ANSWER")
    assert centre.offered_to(caller) == 1
    centre.answers(1)
    second = centre.arrives()
    assert centre.offered_to(second) is None, "the dead one is left alone for a while"
    centre.wait(Rules().failed_pause_seconds)
    assert centre.offered_to(second) == 2, "and tried again, being first"


def test_by_lot_everybody_has_a_turn_and_a_replay_draws_the_same() -> None:
    asked = [a_call(centre) for centre in [a_centre("random")] for _ in range(60)]
    again = [a_call(centre) for centre in [a_centre("random")] for _ in range(60)]
    assert asked == again
    assert min(Counter(asked).values()) > 10
    assert asked != [3, 2, 1] * 20


def test_the_best_at_what_is_needed_is_asked() -> None:
    levels = {1: {"english": 2, "sales": 9}, 2: {"english": 5}, 3: {"english": 4, "sales": 1}}
    centre = a_centre("skill-score", skills=levels)
    assert centre.offered_to(centre.arrives(skills="english:2")) == 2
    assert centre.offered_to(centre.arrives(skills="english,sales")) == 1
    reasons = [event.reason for event in centre.told(OfferMade)]
    assert [reason["score"] for reason in reasons] == [5, 11]


def test_a_strategy_that_is_not_known_is_longest_idle() -> None:
    centre = a_centre("no such strategy")
    centre.arrives()
    assert centre.told(OfferMade)[0].reason["rule"] == "longest-idle"


# ---- levels and positions ------------------------------------------------------------------------------


def levels(wait_seconds: int, strategy: str = "tiers") -> Centre:
    queue = QueueConfig(name="service", strategy=strategy, tier_wait_seconds=wait_seconds)
    tiers: dict[int, list[Any]] = {
        1: [TierConfig(queue="service", level=2, position=1)],
        2: [TierConfig(queue="service", level=1, position=2)],
        3: [TierConfig(queue="service", level=1, position=1)],
    }
    return Centre(agents=3, queues=(queue,), tiers=tiers)


def test_a_lower_level_goes_first_and_within_it_the_position() -> None:
    centre = levels(0)
    centre.ready(1, 2, 3)
    assert [centre.offered_to(centre.arrives()) for _ in range(3)] == [3, 2, 1]


def test_the_level_goes_before_any_strategy() -> None:
    centre = levels(0, "longest-idle")
    centre.ready(1, 2, 3)
    assert [centre.offered_to(centre.arrives()) for _ in range(3)] == [2, 3, 1]


def test_the_next_level_is_asked_after_a_set_time() -> None:
    centre = levels(20)
    centre.ready(1, 2, 3)
    busy = [centre.arrives(), centre.arrives()]
    caller = centre.arrives()
    assert [centre.offered_to(c) for c in (*busy, caller)] == [3, 2, None]
    centre.answers(3)
    centre.answers(2)
    centre.wait(19)
    assert centre.offered_to(caller) is None
    centre.wait(1)
    assert centre.offered_to(caller) == 1
    assert centre.told(OfferMade)[-1].reason["level"] == 2


def test_a_level_where_nobody_is_signed_in_costs_no_time() -> None:
    centre = levels(20)
    centre.ready(1)
    assert centre.offered_to(centre.arrives()) == 1


def test_when_the_last_of_a_level_signs_out_the_next_one_is_asked_at_once() -> None:
    centre = levels(20)
    centre.ready(1)
    centre.command("SetStatus", 2, status="break")
    caller = centre.arrives()
    assert centre.offered_to(caller) is None
    centre.command("SetStatus", 2, status="offline")
    assert centre.offered_to(caller) == 1


# ---- skills --------------------------------------------------------------------------------------------


ENGLISH = {1: {"english": 1}, 2: {"english": 3}}


def test_who_needs_a_skill_gets_an_agent_who_has_it() -> None:
    centre = a_centre("longest-idle", skills=ENGLISH)
    caller = centre.arrives(skills="english:3")
    assert centre.offered_to(caller) == 2
    assert centre.told(OfferMade)[0].reason["excluded"] == {"skills": 2}
    assert centre.told(OfferMade)[0].reason["skills"] == {"english": 3}


def test_who_needs_a_skill_that_nobody_free_has_waits_while_others_pass() -> None:
    centre = a_centre("longest-idle", skills=ENGLISH)
    first = centre.arrives(skills="english:3")
    second = centre.arrives(skills="english:3")
    third = centre.arrives()
    assert [centre.offered_to(caller) for caller in (first, second, third)] == [2, None, 3]


def test_less_will_do_after_a_time() -> None:
    queue = QueueConfig(name="service", skills="after 60 s: english >= 1; after 120 s: english >= 0")
    centre = Centre(agents=3, queues=(queue,), skills=ENGLISH)
    centre.ready(1, 3)
    first, second = centre.arrives(skills="english:3"), centre.arrives(skills="english:3")
    centre.wait(59)
    assert [centre.offered_to(caller) for caller in (first, second)] == [None, None]
    centre.wait(1)
    assert [centre.offered_to(caller) for caller in (first, second)] == [1, None]
    centre.answers(1)
    centre.wait(60)
    assert centre.offered_to(second) == 3


def test_a_queue_has_needs_of_its_own() -> None:
    queue = QueueConfig(name="service", skills="english >= 2")
    centre = Centre(agents=2, queues=(queue,), skills=ENGLISH)
    centre.ready(1, 2)
    assert centre.offered_to(centre.arrives()) == 2
    assert centre.offered_to(centre.arrives()) is None


@pytest.mark.parametrize(
    ("text", "stages"),
    [
        ("", ((0, ()),)),
        ("english", ((0, (("english", 1),)),)),
        ("b:2, a >= 3", ((0, (("a", 3), ("b", 2))),)),
        ("a>=3;after 60 s: a>=1", ((0, (("a", 3),)), (60_000_000, (("a", 1),)))),
        ("a:3; after 60 seconds: a:9, b:1", ((0, (("a", 3),)), (60_000_000, (("a", 3),)))),
        ("中文:2; after 5 s: 中文:0", ((0, (("中文", 2),)), (5_000_000, ()))),
    ],
)
def test_how_skills_are_written(text: str, stages: skills.Requirement) -> None:
    assert skills.requirement("", text) == stages
    assert skills.requirement(text, "") == stages


@pytest.mark.parametrize("text", ["english is nice", "a:b", "after noon: a", "a >= -1", "a:100", ":"])
def test_skills_that_can_not_be_read_are_refused_and_cost_a_caller_nothing(text: str) -> None:
    with pytest.raises(BadSkills, match="write"):
        skills.parse(text)
    centre = a_centre("longest-idle")
    assert centre.offered_to(centre.arrives(skills=text)) is not None
    assert "not understood" in centre.anomalies[0]


# ---- priority ------------------------------------------------------------------------------------------


def test_a_vip_goes_ahead_by_its_level() -> None:
    centre = Centre(agents=0)
    plain, vip, urgent = centre.arrives(), centre.arrives(vip_level=2), centre.arrives(priority=1)
    assert centre.line() == [vip, urgent, plain]


def test_where_members_age_nobody_starves() -> None:
    centre = Centre(agents=0, queues=(QueueConfig(name="service", ageing_seconds=30),))
    plain = centre.arrives()
    centre.wait(59)
    early = centre.arrives(priority=2)
    centre.wait(2)
    late = centre.arrives(priority=2)
    assert centre.line() == [early, plain, late]


@pytest.mark.parametrize(("ageing_seconds", "is_served"), [(0, False), (60, True)])
def test_where_important_ones_never_stop_coming_a_plain_one_is_served_only_by_ageing(
    ageing_seconds: int, is_served: bool
) -> None:
    """A call of priority 3 each 30 s, and a talk takes 30 s: without ageing the plain one would wait for ever."""
    queue = QueueConfig(
        name="service", ageing_seconds=ageing_seconds, wrap_up_seconds=0, max_wait_seconds=7200
    )
    centre = Centre(agents=1, queues=(queue,))
    centre.ready(1)
    centre.arrives(priority=3)
    plain, waiting = centre.arrives(), centre.arrives(priority=3)
    for _ in range(20):
        centre.answers(1)
        centre.wait(30)
        centre.arrives(priority=3)
        centre.agent_hangs_up(1)
    served = [offer.interaction_id for offer in centre.told(OfferMade)]
    assert served[1] == waiting
    assert (plain in served) == is_served


def test_the_agent_whom_a_flow_asked_for_is_asked_first() -> None:
    centre = a_centre("longest-idle")
    assert centre.offered_to(centre.arrives(wanted_extension="1001")) == 1
    assert centre.told(OfferMade)[0].reason["rule"] == "named-agent"


def test_a_caller_whose_agent_declines_takes_the_normal_way() -> None:
    centre = a_centre("longest-idle")
    caller = centre.arrives(wanted_extension="1001")
    centre.phone_fails(1, "CALL_REJECTED")
    assert centre.offered_to(caller) == 3


# ---- all at once ---------------------------------------------------------------------------------------


def rung(centre: Centre) -> list[int]:
    return [agent.agent_id for agent in centre.engine.state.agents.values() if agent.offer]


def test_all_phones_ring_at_once_and_the_first_to_answer_has_the_call() -> None:
    centre = a_centre("ring-all")
    caller = centre.arrives()
    assert rung(centre) == [1, 2, 3]
    (effect,) = centre.wanted(OfferCall)
    assert (effect.agent_id, [other[2] for other in effect.others]) == (3, [2, 1])
    legs = {agent: centre.leg(agent) for agent in (1, 3)}
    centre.answers(2)
    assert (centre.state(2), rung(centre)) == ("talking", [1, 3])
    assert [(e.agent_id, e.outcome) for e in centre.told(OfferEnded)] == [
        (3, "withdrawn"), (1, "withdrawn"), (2, "accepted"),
    ]  # fmt: skip
    for leg in legs.values():
        centre.do(LegEnded, leg_id=leg, cause="LOSE_RACE")
    assert [centre.state(agent) for agent in (1, 2, 3)] == ["idle", "talking", "idle"]
    assert centre.engine.state.members[caller].leg_id == centre.leg(2)


def test_one_who_declines_leaves_the_others_ringing() -> None:
    centre = a_centre("ring-all")
    caller = centre.arrives()
    centre.do(LegEnded, leg_id=centre.leg(3), cause="CALL_REJECTED")
    assert rung(centre) == [1, 2]
    centre.answers(1)
    assert centre.agent(1).talk.channel_id == caller


def test_when_nobody_answers_all_are_free_and_the_caller_keeps_its_place() -> None:
    centre = a_centre("ring-all", agents=2)
    caller = centre.arrives()
    (effect,) = centre.wanted(OfferCall)
    for agent in (1, 2):
        centre.do(LegEnded, leg_id=centre.leg(agent), cause="NO_ANSWER")
    centre.do(BridgeEnded, channel_id=caller, leg_id=effect.leg_id, cause="NO_ANSWER")
    assert [centre.agent(agent).status for agent in (1, 2)] == ["no-answer", "no-answer"]
    assert centre.line() == [caller]
    centre.ready(1)
    assert rung(centre) == [1]


def test_when_the_caller_hangs_up_nobody_rings_any_more() -> None:
    centre = a_centre("ring-all", agents=2)
    centre.hangs_up(centre.arrives())
    for agent in (1, 2):
        centre.do(LegEnded, leg_id=centre.leg(agent), cause="ORIGINATOR_CANCEL")
    assert [centre.state(agent) for agent in (1, 2)] == ["idle", "idle"]


def test_a_dial_string_for_all_has_each_legs_own_ids() -> None:
    centre = a_centre("ring-all", agents=2)
    centre.arrives(channel="c1")
    (effect,) = centre.wanted(OfferCall)
    first, second = effect.leg_ids
    assert bridge_argument(effect, "uckefu.local") == (
        "{leg_timeout=23,ignore_early_media=true,interaction_id=c1,uckefu_role=agent,"
        "api_reporting_hook='python fs_scripts.cdr'}"
        f"[origination_uuid={first},uckefu_agent_id=2,uckefu_offer_id=c1:1:1]user/1002@uckefu.local,"
        f"[origination_uuid={second},uckefu_agent_id=1,uckefu_offer_id=c1:1:2]user/1001@uckefu.local"
    )
