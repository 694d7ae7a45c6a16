"""The production engine on a virtual clock against Erlang's formulas and against an independent simulator (ciw)."""

import dataclasses
import math
from typing import Any

import ciw
import pytest

from acd.simulate.run import simulate
from acd.simulate.scenario import Smallest, read_scenario
from tests.unit.acd_simulate.erlang import Theory, erlang_a, erlang_c

GRID_CALLS = 5_000
pytestmark = pytest.mark.timeout(
    600
)  # the only tests that need minutes on a machine that does other things too


def simulated(**values: Any) -> dict[str, Any]:
    return dict(simulate(Smallest.model_validate({"seed": 1, **values}).whole(), processes=1))


def inside(told: dict[str, Any], theory: Theory) -> dict[str, bool]:
    """Figure -> whether its interval has what theory says."""
    expected = {name: value for name, value in dataclasses.asdict(theory).items() if not math.isnan(value)}
    return {name: told[name]["ci95"][0] <= value <= told[name]["ci95"][1] for name, value in expected.items()}


def test_the_formulas_give_the_figures_that_everybody_quotes() -> None:
    c = erlang_c(14, 10 / 3, 180, 20)
    assert (c.p_wait, c.service_level, c.asa_seconds) == pytest.approx((0.1741, 0.8884, 7.836), abs=5e-4)
    a = erlang_a(50, 48, 60, 120)
    assert (a.abandonment, a.mean_wait_seconds, a.utilisation) == pytest.approx(
        (0.03091, 3.709, 0.9303), abs=5e-4
    )


def test_erlang_c_comes_out_of_the_engine() -> None:
    told = simulated(agents=14, arrivals_per_minute=10 / 3, mean_service_seconds=180, calls=40_000)
    assert all(inside(told, erlang_c(14, 10 / 3, 180, 20)).values()), told
    assert told["asa_seconds"]["ci95"][1] - told["asa_seconds"]["ci95"][0] < 4


def test_erlang_a_comes_out_of_the_engine() -> None:
    told = simulated(
        agents=50, arrivals_per_minute=48, mean_service_seconds=60, mean_patience_seconds=120, calls=40_000
    )
    assert all(inside(told, erlang_a(50, 48, 60, 120)).values()), told
    assert told["abandonment"]["ci95"][1] - told["abandonment"]["ci95"][0] < 0.01


GRID = [
    (agents, load, patience)
    for agents in (1, 2, 5, 20)
    for load, patience in ((0.5, None), (0.8, None), (0.8, 0.5), (1.2, 2.0))
]  # load per agent, patience in services


def test_over_a_grid_the_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """95 of 100 do in the long run; of this grid's figures, which are not independent, at least 85 must."""
    held: list[bool] = []
    for agents, load, patience in GRID:
        per_minute = load * agents / 100 * 60
        patience_seconds = None if patience is None else patience * 100
        told = simulated(
            agents=agents, arrivals_per_minute=per_minute, mean_service_seconds=100,
            mean_patience_seconds=patience_seconds, calls=GRID_CALLS,
        )  # fmt: skip
        theory = (
            erlang_c(agents, per_minute, 100, 20)
            if patience_seconds is None
            else erlang_a(agents, per_minute, 100, patience_seconds)
        )
        held += inside(told, theory).values()
    assert sum(held) / len(held) >= 0.85


def by_ciw(agents: int, per_second: float, service: Any, patience: Any, calls: int) -> tuple[float, float]:
    """Abandonment and mean wait of everybody, by another simulator."""
    ciw.seed(3)
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(per_second)],
        service_distributions=[service],
        reneging_time_distributions=[patience],
        number_of_servers=[agents],
    )
    world = ciw.Simulation(network)
    world.simulate_until_max_customers(calls, method="Complete")
    records = world.get_all_records()
    gone = [r for r in records if r.record_type == "renege"]
    waits = [r.waiting_time for r in records]
    return len(gone) / len(records), sum(waits) / len(waits)


def test_where_no_formula_reaches_another_simulator_agrees() -> None:
    """Lognormal handling times and callers who all wait exactly 40 s."""
    told = simulate(
        read_scenario("""
            calls: 20000
            seed: 2
            queues: [{name: service}]
            agents: [{count: 5, queues: {service: 1}}]
            load:
              - queue: service
                per_minute: 3.0
                service: {mean_seconds: 90, distribution: lognormal, variation: 1.5}
                patience: {mean_seconds: 40, distribution: fixed}
        """),
        processes=1,
    )
    variance = math.log(1 + 1.5**2)
    service = ciw.dists.Lognormal(math.log(90) - variance / 2, math.sqrt(variance))
    abandonment, wait = by_ciw(5, 3 / 60, service, ciw.dists.Deterministic(40), 20_000)
    figures: Any = told
    for name, other in (("abandonment", abandonment), ("mean_wait_seconds", wait)):
        low, high = figures[name]["ci95"]
        # Both are estimates with about the same error, so their difference has an interval √2 as wide.
        assert abs(figures[name]["value"] - other) < 1.5 * (high - low) / 2 * math.sqrt(2), name
