"""An invited colleague joins a conversation without taking it: sees and writes, under the own name, and leaves."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin.sockets import socketio
from sql.models import AuditEntry, Conversation, Interaction, Message, Site, Visitor
from uckefu.times import now

SignIn = Callable[[str], FlaskClient]
ID = "55555555-2222-3333-4444-555555555555"


@pytest.fixture
def talk(session: Session, agents: dict[str, int]) -> str:
    site = session.scalars(select(Site)).one()
    session.add_all(
        [
            Visitor(id="g" * 36, site_id=site.id, name="林晓燕", created_at=now(), seen_at=now()),
            Interaction(id=ID, channel="chat", started_at=now()),
        ]
    )
    session.flush()
    session.add(
        Conversation(
            id=ID, site_id=site.id, visitor_id="g" * 36, queue_name="webchat", agent_id=agents["agent1"],
            opened_at=now(), last_message_at=now(), waiting_since=now(), prechat={},
        )
    )  # fmt: skip
    session.commit()
    return ID


class Desk:
    """An agent's page."""

    def __init__(self, app: Flask, client: FlaskClient) -> None:
        self.socket = socketio.test_client(app, flask_test_client=client)
        self.socket.get_received()

    def ask(self, event: str, **fields: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.socket.emit(event, fields, callback=True)
        return answer

    def heard(self, event: str) -> list[Any]:
        found = [m["args"] for m in self.socket.get_received() if m["name"] == event]
        return [args[0] if isinstance(args, list) else args for args in found]


@pytest.fixture
def desks(app: Flask, sign_in: SignIn) -> tuple[Desk, Desk]:
    return Desk(app, sign_in("agent1")), Desk(app, sign_in("agent2"))


def test_a_colleague_who_is_invited_sees_and_writes_and_the_conversation_stays_whose_it_was(
    desks: tuple[Desk, Desk], session: Session, talk: str, agents: dict[str, int]
) -> None:
    mine, colleague = desks
    assert colleague.ask("talk-open", conversation_id=talk)["code"] == "not-yours"
    guests = mine.ask("talk-invite", conversation_id=talk, agent_id=agents["agent2"])["guests"]
    assert [g["agent_id"] for g in guests] == [agents["agent2"]]
    assert colleague.heard("talk-guest")[0]["on"] is True
    heads = colleague.ask("talks")["talks"]
    assert [(h["conversation_id"], h["agent_id"]) for h in heads] == [(talk, agents["agent1"])]
    mine.ask("say", conversation_id=talk, client_id="m1", text="这位是同事")
    assert [m["message"]["text"] for m in colleague.heard("message")] == ["这位是同事"]  # without opening it
    assert colleague.ask("talk-open", conversation_id=talk)["ok"]
    said = colleague.ask("say", conversation_id=talk, client_id="g1", text="您好，我来补充")["sent"]
    assert said["agent_id"] == agents["agent2"] and said["name"]  # the visitor sees who wrote
    session.expire_all()
    assert session.get_one(Conversation, talk).agent_id == agents["agent1"]
    assert (
        session.scalars(select(AuditEntry).where(AuditEntry.action == "colleague-invited")).one().subject
        == talk
    )


def test_the_visitor_and_both_agents_are_told_who_came_and_went(
    desks: tuple[Desk, Desk], session: Session, talk: str, agents: dict[str, int]
) -> None:
    mine, colleague = desks
    mine.ask("talk-invite", conversation_id=talk, agent_id=agents["agent2"])
    assert colleague.ask("talk-leave", conversation_id=talk)["ok"]
    lines = session.scalars(select(Message).where(Message.kind == "event").order_by(Message.sequence)).all()
    assert [(line.detail["code"], line.is_public) for line in lines] == [("joined", True), ("left", True)]
    assert lines[0].detail["name"] == lines[1].detail["name"] != ""
    assert mine.ask("talks")["talks"][0]["guests"] == []
    assert [a["on"] for a in mine.heard("talk-guest")] == [True, False]


def test_a_guest_who_left_may_no_longer_write_and_may_be_asked_again(
    desks: tuple[Desk, Desk], talk: str, agents: dict[str, int]
) -> None:
    mine, colleague = desks
    for _time in range(2):
        assert mine.ask("talk-invite", conversation_id=talk, agent_id=agents["agent2"])["ok"]
        assert colleague.ask("talk-open", conversation_id=talk)["ok"]
        assert colleague.ask("talk-leave", conversation_id=talk)["ok"]
        assert colleague.ask("say", conversation_id=talk, client_id="x", text="hi")["code"] == "not-yours"
    assert colleague.ask("talks")["talks"] == []


def test_a_guest_neither_ends_nor_transfers_nor_invites(
    desks: tuple[Desk, Desk], talk: str, agents: dict[str, int]
) -> None:
    mine, colleague = desks
    mine.ask("talk-invite", conversation_id=talk, agent_id=agents["agent2"])
    assert colleague.ask("talk-end", conversation_id=talk)["code"] == "not-yours"
    assert (
        colleague.ask("talk-transfer", conversation_id=talk, kind="queue", target="webchat")["code"]
        == "not-yours"
    )
    assert (
        colleague.ask("talk-invite", conversation_id=talk, agent_id=agents["agent1"])["code"] == "not-yours"
    )


def test_nobody_invites_the_own_self_or_somebody_unknown(
    desks: tuple[Desk, Desk], talk: str, agents: dict[str, int]
) -> None:
    mine, _colleague = desks
    assert mine.ask("talk-invite", conversation_id=talk, agent_id=agents["agent1"])["code"] == "bad-request"
    assert mine.ask("talk-invite", conversation_id=talk, agent_id=999)["code"] == "unknown-agent"
    assert mine.ask("talk-leave", conversation_id=talk)["code"] == "not-yours"
