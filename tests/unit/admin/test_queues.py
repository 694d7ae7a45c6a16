"""The queue pages: what an administrator without programming can set, what is refused, and who is told."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from acd import contract
from acd.adapters.sql_config import read_configuration
from acd.domain.inputs import AnnouncementConfig, CallbackConfig, LimitConfig, Rules
from acd.domain.skills import requirement
from acd.domain.strategies import STRATEGIES
from admin.queues import needs, rules
from admin.queues.words import STRATEGIES as CHOICES
from sql.models import (
    Agent,
    AgentSkill,
    AuditEntry,
    Disposition,
    Queue,
    QueueRouting,
    RoutingRule,
    Talk,
    Tier,
)
from uckefu.times import now

NEW = {
    "name": "after-sales", "title_zh": "售后", "title_en": "After sales", "channel": "voice", "strategy": "longest-idle",
    "offer_timeout_seconds": "15", "wrap_up_seconds": "45", "max_wait_seconds": "300", "service_level_seconds": "30",
    "music": "local_stream://moh",
}  # fmt: skip
ROUTING = {"tier_wait_seconds": "15", "historic_wait_seconds": "40", "ageing_seconds": "120"}


@pytest.fixture
def client(app: Flask, sign_in: Callable[[str], FlaskClient]) -> FlaskClient:
    app.extensions["uckefu"]["acd"].reply_timeout_seconds = 1
    return sign_in("administrator")


def reloads(app: Flask) -> int:
    entries = app.extensions["uckefu"]["bus"].xrange(contract.COMMANDS)
    return sum('"ReloadConfiguration"' in fields["data"] for _id, fields in entries)


def queue_named(session: Session, name: str) -> Queue:
    session.expire_all()
    return session.query(Queue).filter_by(name=name).one()


def sent_as_it_is(queue: Queue) -> dict[str, str]:
    return {name: str(getattr(queue, name)) for name in NEW} | {"historic_wait_seconds": "60"}


def test_a_new_queue_has_what_was_entered_its_agents_and_an_audit_entry_and_the_acd_is_told(
    app: Flask, client: FlaskClient, session: Session, agents: dict[str, int]
) -> None:
    one = agents["agent1"]
    sent = {**NEW, f"agent-{one}": "y", f"level-{one}": "2", f"position-{one}": "3"}
    assert client.post("/queues/new", data=sent).status_code == 302
    queue = queue_named(session, "after-sales")
    assert sent_as_it_is(queue) == {**NEW, "historic_wait_seconds": "60"}
    assert [(t.agent_id, t.level, t.position) for t in queue.tiers] == [(one, 2, 3)]
    assert reloads(app) == 1
    entry = session.query(AuditEntry).filter_by(action="queue-created").one()
    assert (entry.subject, entry.detail["agents"]) == ("after-sales", {str(one): [None, [2, 3]]})
    page = client.get("/queues/").get_data(as_text=True)
    assert "售后" in page


def test_a_change_is_audited_with_what_was_before_and_the_short_name_and_channel_stay(
    client: FlaskClient, session: Session, agents: dict[str, int]
) -> None:
    queue = queue_named(session, "service")
    places = {f"agent-{t.agent_id}": "y" for t in queue.tiers if t.agent_id != agents["agent2"]}
    sent = {**sent_as_it_is(queue), **places, "wrap_up_seconds": "60", "name": "other", "channel": "chat"}
    assert client.post(f"/queues/{queue.id}", data=sent).status_code == 302
    queue = queue_named(session, "service")
    assert (queue.wrap_up_seconds, queue.channel) == (60, "voice")
    entry = session.query(AuditEntry).filter_by(action="queue-changed").one()
    assert entry.detail["changes"] == {"wrap_up_seconds": [30, 60]}
    assert entry.detail["agents"] == {str(agents["agent2"]): [[1, 2], None]}


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("offer_timeout_seconds", "0", "填 5–120 之间的整数。常用 20"),
        ("offer_timeout_seconds", "x", "填 5–120 之间的整数。常用 20"),
        ("wrap_up_seconds", "-1", "填 0–3600 之间的整数。常用 30"),
        ("max_wait_seconds", "1.5", "填 10–86400 之间的整数。常用 600"),
        ("service_level_seconds", "99999999999", "填 1–600 之间的整数。常用 20"),
        ("name", "After Sales", "只用小写字母、数字和 -，以字母开头"),
        ("name", "service", "已被使用"),
        ("title_zh", "", "填写名称"),
        ("strategy", "rotation", "选择与队列接入类型相符的方式"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_with_what_to_do_and_nothing_is_lost(
    client: FlaskClient, session: Session, field: str, value: str, told: str
) -> None:
    answer = client.post("/queues/new", data={**NEW, field: value})
    text = answer.get_data(as_text=True)
    assert answer.status_code == 400
    assert told in text
    assert f'id="{field}-error"' in text
    assert "After sales" in text
    assert f'value="{value}"' in text
    assert session.query(Queue).filter_by(title_en="After sales").count() == 0


def test_a_level_and_a_position_must_be_one(client: FlaskClient, agents: dict[str, int]) -> None:
    one = agents["agent1"]
    for name, value, told in (("level", "0", "1–9"), ("position", "100", "1–99")):
        answer = client.post("/queues/new", data={**NEW, f"agent-{one}": "y", f"{name}-{one}": value})
        assert answer.status_code == 400
        assert told in answer.get_data(as_text=True)


def test_a_queue_that_a_flow_or_a_customer_needs_is_not_deleted_and_the_page_says_why(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    sales = queue_named(session, "sales")
    answer = client.post(f"/queues/{sales.id}/delete")
    assert answer.status_code == 409
    assert "流程 main 通向它" in answer.get_data(as_text=True)
    service = queue_named(session, "service")
    app.extensions["uckefu"]["bus"].set(
        contract.VIEW, json.dumps({"queues": {"service": {"waiting": 3, "in_service": 1}}})
    )
    text = client.post(f"/queues/{service.id}/delete").get_data(as_text=True)
    assert "现在有 4 位客户" in text
    assert "每个中心都需要它" in text
    assert queue_named(session, "sales") is not None


def test_a_flow_of_the_centres_own_counts_instead_of_ours_and_a_queue_nothing_leads_to_is_deleted(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    own: Path = app.extensions["uckefu"]["settings"].instance / "flows"
    own.mkdir(exist_ok=True)
    (own / "main.yml").write_text("nodes: {a: {type: queue, queue: service}}", encoding="utf-8")
    sales = queue_named(session, "sales")
    assert client.post(f"/queues/{sales.id}/delete").status_code == 302
    assert session.query(Queue).filter_by(name="sales").count() == 0
    assert session.query(Tier).filter_by(queue_id=sales.id).count() == 0
    assert session.query(AuditEntry).filter_by(action="queue-deleted", subject="sales").count() == 1
    assert reloads(app) == 1


def test_every_strategy_of_the_acd_has_a_word_and_every_word_a_strategy() -> None:
    assert {choice.code for choice in CHOICES} == set(STRATEGIES)


# ---- limits, skills, rules: as the ACD reads them ---------------------------------------------------------


def as_the_acd_reads(session: Session) -> Any:
    session.expire_all()
    return read_configuration(session.get_bind(), 0)  # type: ignore[arg-type]


def test_limits_skills_and_waiting_for_levels_reach_the_acd_as_they_were_entered(
    client: FlaskClient, session: Session
) -> None:
    sent = {
        **NEW, **ROUTING,
        "limit-nobody": "y", "limit-nobody-value": "30", "limit-nobody-place": "flow:main",
        "limit-length": "y", "limit-length-value": "20", "limit-length-place": "queue:sales",
        "limit-time-value": "nonsense that is not ticked", "limit-time-place": "x",
        "need-skill-0": "english", "need-level-0": "3", "need-after-0": "60", "need-then-0": "1",
        "need-skill-1": "refund", "need-level-1": "2",
    }  # fmt: skip
    assert client.post("/queues/new", data=sent).status_code == 302
    (queue,) = [q for q in as_the_acd_reads(session).queues if q.name == "after-sales"]
    assert (queue.tier_wait_seconds, queue.historic_wait_seconds, queue.ageing_seconds) == (15, 40, 120)
    assert queue.limits == (
        LimitConfig(when="nobody", value=30, to="flow", target="main"),
        LimitConfig(when="length", value=20, to="queue", target="sales"),
    )
    assert requirement(queue.skills, "") == (
        (0, (("english", 3), ("refund", 2))),
        (60_000_000, (("english", 1), ("refund", 2))),
    )
    id_ = queue_named(session, "after-sales").id
    page = client.get(f"/queues/{id_}").get_data(as_text=True)
    for shown in (
        'value="english"',
        'value="60"',
        '<option value="queue:sales" selected>',
        '<option value="flow:main" selected>',
    ):
        assert shown in page
    assert 'value="queue:after-sales"' not in page
    sales = queue_named(session, "sales")
    assert "售后" in client.post(f"/queues/{sales.id}/delete").get_data(as_text=True)
    assert client.post(f"/queues/{id_}/delete").status_code == 302
    assert session.query(QueueRouting).filter_by(queue_id=id_).count() == 0


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"limit-time": "y", "limit-time-value": "0", "limit-time-place": "voicemail"}, "填 1–86400"),
        ({"limit-time": "y", "limit-time-value": "60", "limit-time-place": "queue:none"}, "选择客户去哪里"),
        ({"need-skill-0": "two words", "need-level-0": "1"}, "技能是一个词"),
        ({"need-skill-0": "english", "need-level-0": "12"}, "级别填 1–9"),
        ({"need-skill-0": "english", "need-level-0": "3", "need-after-0": "60"}, "要么都填"),
        (
            {"need-skill-0": "a", "need-level-0": "3", "need-skill-1": "a", "need-level-1": "2"},
            "只能要求一次",
        ),
    ],
)
def test_a_wrong_limit_or_skill_is_said_and_nothing_is_lost(
    client: FlaskClient, session: Session, sent: dict[str, str], told: str
) -> None:
    answer = client.post("/queues/new", data={**NEW, **sent})
    assert answer.status_code == 400
    text = answer.get_data(as_text=True)
    assert told in text
    assert session.query(Queue).filter_by(name="after-sales").count() == 0
    for value in (value for key, value in sent.items() if key.startswith("need-skill")):
        assert f'value="{value}"' in text


def test_skills_that_a_technician_wrote_are_shown_and_kept(client: FlaskClient, session: Session) -> None:
    text = "english >= 3; after 60 s: english >= 2; after 120 s: english >= 1"
    assert needs.rows_of(text) is None
    queue = queue_named(session, "service")
    session.add(QueueRouting(queue_id=queue.id, skills=text))
    session.commit()
    assert "english &gt;= 2" in client.get(f"/queues/{queue.id}").get_data(as_text=True)
    assert (
        client.post(f"/queues/{queue.id}", data={**sent_as_it_is(queue), "title_zh": "客户服务"}).status_code
        == 302
    )
    session.expire_all()
    assert session.get(QueueRouting, queue.id).skills == text  # type: ignore[union-attr]


def test_rows_of_skills_and_their_text_are_the_same_thing() -> None:
    for text in (
        "",
        "english >= 3",
        "english >= 3, refund >= 1; after 60 s: english >= 1; after 90 s: refund >= 0",
    ):
        rows = needs.rows_of(text)
        assert rows is not None
        assert needs.text_of(rows) == text


def test_callbacks_reach_the_acd_and_keep_their_settings_while_they_are_off(
    client: FlaskClient, session: Session
) -> None:
    sent = {
        **NEW, "callback_on": "y", "callback_caller_id": "4001", "callback_opens": "9:30", "callback_closes": "18:00",
        "callback_attempts": "2", "callback_retry_seconds": "600", "callback_dial_seconds": "30",
    }  # fmt: skip
    assert client.post("/queues/new", data=sent).status_code == 302
    (queue,) = [q for q in as_the_acd_reads(session).queues if q.name == "after-sales"]
    assert queue.callback == CallbackConfig(
        trunk="trunk",
        caller_id="4001",
        opens_minute=570,
        closes_minute=1080,
        attempts=2,
        retry_seconds=600,
        dial_seconds=30,
    )
    id_ = queue_named(session, "after-sales").id
    assert 'value="09:30"' in client.get(f"/queues/{id_}").get_data(as_text=True)
    client.post(f"/queues/{id_}", data={key: value for key, value in sent.items() if key != "callback_on"})
    (queue,) = [q for q in as_the_acd_reads(session).queues if q.name == "after-sales"]
    assert (queue.callback.trunk, queue.callback.opens_minute) == ("", 570)
    for wrong in ({"callback_opens": "25:00"}, {"callback_closes": "09:00"}, {"callback_caller_id": "me"}):
        assert client.post(f"/queues/{id_}", data={**sent, **wrong}).status_code == 400


def test_announcements_reach_the_acd_with_their_times_and_keys(client: FlaskClient, session: Session) -> None:
    sent = {
        **NEW, "announce-say-0": "position", "announce-after-0": "20", "announce-every-0": "60",
        "announce-say-1": "", "announce-after-1": "nonsense of a row that says nothing",
        "announce-say-2": "prompt:queue_callback_offer", "announce-after-2": "45", "announce-every-2": "",
        "announce-key-2": "1", "announce-flow-2": "main",
    }  # fmt: skip
    assert client.post("/queues/new", data=sent).status_code == 302
    (queue,) = [q for q in as_the_acd_reads(session).queues if q.name == "after-sales"]
    assert queue.announcements == (
        AnnouncementConfig(after_seconds=20, every_seconds=60, say="position"),
        AnnouncementConfig(
            after_seconds=45, say="prompt", prompt="queue_callback_offer", key="1", flow="main"
        ),
    )
    id_ = queue_named(session, "after-sales").id
    page = client.get(f"/queues/{id_}").get_data(as_text=True)
    assert '<option value="prompt:queue_callback_offer" selected>' in page
    for wrong, told in (
        ({"announce-every-0": "x"}, "填 0–3600 秒"),
        ({"announce-say-0": "prompt:none"}, "选择播报内容"),
        ({"announce-flow-2": ""}, "要么都填"),
        ({"announce-key-0": "1", "announce-flow-0": "main"}, "每个按键只能通向一个流程"),
    ):
        answer = client.post(f"/queues/{id_}", data={**sent, **wrong})
        assert answer.status_code == 400
        assert told in answer.get_data(as_text=True)


def test_a_number_that_must_not_be_called_is_added_once_and_removed(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    sent = {"number": "+86 138-0013-8000", "reason": "请勿回拨"}
    assert client.post("/queues/do-not-call", data=sent).status_code == 302
    assert as_the_acd_reads(session).do_not_call == ("+8613800138000",)
    assert reloads(app) == 1
    assert "已在名单中" in client.post("/queues/do-not-call", data=sent).get_data(as_text=True)
    assert client.post("/queues/do-not-call", data={"number": "none"}).status_code == 400
    client.post("/queues/do-not-call/remove", data={"number": "+8613800138000"})
    assert as_the_acd_reads(session).do_not_call == ()
    actions = [entry.action for entry in session.query(AuditEntry).filter_by(subject="+8613800138000")]
    assert actions == ["do-not-call-added", "do-not-call-removed"]


def test_an_agents_skills_and_own_maximum_reach_the_acd(
    app: Flask, client: FlaskClient, session: Session, agents: dict[str, int]
) -> None:
    one = agents["agent1"]
    sent = {"skill": ["english", "refund", ""], "level": ["7", "2", "1"], "max_conversations": "3"}
    assert client.post(f"/queues/agents/{one}", data=sent).status_code == 302
    (agent,) = [a for a in as_the_acd_reads(session).agents if a.agent_id == one]
    assert (agent.skills, agent.max_conversations) == ({"english": 7, "refund": 2}, 3)
    assert reloads(app) == 1
    assert "english 7" in client.get("/queues/agents").get_data(as_text=True)
    sent = {"skill": ["english"], "level": ["8"], "max_conversations": ""}
    client.post(f"/queues/agents/{one}", data=sent)
    assert session.query(AgentSkill).filter_by(agent_id=one).count() == 1
    assert session.query(AuditEntry).filter_by(action="agent-routing-changed").count() == 2
    for wrong in (
        {"skill": "a b"},
        {"level": "0"},
        {"max_conversations": "51"},
        {"skill": ["a", "a"], "level": ["1", "1"]},
    ):
        assert (
            client.post(f"/queues/agents/{one}", data={"skill": "x", "level": "1", **wrong}).status_code
            == 400
        )


def test_the_rules_for_all_reach_the_acd_and_begin_with_its_own(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    form = {name: str(int(getattr(Rules(), name))) for name in rules.names()}
    del form["call_stops_conversations"]
    page = client.get("/queues/rules").get_data(as_text=True)
    for name, value in form.items():
        assert f'name="{name}" value="{value}"' in page, name
    sent = {**form, "max_conversations": "4", "call_stops_conversations": "y"}
    assert client.post("/queues/rules", data=sent).status_code == 302
    read = as_the_acd_reads(session).rules
    assert (read.max_conversations, read.call_stops_conversations, read.vip_priority) == (4, True, 1)
    entry = session.query(AuditEntry).filter_by(action="routing-rules-changed").one()
    assert entry.detail["changes"] == {"max_conversations": [5, 4], "call_stops_conversations": [0, 1]}
    assert client.post("/queues/rules", data={**form, "vip_priority": "10"}).status_code == 400
    assert session.get(RoutingRule, "vip_priority").value == 1  # type: ignore[union-attr]


# ---- outcomes ------------------------------------------------------------------------------------------


def test_outcomes_are_added_ordered_retired_and_brought_back(client: FlaskClient, session: Session) -> None:
    sent = {"code": "refund", "title_zh": "退款", "title_en": "Refund"}
    assert client.post("/queues/outcomes", data=sent).status_code == 302
    added = session.query(Disposition).filter_by(code="refund").one()
    client.post(f"/queues/outcomes/{added.id}/up")
    session.expire_all()
    line = [d.code for d in session.query(Disposition).order_by(Disposition.position)]
    assert line[-2:] == ["refund", "no-speech"]
    client.post(f"/queues/outcomes/{added.id}/retire")
    session.expire_all()
    assert added.active is False
    client.post(f"/queues/outcomes/{added.id}/retire")
    client.post(
        f"/queues/outcomes/{added.id}", data={"title_zh": "退款 ", "title_en": "Refunds", "code": "x"}
    )
    session.expire_all()
    assert (added.active, added.title_en, added.code) == (True, "Refunds", "refund")
    actions = [e.action for e in session.query(AuditEntry).filter_by(subject="refund")]
    assert actions == [
        "disposition-added", "disposition-moved", "disposition-retired", "disposition-restored", "disposition-changed"
    ]  # fmt: skip


def test_the_last_outcome_stays_and_a_taken_or_empty_name_is_refused(
    client: FlaskClient, session: Session
) -> None:
    first, *others = session.query(Disposition).order_by(Disposition.position)
    for other in others:
        client.post(f"/queues/outcomes/{other.id}/retire")
    client.post(f"/queues/outcomes/{first.id}/retire")
    session.expire_all()
    assert first.active
    for sent, told in (
        ({"code": first.code, "title_zh": "某", "title_en": "Some"}, "已被使用"),
        ({"code": "x"}, "填写名称"),
    ):
        answer = client.post("/queues/outcomes", data=sent)
        assert answer.status_code == 400
        assert told in answer.get_data(as_text=True)


def test_the_page_says_how_often_an_outcome_was_chosen(
    client: FlaskClient, session: Session, agents: dict[str, int]
) -> None:
    chosen = session.query(Disposition).filter_by(code="order").one()
    assert session.get(Agent, agents["agent1"]) is not None
    session.add(
        Talk(
            id="i:1:1",
            interaction_id="i",
            agent_id=agents["agent1"],
            connected_at=now(),
            disposition_id=chosen.id,
        )
    )
    session.commit()
    text = client.get("/queues/outcomes").get_data(as_text=True)
    row = text[text.index("<code>order</code>") :]
    assert '<td class="text-end">1</td>' in row[:200]


def test_a_group_has_a_number_of_its_own_and_is_paged_when_it_is_said(
    client: FlaskClient, session: Session
) -> None:
    assert client.post("/queues/new", data={**NEW, "number": "8001", "is_paged": "y"}).status_code == 302
    routing = session.get(QueueRouting, queue_named(session, "after-sales").id)
    assert routing and (routing.number, routing.is_paged) == ("8001", True)


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"number": "4001"}, "四位数字，8000 到 8999"),
        ({"is_paged": "y"}, "请先填写号码"),
        ({"number": "8001"}, "已被使用"),
    ],
)
def test_a_groups_number_is_its_own_and_no_other_kind_of_number(
    client: FlaskClient, session: Session, sent: dict[str, str], told: str
) -> None:
    session.add(QueueRouting(queue_id=queue_named(session, "service").id, number="8001"))
    session.commit()
    answer = client.post("/queues/new", data={**NEW, **sent})
    assert answer.status_code == 400 and told in answer.get_data(as_text=True)


def test_the_list_says_what_the_next_one_may_expect_and_how_often_that_held(
    app: Flask, client: FlaskClient
) -> None:
    estimate = {"low_seconds": 40, "high_seconds": 95, "held": 0.812, "of": 500, "mean_error_seconds": -3.25}
    queues = {
        "service": {"waiting": 7, "estimate": estimate},
        "sales": {"waiting": 2, "estimate": None},
    }
    app.extensions["uckefu"]["bus"].set(contract.VIEW, json.dumps({"queues": queues}))
    text = client.get("/queues/").get_data(as_text=True)
    assert "40–95 秒" in text
    assert "最近 500 次有 81% 准确（目标 80%）" in text
    assert "中值平均偏差 -3.2 秒" in text
    assert "接待量不足，暂不预估" in text
