"""The estimated wait is an interval that holds four times in five, and the view says how often it did."""

import heapq
import json
from collections.abc import Callable
from random import Random

from acd.domain.engine import Engine
from acd.domain.inputs import QueueConfig
from acd.domain.model import Member
from acd.domain.state import State
from acd.domain.view import build
from tests.unit.acd.acd_world import SECOND, Centre


def a_day(
    calls: int, *, agents: int = 5, service_seconds: float = 60, load: float = 0.93, seed: int = 1
) -> Centre:
    """Poisson arrivals, exponential talks, phones that are answered at once."""
    centre = Centre(
        agents=agents, queues=(QueueConfig(name="service", wrap_up_seconds=0, max_wait_seconds=86_400),)
    )
    centre.ready(*range(1, agents + 1))
    random, todo, order = Random(seed), [], iter(range(10**9))

    def at(seconds: float, act: Callable[[], None]) -> None:
        heapq.heappush(todo, (centre.now_us + round(seconds * SECOND), next(order), act))

    def answer_all() -> None:
        for agent in range(1, agents + 1):
            if centre.agent(agent).offer:
                centre.answers(agent)
                at(random.expovariate(1 / service_seconds), lambda agent=agent: end(agent))

    def end(agent: int) -> None:
        centre.agent_hangs_up(agent)
        answer_all()

    def arrive(left: int) -> None:
        centre.arrives()
        answer_all()
        if left:
            at(random.expovariate(agents * load / service_seconds), lambda: arrive(left - 1))

    at(0, lambda: arrive(calls))
    while todo:
        due_us, _, act = heapq.heappop(todo)
        centre.wait((due_us - centre.now_us) / SECOND)
        act()
    return centre


def test_four_intervals_in_five_hold_and_the_view_says_how_many_did() -> None:
    """`acd_simulate/test_estimate_holds.py` has many loads; here is what the page gets."""
    centre = a_day(3000)
    shown = build(centre.engine)["queues"]["service"]["estimate"]
    assert shown["of"] == 500
    assert 0.8 <= shown["held"] <= 0.9
    assert shown["high_seconds"] > shown["low_seconds"] >= 0


def test_the_work_of_one_is_learned_whatever_the_number_of_agents() -> None:
    centre = a_day(1500, agents=8)
    before = centre.engine.state.estimates["service"].work_us
    assert 0.7 * 60 * SECOND < before < 1.3 * 60 * SECOND


def test_without_experience_nothing_is_promised() -> None:
    centre = Centre(agents=1)
    centre.arrives()
    view = build(centre.engine)
    assert view["queues"]["service"]["estimate"] is None
    assert view["members"][0]["expected_us"] is None


def test_what_was_learned_survives_a_restart() -> None:
    centre = a_day(300)
    again = Engine(State.load(centre.engine.state.dump()))
    assert again.state.estimates == centre.engine.state.estimates
    assert build(again) == build(centre.engine)


def test_what_an_earlier_version_learned_is_read() -> None:
    centre = a_day(300)
    state = json.loads(centre.engine.state.dump())
    state["estimates"]["service"]["misses"] = 212
    assert State.from_json(state).estimates == centre.engine.state.estimates


def one_who_waits(centre: Centre) -> Member:
    """All five are asked by others."""
    for _ in range(5):
        centre.arrives()
    member = centre.engine.state.members[centre.arrives()]
    assert member.high_us > 0
    return member


def test_who_gives_up_after_the_end_of_the_interval_was_told_too_little() -> None:
    centre = a_day(900)
    member, known = one_who_waits(centre), centre.engine.state.estimates["service"]
    before, above = len(known.outcomes), known.above
    centre.now_us += member.high_us + SECOND
    centre.hangs_up(member.channel_id)
    assert len(known.outcomes) == min(500, before + 1)
    assert known.outcomes[-1] == 0
    assert known.above > above


def test_who_gives_up_within_the_interval_says_nothing_of_it() -> None:
    centre = a_day(900)
    member, known = one_who_waits(centre), centre.engine.state.estimates["service"]
    before = list(known.outcomes)
    centre.hangs_up(member.channel_id)
    assert known.outcomes == before
