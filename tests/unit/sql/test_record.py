"""Upserts on SQLite; tests/integration/sql runs the same ideas on MariaDB."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from sql.engine import make_engine
from sql.models import Base, CallLeg, Interaction, QueueVisit
from sql.record import upsert, write_leg
from uckefu.times import to_us

BEGAN = datetime(2025, 3, 1, 8, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    made = make_engine(f"sqlite:///{tmp_path / 'record.db'}")
    Base.metadata.create_all(made)
    yield made
    made.dispose()


@pytest.fixture
def session(engine: Engine) -> Session:
    with Session(engine) as opened:
        yield opened


RECORD = {
    "leg": {"id": "leg-1", "interaction_id": "i-1", "direction": "inbound", "started_at_us": to_us(BEGAN)},
    "interaction": {
        "id": "i-1",
        "from_number": "13800138000",
        "started_at_us": to_us(BEGAN),
        "hangup_by": "caller",
    },
}


def test_a_cdr_written_twice_is_one_leg_and_one_interaction(session: Session) -> None:
    write_leg(session, RECORD)
    write_leg(session, RECORD)
    session.commit()
    assert session.query(CallLeg).count() == session.query(Interaction).count() == 1


def test_instants_in_microseconds_are_stored_to_the_microsecond(session: Session) -> None:
    write_leg(session, RECORD)
    assert session.get(CallLeg, "leg-1").started_at == BEGAN


def test_a_record_without_interaction_writes_the_leg_only(session: Session) -> None:
    write_leg(session, {"leg": RECORD["leg"]})
    assert session.query(Interaction).count() == 0


def test_each_writer_keeps_the_columns_of_the_other(session: Session) -> None:
    upsert(session, Interaction, {"id": "i-1"}, {"queue_name": "sales", "queued_at": to_us(BEGAN)})
    write_leg(session, RECORD)
    upsert(session, Interaction, {"id": "i-1"}, {"queue_name": "service"})
    row = session.get(Interaction, "i-1")
    assert (row.queue_name, row.queued_at, row.from_number, row.hangup_by) == (
        "service",
        BEGAN,
        "13800138000",
        "caller",
    )


def test_an_update_that_comes_before_its_insert_says_so(session: Session) -> None:
    assert upsert(session, QueueVisit, {"id": "i-1:1"}, {"result": "abandoned"}) is False


def test_an_update_may_leave_out_required_columns_when_the_row_is_there(session: Session) -> None:
    upsert(
        session,
        QueueVisit,
        {"id": "i-1:1"},
        {"interaction_id": "i-1", "queue_name": "sales", "entered_at": BEGAN},
    )
    assert upsert(session, QueueVisit, {"id": "i-1:1"}, {"result": "answered"}) is True
    assert session.get(QueueVisit, "i-1:1").result == "answered"


def test_a_text_longer_than_its_column_is_cut(session: Session) -> None:
    write_leg(session, {"leg": {**RECORD["leg"], "from_number": "9" * 1000, "sip_call_id": "bad\udcff\0id"}})
    row = session.get(CallLeg, "leg-1")
    assert (row.from_number, row.sip_call_id) == ("9" * 64, "bad?id")


@pytest.mark.parametrize(
    ("record", "says"),
    [
        ({}, "leg.id"),
        ({"leg": {"direction": "inbound"}}, "leg.id"),
        ({"leg": {**RECORD["leg"], "colour": "red"}}, "colour"),
        ({"leg": {**RECORD["leg"], "ended_at": "yesterday"}}, "yesterday"),
        ({"leg": {"id": "leg-2"}}, "lacks"),
    ],
)
def test_a_broken_record_is_refused_with_its_reason(session: Session, record: dict, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        write_leg(session, record)


def test_sqlite_runs_in_wal_mode_and_keeps_foreign_keys(session: Session) -> None:
    assert session.execute(text("PRAGMA journal_mode")).scalar() == "wal"
    assert session.execute(text("PRAGMA foreign_keys")).scalar() == 1
    assert session.execute(text("PRAGMA busy_timeout")).scalar() == 10_000


def test_another_kind_of_database_is_refused_by_the_name_of_its_setting() -> None:
    with pytest.raises(ValueError, match="UCKEFU_DATABASE_URL"):
        make_engine("postgresql://host/db")
