"""The side panel: who a visitor or caller is, device and trail, past interactions of all channels, linking a contact.

Called by `talk_views` for conversations and calls alike. Numbers leave here masked, each with its handle.
"""

from typing import Any

from sqlalchemy import select

from admin.chat import regions, shapes
from admin.contacts import queries as contacts
from admin.contacts.handles import handle
from admin.db import db
from admin.desk.queries import contact_of
from admin.i18n import language
from admin.numbers import seen, words_seen
from admin.telephone import place, spellings
from admin.tickets import queries as tickets
from admin.tickets.words import priority_words, status_words
from sql.models import Contact, Conversation, Interaction, PageView, Site, Visit, Visitor
from uckefu.centre import Centre
from uckefu.times import clock, elapsed, shown

TRAIL = 12
Shape = dict[str, Any]


def card(row: Conversation, here: Centre) -> Shape:
    """The side panel: contact, tags, the visitor's device and trail, past interactions of all channels.

    Raises:
        SQLAlchemyError: the record is away.
    """
    visitor = db.session.get(Visitor, row.visitor_id)
    contact = _contact_of(visitor)
    if contact is not None:
        _total, past = contacts.history(contact, here.region, without=row.id, size=8)
    else:
        past = _past_of_visitor(row)
    return {
        "contact": contact and contact_shape(contact, here),
        "visitor": visitor and _visitor_shape(row, visitor, here),
        "trail": _trail(row.visitor_id, here.timezone),
        "tickets": ticket_shapes(contact.id if contact else None, row.id),
        "past": [past_shape(line, here.timezone) for line in past],
        "all_tags": tag_shapes(),
    }


def caller_panel(number: str, interaction_id: str, here: Centre) -> Shape:
    """The side panel of a call: contact, tags, past interactions of all channels.

    Raises:
        SQLAlchemyError: the record is away.
    """
    contact = contact_of(number, here.region)
    if contact is not None:
        _total, past = contacts.history(contact, here.region, without=interaction_id, size=8)
    else:
        same = Interaction.from_number.in_(spellings(number, here.region) - {""})
        _total, past = contacts.past(same, without=interaction_id, size=8)
    return {
        "contact": contact and contact_shape(contact, here),
        "visitor": None,
        "trail": [],
        "tickets": ticket_shapes(contact.id if contact else None, interaction_id),
        "past": [past_shape(line, here.timezone) for line in past],
        "all_tags": tag_shapes(),
    }


def ticket_shapes(contact_id: int | None, interaction_id: str) -> list[Shape]:
    """What is still to be done for the contact, or came of this interaction."""
    states, priorities = status_words(), priority_words()
    return [
        {
            "id": t.id, "title": t.title, "state": states[t.status], "pressing": t.priority in ("high", "urgent"),
            "priority": priorities[t.priority],
        }
        for t in tickets.undone_of(contact_id, interaction_id)
    ]  # fmt: skip


def tag_shapes() -> list[Shape]:
    """The tags that may be given, the most used first."""
    return [
        {"id": t.id, "name": t.name, "colour": t.colour, "uses": n} for t, n in contacts.tags_with_uses()[:30]
    ]


def _contact_of(visitor: Visitor | None) -> Contact | None:
    """The visitor's contact: linked by the site's signature or by an agent, never guessed from what was typed."""
    if visitor is None or visitor.contact_id is None:
        return None
    return db.session.get(Contact, visitor.contact_id)


def contact_shape(contact: Contact, here: Centre) -> Shape:
    """A contact as the side panel shows it: numbers masked, each with its handle."""
    tags = contacts.tags_of([contact.id]).get(contact.id, [])
    blocks = contacts.blocks_of([n.number for n in contact.numbers])
    fields = [
        (f.title_zh if language() == "zh" else f.title_en, (contact.fields or {}).get(f.key, ""))
        for f in contacts.custom_fields()
    ]
    return {
        "id": contact.id, "name": words_seen(contact.name, here.region), "company": contact.company, "email": contact.email,
        "vip_level": contact.vip_level, "note": contact.note, "blocked": bool(blocks),
        "numbers": [{"shown": seen(n.number, here.region), "handle": handle(n.number), "place": place(n.number, language(), here.region)} for n in contact.numbers],
        "tags": [{"id": t.id, "name": t.name, "colour": t.colour} for t in tags],
        "fields": [[title, value] for title, value in fields if value],
    }  # fmt: skip


