"""A day of the record as a scenario: its calls, who was there and when, what the queues were set to.

`what_if` asks it; `python -m acd day` prints its calls as the CSV that a scenario's `recorded` reads. What the record
can't say is estimated, and told: how long a caller would have waited who was answered, or how long the one who was
never answered would have talked.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from acd.adapters.sql_config import read_configuration
from acd.domain.inputs import AgentConfig, QueueConfig
from acd.simulate.load import Recorded
from sql.models import Queue, QueueVisit, StatusChange, Talk
from uckefu.centre import Centre
from uckefu.times import as_utc, now

Stay = tuple[float, float]
"""From when to when somebody was there, in seconds of the day."""
SHORTEST_STAY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Visit:
    """One call in one queue. `left` says how it went: answered, abandoned, or what else ended it."""

    at_seconds: float
    queue: str
    waited_seconds: float
    result: str
    handled_seconds: float | None


@dataclass(frozen=True, slots=True)
class Person:
    """An agent as call routing has it, and when it was ready (talks and wrap-up included)."""

    config: AgentConfig
    stays: tuple[Stay, ...]

    def serves(self, queue: str) -> bool:
        """Whether it is in the queue."""
        return any(tier.queue == queue for tier in self.config.tiers)

    @property
    def staffed_seconds(self) -> float:
        """How long it was there."""
        return sum(end - begin for begin, end in self.stays)


@dataclass(slots=True)
class Day:
    """What the record has of one day."""

    visits: list[Visit] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    queues: list[QueueConfig] = field(default_factory=list)
    service_levels: dict[str, int] = field(default_factory=dict)

    def recorded(self) -> list[Recorded]:
        """The calls, as a scenario replays them."""
        return [Recorded(v.at_seconds, v.queue, v.handled_seconds) for v in self.visits]

    def mean_handled_seconds(self) -> float:
        """The mean of what is known."""
        known = [v.handled_seconds for v in self.visits if v.handled_seconds is not None]
        return sum(known) / len(known) if known else 0.0

    def mean_patience_seconds(self) -> float | None:
        """How long callers wait before they give up, when patience is exponential (censored maximum likelihood).

        Half an abandoned call is added: a day on which nobody gave up does not prove patience without end.
        """
        waited = sum(v.waited_seconds for v in self.visits)
        abandoned = sum(v.result == "abandoned" for v in self.visits)
        return waited / (abandoned + 0.5) if waited > 0 else None


def read_day(record: Engine, day: date, zone: str) -> Day:
    """The voice calls of a day in the centre's zone. Raises SQLAlchemyError."""
    begin, end = _bounds(day, zone)
    config = read_configuration(record, 0, Centre(timezone=zone))
    queues = [queue for queue in config.queues if queue.channel == "voice"]
    names = {queue.name for queue in queues}
    with Session(record) as session:
        return Day(
            visits=_visits(session, begin, end, names),
            people=_people(session, begin, min(end, now()), _only(config.agents, names)),
            queues=queues,
            service_levels=dict(session.execute(select(Queue.name, Queue.service_level_seconds)).all()),
        )


def _bounds(day: date, zone: str) -> tuple[datetime, datetime]:
    midnight = datetime.combine(day, time(), ZoneInfo(zone))
    following = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone))
    return as_utc(midnight), as_utc(following)


def _visits(session: Session, begin: datetime, end: datetime, queues: set[str]) -> list[Visit]:
    handled: dict[tuple[str, str], float] = {}
    for talk in session.scalars(select(Talk).where(Talk.connected_at >= begin, Talk.connected_at < end)):
        over = talk.wrap_up_ended_at or talk.ended_at
        if over is not None:
            handled[talk.interaction_id, talk.queue_name] = _seconds(talk.connected_at, over)
    rows = session.scalars(
        select(QueueVisit)
        .where(QueueVisit.entered_at >= begin, QueueVisit.entered_at < end)
        .order_by(QueueVisit.entered_at)
    )
    return [
        Visit(
            at_seconds=_seconds(begin, row.entered_at),
            queue=row.queue_name,
            waited_seconds=_seconds(row.entered_at, row.left_at),
            result=row.result,
            handled_seconds=handled.get((row.interaction_id, row.queue_name))
            if row.result == "answered"
            else None,
        )
        for row in rows
        if row.queue_name in queues and row.left_at is not None and row.result != "transferred"
    ]


def _only(agents: Iterable[AgentConfig], queues: set[str]) -> Iterable[AgentConfig]:
    for agent in agents:
        yield replace(agent, tiers=tuple(tier for tier in agent.tiers if tier.queue in queues))


def _people(session: Session, begin: datetime, end: datetime, agents: Iterable[AgentConfig]) -> list[Person]:
    changes: dict[int, list[tuple[datetime, str]]] = {}
    # Who was ready at midnight is known from the last change before; a week back is far enough.
    since = begin - timedelta(days=7)
    rows = session.scalars(
        select(StatusChange)
        .where(StatusChange.at >= since, StatusChange.at < end)
        .order_by(StatusChange.at, StatusChange.id)
    )
    for row in rows:
        changes.setdefault(row.agent_id, []).append((row.at, row.status))
    people = [
        Person(agent, stays_of(changes.get(agent.agent_id, []), begin, end))
        for agent in agents
        if agent.tiers
    ]
    return [person for person in people if person.stays]


def stays_of(changes: Iterable[tuple[datetime, str]], begin: datetime, end: datetime) -> tuple[Stay, ...]:
    """When somebody was ready within the day, from the changes of its status in their order."""
    stays: list[Stay] = []
    ready_since: datetime | None = None
    for at, status in [*changes, (end, "")]:
        if ready_since is not None and status != "ready":
            stay = (_seconds(begin, max(ready_since, begin)), _seconds(begin, max(at, begin)))
            if stay[1] - stay[0] >= SHORTEST_STAY_SECONDS:
                stays.append(stay)
            ready_since = None
        elif ready_since is None and status == "ready":
            ready_since = at
    return tuple(stays)


def _seconds(begin: datetime, end: datetime | None) -> float:
    return 0.0 if end is None else max(0.0, (as_utc(end) - as_utc(begin)).total_seconds())


def csv_lines(day: Day) -> Iterable[str]:
    """The day as a scenario's `recorded` reads it."""
    yield "at_seconds,queue,service_seconds"
    for visit in day.visits:
        handled = "" if visit.handled_seconds is None else f"{visit.handled_seconds:.3f}"
        yield f"{visit.at_seconds:.3f},{visit.queue},{handled}"
