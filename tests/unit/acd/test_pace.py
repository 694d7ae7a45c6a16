"""When many agents turn ready at once, their phones ring one after the other, as fast as the centre's rules allow."""

from acd.domain.engine import Engine
from acd.domain.inputs import Rules
from acd.domain.state import State
from acd.messages import OfferMade
from tests.unit.acd.acd_world import SECOND, Centre


def a_rush(offers_per_second: int, waiting: int = 12) -> tuple[Centre, list[str]]:
    """Everybody waits, and then all agents are ready in the same second."""
    centre = Centre(agents=waiting, rules=Rules(offers_per_second=offers_per_second))
    callers = [centre.arrives() for _ in range(waiting)]
    for agent in range(1, waiting + 1):
        centre.command("SetStatus", agent, status="ready")
    return centre, callers


def made_at(centre: Centre) -> list[float]:
    offers = centre.told(OfferMade)
    return [(offer.at_us - offers[0].at_us) / SECOND for offer in offers]


def test_without_the_rule_all_offers_begin_at_once() -> None:
    centre, _ = a_rush(0)
    assert made_at(centre) == [0] * 12


def test_with_the_rule_so_many_begin_at_once_and_then_each_second() -> None:
    centre, _ = a_rush(4)
    centre.wait(5)
    times = made_at(centre)
    assert times == [0, 0, 0, 0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0]


def test_the_pace_takes_nobodys_place() -> None:
    centre, callers = a_rush(2)
    centre.wait(10)
    assert [offer.interaction_id for offer in centre.told(OfferMade)] == callers


def test_after_a_quiet_second_as_many_begin_at_once_again() -> None:
    centre = Centre(agents=6, rules=Rules(offers_per_second=3))
    centre.ready(1, 2, 3, 4, 5, 6)
    for _ in range(3):
        centre.arrives()
    centre.wait(2)
    for _ in range(3):
        centre.arrives()
    assert made_at(centre) == [0, 0, 0, 2, 2, 2]


def test_who_is_held_back_is_offered_after_a_restart_and_a_replay_paces_alike() -> None:
    centre, callers = a_rush(2, waiting=5)
    centre.engine = Engine(State.load(centre.engine.state.dump()))
    centre.wait(5)
    assert [offer.interaction_id for offer in centre.told(OfferMade)] == callers
    again = Engine()
    told = [type(event) for each in centre.log for event in again.apply(each).events]
    assert told.count(OfferMade) == 5
