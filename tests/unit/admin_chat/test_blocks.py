"""The page of blocked visitors: who, why, until when; lifting one is audited."""

from datetime import timedelta

import pytest

from admin.chat import visitors
from admin.db import db
from sql.models import AuditEntry, VisitorBlock
from uckefu.times import now


@pytest.fixture
def blocked(visitor) -> VisitorBlock:
    row = VisitorBlock(
        visitor_id=visitor.id, reason="swears <b>", created_at=now(), until=now() + timedelta(days=7)
    )
    db.session.add(row)
    db.session.commit()
    return row


def test_the_list_says_who_is_blocked_why_and_until_when(sign_in, blocked):
    page = sign_in("agent1").get("/visitors/blocks/").text
    assert "Lin" in page and "swears &lt;b&gt;" in page and "Shop" in page
    assert f"{now() + timedelta(days=7, hours=8):%Y-%m-%d}" in page


def test_a_supervisor_lifts_a_block_and_it_is_audited(sign_in, blocked, visitor):
    assert visitors.is_blocked(visitor.id, "")
    sign_in("supervisor").post(f"/visitors/blocks/{blocked.id}/lift")
    assert not visitors.is_blocked(visitor.id, "")
    entry = db.session.query(AuditEntry).filter_by(action="block-lifted").one()
    assert (entry.subject, entry.detail["reason"]) == (visitor.id, "swears <b>")
    assert "Lin" not in sign_in("supervisor").get("/visitors/blocks/").text
    assert "Lin" in sign_in("supervisor").get("/visitors/blocks/?view=over").text


def test_a_block_that_is_over_stands_among_the_past_ones(sign_in, blocked):
    blocked.until = now() - timedelta(minutes=1)
    db.session.commit()
    assert "Lin" not in sign_in("supervisor").get("/visitors/blocks/").text
    assert "Lin" in sign_in("supervisor").get("/visitors/blocks/?view=over").text


def test_an_agent_sees_blocks_and_cannot_lift_them(sign_in, blocked):
    agent = sign_in("agent1")
    assert agent.post(f"/visitors/blocks/{blocked.id}/lift").status_code == 403
    assert "/lift" not in agent.get("/visitors/blocks/").text


def test_an_address_is_blocked_by_hand_with_reason_and_expiry(sign_in, stranger):
    given = {"address": "203.0.113.9", "reason": "spam", "days": "7"}
    sign_in("supervisor").post("/visitors/blocks/", data=given)
    assert visitors.is_blocked(stranger.id, "203.0.113.9") and not visitors.is_blocked(
        stranger.id, "203.0.113.8"
    )
    assert (
        db.session.query(AuditEntry).filter_by(action="address-blocked", subject="203.0.113.9").count() == 1
    )


@pytest.mark.parametrize("wrong", [{"address": "shop"}, {"reason": ""}, {"days": "9"}])
def test_a_block_without_an_address_a_reason_or_a_time_is_refused(sign_in, app, wrong):
    good = {"address": "203.0.113.9", "reason": "spam", "days": "7"}
    sign_in("supervisor").post("/visitors/blocks/", data=good | wrong)
    assert db.session.query(VisitorBlock).count() == 0
