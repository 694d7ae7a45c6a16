"""What the workbench reads of conversations: the agent's own, one with its messages, who the visitor is.

The heads come from the record, as `admin.chat.service` wrote them; `later` (put off by the agent) and who has a
conversation open are in Redis, so that every window and process shows the same.
"""

from typing import Any

import redis
import structlog
from flask import current_app
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from admin.chat import service, shapes
from admin.contacts import queries as contacts
from admin.contacts.handles import handle
from admin.db import db
from admin.desk.queries import contact_of
from admin.i18n import language
from admin.telephone import masked, place, spellings
from sql.models import (
    Contact,
    Conversation,
    Draft,
    Interaction,
    Message,
    PageView,
    Site,
    Visit,
    Visitor,
)  # fmt: skip
from uckefu.centre import Centre
from uckefu.times import clock, elapsed, now, shown, to_us

log = structlog.get_logger(__name__)
SHOWN_MESSAGES = 100
TRAIL = 12
PREVIEW = 80
VIEWER_SECONDS = 30
Shape = dict[str, Any]


def _bus() -> redis.Redis:
    bus: redis.Redis = current_app.extensions["uckefu"]["bus"]
    return bus


def conversation(conversation_id: str) -> Conversation | None:
    """The conversation as it is now."""
    return db.session.get(Conversation, conversation_id, populate_existing=True)


def mine(agent_id: int) -> list[Shape]:
    """The agent's open conversations: head, last line, unread, draft, put off or not."""
    rows = list(
        db.session.scalars(
            select(Conversation).where(Conversation.agent_id == agent_id, Conversation.ended_at.is_(None))
        )
    )
    return _heads(rows, agent_id)


def head(row: Conversation, agent_id: int) -> Shape:
    """One line of the list."""
    return _heads([row], agent_id)[0]


def _heads(rows: list[Conversation], agent_id: int) -> list[Shape]:
    ids = [row.id for row in rows]
    unread, last, put_off = _unread(ids), last_lines(ids), later(agent_id)
    drafts = {
        d.conversation_id
        for d in db.session.scalars(
            select(Draft).where(Draft.conversation_id.in_(ids), Draft.agent_id == agent_id, Draft.text != "")
        )
    }
    contact_of = _contacts(rows)
    return [
        {
            **shapes.conversation_for_agents(row),
            "unread": unread.get(row.id, 0),
            "last": last.get(row.id),
            "has_draft": row.id in drafts,
            "later_us": put_off.get(row.id),
            "contact": contact_of.get(row.visitor_id),
            "short": row.visitor_id[:6],
        }
        for row in rows
    ]


def _unread(ids: list[str]) -> dict[str, int]:
    rows = db.session.execute(
        select(Message.conversation_id, func.count())
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(
            Message.conversation_id.in_(ids),
            Message.author == "visitor",
            Message.kind != "recall",
            Message.sequence > Conversation.agent_read_sequence,
        )
        .group_by(Message.conversation_id)
    )
    return dict(rows.all())  # type: ignore[arg-type]


def last_lines(ids: list[str]) -> dict[str, Shape]:
    """Conversation id -> the last thing that somebody said."""
    newest = (
        select(Message.conversation_id, func.max(Message.sequence).label("sequence"))
        .where(Message.conversation_id.in_(ids), Message.kind.in_(("text", "picture", "file")))
        .group_by(Message.conversation_id)
        .subquery()
    )
    rows = db.session.scalars(
        select(Message).join(
            newest,
            (Message.conversation_id == newest.c.conversation_id) & (Message.sequence == newest.c.sequence),
        )
    )
    return {
        m.conversation_id: {
            "author": m.author,
            "kind": m.kind,
            "text": "" if m.recalled_at else m.text[:PREVIEW],
        }
        for m in rows
    }


def _contacts(rows: list[Conversation]) -> dict[str, Shape]:
    """Visitor id -> who it is, of those whose contact is known."""
    found = db.session.execute(
        select(Visitor.id, Contact)
        .join(Contact, Contact.id == Visitor.contact_id)
        .where(Visitor.id.in_([row.visitor_id for row in rows]))
    )
    return {
        id_: {"id": c.id, "name": c.name, "company": c.company, "vip_level": c.vip_level} for id_, c in found
    }


# ---- put off ------------------------------------------------------------------------------------------------


def _later_key(agent_id: int) -> str:
    return f"uckefu:desk:later:{agent_id}"


