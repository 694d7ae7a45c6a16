"""A scenario file: queues, agents, load. Read by `run`; what is wrong is told with file and line.

The smallest one is an Erlang model: `{agents, arrivals_per_minute, mean_service_seconds, mean_patience_seconds,
service_level_seconds, calls, seed}`. The whole one has `queues`, `agents` (groups with levels, skills and shifts) and
`load` (streams of calls); with `calls` it is a steady state, without it a day that is simulated `replications` times.
"""

from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from acd.domain.inputs import QueueConfig, Rules, queue_config
from acd.domain.skills import parse
from acd.simulate.positions import line_of

LONGEST_WAIT_SECONDS = 86_400  # theory knows no longest wait, and nobody waits for a day
DAY_SECONDS = 86_400


class BadScenario(Exception):
    """The scenario can't be simulated; the message has file, line and what to write instead."""

    code = "bad-scenario"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _seconds_of_day(value: object) -> object:
    """`"09:30"` as 34200; YAML reads an unquoted 09:30 as text, 10:30 as a base-60 number of minutes."""
    if isinstance(value, str):
        parts = value.split(":")
        if (
            len(parts) not in (2, 3)
            or not all(part.isdigit() for part in parts)
            or max(map(int, parts[1:])) > 59
        ):
            raise ValueError('write a time of day as "09:30"')
        hours, minutes, seconds = (*map(int, parts), 0)[:3]
        return hours * 3600 + minutes * 60 + seconds
    return value * 60 if isinstance(value, int) else value


def _as_mean(value: object) -> object:
    return {"mean_seconds": value} if isinstance(value, int | float) else value


TimeOfDay = Annotated[int, BeforeValidator(_seconds_of_day), Field(ge=0, le=DAY_SECONDS)]


class Times(_Part):
    """How long something takes: drawn from a distribution, or from `recorded_seconds`."""

    mean_seconds: float = Field(default=0, ge=0)
    distribution: Literal["exponential", "fixed", "lognormal"] = "exponential"
    variation: float = Field(default=1.0, gt=0, le=10)  # lognormal: standard deviation over mean
    recorded_seconds: tuple[Annotated[float, Field(ge=0)], ...] = ()


Duration = Annotated[Times, BeforeValidator(_as_mean)]


class Rate(_Part):
    """Calls per minute for a part of the day."""

    begin: TimeOfDay = Field(alias="from")
    until: TimeOfDay
    per_minute: float = Field(ge=0)


class Load(_Part):
    """One stream of calls: Poisson with a rate or rates by time of day, or a recorded day (see `recorded`)."""

    queue: str = ""
    per_minute: Annotated[float, Field(gt=0)] | tuple[Rate, ...] | None = None
    recorded: str = ""  # a CSV beside the scenario
    service: Duration = Times()
    patience: Duration | None = None
    priority: int = Field(default=0, ge=0, le=9)
    skills: str = ""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.per_minute is None) == (not self.recorded):
            raise ValueError("write either `per_minute` or `recorded`")
        if not self.queue and not self.recorded:
            raise ValueError("`queue` is missing")
        return self


class Place(_Part):
    """A tier: level and position in a queue."""

    level: int = Field(default=1, ge=1)
    position: int = Field(default=1, ge=1)


class Shift(_Part):
    """From when to when somebody is there."""

    begin: TimeOfDay = Field(alias="from")
    until: TimeOfDay


def _as_place(value: object) -> object:
    return {"level": value} if isinstance(value, int) else value


class Group(_Part):
    """`count` agents alike. Without shifts they are always there."""

    count: int = Field(default=1, ge=0, le=5_000)
    queues: dict[str, Annotated[Place, BeforeValidator(_as_place)]]
    skills: dict[str, int] = Field(default_factory=dict)
    shifts: tuple[Shift, ...] = ()
    answer: Duration = Times()  # ringing before the answer


