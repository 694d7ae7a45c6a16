"""A recorded day with more or fewer agents: the day as it was, simulated as it was, and simulated otherwise.

`python -m acd what-if` runs it; the planning page starts that as a process of its own. The row with nobody more
stands beside what really happened, so that everybody sees how far the simulation can be believed.
"""

import json
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import date
from itertools import cycle, islice

from sqlalchemy import Engine as Record

from acd.domain.inputs import QueueConfig
from acd.simulate.day import Day, Person, csv_lines, read_day
from acd.simulate.figures import Json
from acd.simulate.run import simulate
from acd.simulate.scenario import Group, Load, Place, QueueSettings, Scenario, Shift, Times

CALLS = 60_000  # simulated for each case, about; a quiet day is repeated more often than a busy one
FEWEST, MOST = 8, 40  # repetitions
MOST_MORE = 20
SOURCE = "day"


class NothingToSimulate(Exception):
    """The day has no calls, or nobody was there; `code` says which."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def what_if(
    day: Day, queue: str, more: Sequence[int], tell: Callable[[int], None] = lambda done: None
) -> Json:
    """The day with so many agents more (or fewer) in a queue.

    Args:
        day: from `read_day`.
        queue: whose staff changes, and whose figures are told.
        more: the cases; 0 is the day as it was.
        tell: is told how many cases are done.

    Raises:
        NothingToSimulate: `no-calls` or `no-agents`.
    """
    if not any(visit.queue == queue for visit in day.visits):
        raise NothingToSimulate("no-calls")
    staff = [person for person in day.people if person.serves(queue)]
    if not staff:
        raise NothingToSimulate("no-agents")
    cases: list[Json] = []
    for number, extra in enumerate(more, 1):
        told = simulate(scenario_of(day, queue, extra), days={SOURCE: day.recorded()}, processes=1)
        of_queue = told.get("queues")
        figures = dict(of_queue[queue]) if isinstance(of_queue, dict) else dict(told)
        figures["utilisation"] = told["utilisation"]
        cases.append({"more": extra, "agents": max(0, len(staff) + extra), **_without_effort(figures)})
        tell(number)
    return {
        "queue": queue,
        "calls": sum(visit.queue == queue for visit in day.visits),
        "agents": len(staff),
        "staffed_hours": round(sum(person.staffed_seconds for person in staff) / 3600, 2),
        "mean_handled_seconds": day.mean_handled_seconds(),
        "mean_patience_seconds": day.mean_patience_seconds(),
        "actual": actual(day, queue),
        "cases": cases,
    }


def scenario_of(day: Day, queue: str, more: int) -> Scenario:
    """The day as a scenario. Handling times include wrap-up, so no wrap-up is added to them."""
    queues = tuple(_settings(each, day.service_levels[each.name]) for each in day.queues)
    groups = tuple(_group(person) for person in changed_staff(day.people, queue, more))
    patience = day.mean_patience_seconds()
    load = Load(
        queue=queue,
        recorded=SOURCE,
        service=Times(mean_seconds=day.mean_handled_seconds()),
        patience=None if patience is None else Times(mean_seconds=patience),
    )
    repetitions = max(FEWEST, min(MOST, CALLS // max(1, len(day.visits))))
    nobody = Group(count=0, queues={queue: Place()})
    return Scenario(queues=queues, agents=groups or (nobody,), load=(load,), replications=repetitions)


def _settings(queue: QueueConfig, service_level_seconds: int) -> QueueSettings:
    """As call routing has it, without wrap-up (see above) and what only a caller would hear."""
    settings = asdict(replace(queue, wrap_up_seconds=0, callback=None))
    settings.pop("announcements", None)
    return QueueSettings.model_validate(settings | {"service_level_seconds": service_level_seconds})


def _group(person: Person) -> Group:
    return Group(
        queues={tier.queue: Place(level=tier.level, position=tier.position) for tier in person.config.tiers},
        skills=person.config.skills,
        shifts=tuple(Shift.model_validate({"from": _clock(a), "until": _clock(b)}) for a, b in person.stays),
    )


def changed_staff(people: Sequence[Person], queue: str, more: int) -> list[Person]:
    """With `more` agents of the queue added, copies of its typical ones, or with so many of those taken away.

    Typical is whose presence is nearest to the mean of the queue's agents.
    """
    staff = [person for person in people if person.serves(queue)]
    if not staff:
        return list(people)
    mean = sum(person.staffed_seconds for person in staff) / len(staff)
    typical = sorted(staff, key=lambda person: (abs(person.staffed_seconds - mean), person.config.agent_id))
    if more >= 0:
        return [*people, *islice(cycle(typical), more)]
    gone = {person.config.agent_id for person in typical[:-more]}
    return [person for person in people if person.config.agent_id not in gone]


def actual(day: Day, queue: str) -> Json:
    """What the record says of the queue."""
    visits = [visit for visit in day.visits if visit.queue == queue]
    threshold = day.service_levels[queue]
    answered = [visit for visit in visits if visit.result == "answered"]
    in_time = sum(visit.waited_seconds <= threshold for visit in answered)
    return {
        "offered": len(visits),
        "answered": len(answered),
        "service_level": in_time / len(visits),
        "abandonment": sum(visit.result == "abandoned" for visit in visits) / len(visits),
        "mean_wait_seconds": sum(visit.waited_seconds for visit in visits) / len(visits),
        "asa_seconds": sum(v.waited_seconds for v in answered) / len(answered) if answered else None,
    }


def _clock(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def _without_effort(figures: Json) -> Json:
    left_out = {"calls", "warm_up_calls", "batches", "seed", "seconds", "calls_per_second", "queues"}
    return {name: value for name, value in figures.items() if name not in left_out}


# ---- the command line ------------------------------------------------------------------------------------


def report(
    record: Record, day: date, zone: str, queue: str, more: Sequence[int], limit_seconds: int = 0
) -> int:
    """Print the cases as JSON, one line a step (`{"done": n}`), the result last; 1 and `{"error"}` without a day.

    With a limit the process ends then whatever it does: who started it may be gone.
    """
    signal.alarm(limit_seconds)
    found = read_day(record, day, zone)
    try:
        result = what_if(found, queue, more, lambda done: _print({"done": done}))
    except NothingToSimulate as nothing:
        _print({"error": nothing.code})
        return 1
    _print({"day": day.isoformat(), **result})
    return 0


def export(record: Record, day: date, zone: str) -> int:
    """Print a day's calls as CSV; 1 when there are none."""
    found = read_day(record, day, zone)
    for line in csv_lines(found):
        sys.stdout.write(line + "\n")
    return 0 if found.visits else 1


def _print(value: Json) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()
