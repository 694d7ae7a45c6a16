"""历史坐席优先: who served a visitor last, in a chat or, where the contact is known, on the phone too.

`routing.enter` asks it for each conversation that begins; the ACD asks that agent first, and lets the visitor wait for it
as long as the queue's `historic_wait_seconds` say.
"""

from typing import Any

from sqlalchemy import Select, select

from admin.db import db
from admin.shell import centre
from admin.telephone import spellings
from sql.models import ContactNumber, Conversation, Interaction, Visitor


def last_agent(conversation: Conversation, contact_id: int | None) -> int | None:
    """The agent of the latest interaction before this one, or None. Each question has an index of its own."""
    chats = select(Conversation.opened_at, Conversation.agent_id).where(
        Conversation.id != conversation.id, Conversation.agent_id.is_not(None)
    )
    asked: list[Select[Any]] = [chats.where(Conversation.visitor_id == conversation.visitor_id)]
    if contact_id is not None:
        calls = select(Interaction.started_at, Interaction.agent_id).where(
            Interaction.id != conversation.id, Interaction.agent_id.is_not(None)
        )
        region = centre().region
        known = db.session.scalars(select(ContactNumber.number).where(ContactNumber.contact_id == contact_id))
        numbers = {spelling for number in known for spelling in spellings(number, region)} - {""}
        of_contact = select(Visitor.id).where(Visitor.contact_id == contact_id)
        asked += [
            chats.where(Conversation.visitor_id.in_(of_contact)),
            calls.where(Interaction.contact_id == contact_id),
            calls.where(Interaction.from_number.in_(numbers)),
        ]
    latest = [
        db.session.execute(one.order_by(one.selected_columns[0].desc()).limit(1)).first() for one in asked
    ]
    return max((row for row in latest if row and row[0]), key=lambda row: row[0], default=(None, None))[1]
