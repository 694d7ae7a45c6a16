"""The switch restarted: calls that come back have their place, over their own channel or called again."""

import json
from typing import Any

import pytest

from acd.domain.engine import Engine
from acd.domain.inputs import QueueConfig, Rules, SeenLeg, SwitchConnected, SwitchLost, SwitchSeen
from acd.domain.state import State
from acd.messages import MemberLeft, PlaceKept, encode_event
from acd.why import story
from tests.unit.acd.acd_world import Centre

NUMBERS = ["13800000001", "13800000002", "13800000003"]


def lost(agents: int = 0, *, rules: Rules | None = None) -> tuple[Centre, list[str]]:
    """Three wait, and the switch is gone with their calls; it isn't back yet."""
    centre = Centre(agents=agents, rules=rules)
    centre.do(SwitchConnected, switch="switch1", core="first")
    callers = [centre.arrives(number=number) for number in NUMBERS]
    centre.wait(20)
    centre.do(SwitchLost, switch="switch1")
    for caller in callers:
        centre.loses_socket(caller)
    centre.wait(3)
    return centre, callers


def back(centre: Centre, *channels: str) -> None:
    """The switch is back, with these calls."""
    centre.do(SwitchConnected, switch="switch1", core="second")
    legs = tuple(SeenLeg(leg_id=channel) for channel in channels)
    centre.do(SwitchSeen, switch="switch1", asked_at_us=centre.now_us, legs=legs)


def results(centre: Centre) -> list[str]:
    return [event.result for event in centre.told(MemberLeft)]


def test_who_calls_again_after_a_restart_of_the_switch_has_its_place() -> None:
    centre, _ = lost()
    back(centre)
    assert (centre.line(), results(centre)) == ([], ["failed"] * 3)
    newcomer = centre.arrives(number="13900000009")
    third, first = (centre.arrives(number=NUMBERS[n]) for n in (2, 0))
    assert centre.line() == [first, third, newcomer]
    kept = [(event.interaction_id, event.former_member_id) for event in centre.told(PlaceKept)]
    assert kept == [(third, "caller-3:1"), (first, "caller-1:1")]


def test_a_call_that_arrives_before_the_switch_is_connected_again_has_its_place_too() -> None:
    centre, callers = lost()
    again = centre.arrives(number=NUMBERS[1], core="second")
    assert centre.line() == [callers[0], again, callers[2]]
    back(centre, again)
    assert centre.line() == [again]
    assert len(centre.told(PlaceKept)) == 1


def test_a_call_that_the_switch_brought_back_keeps_its_place_and_gives_it_to_nobody() -> None:
    centre, callers = lost()
    back(centre, *callers)
    for caller in reversed(callers):
        centre.arrives(channel=caller, number=NUMBERS[callers.index(caller)], core="second")
    assert centre.line() == callers
    other = centre.arrives(number=NUMBERS[0])
    assert centre.line() == [*callers, other]
    assert centre.told(PlaceKept) == []


def test_a_place_is_kept_for_the_set_time_and_for_one_call() -> None:
    centre, _ = lost()
    back(centre)
    newcomer = centre.arrives(number="13900000009")
    centre.wait(60)
    first, again = centre.arrives(number=NUMBERS[0]), centre.arrives(number=NUMBERS[0])
    assert centre.line() == [first, newcomer, again]
    centre.wait(60)
    late = centre.arrives(number=NUMBERS[1])
    assert centre.line() == [first, newcomer, again, late]


def test_a_switch_that_stays_away_longer_than_calls_are_waited_for_costs_nobody_the_place() -> None:
    centre, _ = lost()
    centre.wait(40)
    assert (centre.line(), results(centre)) == ([], ["failed"] * 3)
    back(centre)
    newcomer, second = centre.arrives(number="13900000009"), centre.arrives(number=NUMBERS[1])
    assert centre.line() == [second, newcomer]


def test_a_caller_whose_phone_rang_somewhere_has_its_place_and_is_rung_for_again() -> None:
    centre = Centre(agents=1)
    centre.do(SwitchConnected, switch="switch1", core="first")
    centre.ready(1)
    centre.arrives(number=NUMBERS[0])
    centre.arrives(number=NUMBERS[1])
    centre.wait(3)
    centre.do(SwitchConnected, switch="switch1", core="second")
    centre.do(SwitchSeen, switch="switch1", asked_at_us=centre.now_us, registered=("1001",))
    centre.wait(3)
    second, first = centre.arrives(number=NUMBERS[1]), centre.arrives(number=NUMBERS[0])
    assert centre.offered_to(second) == 1  # it was there, and the first was not yet
    assert centre.line() == [first, second]


@pytest.mark.parametrize("number", ["", "anonymous", "12"])
def test_who_has_no_number_is_nobody_and_gets_nobodys_place(number: str) -> None:
    centre = Centre(agents=0)
    centre.do(SwitchConnected, switch="switch1", core="first")
    centre.arrives(number=number)
    centre.wait(1)
    back(centre)
    newcomer, again = centre.arrives(number="13900000009"), centre.arrives(number=number)
    assert centre.line() == [newcomer, again]


def test_a_place_is_one_of_its_queue() -> None:
    queues = (QueueConfig(name="service"), QueueConfig(name="sales"))
    centre = Centre(agents=0, queues=queues)
    centre.do(SwitchConnected, switch="switch1", core="first")
    centre.arrives(number=NUMBERS[0])
    centre.wait(1)
    back(centre)
    newcomer, elsewhere = (
        centre.arrives(number="13900000009", queue="sales"),
        centre.arrives(number=NUMBERS[0], queue="sales"),
    )
    assert centre.line("sales") == [newcomer, elsewhere]


def test_a_centre_that_keeps_no_lost_places_gives_none() -> None:
    centre, _ = lost(rules=Rules(redial_grace_seconds=0))
    back(centre)
    newcomer, again = centre.arrives(number="13900000009"), centre.arrives(number=NUMBERS[0])
    assert centre.line() == [newcomer, again]


def test_a_reconnect_to_the_same_switch_takes_nobodys_place() -> None:
    centre, callers = lost()
    centre.do(SwitchConnected, switch="switch1", core="first")
    other = centre.arrives(number=NUMBERS[0])
    assert centre.line() == [*callers, other]
    assert centre.engine.state.lost_places == {}


def test_a_place_survives_a_restart_of_the_acd_meanwhile() -> None:
    centre, _ = lost()
    back(centre)
    centre.engine = Engine(State.load(centre.engine.state.dump()))
    newcomer, first = centre.arrives(number="13900000009"), centre.arrives(number=NUMBERS[0])
    assert centre.line() == [first, newcomer]


def test_the_story_says_why_such_a_caller_is_in_front() -> None:
    centre, _ = lost()
    back(centre)
    again = centre.arrives(number=NUMBERS[0])
    events: list[dict[str, Any]] = [json.loads(encode_event(event)) for event in centre.events]
    assert "calls again and has the place" in "\n".join(story(events, again, "en", "UTC"))
    assert "位置仍保留" in "\n".join(story(events, again, "zh", "UTC"))
