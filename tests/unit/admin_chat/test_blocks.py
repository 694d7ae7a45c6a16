"""The page of blocked visitors: who, why, until when; lifting one is audited."""

import json
from datetime import timedelta

import pytest
from flask import g
from flask_socketio import SocketIOTestClient

from admin.chat import events, inviting, links, visitors
from admin.chat.relay import VISITORS
from admin.contacts import service as contacts
from admin.db import db
from admin.sockets import socketio
from sql.models import (
    AuditEntry,
    BlacklistEntry,
    Contact,
    ContactNumber,
    Conversation,
    LeftMessage,
    VisitorBlock,
)
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


def window(app, visitor) -> SocketIOTestClient:
    """The visitor opens the window; `is_connected` says whether it was let in."""
    auth = {"site": "shop", "token": links.visitor_token(visitor.id, "shop"), "language": "zh"}
    g.pop("_login_user", None)
    return socketio.test_client(app, namespace=events.NAMESPACE, auth=auth)


def test_who_is_blocked_is_let_in_again_when_the_block_is_over(app, visitor, blocked):
    assert not window(app, visitor).is_connected(events.NAMESPACE)
    blocked.until = now() - timedelta(seconds=1)
    db.session.commit()
    assert window(app, visitor).is_connected(events.NAMESPACE)


def test_a_contact_on_the_blacklist_is_not_let_in_until_that_is_over(app, visitor, agent_id):
    contact = Contact(name="Lin", numbers=[ContactNumber(number="+8613900139007")], created_at=now())
    db.session.add(contact)
    db.session.flush()
    visitor.contact_id = contact.id
    db.session.commit()
    assert window(app, visitor).is_connected(events.NAMESPACE)
    contacts.block("+8613900139007", reason="swears", days=7, user_id=1)
    assert not window(app, visitor).is_connected(events.NAMESPACE)
    db.session.get(BlacklistEntry, "+8613900139007").expires_at = now() - timedelta(seconds=1)
    db.session.commit()
    assert window(app, visitor).is_connected(events.NAMESPACE)


def test_an_agent_who_blocks_a_visitor_ends_the_talk_and_its_windows_are_told(
    sign_in, app, visitor, conversation, told
):
    assert sign_in("supervisor").post(
        f"/desk/talk/{conversation.id}/block", data={"reason": "swears", "days": "1"}
    ).json == {"ok": True}
    assert db.session.get(Conversation, conversation.id, populate_existing=True).ended_at is not None
    assert told.of("blocked", VISITORS) == [{}]
    assert told.of("message", VISITORS)[-1]["detail"]["reason"] == "blocked"


def test_blocking_an_address_ends_the_talks_that_it_has(sign_in, visitor, conversation, told):
    conversation.address = "203.0.113.9"
    db.session.commit()
    given = {"address": "203.0.113.9", "reason": "spam", "days": "1"}
    sign_in("supervisor").post("/visitors/blocks/", data=given)
    assert db.session.get(Conversation, conversation.id, populate_existing=True).ended_by == "system"
    assert told.of("blocked", VISITORS) == [{}]


def test_a_window_that_was_open_before_the_block_can_leave_no_message_and_begin_no_talk(app, visitor):
    client = window(app, visitor)
    db.session.add(VisitorBlock(visitor_id=visitor.id, reason="spam", created_at=now()))
    db.session.commit()
    for event, fields in (
        ("send", {"client_id": "m1", "text": "x"}),
        ("leave", {"client_id": "l1", "reach": "13800138000", "text": "x"}),
    ):
        answer = client.emit(event, fields, namespace=events.NAMESPACE, callback=True)
        assert answer["code"] == "blocked", event
    assert db.session.query(LeftMessage).count() == db.session.query(Conversation).count() == 0


def test_who_is_blocked_is_not_invited(app, site, visitor, blocked, agent_id):
    inviting.invite(visitor.id, agent_id, "May I help?")
    body = {"token": links.visitor_token(visitor.id, "shop"), "page_id": "p1", "url": "https://shop.example/"}
    answer = app.test_client().post("/im/shop/here", data=json.dumps(body))
    assert answer.json["invitation"] is None
