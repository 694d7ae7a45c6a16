"""Staffing what-if: asked for on a page, simulated by a process of its own, told with its interval."""

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from admin.planning import runs
from sql.models import AuditEntry, QueueVisit, StatusChange, Talk
from tests.support.waiting import wait_until
from uckefu.times import as_utc, now

ZONE = "Asia/Shanghai"
PATIENCE_SECONDS = 90.0


@pytest.fixture
def client(sign_in: Callable[[str], FlaskClient]) -> FlaskClient:
    return sign_in("supervisor")


@pytest.fixture
def yesterday(session: Session, agents: dict[str, int]) -> datetime:
    """A call every two minutes from 9 to 11 for agent1, who is alone and needs 30 s or 150 s for each; every tenth gives up."""
    midnight = as_utc(
        datetime.now(ZoneInfo(ZONE)).replace(hour=0, minute=0, second=0, microsecond=0)
    ) - timedelta(days=1)
    begin, one = midnight + timedelta(hours=9), agents["agent1"]
    session.add(StatusChange(id=1, agent_id=one, status="ready", at=begin))
    session.add(StatusChange(id=2, agent_id=one, status="offline", at=begin + timedelta(hours=2)))
    for n in range(60):
        at, id_ = begin + timedelta(minutes=2 * n), f"call-{n}"
        gave_up = n % 10 == 9
        session.add(
            QueueVisit(
                id=f"{id_}:1", interaction_id=id_, queue_name="service", entered_at=at,
                left_at=at + timedelta(seconds=30 if gave_up else 5),
                result="abandoned" if gave_up else "answered", agent_id=None if gave_up else one,
            )
        )  # fmt: skip
        if not gave_up:
            talk = at + timedelta(seconds=5)
            session.add(
                Talk(
                    id=f"{id_}:1:1", interaction_id=id_, agent_id=one, queue_name="service", connected_at=talk,
                    ended_at=talk + timedelta(seconds=20),
                    wrap_up_ended_at=talk + timedelta(seconds=150 if n % 2 else 30),
                )
            )  # fmt: skip
    session.commit()
    return midnight


def when_done(client: FlaskClient, address: str) -> str:
    """The page once the simulation is over."""

    def page() -> str:
        text = client.get(address).get_data(as_text=True)
        return "" if "http-equiv" in text else text

    return wait_until(page, seconds=PATIENCE_SECONDS, what="the simulation")


def test_yesterday_is_simulated_with_fewer_and_more_agents_beside_what_really_was(
    app: Flask, client: FlaskClient, session: Session, yesterday: datetime
) -> None:
    page = client.get("/planning/").get_data(as_text=True)
    day = (yesterday + timedelta(hours=12)).astimezone(ZoneInfo(ZONE)).date().isoformat()
    assert f'value="{day}"' in page
    answer = client.post("/planning/", data={"day": day, "queue": "service", "fewer": "-1", "more": "1"})
    assert answer.status_code == 302
    text = when_done(client, answer.headers["Location"])
    for words in ("实际情况", "按原样模拟", "少 1 人", "多 1 人", "90.0 %", "10.0 %"):
        assert words in text
    run_id = answer.headers["Location"].rsplit("/", 1)[1]
    run = runs.look(app.extensions["uckefu"]["bus"], run_id)
    assert run is not None
    fewer, same, more = run["result"]["cases"]
    assert (fewer["agents"], same["agents"], more["agents"]) == (0, 1, 2)
    assert fewer["abandonment"]["value"] == 1.0
    assert more["mean_wait_seconds"]["ci95"][1] < same["mean_wait_seconds"]["ci95"][0]
    assert 0.4 < same["utilisation"]["value"] < 0.9
    assert run["result"]["mean_handled_seconds"] == pytest.approx(90, abs=10)
    assert session.query(AuditEntry).filter_by(action="staffing-simulated", subject="service").count() == 1


def test_a_day_without_calls_is_said_and_the_next_one_can_be_asked_for(
    app: Flask, client: FlaskClient
) -> None:
    asked = {"day": "2024-02-29", "queue": "service", "fewer": "0", "more": "0"}
    for _again in range(2):
        address = client.post("/planning/", data=asked).headers["Location"]
        assert "换一天" in when_done(client, address)


def test_one_simulation_at_a_time_and_the_second_is_told_to_wait(app: Flask, client: FlaskClient) -> None:
    app.extensions["uckefu"]["bus"].set(runs.LOCK, "another")
    answer = client.post(
        "/planning/", data={"day": "2024-02-29", "queue": "service", "fewer": "0", "more": "0"}
    )
    assert answer.status_code == 409
    assert "等它完成后再试" in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("day", "soon", "选择日期"),
        ("day", (now() + timedelta(days=3)).date().isoformat(), "选择已经过去的日期"),
        ("queue", "none", "选择队列"),
        ("fewer", "-11", "填 -10 到 0 之间的整数"),
        ("more", "x", "填 0 到 10 之间的整数"),
        ("more", "9", "一次最多 7 种情况"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(client: FlaskClient, field: str, value: str, told: str) -> None:
    asked = {"day": "2024-02-29", "queue": "service", "fewer": "-2", "more": "2", field: value}
    answer = client.post("/planning/", data=asked)
    assert answer.status_code == 400
    assert told in answer.get_data(as_text=True)


def test_an_unknown_run_is_not_found_and_an_agent_may_not_plan(
    client: FlaskClient, sign_in: Callable[[str], FlaskClient]
) -> None:
    assert client.get("/planning/none").status_code == 404
    assert sign_in("agent").get("/planning/").status_code == 403
