"""A recorded day as a scenario: who was there and when, how patient callers were, who goes when there are fewer."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy.orm import Session

from acd.__main__ import main
from acd.domain.inputs import AgentConfig, QueueConfig, TierConfig
from acd.simulate.day import Day, Person, Visit, read_day, stays_of
from acd.simulate.what_if import NothingToSimulate, actual, changed_staff, scenario_of, what_if
from sql.engine import make_engine
from sql.models import Agent, AgentSkill, Base, Queue, QueueVisit, StatusChange, Talk, Tier, User

MIDNIGHT = datetime(2026, 3, 2, 16, tzinfo=UTC)  # of the 3rd in Shanghai
HOUR = timedelta(hours=1)


def person(agent_id: int, hours: float, *queues: str) -> Person:
    tiers = tuple(TierConfig(queue=queue) for queue in queues or ("service",))
    return Person(
        AgentConfig(agent_id=agent_id, extension=str(agent_id), tiers=tiers), ((0.0, hours * 3600),)
    )


def visit(at: float, waited: float, result: str, handled: float | None = None) -> Visit:
    return Visit(at, "service", waited, result, handled)


def test_presence_is_when_somebody_was_ready_and_reaches_over_midnight() -> None:
    changes = [
        (MIDNIGHT - HOUR, "ready"), (MIDNIGHT + HOUR, "break"), (MIDNIGHT + 2 * HOUR, "ready"),
        (MIDNIGHT + 3 * HOUR, "meal"), (MIDNIGHT + 3 * HOUR, "offline"), (MIDNIGHT + 23 * HOUR, "ready"),
    ]  # fmt: skip
    stays = stays_of(changes, MIDNIGHT, MIDNIGHT + 24 * HOUR)
    assert stays == ((0.0, 3600.0), (7200.0, 10800.0), (82800.0, 86400.0))
    assert stays_of([(MIDNIGHT - HOUR, "offline")], MIDNIGHT, MIDNIGHT + 24 * HOUR) == ()


def test_patience_is_the_time_that_all_waited_over_those_who_gave_up() -> None:
    day = Day(
        [
            visit(0, 60, "abandoned"),
            visit(1, 30, "answered", 100),
            visit(2, 60, "abandoned"),
            visit(3, 100, "timeout"),
        ]
    )
    assert day.mean_patience_seconds() == pytest.approx(250 / 2.5)
    assert Day([visit(0, 30, "answered", 10)]).mean_patience_seconds() == pytest.approx(60)
    assert Day([visit(0, 0, "answered", 10)]).mean_patience_seconds() is None


def test_fewer_are_the_typical_agents_and_more_are_copies_of_them() -> None:
    people = [person(1, 1), person(2, 8), person(3, 7.9), person(4, 9, "sales")]
    left = [p.config.agent_id for p in changed_staff(people, "service", -1)]
    assert left == [1, 2, 4]
    assert [p.config.agent_id for p in changed_staff(people, "service", 2)] == [1, 2, 3, 4, 3, 2]
    assert [p.config.agent_id for p in changed_staff(people, "service", -9)] == [4]


def test_a_day_without_calls_or_agents_says_which() -> None:
    queues, levels = [QueueConfig(name="service")], {"service": 20}
    for day, code in (
        (Day(queues=queues, service_levels=levels), "no-calls"),
        (Day([visit(0, 1, "answered", 9)], [], queues, levels), "no-agents"),
    ):
        with pytest.raises(NothingToSimulate) as caught:
            what_if(day, "service", [0])
        assert caught.value.code == code


def test_yesterdays_load_with_two_agents_fewer_is_worse_in_everything_by_more_than_chance() -> None:
    """Six agents for two hours, a call every 25 s and 120 s for each: 4.8 erlang. Four would be too few."""
    chance, visits, at = Random(7), [], 0.0
    while (at := at + chance.expovariate(1 / 25)) < 7200:
        gives_up = chance.random() < 0.05
        visits.append(
            visit(
                at, 30 if gives_up else 10, "abandoned" if gives_up else "answered", None if gives_up else 120
            )
        )
    day = Day(visits, [person(n, 2) for n in range(1, 7)], [QueueConfig(name="service")], {"service": 20})
    told: Any = what_if(day, "service", [-2, 0])
    fewer, same = told["cases"]
    assert (fewer["agents"], same["agents"]) == (4, 6)
    assert fewer["service_level"]["ci95"][1] < same["service_level"]["ci95"][0]
    assert fewer["mean_wait_seconds"]["ci95"][0] > same["mean_wait_seconds"]["ci95"][1]
    assert fewer["abandonment"]["ci95"][0] > same["abandonment"]["ci95"][1]


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Two agents with a queue of calls and one of conversations; a call that was answered and one that was not."""
    url = f"sqlite:///{tmp_path / 'record.db'}"
    monkeypatch.setenv("UCKEFU_DATABASE_URL", url)
    monkeypatch.setenv("UCKEFU_INSTANCE", str(tmp_path))
    engine = make_engine(url)
    Base.metadata.create_all(engine)
    at = MIDNIGHT + 9 * HOUR
    with Session(engine) as session, session.begin():
        session.add(
            Queue(id=1, name="service", title_zh="客服", title_en="Service", service_level_seconds=10)
        )
        session.add(Queue(id=2, name="web", title_zh="网页", title_en="Web", channel="chat"))
        for n in (1, 2):
            session.add(
                User(id=n, login=f"a{n}", name=f"a{n}", role="agent", password_hash="x", created_at=at)
            )
            session.flush()
            session.add(Agent(id=n, user_id=n, extension=f"100{n}", a1_hash="x"))
            session.flush()
            session.add_all([Tier(queue_id=1, agent_id=n, level=n), Tier(queue_id=2, agent_id=n)])
        session.add(AgentSkill(agent_id=1, name="english", level=4))
        session.add(StatusChange(id=1, agent_id=1, status="ready", at=at))
        session.add(StatusChange(id=2, agent_id=1, status="offline", at=at + HOUR))
        for n, (wait, result) in enumerate(((5, "answered"), (15, "answered"), (40, "abandoned"))):
            came = at + timedelta(minutes=n)
            session.add(
                QueueVisit(id=f"i{n}:1", interaction_id=f"i{n}", queue_name="service", entered_at=came,
                           left_at=came + timedelta(seconds=wait), result=result)
            )  # fmt: skip
            if result == "answered":
                session.add(
                    Talk(id=f"i{n}:1:1", interaction_id=f"i{n}", agent_id=1, queue_name="service", connected_at=came,
                         ended_at=came + timedelta(seconds=30), wrap_up_ended_at=came + timedelta(seconds=50))
                )  # fmt: skip
    yield engine
    engine.dispose()