class QueueSettings(BaseModel):
    """A queue: any setting of `QueueConfig`; wrap-up and longest wait are off unless they are given."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str
    service_level_seconds: float | None = Field(default=None, ge=0)
    wrap_up_seconds: int = Field(default=0, ge=0)
    max_wait_seconds: int = Field(default=LONGEST_WAIT_SECONDS, ge=1)

    @model_validator(mode="after")
    def _known_settings(self) -> Self:
        known = {field.name for field in fields(QueueConfig)}
        if unknown := sorted(set(self.model_extra or {}) - known):
            raise ValueError(f"a queue has no setting {unknown[0]!r}; there are {', '.join(sorted(known))}")
        try:
            self.config()
            parse(str((self.model_extra or {}).get("skills", "")))
        except (TypeError, AttributeError) as error:
            raise ValueError(f"a setting can't be read: {error}") from error
        return self

    def config(self) -> QueueConfig:
        """As the engine takes it."""
        own = {"name", "wrap_up_seconds", "max_wait_seconds", *(self.model_extra or {})}
        return queue_config({name: getattr(self, name) for name in own})


class Scenario(_Part):
    """See the module's docstring."""

    seed: int = 1
    service_level_seconds: float = Field(default=20, ge=0)
    queues: tuple[QueueSettings, ...] = Field(min_length=1)
    agents: tuple[Group, ...] = Field(min_length=1)
    load: tuple[Load, ...] = Field(min_length=1)
    rules: dict[str, Any] = Field(default_factory=dict)
    calls: int | None = Field(default=None, ge=100, le=100_000_000)
    warm_up_calls: int | None = Field(default=None, ge=0)
    replications: int = Field(default=20, ge=2, le=1_000)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        names = {queue.name for queue in self.queues}
        used = {name for group in self.agents for name in group.queues} | {part.queue for part in self.load}
        if unknown := sorted(used - names - {""}):
            raise ValueError(f"no queue {unknown[0]!r} under `queues`")
        if self.calls and any(isinstance(part.per_minute, tuple) or part.recorded for part in self.load):
            raise ValueError(
                "`calls` goes with one steady rate; a day (rates by time, `recorded`) takes `replications`"
            )
        if self.calls is None and any(isinstance(part.per_minute, float) for part in self.load):
            raise ValueError("a steady rate needs `calls`; for a day write rates with `from` and `until`")
        if self.calls and self.warm_up_calls is not None and self.warm_up_calls >= self.calls // 2:
            raise ValueError("`warm_up_calls` must leave more than half of `calls`")
        if unknown := sorted(set(self.rules) - {field.name for field in fields(Rules)}):
            raise ValueError(f"there is no rule {unknown[0]!r}")
        return self

    def threshold_us(self, queue: str) -> int:
        """Within that an answer meets the service level of this queue."""
        named = next(settings for settings in self.queues if settings.name == queue)
        seconds = named.service_level_seconds
        return round((self.service_level_seconds if seconds is None else seconds) * 1_000_000)


class Smallest(_Part):
    """One queue and agents who are all alike: what Erlang's formulas describe."""

    agents: int = Field(ge=1, le=5_000)
    arrivals_per_minute: float = Field(gt=0)
    mean_service_seconds: float = Field(gt=0)
    mean_patience_seconds: float | None = Field(default=None, gt=0)
    service_level_seconds: float = Field(default=20, ge=0)
    calls: int = Field(default=100_000, ge=100, le=100_000_000)
    warm_up_calls: int | None = Field(default=None, ge=0)
    seed: int = 1

    @model_validator(mode="after")
    def _is_stable(self) -> Self:
        offered = self.arrivals_per_minute * self.mean_service_seconds / 60
        if self.mean_patience_seconds is None and offered >= self.agents:
            raise ValueError(
                f"{offered:g} erlang for {self.agents} agents: the queue grows for ever; "
                "more agents are needed, or `mean_patience_seconds`"
            )
        return self

    def whole(self) -> Scenario:
        """The same as a whole scenario."""
        patience = self.mean_patience_seconds
        name = "simulated"
        return Scenario(
            seed=self.seed,
            service_level_seconds=self.service_level_seconds,
            calls=self.calls,
            warm_up_calls=self.warm_up_calls,
            queues=(QueueSettings(name=name),),
            agents=(Group(count=self.agents, queues={name: Place()}),),
            load=(
                Load(
                    queue=name,
                    per_minute=float(self.arrivals_per_minute),
                    service=Times(mean_seconds=self.mean_service_seconds),
                    patience=None if patience is None else Times(mean_seconds=patience),
                ),
            ),
        )


def load_scenario(path: Path) -> Scenario:
    """The scenario in a file. Raises BadScenario."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadScenario(f"{path}: {error}") from error
    return read_scenario(text, str(path))


def read_scenario(text: str, name: str = "scenario") -> Scenario:
    """The scenario in a text; `name` is for messages. Raises BadScenario."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        raise BadScenario(f"{name}:{line}: {getattr(error, 'problem', None) or error}") from error
    if not isinstance(data, dict):
        raise BadScenario(f"{name}:1: a scenario is a mapping such as `agents: 14`")
    small = "arrivals_per_minute" in data or isinstance(data.get("agents"), int)
    try:
        return Smallest.model_validate(data).whole() if small else Scenario.model_validate(data)
    except ValidationError as error:
        raise BadScenario("\n".join(_sentences(error, node, name))) from error


def _sentences(error: ValidationError, node: Any, name: str) -> list[str]:
    told = []
    for problem in error.errors():
        where = ".".join(str(part) for part in problem["loc"])
        message = problem["msg"].removeprefix("Value error, ")
        told.append(f"{name}:{line_of(node, problem['loc'])}: {where + ': ' if where else ''}{message}")
    return list(dict.fromkeys(told))
