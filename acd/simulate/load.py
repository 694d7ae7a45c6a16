"""Calls by chance: when each arrives, how long it is served, how long it is patient. `world` takes them one by one.

Every call's times are drawn when it arrives, from a stream of its own, so two scenarios that differ only in their
agents get the same calls (common random numbers).
"""

import csv
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from random import Random

from acd.simulate.scenario import DAY_SECONDS, BadScenario, Load, Scenario, Times

Draw = Callable[[], float]
SECOND_US = 1_000_000


@dataclass(slots=True)
class Drawn:
    """One call before it happens. `patience_us` is None when the caller waits for ever."""

    at_us: int
    queue: str
    service_us: int
    patience_us: int | None
    priority: int
    skills: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """One call of a recorded day; `service_seconds` is None when it was never served."""

    at_seconds: float
    queue: str
    service_seconds: float | None


def drawer(times: Times, random: Random) -> Draw:
    """A function that draws one duration, in seconds."""
    if times.recorded_seconds:
        return lambda: random.choice(times.recorded_seconds)
    mean = times.mean_seconds
    if mean == 0 or times.distribution == "fixed":
        return lambda: mean
    if times.distribution == "lognormal":
        variance = math.log(1 + times.variation**2)
        mu, sigma = math.log(mean) - variance / 2, math.sqrt(variance)
        return lambda: random.lognormvariate(mu, sigma)
    rate = 1 / mean
    return lambda: random.expovariate(rate)


def streams(scenario: Scenario, run: int, days: dict[str, list[Recorded]]) -> list[Iterator[Drawn]]:
    """The calls of run `run`, one stream a load, each in the order of arrival."""
    made = []
    for number, load in enumerate(scenario.load):
        random = Random(f"{scenario.seed}:{run}:{number}")
        made.append(_replayed(load, days[load.recorded], random) if load.recorded else _poisson(load, random))
    return made


def _poisson(load: Load, random: Random) -> Iterator[Drawn]:
    service, patience = drawer(load.service, random), _patience(load, random)
    for at in _arrivals(load, random):
        yield _drawn(load, at, load.queue, service(), patience)


def _arrivals(load: Load, random: Random) -> Iterator[float]:
    if isinstance(load.per_minute, float):
        rate, at = load.per_minute / 60, 0.0
        for _ in count():
            at += random.expovariate(rate)
            yield at
    for part in load.per_minute if isinstance(load.per_minute, tuple) else ():
        rate, at = part.per_minute / 60, float(part.begin)
        while rate and (at := at + random.expovariate(rate)) < part.until:
            yield at


def _replayed(load: Load, day: list[Recorded], random: Random) -> Iterator[Drawn]:
    """Arrivals as they were; each call's service is drawn from the queue's recorded ones, so that days differ."""
    served: dict[str, list[float]] = {}
    for call in day:
        if call.service_seconds is not None:
            served.setdefault(call.queue, []).append(call.service_seconds)
    fallback, patience = drawer(load.service, random), _patience(load, random)
    for call in day:
        pool = served.get(call.queue)
        service = random.choice(pool) if pool else fallback()
        yield _drawn(load, call.at_seconds, call.queue or load.queue, service, patience)


def _patience(load: Load, random: Random) -> Draw | None:
    return None if load.patience is None else drawer(load.patience, random)


def _drawn(load: Load, at: float, queue: str, service: float, patience: Draw | None) -> Drawn:
    patient = None if patience is None else round(patience() * SECOND_US)
    return Drawn(
        round(at * SECOND_US), queue, round(service * SECOND_US), patient, load.priority, load.skills
    )


# ---- a recorded day --------------------------------------------------------------------------------------


def recorded_days(scenario: Scenario, folder: Path) -> dict[str, list[Recorded]]:
    """Each CSV that the scenario names, read. Raises BadScenario."""
    queues = {queue.name for queue in scenario.queues}
    return {
        load.recorded: _read_day(folder / load.recorded, load, queues)
        for load in scenario.load
        if load.recorded
    }


def _read_day(path: Path, load: Load, queues: set[str]) -> list[Recorded]:
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            rows = csv.DictReader(stream)
            day = [_row(row, f"{path}:{rows.line_num}", load, queues) for row in rows]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadScenario(f"{path}: {error}") from error
    if not day:
        raise BadScenario(f"{path}: no call in it; its first line is `at_seconds,queue,service_seconds`")
    return sorted(day, key=lambda call: call.at_seconds)


def _row(row: dict[str, str], where: str, load: Load, queues: set[str]) -> Recorded:
    queue = row.get("queue") or load.queue
    if queue not in queues:
        raise BadScenario(f"{where}: no queue {queue!r} in the scenario")
    served = row.get("service_seconds") or None
    try:
        call = Recorded(float(row["at_seconds"]), queue, None if served is None else float(served))
    except (KeyError, ValueError) as error:
        raise BadScenario(f"{where}: `at_seconds` (and `service_seconds`, or nothing) as numbers") from error
    if not 0 <= call.at_seconds <= DAY_SECONDS or (call.service_seconds or 0) < 0:
        raise BadScenario(f"{where}: `at_seconds` counts from the day's beginning, 0 to {DAY_SECONDS}")
    return call
