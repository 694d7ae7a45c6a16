"""Tickets: made at the workbench or on the page, changed with a history, filtered in the address."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from sql.models import (
    AuditEntry,
    Contact,
    ContactNumber,
    Conversation,
    Interaction,
    Offer,
    Site,
    Ticket,
    TicketEntry,
    Visitor,
)
from uckefu.times import now

SignIn = Callable[[str], FlaskClient]
ID = "33333333-2222-3333-4444-555555555555"


@pytest.fixture
def talk(session: Session, agents: dict[str, int]) -> str:
    """A conversation of agent1 with a visitor who is a contact."""
    site = session.scalars(select(Site)).one()
    contact = Contact(name="林晓燕", company="", note="", email="", vip_level=0, created_at=now())
    session.add_all([contact, Interaction(id=ID, channel="chat", started_at=now())])
    session.flush()
    visitor = Visitor(
        id="t" * 36, site_id=site.id, name="林晓燕", contact_id=contact.id, created_at=now(), seen_at=now()
    )
    session.add(visitor)
    session.flush()
    session.add(
        Conversation(
            id=ID, site_id=site.id, visitor_id=visitor.id, queue_name="webchat", agent_id=agents["agent1"],
            opened_at=now(), last_message_at=now(), prechat={},
        )
    )  # fmt: skip
    session.commit()
    return ID


def _make(client: FlaskClient, **values: Any) -> Any:
    return client.post("/tickets/new", data={"title": "换一把锁", "priority": "high", **values})


def test_a_ticket_of_a_conversation_is_linked_to_it_and_to_its_contact_and_shown_at_its_side(
    session: Session, sign_in: SignIn, talk: str, agents: dict[str, int]
) -> None:
    client = sign_in("agent1")
    answer = client.post(
        f"/desk/tickets/{talk}", data={"title": "换一把锁", "priority": "urgent", "agent": agents["agent2"]}
    )
    ticket = session.scalars(select(Ticket)).one()
    assert (ticket.interaction_id, ticket.agent_id, ticket.status) == (talk, agents["agent2"], "open")
    assert session.get_one(Contact, ticket.contact_id).name == "林晓燕"
    assert [t["id"] for t in answer.json["tickets"]] == [ticket.id]
    card = client.get(f"/desk/talk/{talk}/card").json
    assert card["tickets"][0]["title"] == "换一把锁" and card["tickets"][0]["pressing"]
    noted = session.scalars(select(AuditEntry).where(AuditEntry.action == "ticket-created")).one()
    assert noted.subject == str(ticket.id)
    client.post(f"/tickets/{ticket.id}", data={"status": "solved"})
    assert client.get(f"/desk/talk/{talk}/card").json["tickets"] == []


def test_a_ticket_of_somebody_elses_conversation_is_refused(
    sign_in: SignIn, talk: str, session: Session
) -> None:
    assert sign_in("agent2").post(f"/desk/tickets/{talk}", data={"title": "x"}).status_code == 404
    assert session.scalars(select(Ticket)).all() == []


def test_each_change_and_comment_is_a_line_of_the_history_with_its_author(
    session: Session, sign_in: SignIn, agents: dict[str, int]
) -> None:
    client = sign_in("agent1")
    page = _make(client).headers["Location"]
    client.post(page, data={"status": "pending", "agent": agents["agent2"], "comment": "等客户寄回"})
    client.post(page, data={"status": "pending"})  # nothing changed: nothing is noted
    client.post(page, data={"status": "solved", "priority": "low"})
    lines = session.scalars(select(TicketEntry).order_by(TicketEntry.id)).all()
    assert [line.changes.get("status") for line in lines] == [
        ["", "open"],
        ["open", "pending"],
        ["pending", "solved"],
    ]
    assert lines[1].text == "等客户寄回" and lines[1].changes["agent"][1]
    ticket = session.scalars(select(Ticket)).one()
    assert ticket.solved_at is not None
    shown = client.get(page, headers={"Accept-Language": "zh-CN"}).text
    assert "等客户寄回" in shown and "→" in shown
    client.post(page, data={"status": "open"})
    session.expire_all()
    assert session.scalars(select(Ticket)).one().solved_at is None


def test_what_does_not_fit_is_said_and_what_was_written_stays(session: Session, sign_in: SignIn) -> None:
    client = sign_in("agent1")
    answer = _make(client, title=" ", text="写了很多")
    assert answer.status_code == 400 and "写了很多" in answer.text and 'href="#title"' in answer.text
    assert _make(client, priority="whatever").status_code == 400
    page = _make(client).headers["Location"]
    assert client.post(page, data={"status": "gone"}).status_code == 400
    assert session.scalars(select(Ticket)).one().status == "open"


def test_the_list_has_what_is_to_be_done_and_filters_live_in_the_address(
    sign_in: SignIn, agents: dict[str, int], session: Session
) -> None:
    client = sign_in("agent1")
    _make(client, title="旧锁退回", agent=agents["agent1"])
    _make(client, title="发票抬头", priority="urgent")
    done = _make(client, title="已经办好").headers["Location"]
    client.post(done, data={"status": "closed"})
    text = client.get("/tickets/").text
    assert text.index("发票抬头") < text.index("旧锁退回") and "已经办好" not in text  # the pressing first
    assert "已经办好" in client.get("/tickets/?status=").text
    assert "发票抬头" not in client.get(f"/tickets/?agent={agents['agent1']}").text
    assert "旧锁退回" not in client.get("/tickets/?agent=0").text
    assert "旧锁退回" in client.get("/tickets/?text=旧锁").text
    empty = client.get("/tickets/?text=没有这个").text
    assert "data-ticket" not in empty and 'href="/tickets/"' in empty
    ticket = session.scalars(select(Ticket).where(Ticket.title == "旧锁退回")).one()
    assert "旧锁退回" in client.get(f"/tickets/?text=%23{ticket.id}").text


def test_the_list_has_pages(sign_in: SignIn, session: Session) -> None:
    session.add_all(Ticket(title=f"事 {n}", created_at=now(), updated_at=now()) for n in range(21))
    session.commit()
    client = sign_in("agent1")
    assert client.get("/tickets/").text.count("data-ticket") == 20
    assert client.get("/tickets/?page=99").text.count("data-ticket") == 1


def test_text_of_a_ticket_appears_as_text(sign_in: SignIn) -> None:
    client = sign_in("agent1")
    page = _make(client, title="<script>alert(1)</script>").headers["Location"]
    assert "<script>alert(1)" not in client.get(page).text + client.get("/tickets/").text


def test_a_merged_contacts_tickets_are_the_others(app: Flask, session: Session, sign_in: SignIn) -> None:
    two = [
        Contact(name=n, company="", note="", email="", vip_level=0, created_at=now()) for n in ("甲", "乙")
    ]
    session.add_all(two)
    session.commit()
    client = sign_in("supervisor")
    _make(client, contact_id=two[1].id)
    client.post(f"/contacts/merge?id={two[0].id}&id={two[1].id}")
    session.expire_all()
    assert session.scalars(select(Ticket)).one().contact_id == two[0].id
    client.post(f"/contacts/{two[0].id}/delete")
    session.expire_all()
    assert session.scalars(select(Ticket)).one().contact_id is None


def test_a_ticket_made_from_a_call_is_linked_to_it_and_to_who_called(
    session: Session, sign_in: SignIn, agents: dict[str, int]
) -> None:
    contact = Contact(name="周明", company="", note="", email="", vip_level=0, created_at=now())
    contact.numbers = [ContactNumber(number="+8613912340873")]
    call = Interaction(id="call-5", channel="voice", direction="inbound", from_number="13912340873")
    call.started_at = call.connected_at = now()
    session.add_all([contact, call])
    session.flush()
    session.add(
        Offer(
            id="o5", member_id="m5", interaction_id="call-5", agent_id=agents["agent1"],
            offered_at=now(), outcome="accepted",
        )
    )  # fmt: skip
    session.commit()
    answer = sign_in("agent1").post("/desk/tickets/call-5", data={"title": "补寄发票"})
    assert answer.status_code == 200
    ticket = session.scalars(select(Ticket)).one()
    assert (ticket.interaction_id, ticket.contact_id, ticket.title) == ("call-5", contact.id, "补寄发票")
    page = sign_in("agent1").get(f"/tickets/{ticket.id}").text
    assert "周明" in page and "/calls/?text=call-5" in page
    assert sign_in("agent2").post("/desk/tickets/call-5", data={"title": "x"}).status_code in (403, 404)
    assert len(session.scalars(select(Ticket)).all()) == 1
