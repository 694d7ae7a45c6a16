"""A staffing simulation under the web server that production runs: pages answer meanwhile, any process has the result."""

import re
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import requests
from sqlalchemy.orm import Session

from sql.engine import make_engine
from sql.models import QueueVisit, StatusChange, Talk
from tests.integration.admin.conftest import Settings, Web
from tests.support.waiting import wait_until
from uckefu.times import as_utc

ZONE = ZoneInfo("Asia/Shanghai")
CALLS = 60


def a_busy_yesterday(settings: Settings, agent_id: int) -> str:
    """A call every few minutes; returns the day."""
    midnight = datetime.now(ZONE).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    begin = as_utc(midnight) + timedelta(hours=8)
    engine = make_engine(settings.sql_url)
    with Session(engine) as session, session.begin():
        session.add(StatusChange(id=1, agent_id=agent_id, status="ready", at=begin))
        session.add(StatusChange(id=2, agent_id=agent_id, status="offline", at=begin + timedelta(hours=10)))
        for n in range(CALLS):
            at, talk_seconds = begin + timedelta(seconds=500 * n), 20 + n % 60
            visit: dict[str, Any] = {"interaction_id": f"i{n}", "queue_name": "service"}
            session.add(
                QueueVisit(
                    id=f"i{n}:1", entered_at=at, left_at=at + timedelta(seconds=3), result="answered", **visit
                )
            )
            session.add(
                Talk(
                    id=f"i{n}:1:1",
                    agent_id=agent_id,
                    connected_at=at,
                    ended_at=at + timedelta(seconds=talk_seconds),
                    **visit,
                )
            )
    engine.dispose()
    return midnight.date().isoformat()


def test_pages_answer_while_a_day_is_simulated_and_another_process_shows_the_result(
    web: Web, web_of_its_own: Web, settings: Settings, agents: dict[str, int]
) -> None:
    day = a_busy_yesterday(settings, agents["agent1"])
    browser = web.sign_in("supervisor")
    token = re.search(
        r'name="csrf_token" value="([^"]+)"', browser.get(f"{web.address}/planning/", timeout=10).text
    )
    assert token
    asked = {"csrf_token": token[1], "day": day, "queue": "service", "fewer": "0", "more": "1"}
    answer = browser.post(f"{web.address}/planning/", data=asked, allow_redirects=False, timeout=10)
    assert answer.status_code == 302
    place = answer.headers["Location"]
    assert "http-equiv" in browser.get(web.address + place, timeout=5).text
    assert requests.get(f"{web.address}/healthz", timeout=5).ok, "the server answers while it is simulated"
    other = web_of_its_own.sign_in("supervisor")

    def result() -> str:
        text = other.get(web_of_its_own.address + place, timeout=10).text
        return "" if "http-equiv" in text else text

    text = wait_until(result, what="the result", seconds=90)
    assert "按原样模拟" in text
    assert "多 1 人" in text
