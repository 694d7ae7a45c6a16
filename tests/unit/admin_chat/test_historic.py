"""历史坐席优先: routing is told who served the contact last, so that this agent is asked first."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from acd import contract
from admin.chat import routing, service
from admin.db import db
from sql.models import Agent, Contact, ContactNumber, Conversation, Interaction, Site, User, Visitor
from uckefu.times import now

Asked = Callable[[], list[contract.Command]]
NUMBER = "+8613911112222"


@pytest.fixture
def others(agent_id: int) -> list[int]:
    found = db.session.scalars(select(Agent.id).join(User).where(Agent.id != agent_id).order_by(Agent.id))
    return list(found)


def served_by(conversation: Conversation, agent_id: int) -> None:
    conversation.agent_id = agent_id
    db.session.commit()
    service.end_conversation(conversation.id, "visitor")


def wished_for(conversation: Conversation, asked: Asked, contact_id: int | None = None) -> int | None:
    routing.enter(conversation, contact_id=contact_id)
    (entered,) = [c for c in asked() if isinstance(c, contract.EnterQueue)]
    return entered.historic_agent_id


def test_who_comes_back_is_asked_for_at_the_agent_of_the_last_conversation(
    site: Site, visitor: Visitor, conversation: Conversation, agent_id: int, asked: Asked
) -> None:
    served_by(conversation, agent_id)
    again = service.open_conversation(site, visitor)
    assert again.id != conversation.id
    assert wished_for(again, asked) == agent_id


def test_the_latest_of_several_conversations_counts(
    site: Site, visitor: Visitor, conversation: Conversation, agent_id: int, others: list[int], asked: Asked
) -> None:
    served_by(conversation, others[0])
    second = service.open_conversation(site, visitor)
    second.opened_at = now() + timedelta(seconds=1)
    served_by(second, agent_id)
    nobody = service.open_conversation(site, visitor)
    service.end_conversation(nobody.id, "visitor")
    assert wished_for(service.open_conversation(site, visitor), asked) == agent_id


@pytest.mark.parametrize("by", ["contact", "number"])
def test_a_contact_who_called_before_is_asked_for_at_the_agent_of_that_call(
    conversation: Conversation, agent_id: int, asked: Asked, by: str
) -> None:
    contact = Contact(name="Lin", created_at=now(), updated_at=now())
    contact.numbers = [ContactNumber(number=NUMBER)]
    db.session.add(contact)
    db.session.flush()
    call = Interaction(id="call-1", started_at=now() - timedelta(days=1), agent_id=agent_id)
    call.contact_id, call.from_number = (contact.id, "") if by == "contact" else (None, "13911112222")
    db.session.add(call)
    db.session.commit()
    assert wished_for(conversation, asked, contact.id) == agent_id


def test_a_stranger_is_asked_for_at_nobody(
    conversation: Conversation, agent_id: int, site: Site, stranger: Visitor, asked: Asked
) -> None:
    served_by(conversation, agent_id)
    assert wished_for(service.open_conversation(site, stranger), asked) is None
