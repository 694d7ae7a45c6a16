"""The form before the talk and the choice of a skill group, on the visitor's own socket."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from acd import contract
from admin.chat import links, shapes, sites
from admin.db import db
from admin.sockets import socketio
from sql.models import Conversation, Site, Visitor

Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def ask(app: Flask, site: Site, visitor: Visitor, told: Any) -> Ask:
    """What the visitor's window sends, and the answer."""
    site.settings = {"ask_email": "need", "queues": ["webchat", "vip"]}
    db.session.commit()
    sites.forget()
    auth = {"site": "shop", "token": links.visitor_token(visitor.id, "shop"), "language": "en"}
    client = socketio.test_client(app, namespace="/visitor", auth=auth)
    assert client.is_connected("/visitor")
    return lambda event, **data: client.emit(event, data, namespace="/visitor", callback=True)


def test_without_what_must_be_filled_in_no_talk_begins(ask: Ask) -> None:
    assert ask("send", client_id="1", text="Hello")["code"] == "prechat-needed"
    assert db.session.query(Conversation).count() == 0


def test_the_visitor_chooses_the_skill_group_that_it_waits_for(
    ask: Ask, asked: Callable[[], list[contract.Command]]
) -> None:
    assert ask("introduce", email="lin@example.com", queue="vip")["ok"]
    assert ask("send", client_id="1", text="Hello")["ok"]
    talk = db.session.query(Conversation).one()
    assert (talk.queue_name, talk.prechat) == ("vip", {"email": "lin@example.com", "queue": "vip"})
    (entered,) = [c for c in asked() if isinstance(c, contract.EnterQueue)]
    assert entered.queue == "vip"


def test_a_number_typed_as_the_name_becomes_the_number_and_is_masked_in_the_name(ask: Ask) -> None:
    assert ask("introduce", name="Lin 138 0013 8000", email="lin@example.com")["ok"]
    assert ask("send", client_id="1", text="Hello")["ok"]
    talk, visitor = db.session.query(Conversation).one(), db.session.get_one(Visitor, "visitor-1")
    assert (talk.name, visitor.name, visitor.phone) == ("Lin 138****8000",) * 2 + ("138 0013 8000",)
    assert "0013" not in str({**shapes.conversation_for_agents(talk)})


def test_a_group_that_is_not_offered_is_refused(ask: Ask) -> None:
    assert ask("introduce", email="lin@example.com", queue="sales")["code"] == "unknown-queue"


def test_without_a_mail_account_the_socket_says_that_no_transcript_can_be_sent(ask: Ask) -> None:
    ask("introduce", email="lin@example.com")
    id_ = ask("send", client_id="1", text="Hello")["conversation_id"]
    assert ask("transcript", conversation_id=id_, email="")["code"] == "mail-off"
    assert ask("transcript", conversation_id="another", email="")["code"] == "unknown-conversation"
