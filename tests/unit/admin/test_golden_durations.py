"""The seed's own bugs with durations: whole seconds that were cut off, means of means. The record has the truth."""

from datetime import timedelta

from flask import Flask
from sqlalchemy.orm import Session

from admin.calls import queries as calls
from admin.desk import queries as desk
from sql.models import Interaction, QueueVisit, Talk
from uckefu.times import hms, now

ZONE = "UTC"


def test_four_sessions_that_average_239_5_seconds_are_shown_as_00_04_00(
    app: Flask, session: Session, agents: dict[str, int]
) -> None:
    at = desk.day_begin(ZONE) + timedelta(minutes=1)
    for n, seconds in enumerate((239.0, 240.0, 238.9, 240.1)):
        session.add(
            Talk(
                id=f"i{n}:1:1", interaction_id=f"i{n}", agent_id=agents["agent1"], queue_name="service",
                connected_at=at, ended_at=at + timedelta(seconds=seconds),
            )
        )  # fmt: skip
    session.commit()
    with app.app_context():
        day = desk.my_day(agents["agent1"], ZONE)
    assert day["average_talk"] == timedelta(seconds=239.5)
    assert hms(day["average_talk"]) == "00:04:00"
    assert hms(day["total_talk"]) == "00:15:58"


def test_a_wait_of_49_minutes_and_32_seconds_is_shown_as_00_49_32(app: Flask, session: Session) -> None:
    entered = now() - timedelta(hours=1)
    left = entered + timedelta(minutes=49, seconds=32)
    session.add(
        Interaction(
            id="long",
            from_number="1",
            started_at=entered,
            queued_at=entered,
            queue_name="service",
            ended_at=left,
        )
    )
    session.add(
        QueueVisit(
            id="long:1",
            interaction_id="long",
            queue_name="service",
            entered_at=entered,
            left_at=left,
            result="abandoned",
        )
    )
    session.commit()
    with app.app_context():
        filters = calls.Filters(begin=entered.date() - timedelta(days=1), end=left.date() + timedelta(days=1))
        rows = calls.page(filters, ZONE, "CN", number=1, size=20)
    assert hms(rows[0].waited) == "00:49:32"
