"""The spools become rows: each run, message and answer once, however often and in whatever pieces it is read."""

import json
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.filing import FileFiling
from ivr.passages import passages_of
from ivr.reader import SpoolReader
from sql.engine import make_engine
from sql.models import Base, FlowCount, FlowRun, SurveyAnswer, Voicemail

BEGAN = datetime(2025, 3, 3, 17, 30, tzinfo=UTC)  # 01:30 of the 4th in Shanghai
BEGAN_US = int(BEGAN.timestamp() * 1_000_000)


def event(kind, seconds, node="menu", **more):
    return {"type": kind, "at_us": BEGAN_US + seconds * 1_000_000, "node": node, "flow": "main@3", **more}


RUN = {
    "interaction_id": "i-1", "flow": "main@3", "did": "4001", "next": "gone", "began_at_us": BEGAN_US,
    "events": [
        event("NodeEntered", 0), event("NodeLeft", 4, way="keys.1", target="tape"), event("NodeEntered", 4, "tape"),
        event("CallerLeft", 9, "tape"), event("FlowEnded", 9, ""),
    ],
}  # fmt: skip


@pytest.fixture
def record(tmp_path):
    engine = make_engine(f"sqlite:///{tmp_path / 'record.db'}")
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def filing(tmp_path):
    return FileFiling(tmp_path)


@pytest.fixture
def reader(tmp_path, record):
    return SpoolReader(record, tmp_path, "switch1", "Asia/Shanghai")


def counts(record):
    with Session(record) as session:
        rows = session.scalars(select(FlowCount)).all()
        return {(row.node, row.way): (row.count, row.milliseconds) for row in rows}, {row.day for row in rows}


def test_a_run_is_counted_by_node_way_and_hangup_on_the_centres_day(reader, filing, record):
    filing.journal(RUN, BEGAN)
    assert reader.step() == 1
    found, days = counts(record)
    assert found == {
        ("menu", ""): (1, 4000), ("menu", "keys.1"): (1, 0), ("tape", ""): (1, 5000), ("tape", "!left"): (1, 0),
    }  # fmt: skip
    assert days == {date(2025, 3, 4)}
    with Session(record) as session:
        run = session.scalars(select(FlowRun)).one()
        assert (run.flow, run.version, run.ended, run.last_node) == ("main", 3, "gone", "tape")


def test_the_same_run_counts_once_even_when_the_position_is_lost(reader, filing, record):
    filing.journal(RUN, BEGAN)
    filing.journal(RUN, BEGAN)
    filing.journal(RUN | {"interaction_id": "i-2"}, BEGAN)
    reader.step()
    reader.step()
    assert counts(record)[0]["menu", ""] == (2, 8000)


def test_a_line_that_is_being_written_waits_for_its_end(reader, filing, record, tmp_path):
    filing.journal(RUN, BEGAN)
    path = next((tmp_path / "spool/flow").glob("*.jsonl"))
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:50])
    assert reader.step() == 1
    path.write_bytes(whole + whole.replace(b'"i-1"', b'"i-2"'))
    assert reader.step() == 1


def test_a_broken_line_costs_only_itself(reader, filing, record, tmp_path):
    filing.journal(RUN, BEGAN)
    path = next((tmp_path / "spool/flow").glob("*.jsonl"))
    path.write_bytes(b"{nonsense\n[]\n" + path.read_bytes())
    assert reader.step() == 1


def test_a_journal_that_is_read_and_old_is_removed(reader, filing, tmp_path):
    filing.journal(RUN, BEGAN)
    reader.step()
    reader.step()
    assert list((tmp_path / "spool/flow").glob("*.jsonl")) == []


def test_a_voicemail_is_loaded_once_and_its_file_goes(reader, filing, record, tmp_path):
    audio = filing.audio_path("voicemail", "i-1", BEGAN)
    given = {
        "interaction_id": "i-1", "number": "13800138000", "did": "4001", "path": str(audio), "seconds": 7.5, "queue": "service",
        "notify": ["supervisor"], "language": "zh", "flow": "night@1", "node": "tape", "at": BEGAN.isoformat(),
    }  # fmt: skip
    filing.put("voicemail", "i-1", given, BEGAN)
    assert reader.step() == 1
    assert list((tmp_path / "spool/voicemail").iterdir()) == []
    with Session(record) as session:
        message = session.scalars(select(Voicemail)).one()
        assert (message.queue_name, message.seconds, message.notify) == ("service", 7.5, ["supervisor"])
        assert message.path.startswith("voicemail/2025/03/03/i-1-")


def test_a_comment_joins_the_score_that_came_before_it(reader, filing, record, tmp_path):
    answer = {
        "interaction_id": "i-1",
        "score": 2,
        "best": 5,
        "flow": "s@1",
        "node": "ask",
        "at": BEGAN.isoformat(),
    }
    filing.put("survey", "i-1", answer, BEGAN)
    comment = filing.audio_path("survey", "i-1", BEGAN)
    filing.put("survey", "i-1", answer | {"comment": str(comment), "seconds": 4.0}, BEGAN.replace(second=9))
    assert reader.step() == 2
    with Session(record) as session:
        found = session.scalars(select(SurveyAnswer)).one()
        assert (found.score, found.seconds, found.comment.startswith("survey/")) == (2, 4.0, True)


def test_a_record_that_is_none_is_set_aside(reader, tmp_path):
    folder = tmp_path / "spool/voicemail"
    folder.mkdir(parents=True)
    (folder / "a.json").write_text("{", encoding="utf-8")
    (folder / "b.json").write_text(
        json.dumps(
            {"id": "b", "interaction_id": "x", "path": "/etc/passwd", "seconds": 1, "at": BEGAN.isoformat()}
        ),
        encoding="utf-8",
    )
    assert reader.step() == 0
    assert sorted(path.name for path in folder.iterdir()) == ["a.bad", "b.bad"]


def test_a_stay_in_which_nothing_ends_is_not_endless():
    found = passages_of([event("NodeEntered", 0), event("FlowEnded", 90_000, "")])
    assert found.milliseconds["main", "menu", ""] == 3_600_000
