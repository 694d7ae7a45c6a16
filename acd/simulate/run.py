"""`python -m acd simulate`: split a scenario into runs, simulate them on the machine's cores, print the figures.

The split depends on the scenario alone, so the result is the same on one core and on many. A run is a world of its
own with its own warm-up; its batches join the others'.
"""

import gc
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from acd.simulate.figures import Batch, Json, figures
from acd.simulate.load import Recorded, recorded_days
from acd.simulate.scenario import Scenario, load_scenario
from acd.simulate.world import Plan, World

BATCHES = 16
RUN_CALLS = 50_000  # below that the start of a process costs more than it saves
MOST_RUNS = 8  # a power of two: the batches are dealt out evenly
WARM_UP_SHARE = 20
Days = dict[str, list[Recorded]]


def plans(scenario: Scenario) -> list[Plan]:
    """The runs of a scenario."""
    if scenario.calls is None:
        return [Plan(run) for run in range(scenario.replications)]
    runs = 1
    while runs < MOST_RUNS and scenario.calls >= runs * 2 * RUN_CALLS:
        runs *= 2
    calls, batches = scenario.calls // runs, BATCHES // runs
    wanted = scenario.warm_up_calls
    size = (calls - (calls // WARM_UP_SHARE if wanted is None else wanted // runs)) // batches
    return [Plan(run, calls - size * batches, size, batches) for run in range(runs)]


def simulate(scenario: Scenario, folder: Path = Path(), processes: int = 0, days: Days | None = None) -> Json:
    """Simulate and return the figures.

    Args:
        folder: where the scenario's recorded days are.
        processes: how many at once; 0 for one a core.
        days: the recorded days, when they are no files.

    Raises:
        BadScenario: a recorded day can't be read.
    """
    days = recorded_days(scenario, folder) if days is None else days
    began = time.perf_counter()
    todo = plans(scenario)
    counted = _all(scenario, days, todo, processes or os.cpu_count() or 1)
    seconds = time.perf_counter() - began
    simulated = sum(plan.warm_up + plan.size * plan.batches for plan in todo)
    simulated = simulated or sum(batch.offered for queues in counted for batch in queues.values())
    told = figures([sum(queues.values(), Batch()) for queues in counted])
    if len(scenario.queues) > 1:
        told["queues"] = {
            queue.name: _without_time(figures([queues[queue.name] for queues in counted]))
            for queue in scenario.queues
        }
    told |= {
        "calls": simulated,
        "warm_up_calls": sum(plan.warm_up for plan in todo),
        "batches": len(counted),
        "seed": scenario.seed,
        "seconds": round(seconds, 3),
        "calls_per_second": round(simulated / seconds, 1),
    }
    return told


def _all(scenario: Scenario, days: Days, todo: Sequence[Plan], processes: int) -> list[dict[str, Batch]]:
    work = partial(_one, scenario, days)
    small = scenario.calls is not None and scenario.calls < 2 * RUN_CALLS
    if processes == 1 or len(todo) == 1 or small:
        return _joined(map(work, todo))
    # Not forked: the caller may have threads, and an engine's process should begin clean.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(processes, len(todo)), mp_context=context) as pool:
        return _joined(pool.map(work, todo))


def _joined(runs: Iterable[list[dict[str, Batch]]]) -> list[dict[str, Batch]]:
    return [batch for run in runs for batch in run]


def _one(scenario: Scenario, days: Days, plan: Plan) -> list[dict[str, Batch]]:
    world = World(scenario, plan, days)
    gc.freeze()  # what stays for the whole run need not be looked at again and again
    try:
        return world.finish()
    finally:
        gc.unfreeze()


def _without_time(told: Json) -> Json:
    """Agents serve several queues, so their time is told of all queues together only."""
    return {name: value for name, value in told.items() if name != "utilisation"}


# ---- the command line ------------------------------------------------------------------------------------


def report(path: Path, *, as_json: bool, processes: int = 0) -> int:
    """Simulate a file and print the figures. Raises BadScenario."""
    told = simulate(load_scenario(path), path.parent, processes)
    sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n" if as_json else _table(told))
    return 0


def _table(told: Json) -> str:
    lines = []
    for name, value in told.items():
        if isinstance(value, dict) and "ci95" in value:
            low, high = value["ci95"]
            interval = "" if low is None else f"   95 %: {low:.4f} to {high:.4f}"
            lines.append(f"{name:<18} {_shown(value['value'])}{interval}")
        elif not isinstance(value, dict):
            lines.append(f"{name:<18} {value}")
    return "\n".join(lines) + "\n"


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
