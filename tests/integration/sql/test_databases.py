"""Migrations and upserts on the two databases that the record may live in."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect, text
from sqlalchemy.orm import Session

from sql import migrate
from sql.engine import make_engine
from sql.models import Base, Contact, Interaction, Offer, QueueVisit
from sql.record import upsert, write_leg
from tests.support.servers import mariadb_binaries, mariadb_server

INSTANT = datetime(2025, 6, 30, 23, 59, 59, 999999, tzinfo=UTC)


@pytest.fixture(scope="module")
def mariadb() -> Iterator[str]:
    if mariadb_binaries() is None:
        pytest.skip("MariaDB: mariadbd is not installed")
    with mariadb_server() as url:
        yield url


@pytest.fixture(params=["sqlite", "mariadb"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    url = (
        request.getfixturevalue("mariadb")
        if request.param == "mariadb"
        else f"sqlite:///{tmp_path / 'record.db'}"
    )
    made = make_engine(url)
    yield made
    migrate.downgrade(made)
    made.dispose()


@pytest.fixture
def engine(empty: Engine) -> Engine:
    migrate.upgrade(empty)
    return empty


def test_the_migrations_make_exactly_the_models(engine: Engine) -> None:
    assert migrate.differences(engine) == []
    assert set(Base.metadata.tables) <= set(inspect(engine).get_table_names())


def test_upgrading_twice_changes_nothing(engine: Engine) -> None:
    before = migrate.current(engine)
    migrate.upgrade(engine)
    assert migrate.current(engine) == before is not None


def test_down_and_up_again_leaves_no_table_behind(engine: Engine) -> None:
    migrate.downgrade(engine)
    assert set(inspect(engine).get_table_names()) <= {"alembic_version"}
    migrate.upgrade(engine)
    assert migrate.differences(engine) == []


def test_an_instant_comes_back_to_the_microsecond_and_aware(engine: Engine) -> None:
    with Session(engine) as session:
        upsert(
            session,
            QueueVisit,
            {"id": "m:1"},
            {"interaction_id": "m", "queue_name": "sales", "entered_at": INSTANT},
        )
        session.commit()
        assert session.get(QueueVisit, "m:1").entered_at == INSTANT


def test_chinese_and_emoji_come_back_as_written(engine: Engine) -> None:
    with Session(engine) as session:
        session.add(Contact(name="王芳😀", note="重要客户", created_at=INSTANT))
        session.commit()
        session.expire_all()
        assert session.query(Contact).one().name == "王芳😀"


def test_a_json_column_comes_back_as_written(engine: Engine) -> None:
    reason = {"rule": "longest-idle", "candidates": 2, "excluded": {"1": "not-ready"}}
    with Session(engine) as session:
        values = {
            "member_id": "m:1",
            "interaction_id": "m",
            "agent_id": 1,
            "offered_at": INSTANT,
            "reason": reason,
        }
        upsert(session, Offer, {"id": "m:1:1"}, values)
        session.commit()
        assert session.get(Offer, "m:1:1").reason == reason


def test_a_leg_written_twice_is_one_row_and_too_long_a_text_is_cut(engine: Engine) -> None:
    record = {
        "leg": {"id": "leg", "interaction_id": "i", "direction": "inbound", "from_number": "9" * 999},
        "interaction": {"id": "i", "from_number": "9" * 999, "started_at_us": 1},
    }
    with Session(engine) as session:
        write_leg(session, record)
        write_leg(session, record)
        session.commit()
        assert session.get(Interaction, "i").from_number == "9" * 64


def test_two_writers_of_the_same_new_interactions_both_succeed(engine: Engine) -> None:
    def write(column: str) -> None:
        for number in range(30):
            with Session(engine) as session:
                upsert(session, Interaction, {"id": f"i-{number}"}, {column: "written"})
                session.commit()

    with ThreadPoolExecutor() as pool:
        list(pool.map(write, ["queue_name", "hangup_by", "intent", "flow"]))
    with Session(engine) as session:
        rows = session.query(Interaction).all()
        assert len(rows) == 30
        assert {(r.queue_name, r.hangup_by, r.intent, r.flow) for r in rows} == {("written",) * 4}


def test_an_update_that_changes_nothing_still_finds_its_row(engine: Engine) -> None:
    with Session(engine) as session:
        upsert(
            session,
            QueueVisit,
            {"id": "m:1"},
            {"interaction_id": "m", "queue_name": "sales", "entered_at": INSTANT},
        )
        assert upsert(session, QueueVisit, {"id": "m:1"}, {"queue_name": "sales"}) is True


def test_mariadb_keeps_utc_whatever_its_server_thinks(mariadb: str) -> None:
    engine = make_engine(mariadb)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT @@time_zone")).scalar() == "+00:00"
    engine.dispose()


def test_a_mariadb_that_is_away_is_said_within_the_time_limit() -> None:
    engine = make_engine("mariadb://nobody:x@127.0.0.1:9/none", connect_timeout_seconds=1)
    with pytest.raises(Exception, match="Can't connect"):
        engine.connect()