def _past_of_visitor(row: Conversation) -> list[dict[str, Any]]:
    same = select(Conversation.id).where(Conversation.visitor_id == row.visitor_id)
    return contacts.past(Interaction.id.in_(same), without=row.id, size=8)[1]


def past_shape(line: dict[str, Any], zone: str) -> Shape:
    """One past interaction in a line."""
    at, disposition = shown(line["started_at"], zone), line["disposition"]
    return {
        "interaction_id": line["interaction_id"],
        "channel": line["channel"],
        "direction": line["direction"],
        "when": at.strftime("%m-%d %H:%M") if at else "",
        "outcome": disposition and {"zh": disposition.title_zh, "en": disposition.title_en},
        "note": line["note"],
        "agent": line["agent"],
        "talk": clock(line["talk"]) if line["talk"] is not None else "",
        "rating": line["rating"],
    }


def _visitor_shape(row: Conversation, visitor: Visitor, here: Centre) -> Shape:
    visit = _last_visit(visitor.id)
    site = db.session.get(Site, row.site_id)
    stay = clock(elapsed(visit.began_at, visit.seen_at)) if visit else ""
    return {
        "id": visitor.id, "site": site.name if site else "", "name": visitor.name, "email": visitor.email,
        "phone": seen(visitor.phone, here.region) if visitor.phone else "",
        "region": regions.words(visit.region, language()) if visit else "", "address": row.address,
        "device": " · ".join(filter(None, (visit.device, visit.system, visit.browser))) if visit else "",
        "source": (visit.source if visit else "") or visitor.first_source, "visits": visitor.visits, "stay": stay,
        "page_url": row.page_url, "page_title": row.page_title, "prechat": shapes.told_before(row),
    }  # fmt: skip


def _last_visit(visitor_id: str) -> Visit | None:
    return db.session.scalar(
        select(Visit).where(Visit.visitor_id == visitor_id).order_by(Visit.began_at.desc()).limit(1)
    )


def _trail(visitor_id: str, zone: str) -> list[Shape]:
    visit = _last_visit(visitor_id)
    if visit is None:
        return []
    pages = db.session.scalars(
        select(PageView).where(PageView.visit_id == visit.id).order_by(PageView.at.desc()).limit(TRAIL)
    )
    found = []
    for page in pages:
        at = shown(page.at, zone)
        found.append(
            {
                "when": at.strftime("%H:%M") if at else "",
                "title": page.title or page.url,
                "url": page.url,
                "stay": clock(elapsed(page.at, page.left_at)),
            }
        )
    return found


def link(row: Conversation, contact_id: int) -> bool:
    """The agent says who the visitor is; this and the interaction are the contact's from now on."""
    contact, visitor = db.session.get(Contact, contact_id), db.session.get(Visitor, row.visitor_id)
    if contact is None or contact.merged_into_id is not None or visitor is None:
        return False
    visitor.contact_id = contact_id
    interaction = db.session.get(Interaction, row.id)
    if interaction is not None:
        interaction.contact_id = contact_id
    db.session.commit()
    return True


def found_contacts(text: str, region: str) -> list[Shape]:
    """Contacts that may be meant, for the link."""
    rows = contacts.page(contacts.Filters(text=text), region, number=1, size=8, sort="name")
    return [
        {
            "id": r.contact.id,
            "name": words_seen(r.contact.name, region),
            "company": r.contact.company,
            "number": seen(r.contact.numbers[0].number, region) if r.contact.numbers else "",
        }
        for r in rows
    ]