def later(agent_id: int) -> dict[str, int]:
    """Conversation id -> when the agent put it off."""
    try:
        return {str(id_): int(at) for id_, at in _bus().hgetall(_later_key(agent_id)).items()}
    except redis.RedisError as error:
        log.warning("later_not_read", error=str(error))
        return {}


def put_off(agent_id: int, conversation_id: str, *, on: bool) -> int | None:
    """Put a conversation off, or take it up again; a new message of the customer takes it up by itself."""
    try:
        if not on:
            _bus().hdel(_later_key(agent_id), conversation_id)
            return None
        at = to_us(now())
        _bus().hset(_later_key(agent_id), conversation_id, at)
        _bus().expire(_later_key(agent_id), 14 * 86_400)
    except redis.RedisError as error:
        log.warning("later_not_written", error=str(error))
        return None
    return at


# ---- one conversation ----------------------------------------------------------------------------------------


def opened(row: Conversation, agent_id: int, *, after: int) -> Shape:
    """What the middle pane shows: head, messages, draft.

    Args:
        after: the highest sequence that the page has; 0 for none.
    """
    found = service.messages_since(row.id, after) if after else service.last_messages(row.id, SHOWN_MESSAGES)
    draft = db.session.get(Draft, (row.id, agent_id))
    return {
        "head": head(row, agent_id),
        "messages": found,
        "draft": {"kind": draft.kind, "text": draft.text} if draft else {"kind": "text", "text": ""},
    }


def earlier(conversation_id: str, before: int) -> list[Shape]:
    """The messages before `before`, oldest first."""
    wanted = select(Message).where(Message.conversation_id == conversation_id, Message.sequence < before)
    rows = list(db.session.scalars(wanted.order_by(Message.sequence.desc()).limit(SHOWN_MESSAGES)))
    return shapes.all_for_agents(reversed(rows))


def save_draft(conversation_id: str, agent_id: int, kind: str, text: str) -> None:
    """Keep what the agent has written and not sent."""
    draft = db.session.get(Draft, (conversation_id, agent_id))
    if draft is None:
        draft = Draft(conversation_id=conversation_id, agent_id=agent_id)
        db.session.add(draft)
    draft.kind, draft.text, draft.updated_at = kind, text, now()
    db.session.commit()


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
        "past": [past_shape(line, here.timezone) for line in past],
        "all_tags": tag_shapes(),
    }


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
        "id": contact.id, "name": contact.name, "company": contact.company, "email": contact.email,
        "vip_level": contact.vip_level, "note": contact.note, "blocked": bool(blocks),
        "numbers": [{"shown": masked(n.number, here.region), "handle": handle(n.number), "place": place(n.number, language(), here.region)} for n in contact.numbers],
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
        "phone": masked(visitor.phone, here.region) if visitor.phone else "",
        "region": visit.region if visit else "", "address": row.address,
        "device": " · ".join(filter(None, (visit.device, visit.system, visit.browser))) if visit else "",
        "source": (visit.source if visit else "") or visitor.first_source, "visits": visitor.visits, "stay": stay,
        "page_url": row.page_url, "page_title": row.page_title, "prechat": dict(row.prechat or {}),
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
            "name": r.contact.name,
            "company": r.contact.company,
            "number": masked(r.contact.numbers[0].number, region) if r.contact.numbers else "",
        }
        for r in rows
    ]


# ---- who looks ------------------------------------------------------------------------------------------------


def look(conversation_id: str, user_id: int, name: str, *, writing: bool = False) -> list[Shape]:
    """Note that somebody has it open (for half a minute) and return the others."""
    key = f"uckefu:desk:viewers:{conversation_id}"
    try:
        present = to_us(now())
        pipeline = _bus().pipeline(transaction=False)
        pipeline.hset(key, str(user_id), f"{present}:{int(writing)}:{name}")
        pipeline.expire(key, VIEWER_SECONDS)
        pipeline.hgetall(key)
        everybody = pipeline.execute()[2]
    except redis.RedisError as error:
        log.warning("viewers_not_known", error=str(error))
        return []
    others = []
    for id_, text in everybody.items():
        at, wrote, who = str(text).split(":", 2)
        if id_ != str(user_id) and present - int(at) < VIEWER_SECONDS * 1_000_000:
            others.append({"name": who, "writing": wrote == "1"})
    return others


def safely_mine(agent_id: int) -> list[Shape] | None:
    """As `mine`; None while the record is away."""
    try:
        return mine(agent_id)
    except SQLAlchemyError as error:
        db.session.rollback()
        log.warning("conversations_not_read", error=str(error))
        return None