def test_a_day_of_the_record_becomes_a_scenario_with_skills_levels_and_handling_times(record: Any) -> None:
    day = read_day(record, date(2026, 3, 3), "Asia/Shanghai")
    assert [(v.at_seconds, v.waited_seconds, v.result, v.handled_seconds) for v in day.visits] == [
        (32400, 5, "answered", 50), (32460, 15, "answered", 50), (32520, 40, "abandoned", None)
    ]  # fmt: skip
    (only,) = day.people
    assert only.stays == ((32400.0, 36000.0),)
    scenario = scenario_of(day, "service", 0)
    assert [(g.skills, dict(g.queues)["service"].level) for g in scenario.agents] == [({"english": 4}, 1)]
    assert [queue.name for queue in scenario.queues] == ["service"]
    told: Any = actual(day, "service")
    assert (told["service_level"], told["abandonment"], told["mean_wait_seconds"]) == pytest.approx(
        (1 / 3, 1 / 3, 20)
    )
    assert read_day(record, date(2026, 3, 2), "Asia/Shanghai").visits == []


def test_the_days_csv_is_what_a_scenario_replays(
    record: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    centre = tmp_path / "centre.yml"
    centre.write_text("timezone: Asia/Shanghai\n", encoding="utf-8")
    assert main(["day", "2026-03-03"]) == 0
    text = capsys.readouterr().out
    assert text.splitlines()[:2] == ["at_seconds,queue,service_seconds", "32400.000,service,50.000"]
    assert main(["what-if", "--day", "2026-03-03", "--queue", "service", "--more", "-1", "0"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ['{"done": 1}', '{"done": 2}']
    assert '"more": -1' in lines[2]
    assert main(["what-if", "--day", "2026-03-04", "--queue", "service"]) == 1
    assert '{"error": "no-calls"}' in capsys.readouterr().out
