"""Events and spooled CDRs become rows, each once, whatever goes away in between."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from acd.contract import EVENTS
from acd.history.position import recorded_event_id
from acd.history.reader import EventReader
from acd.history.spool import load_spool
from acd.messages import (
    AgentStatusChanged,
    CallConnected,
    CallEnded,
    ConversationAssigned,
    ConversationEnded,
    Happened,
    MemberEntered,
    MemberLeft,
    OfferEnded,
    OfferMade,
    TalkNoted,
    WrapUpEnded,
    encode_event,
)
from sql.engine import make_engine
from sql.migrate import upgrade
from sql.models import CallLeg, Interaction, Offer, QueueVisit, StatusChange, Talk
from uckefu.times import from_us

SECOND = 1_000_000
T0 = 1_700_000_000 * SECOND

WHO = {"interaction_id": "i1"}
OFFERED = {
    **WHO, "member_id": "i1:1", "queue": "service", "number": "138", "did": "4001", "intent": "", "leg_id": "l1",
    "entered_at_us": T0, "expires_at_us": T0 + 21 * SECOND, "reason": {"rule": "longest-idle"},
}  # fmt: skip


def a_call() -> list[Happened]:
    """The events of one call: declined by agent 1, taken by agent 2."""

    def at(number: int, seconds: float) -> dict[str, int]:
        return {"event_id": number, "at_us": T0 + round(seconds * SECOND)}

    return [
        AgentStatusChanged(**at(1, -5), agent_id=2, status="ready", by="agent"),
        MemberEntered(**at(2, 0), **WHO, member_id="i1:1", queue="service", number="138"),
        OfferMade(**at(3, 1), **OFFERED, offer_id="i1:1:1", agent_id=1),
        OfferEnded(**at(4, 2), **WHO, offer_id="i1:1:1", member_id="i1:1", agent_id=1, outcome="declined"),
        OfferMade(**at(5, 2), **OFFERED, offer_id="i1:1:2", agent_id=2),
        OfferEnded(**at(6, 6), **WHO, offer_id="i1:1:2", member_id="i1:1", agent_id=2, outcome="accepted"),
        CallConnected(**at(7, 6), **WHO, offer_id="i1:1:2", agent_id=2, queue="service"),
        MemberLeft(**at(8, 6), **WHO, member_id="i1:1", queue="service", result="answered", agent_id=2),
        CallEnded(**at(9, 66), **WHO, offer_id="i1:1:2", agent_id=2, wrap_up_seconds=30),
        TalkNoted(**at(10, 70), **WHO, offer_id="i1:1:2", agent_id=2, disposition_id=99, note="好"),
        WrapUpEnded(**at(11, 70), **WHO, offer_id="i1:1:2", agent_id=2, result="finished"),
    ]


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Engine]:
    engine = make_engine(f"sqlite:///{tmp_path / 'record.db'}")
    upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def bus(bus_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(bus_url, decode_responses=True) as client:
        yield client


def put(bus: redis.Redis, events: list[Happened]) -> None:
    for event in events:
        bus.xadd(EVENTS, {"data": encode_event(event)}, id=f"{event.event_id}-0")


def test_a_call_becomes_rows(record: Engine, bus: redis.Redis) -> None:
    put(bus, a_call())
    assert EventReader(bus, record).step(0) == 11
    with Session(record) as session:
        visit = session.get_one(QueueVisit, "i1:1")
        assert (visit.entered_at, visit.left_at, visit.result) == (
            from_us(T0),
            from_us(T0 + 6 * SECOND),
            "answered",
        )
        offers = session.execute(select(Offer.agent_id, Offer.outcome).order_by(Offer.id)).all()
        assert [tuple(row) for row in offers] == [(1, "declined"), (2, "accepted")]
        talk = session.get_one(Talk, "i1:1:2")
        assert (talk.ended_at, talk.wrap_up_result, talk.note) == (
            from_us(T0 + 66 * SECOND),
            "finished",
            "好",
        )
        assert talk.disposition_id is None  # no such outcome in SQL
        interaction = session.get_one(Interaction, "i1")
        assert (interaction.queue_name, interaction.queued_at) == ("service", from_us(T0))
        assert interaction.connected_at == from_us(T0 + 6 * SECOND)
        assert interaction.from_number == "138"  # while it lasts: the leg's record comes at its end
        assert session.get_one(StatusChange, 1).status == "ready"
    assert recorded_event_id(record) == 11


def test_events_are_written_once_and_a_second_reader_goes_on_where_the_first_ended(
    record: Engine, bus: redis.Redis
) -> None:
    events = a_call()
    put(bus, events[:5])
    EventReader(bus, record).step(0)
    put(bus, events[5:])
    second = EventReader(bus, record)
    assert (second.step(0), second.step(0)) == (6, 0)
    with Session(record) as session:
        assert session.scalar(select(func.count()).select_from(Offer)) == 2


def test_writing_all_again_changes_nothing(record: Engine, bus: redis.Redis, tmp_path: Path) -> None:
    put(bus, a_call())
    EventReader(bus, record).step(0)
    before = rows(record)
    with Session(record) as session, session.begin():
        from acd.history.rows import write_event

        for event in a_call():
            write_event(session, event)
    assert rows(record) == before


def rows(record: Engine) -> list[object]:
    with record.connect() as connection:
        tables = (QueueVisit, Offer, Talk, Interaction, StatusChange)
        return [connection.execute(select(table.__table__)).all() for table in tables]


def test_an_event_that_makes_no_row_is_passed_over_and_the_next_one_is_written(
    record: Engine, bus: redis.Redis
) -> None:
    bus.xadd(EVENTS, {"data": '{"type": "NoSuchEvent"}'}, id="1-0")
    bus.xadd(EVENTS, {"data": "no json"}, id="2-0")
    put(bus, [AgentStatusChanged(event_id=3, at_us=T0, agent_id=1, status="ready", by="agent")])
    assert EventReader(bus, record).step(0) == 3
    with Session(record) as session:
        assert session.get(StatusChange, 3)


def test_a_database_that_is_down_loses_nothing(tmp_path: Path, bus: redis.Redis) -> None:
    put(bus, a_call())
    record = make_engine(f"sqlite:///{tmp_path / 'late.db'}")
    with pytest.raises(SQLAlchemyError):
        EventReader(bus, record).step(0)
    assert recorded_event_id(record) == 0
    upgrade(record)
    assert EventReader(bus, record).step(0) == 11
    record.dispose()


LEG = {
    "leg": {"id": "l1", "interaction_id": "i1", "direction": "outbound", "started_at_us": T0},
    "interaction": {"id": "i1", "from_number": "138", "started_at_us": T0},
}


def test_a_spooled_cdr_is_loaded_once_and_its_file_is_gone(record: Engine, tmp_path: Path) -> None:
    (tmp_path / "l1.json").write_text(json.dumps(LEG))
    assert (load_spool(record, tmp_path), load_spool(record, tmp_path)) == (1, 0)
    (tmp_path / "l1.json").write_text(json.dumps(LEG))  # a crash between commit and removal
    assert load_spool(record, tmp_path) == 1
    with Session(record) as session:
        assert session.scalar(select(func.count()).select_from(CallLeg)) == 1
        assert session.get_one(Interaction, "i1").from_number == "138"


def test_a_file_that_is_no_cdr_is_set_aside(record: Engine, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{broken")
    (tmp_path / "b.json").write_text("[]")
    (tmp_path / "c.json").write_text(json.dumps(LEG))
    assert load_spool(record, tmp_path) == 1
    assert sorted(path.name for path in tmp_path.glob("*.bad")) == ["a.bad", "b.bad"]


def test_the_spool_stays_while_the_database_is_down(tmp_path: Path) -> None:
    (tmp_path / "l1.json").write_text(json.dumps(LEG))
    record = make_engine(f"sqlite:///{tmp_path / 'no such folder' / 'record.db'}")
    with pytest.raises(SQLAlchemyError):
        load_spool(record, tmp_path)
    assert (tmp_path / "l1.json").exists()


def test_without_a_spool_there_is_nothing_to_do(record: Engine, tmp_path: Path) -> None:
    assert load_spool(record, tmp_path / "no such folder") == 0


def test_a_conversation_becomes_a_visit_an_offer_and_a_talk(record: Engine, bus: redis.Redis) -> None:
    def at(number: int, seconds: float) -> dict[str, int]:
        return {"event_id": number, "at_us": T0 + round(seconds * SECOND)}

    who = {"interaction_id": "v1", "channel": "chat"}
    assigned = {
        "offer_id": "v1:1:1",
        "member_id": "v1:1",
        "agent_id": 2,
        "queue": "chat",
        "entered_at_us": T0,
    }
    events: list[Happened] = [
        MemberEntered(**at(1, 0), **who, member_id="v1:1", queue="chat", number="", name="Anna"),
        ConversationAssigned(
            **at(2, 3), **who, **assigned, name="Anna", number="", reason={"rule": "rotation"}
        ),
        MemberLeft(**at(3, 3), **who, member_id="v1:1", queue="chat", result="answered", agent_id=2),
        ConversationEnded(
            **at(4, 63), **who, offer_id="v1:1:1", agent_id=2, queue="chat", by="visitor", wrap_up_seconds=0
        ),
    ]
    put(bus, events)
    assert EventReader(bus, record).step(0) == 4
    with Session(record) as session:
        interaction = session.get_one(Interaction, "v1")
        assert (interaction.channel, interaction.queue_name) == ("chat", "chat")
        assert interaction.connected_at == from_us(T0 + 3 * SECOND)
        assert session.get_one(QueueVisit, "v1:1").result == "answered"
        offer = session.get_one(Offer, "v1:1:1")
        assert (offer.agent_id, offer.outcome, offer.offered_at) == (2, "accepted", offer.ended_at)
        talk = session.get_one(Talk, "v1:1:1")
        assert (talk.queue_name, talk.ended_at) == ("chat", talk.wrap_up_ended_at)
