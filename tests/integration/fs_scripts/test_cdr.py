"""`fs_scripts.cdr` and the loader with real databases: a file a leg, a row a leg, and once only."""

import json
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from acd.history.spool import load_spool
from fs_scripts import cdr, process
from sql.models import Base, CallLeg, Interaction
from tests.support.servers import mariadb_binaries, mariadb_server

LEG = "da62b667-108f-46b8-8ba0-ea31d66ff73f"
HEADERS = {
    "Unique-ID": LEG,
    "Call-Direction": "inbound",
    "Caller-Caller-ID-Number": "13800138000",
    "variable_interaction_id": LEG,
    "variable_uckefu_did": "4001",
    "variable_uckefu_role": "caller",
    "variable_uckefu_intent": "售后服务",
    "variable_start_uepoch": "1795381267742783",
    "variable_end_uepoch": "1795381271882932",
    "variable_hangup_cause": "NORMAL_CLEARING",
    "variable_sip_hangup_disposition": "recv_bye",
}


class Env:
    def __init__(self, headers):
        self.headers = headers

    def getHeader(self, name):
        return self.headers.get(name)


class Stream:
    text = ""

    def write(self, text):
        self.text += text


def hang_up(headers=HEADERS):
    """The switch runs the hook; gives its answer."""
    stream = Stream()
    cdr.fsapi("na", stream, Env(headers), "")
    return stream.text


@pytest.fixture
def instance(tmp_path, monkeypatch):
    folder = tmp_path / "instance"
    folder.mkdir()
    monkeypatch.setenv("UCKEFU_INSTANCE", str(folder))
    monkeypatch.delenv("UCKEFU_DATABASE_URL", raising=False)
    return folder


@pytest.fixture
def spooled(instance) -> Callable[[], list[dict]]:
    return lambda: [json.loads(p.read_text()) for p in sorted(process.settings().spool_dir.glob("*"))]


@pytest.fixture
def database(instance):
    engine = process.engine(process.settings().sql_url)
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


def rows(engine):
    """What is in SQL when the spool has been loaded, as `acd.history` does it."""
    load_spool(engine, process.settings().spool_dir)
    with Session(engine) as session:
        return session.scalars(select(CallLeg)).all(), session.scalars(select(Interaction)).all()


def test_a_hangup_is_a_leg_and_an_interaction_in_sql(database, spooled):
    assert hang_up() == "+OK\n"
    (leg,), (interaction,) = rows(database)
    assert (leg.id, leg.role, leg.from_number, leg.hung_up_first) == (LEG, "caller", "13800138000", True)
    assert (interaction.intent, interaction.hangup_by, interaction.to_number) == (
        "售后服务",
        "caller",
        "4001",
    )
    assert (leg.started_at.microsecond, interaction.started_at.microsecond) == (742783, 742783)
    assert spooled() == []


def test_the_same_hangup_told_twice_is_one_leg(database):
    hang_up()
    assert [len(found) for found in rows(database)] == [1, 1]
    hang_up()
    assert [len(found) for found in rows(database)] == [1, 1]


def test_until_it_is_loaded_a_leg_is_a_file_of_its_own(instance, spooled):
    assert hang_up() == "+OK\n"
    (record,) = spooled()
    assert record["leg"]["id"] == record["interaction"]["id"] == LEG
    (file,) = process.settings().spool_dir.iterdir()
    assert file.name == f"{LEG}.json"
    assert stat.S_IMODE(process.settings().spool_dir.stat().st_mode) == 0o700


def test_a_database_that_hangs_or_refuses_does_not_even_see_the_hangup(instance, spooled, monkeypatch):
    use_database(monkeypatch, "mysql://u:p@127.0.0.1:1/none")
    assert hang_up() == "+OK\n"
    assert len(spooled()) == 1


def test_a_locked_sqlite_file_gets_the_leg_later(database, instance, spooled):
    with sqlite3.connect(instance / "uckefu.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        hang_up()
        with pytest.raises(OperationalError):
            rows(database)
        other.execute("ROLLBACK")
    assert len(spooled()) == 1
    assert [len(found) for found in rows(database)] == [1, 1]


def use_database(monkeypatch, url):
    """The same instance with another database; the settings are read anew."""
    monkeypatch.setenv("UCKEFU_DATABASE_URL", url)
    process._settings.cache_clear()


@pytest.fixture(autouse=True)
def _settings_are_read_anew() -> Iterator[None]:
    process._settings.cache_clear()
    yield
    process._settings.cache_clear()


def test_many_hangups_at_once_are_all_written(database, spooled):
    legs = [{**HEADERS, "Unique-ID": f"leg-{i}", "variable_interaction_id": f"leg-{i}"} for i in range(30)]
    threads = [threading.Thread(target=hang_up, args=(headers,)) for headers in legs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert {leg.id for leg in rows(database)[0]} == {f"leg-{i}" for i in range(30)}
    assert spooled() == []


def test_when_even_the_spool_is_full_the_whole_record_is_in_the_log(instance):
    (instance / "spool").write_text("a file stands where the folder should be")
    with capture_logs() as logs:
        assert hang_up() == "-ERR not stored\n"
    assert logs[-1]["event"] == "cdr_lost_but_for_this_line"
    assert logs[-1]["record"]["leg"]["id"] == LEG


def test_data_without_a_channel_is_an_error_and_no_row(database, spooled):
    assert hang_up({}) == "-ERR no channel data\n"
    assert (rows(database), spooled()) == (([], []), [])


def test_a_leg_id_that_is_no_file_name_stays_out_of_the_spool(instance, spooled):
    assert hang_up(HEADERS | {"Unique-ID": "../../x"}) == "-ERR not stored\n"
    assert not process.settings().spool_dir.exists()


def test_on_mariadb_it_is_the_same(instance, spooled, monkeypatch):
    if mariadb_binaries() is None:
        pytest.skip("MariaDB: mariadbd is not installed")
    with mariadb_server() as url:
        use_database(monkeypatch, url)
        engine = process.engine(process.settings().sql_url)
        Base.metadata.create_all(engine)
        for _ in range(2):
            hang_up()
            (leg,), (interaction,) = rows(engine)
            assert (leg.id, interaction.intent) == (LEG, "售后服务")
        engine.dispose()
