"""What SQL says about queues, agents and rules is what the engine gets."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from acd.adapters.sql_config import day_offset_seconds, read_configuration
from acd.domain.inputs import (
    AnnouncementConfig,
    CallbackConfig,
    LimitConfig,
    Rules,
    decode_input,
    encode_input,
)
from sql.engine import make_engine
from sql.models import (
    Agent,
    AgentRouting,
    AgentSkill,
    Base,
    DoNotCall,
    Queue,
    QueueRouting,
    RoutingRule,
    Tier,
    User,
)
from tests.unit.acd.acd_world import START_US
from uckefu.centre import Centre
from uckefu.times import from_us


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Engine]:
    made = make_engine(f"sqlite:///{tmp_path / 'record.db'}")
    Base.metadata.create_all(made)
    with Session(made) as session, session.begin():
        at = from_us(START_US)
        session.add(User(id=1, login="a", name="A", role="agent", password_hash="", created_at=at))
        session.add(Agent(id=7, user_id=1, extension="1007", a1_hash=""))
        session.add(Queue(id=1, name="service", title_zh="客服", title_en="Service"))
        session.add(Queue(id=2, name="chat", title_zh="在线", title_en="Chat", channel="chat"))
        session.flush()
        session.add(Tier(queue_id=1, agent_id=7, level=2, position=3))
    yield made
    made.dispose()


def test_queues_of_all_channels_are_read_with_the_defaults(record: Engine) -> None:
    found = read_configuration(record, START_US)
    assert [(queue.name, queue.channel) for queue in found.queues] == [("service", "voice"), ("chat", "chat")]
    assert found.rules == Rules()
    assert [(a.agent_id, a.skills, a.max_conversations) for a in found.agents] == [(7, {}, None)]


def test_what_is_set_is_read_and_survives_the_log(record: Engine) -> None:
    with Session(record) as session, session.begin():
        session.add(
            QueueRouting(queue_id=1, skills="english >= 3; after 60 s: english >= 1", ageing_seconds=30)
        )
        session.add(AgentRouting(agent_id=7, max_conversations=3))
        session.add(AgentSkill(agent_id=7, name="english", level=4))
        session.add(RoutingRule(name="call_stops_conversations", value=1))
        session.add(RoutingRule(name="max_conversations", value=8))
        session.add(RoutingRule(name="no such rule", value=8))
        session.add(RoutingRule(name="default_queue", value=8))
    found = read_configuration(record, START_US, Centre(timezone="Asia/Shanghai"))
    assert found.queues[0].skills == "english >= 3; after 60 s: english >= 1"
    assert found.queues[0].ageing_seconds == 30
    assert (found.agents[0].skills, found.agents[0].max_conversations) == ({"english": 4}, 3)
    assert found.rules == Rules(
        call_stops_conversations=True, max_conversations=8, day_offset_seconds=8 * 3600
    )
    assert found.rules.call_stops_conversations is True
    assert decode_input(encode_input(found)) == found


def test_skills_that_can_not_be_read_cost_the_queue_nothing_else(record: Engine) -> None:
    with Session(record) as session, session.begin():
        session.add(QueueRouting(queue_id=1, skills="english is nice", ageing_seconds=30))
    queue = read_configuration(record, START_US).queues[0]
    assert (queue.skills, queue.ageing_seconds) == ("", 30)


def test_the_settings_of_a_queue_go_with_it(record: Engine) -> None:
    with Session(record) as session, session.begin():
        session.add(QueueRouting(queue_id=1))
    with Session(record) as session, session.begin():
        session.delete(session.get_one(Queue, 1))
    with Session(record) as session:
        assert session.query(QueueRouting).count() == 0


def test_the_day_begins_at_midnight_in_the_centre() -> None:
    assert day_offset_seconds("Asia/Shanghai", START_US) == 8 * 3600
    assert day_offset_seconds("UTC", START_US) == 0


def test_limits_callbacks_and_numbers_not_to_call_are_read(record: Engine) -> None:
    limits = {
        "length": {"value": 20, "to": "queue", "target": "sales"},
        "nobody": {"to": "voicemail"},
        "time": {"value": 60, "to": "the moon"},
    }
    callback = {"trunk": "gateway1", "opens": "09:00", "closes": "20:30", "attempts": 2}
    with Session(record) as session, session.begin():
        session.add(QueueRouting(queue_id=1, limits=limits, callback=callback))
        session.add(QueueRouting(queue_id=2, callback={"opens": "noon"}))
        session.add(DoNotCall(number="13800138000", created_at=from_us(START_US)))
    found = read_configuration(record, START_US)
    assert found.queues[0].limits == (
        LimitConfig(when="nobody", to="voicemail"),
        LimitConfig(when="length", value=20, to="queue", target="sales"),
    )
    assert found.queues[0].callback == CallbackConfig(
        trunk="gateway1", opens_minute=540, closes_minute=1230, attempts=2
    )
    assert found.queues[1].callback is None
    assert found.do_not_call == ("13800138000",)
    assert decode_input(encode_input(found)) == found


def test_announcements_are_read_and_one_that_can_not_be_costs_no_other(record: Engine) -> None:
    items = [
        {"after_seconds": 20, "every_seconds": 60, "say": "position"},
        {"after_seconds": "soon"},
        {"say": "prompt"},
        {"after_seconds": 5, "say": "a joke"},
    ]
    with Session(record) as session, session.begin():
        session.add(QueueRouting(queue_id=1, announcements={"items": items}))
    found = read_configuration(record, START_US)
    assert found.queues[0].announcements == (
        AnnouncementConfig(after_seconds=20, every_seconds=60, say="position"),
    )
    assert decode_input(encode_input(found)) == found
