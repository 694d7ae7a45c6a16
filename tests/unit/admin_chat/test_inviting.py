"""Invitations: by rule and by hand, once a visit, and what came of them."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask, g
from flask.testing import FlaskClient
from sqlalchemy import select, update

from admin.chat import inviting, links, service, sites
from admin.chat.refusals import ChatRefused
from admin.db import db
from sql.models import Conversation, Invitation, PageView, Site, Visit, Visitor
from uckefu.times import now


def beat(app: Flask, visitor: Visitor, url: str = "https://shop.example/lock", **more: Any) -> dict[str, Any]:
    """A heartbeat of the visitor's page, and the answer."""
    token = links.visitor_token(visitor.id, "shop")
    body = json.dumps({"token": token, "page_id": "p1", "url": url, "title": "Lock", **more})
    answer = app.test_client().post("/im/shop/here", data=body)
    assert answer.status_code == 200, answer.data
    return dict(answer.json or {})


def set_up(site: Site, **settings: object) -> None:
    site.settings = settings
    db.session.commit()
    sites.forget()


def stay(seconds: int) -> None:
    """As if the page had been opened that long ago."""
    db.session.execute(update(PageView).values(at=now() - timedelta(seconds=seconds)))
    db.session.commit()


def test_the_rule_invites_once_a_visit_after_the_time_on_the_page(
    app: Flask, site: Site, visitor: Visitor
) -> None:
    set_up(site, invite=True, invite_after_seconds=30, invite_text="Need help?", invite_path="/lock")
    assert beat(app, visitor)["invitation"] is None
    stay(31)
    assert beat(app, visitor, "https://shop.example/other")["invitation"] is None
    invitation = beat(app, visitor)["invitation"]
    assert invitation["text"] == "Need help?"
    assert beat(app, visitor)["invitation"] is None
    beat(app, visitor, answer={"id": invitation["id"], "result": "refused"})
    beat(app, visitor, answer={"id": invitation["id"], "result": "accepted"})
    assert [i.result for i in db.session.scalars(select(Invitation))] == ["refused"]


def test_without_the_rule_or_in_a_conversation_nobody_is_invited(
    app: Flask, site: Site, visitor: Visitor, told: Any
) -> None:
    beat(app, visitor)
    stay(1000)
    assert beat(app, visitor)["invitation"] is None
    set_up(site, invite=True, invite_after_seconds=0, invite_visits=2)
    assert beat(app, visitor)["invitation"] is None
    set_up(site, invite=True, invite_after_seconds=0)
    service.open_conversation(site, visitor)
    assert beat(app, visitor)["invitation"] is None


def test_the_rule_may_wait_for_a_second_visit_and_a_second_page(
    app: Flask, site: Site, visitor: Visitor
) -> None:
    set_up(site, invite=True, invite_after_seconds=0, invite_visits=2, invite_after_pages=2)
    beat(app, visitor)
    assert beat(app, visitor, page_id="p2")["invitation"] is None  # two pages, the first visit
    db.session.execute(update(Visit).values(seen_at=now() - timedelta(minutes=31)))
    db.session.commit()
    assert beat(app, visitor, page_id="p3")["invitation"] is None  # the second visit, one page
    assert beat(app, visitor, page_id="p4")["invitation"]


def test_an_invitation_that_nobody_answers_counts_as_ignored_after_a_while(
    app: Flask, visitor: Visitor, agent_id: int
) -> None:
    beat(app, visitor)
    inviting.invite(visitor.id, agent_id, "May I help?")
    beat(app, visitor)
    since = now() - timedelta(hours=1)
    assert inviting.of_the_day(since)["ignored"] == 0
    db.session.execute(update(Invitation).values(shown_at=now() - inviting.DECIDES - timedelta(seconds=1)))
    db.session.commit()
    day = inviting.of_the_day(since)
    assert (day["invited"], day["ignored"], day["accepted"], day["refused"]) == (1, 1, 0, 0)


def test_an_agents_invitation_comes_with_the_next_heartbeat(
    app: Flask, visitor: Visitor, stranger: Visitor, agent_id: int
) -> None:
    beat(app, visitor)
    made = inviting.invite(visitor.id, agent_id, "May I help?")
    assert beat(app, stranger)["invitation"] is None
    assert beat(app, visitor)["invitation"] == {"id": made.id, "text": "May I help?", "picture": False}
    assert not inviting.answer(stranger, made.id, "accepted")
    assert inviting.answer(visitor, made.id, "accepted")
    assert inviting.of_the_day(now() - timedelta(hours=1))["accepted"] == 1


def test_who_is_gone_or_talks_already_cannot_be_invited(
    app: Flask, visitor: Visitor, stranger: Visitor, conversation: Conversation
) -> None:
    db.session.refresh(visitor)
    with pytest.raises(ChatRefused, match="in-conversation"):
        inviting.invite(visitor.id, None, "")
    stranger.seen_at = now() - timedelta(minutes=2)
    db.session.commit()
    with pytest.raises(ChatRefused, match="unknown-visitor"):
        inviting.invite(stranger.id, None, "")
    with pytest.raises(ChatRefused, match="unknown-visitor"):
        inviting.invite("nobody", None, "")


def test_the_list_shows_who_is_there_now(app: Flask, visitor: Visitor, stranger: Visitor) -> None:
    beat(app, visitor)
    beat(app, visitor, "https://shop.example/b", page_id="p2")
    beat(app, stranger)
    db.session.execute(update(PageView).values(left_at=now()))
    shown = {row["visitor_id"]: row for row in inviting.on_the_sites()}
    assert set(shown) == {visitor.id, stranger.id}
    assert (shown[visitor.id]["name"], shown[visitor.id]["pages"], shown[visitor.id]["visits"]) == (
        "Lin",
        2,
        1,
    )
    day = inviting.of_the_day(now() - timedelta(hours=1))
    assert (day["addresses"], day["page_views"]) == (1, 3)


def test_an_answer_that_is_none_is_refused(app: Flask, site: Site, visitor: Visitor) -> None:
    body = json.dumps({"page_id": "p1", "answer": {"id": 1, "result": "bought"}})
    assert app.test_client().post("/im/shop/here", data=body).status_code == 400


def test_an_agent_sees_the_visitors_and_invites_one(
    app: Flask, visitor: Visitor, sign_in: Callable[[str], FlaskClient]
) -> None:
    beat(app, visitor, url="https://shop.example/<b>lock</b>")
    g.pop("_login_user", None)  # the test's own application context outlives the request
    client = sign_in("agent1")
    page = client.get("/visitors/").get_data(as_text=True)
    assert "Lin" in page and "<b>lock" not in page
    assert client.post(f"/visitors/{visitor.id}/invite").status_code == 302
    assert client.post("/visitors/nobody/invite").status_code == 302
    assert [i.agent_id is not None for i in db.session.scalars(select(Invitation))] == [True]
