"""The message service: everything that happens in a conversation, for both sides.

Called by the visitors' socket (`chat.events`), the agents' workbench (`admin.desk`), and `chat.keeper`. Each function
checks, stores, commits, and only then tells the pages (`relay`): what was acknowledged is in the record. The row of the
conversation is locked while a message gets its number, so numbers are in the order of the commits, and a sender's
`client_id` is unique in its conversation, so sending again answers what was stored the first time.

Everything runs in an application context with `db.session`; a `SQLAlchemyError` means that nothing was stored.
"""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import case, select, update
from sqlalchemy.exc import IntegrityError

from admin.chat import numbering, routing, shapes
from admin.chat.authors import SYSTEM, Author
from admin.chat.authors import a_visitor as a_visitor  # callers of the service have it from here
from admin.chat.authors import an_agent as an_agent
from admin.chat.numbering import Draft, Place
from admin.chat.refusals import ChatRefused
from admin.chat.relay import AGENTS, VISITORS, relay
from admin.chat.shapes import Shape
from admin.chat.writer import writer
from admin.db import db
from sql.models import (
    Attachment,
    Conversation,
    ConversationGuest,
    Interaction,
    Message,
    Site,
    Visitor,
)
from uckefu.times import as_utc, now

LONGEST_AGENT_TEXT = 4000
LONGEST_VISITOR_TEXT = 300
LONGEST_CLIENT_ID = 64
RECALL_SECONDS = 120
PREVIEW_LETTERS = 300
Ending = Literal["visitor", "agent", "system"]
KINDS = ("text", "picture", "file", "note")
News = tuple[str, list[str], str, Shape]
"""Namespace, rooms, event and content."""


@dataclass(frozen=True)
class Posted:
    """A stored message as agents see it; `is_new` is False when it was there already."""

    message: Shape
    is_new: bool


def room_of(conversation_id: str) -> str:
    """The agents' room of a conversation: whoever has it open joins it."""
    return f"interaction:{conversation_id}"


def visitors_room(visitor_id: str) -> str:
    """The room of a visitor's windows, in the namespace `/visitor`."""
    return f"visitor:{visitor_id}"


# ---- opening and ending ------------------------------------------------------------------------------------


def open_conversation(
    site: Site, visitor: Visitor, *, queue: str = "", language: str = "", address: str = "", page_url: str = "",
    page_title: str = "", prechat: dict[str, object] | None = None, greeting: str = "",
) -> Conversation:  # fmt: skip
    """The visitor's open conversation, made when there is none; two windows at once make one.

    Raises:
        SQLAlchemyError: nothing was made.
    """
    instant = now()
    _lock_visitor(visitor.id, instant)
    open_id = db.session.scalar(select(Visitor.open_conversation_id).where(Visitor.id == visitor.id))
    if open_id:
        found = db.session.get(Conversation, open_id, populate_existing=True)
        if found is not None and found.ended_at is None:
            db.session.commit()
            return found
    id_, queue_name = str(uuid.uuid4()), queue or site.queue_name
    interaction = Interaction(
        id=id_, channel="chat", from_number=visitor.phone, to_number=site.key, contact_id=visitor.contact_id,
        language=language, started_at=instant, queue_name=queue_name,
    )  # fmt: skip
    conversation = Conversation(
        id=id_, site_id=site.id, visitor_id=visitor.id, queue_name=queue_name, name=visitor.name, language=language,
        address=address, page_url=page_url[:512], page_title=page_title[:255], prechat=prechat or {}, opened_at=instant,
        last_message_at=instant,
    )  # fmt: skip
    db.session.add(interaction)
    db.session.flush()
    db.session.add(conversation)
    db.session.execute(update(Visitor).where(Visitor.id == visitor.id).values(open_conversation_id=id_))
    db.session.commit()
    if greeting:
        post_message(id_, SYSTEM, client_id="greeting", text=greeting)
    return conversation


def end_conversation(conversation_id: str, by: Ending, *, author: Author = SYSTEM, reason: str = "") -> bool:
    """End it, say so in it, and take it out of routing. False when it had ended before (routing is told all the same).

    Args:
        by: who ended it.
        author: the visitor or agent, whose name the line carries.
        reason: a stable word for the line: `idle`, `blocked`, …
    """
    row = _locked(conversation_id)
    if row is None:
        raise ChatRefused("unknown-conversation")
    if row.ended_at is None:
        line = _append(row, SYSTEM, f"ended:{conversation_id}", "event", detail={
            "code": "ended", "by": by, "name": author.name, "reason": reason,
        })  # fmt: skip
        row.ended_at, row.ended_by = line.sent_at, by
        row.waiting_since = None
        db.session.execute(
            update(Interaction).where(Interaction.id == row.id)
            .values(ended_at=line.sent_at, hangup_by="caller" if by == "visitor" else by)
        )  # fmt: skip
        db.session.execute(
            update(Visitor)
            .where(Visitor.id == row.visitor_id, Visitor.open_conversation_id == row.id)
            .values(open_conversation_id=None)
        )
        news = _message_news(row, shapes.for_agents(line)) + _conversation_news(row)
        if reason == "blocked":
            news.append((VISITORS, [visitors_room(row.visitor_id)], "blocked", {}))
        _commit_and_tell(news)
        ended = True
    else:
        db.session.rollback()
        ended = False
    routing.leave(conversation_id, by=by, agent_id=author.agent_id)
    return ended


def rate(conversation_id: str, author: Author, stars: int, comment: str = "") -> None:
    """The visitor's rating, once.

    Raises:
        ChatRefused: unknown-conversation, bad-request, already-rated.
    """
    if stars not in range(1, 6) or len(comment) > 500:
        raise ChatRefused("bad-request")
    row = _locked(conversation_id)
    if row is None or row.visitor_id != author.visitor_id:
        raise ChatRefused("unknown-conversation")
    if row.rating is not None:
        db.session.rollback()
        raise ChatRefused("already-rated")
    row.rating, row.rating_comment, row.rated_at = stars, comment, now()
    line = _append(row, SYSTEM, f"rated:{conversation_id}", "event", is_public=False, detail={
        "code": "rated", "stars": stars, "comment": comment,
    })  # fmt: skip
    _commit_and_tell(_message_news(row, shapes.for_agents(line)) + _conversation_news(row))


# ---- messages ----------------------------------------------------------------------------------------------


def post_message(
    conversation_id: str, author: Author, *, client_id: str, text: str = "", kind: str = "text",
    attachment_id: str | None = None, detail: dict[str, object] | None = None,
) -> Posted:  # fmt: skip
    """Store a message, commit, then tell everybody in the conversation.

    Args:
        client_id: the sender's own id of the message; the same one again stores nothing and answers the first.
        kind: `text`, `picture`, `file`, or `note` (agents only; the visitor never sees it). With an attachment the
            kind follows from its content, except for a note.
        attachment_id: what `chat.uploads.store` gave, of the same conversation and author.

    Raises:
        ChatRefused: unknown-conversation, ended, empty, too-long, bad-request, bad-attachment.
    """
    _check(author, client_id, text, kind, attachment_id)
    draft = Draft(conversation_id, author, client_id, kind, text, attachment_id, detail or {})
    if stored := writer().write(draft, _tell):
        return Posted(_shape(*stored), True)
    return _post_alone(draft)


def post_served(conversation_id: str, author: Author, *, client_id: str, text: str) -> Posted | None:
    """As `post_message`, for the agent who serves the conversation; None when that could not be seen in passing, and
    the caller must ask `agent_may` and then `post_message`."""
    _check(author, client_id, text, "text", None)
    stored = writer().write(Draft(conversation_id, author, client_id, "text", text), _tell)
    return Posted(_shape(*stored), True) if stored else None


def _post_alone(draft: Draft) -> Posted:
    instant = now()
    place = numbering.next_number(draft, instant)
    if place is None:
        db.session.rollback()
        return _not_stored(draft)
    file = _attachment(draft) if draft.attachment_id else None
    if file is not None and draft.kind != "note":
        draft = replace(draft, kind="picture" if file.width else "file")
    values = numbering.values_of(draft, place, instant)
    shape = _shape(place, values, file)
    try:
        numbering.store(values)
        _commit_and_tell(_message_news(place, shape))
    except IntegrityError:
        db.session.rollback()
        return _not_stored(draft)
    return Posted(shape, True)


def _shape(_place: Place, values: dict[str, Any], file: Attachment | None = None) -> Shape:
    return shapes.for_agents(Message(**values), file)


def _tell(place: Place, values: dict[str, Any]) -> None:
    for namespace, rooms, event, content in _message_news(place, _shape(place, values)):
        relay().send(namespace, rooms, event, content)


def note_event(
    conversation_id: str, code: str, *, client_id: str, is_public: bool = True, **detail: object
) -> Posted | None:
    """Store a line that says what happened (`assigned`, `transferred`, `joined`…); None when it ended before.

    Args:
        client_id: the same fact has the same one, whichever process learns of it.
    """
    row = _locked(conversation_id)
    if row is None or row.ended_at is not None:
        db.session.rollback()
        return None
    try:
        line = _append(row, SYSTEM, client_id, "event", is_public=is_public, detail={"code": code, **detail})
        shape = shapes.for_agents(line)
        _commit_and_tell(_message_news(row, shape))
    except IntegrityError:
        db.session.rollback()
        found = _by_client_id(conversation_id, client_id)
        return Posted(found, False) if found else None
    return Posted(shape, True)


def recall_message(conversation_id: str, author: Author, sequence: int) -> Posted:
    """Take back one's own message within two minutes: its content goes, and a line of kind `recall` says so.

    Raises:
        ChatRefused: unknown-conversation, unknown-message (not one's own, or none), too-late, ended.
    """
    row = _locked(conversation_id)
    if row is None or (author.visitor_id and row.visitor_id != author.visitor_id):
        raise ChatRefused("unknown-conversation")
    wanted = select(Message).where(Message.conversation_id == conversation_id, Message.sequence == sequence)
    message = db.session.scalar(wanted)
    if message is None or message.author != author.kind or message.agent_id != author.agent_id:
        db.session.rollback()
        raise ChatRefused("unknown-message")
    if row.ended_at is not None:
        db.session.rollback()
        raise ChatRefused("ended")
    known = _by_client_id(conversation_id, f"recall:{sequence}")
    if known is not None:
        db.session.rollback()
        return Posted(known, False)
    if (now() - as_utc(message.sent_at)).total_seconds() > RECALL_SECONDS or message.kind == "event":
        db.session.rollback()
        raise ChatRefused("too-late")
    message.recalled_at, message.text = now(), ""
    line = _append(row, author, f"recall:{sequence}", "recall", is_public=message.is_public,
                   detail={"sequence": sequence})  # fmt: skip
    shape = shapes.for_agents(line)
    _commit_and_tell(_message_news(row, shape))
    return Posted(shape, True)


def mark_read(conversation_id: str, reader: Literal["visitor", "agent"], sequence: int) -> None:
    """Note how far one side has read (never backwards) and tell the other. The caller has checked who reads."""
    column = Conversation.visitor_read_sequence if reader == "visitor" else Conversation.agent_read_sequence
    found = db.session.execute(
        update(Conversation)
        .where(Conversation.id == conversation_id, column < sequence, Conversation.last_sequence >= sequence)
        .values({column.key: sequence})
    )
    visitor_id = db.session.scalar(select(Conversation.visitor_id).where(Conversation.id == conversation_id))
    db.session.commit()
    if found.rowcount and visitor_id:  # type: ignore[attr-defined]
        content = {"conversation_id": conversation_id, "reader": reader, "sequence": sequence}
        relay().send(AGENTS, [room_of(conversation_id)], "read", content)
        relay().send(VISITORS, [visitors_room(visitor_id)], "read", content)


def typing(
    conversation_id: str, author: Author, *, visitor_id: str, agent_id: int | None, preview: str = ""
) -> None:
    """Tell the other side that somebody types; agents see the visitor's text as it grows. Nothing is stored.

    Args:
        visitor_id: the conversation's, which the caller has at hand with its permission.
        agent_id: who serves it now.
    """
    content: Shape = {"conversation_id": conversation_id, "author": author.kind, "name": author.name}
    if author.kind == "visitor":
        shown = {**content, "preview": preview[:PREVIEW_LETTERS]}
        relay().send(AGENTS, _agents_rooms(conversation_id, agent_id), "typing", shown)
    else:
        relay().send(AGENTS, [room_of(conversation_id)], "typing", {**content, "agent_id": author.agent_id})
        relay().send(VISITORS, [visitors_room(visitor_id)], "typing", content)


# ---- who serves it -----------------------------------------------------------------------------------------


def assigned(conversation_id: str, agent_id: int, *, offer_id: str, name: str, queue: str = "") -> bool:
    """Routing gave it to an agent (from `keeper`, of the ACD's event or view). False when nothing changed."""
    row = _locked(conversation_id)
    if row is None or row.ended_at is not None or row.agent_id == agent_id:
        db.session.rollback()
        return False
    before, instant = row.agent_id, now()
    row.agent_id, row.assigned_at = agent_id, row.assigned_at or instant
    row.queue_name = queue or row.queue_name
    try:
        line = _append(
            row, SYSTEM, f"assigned:{offer_id}", "event", detail={"code": "assigned", "name": name}
        )
        _commit_and_tell(_message_news(row, shapes.for_agents(line)) + _conversation_news(row, before))
    except IntegrityError:
        db.session.rollback()
        return False
    return True


def unassigned(conversation_id: str, agent_id: int, *, offer_id: str) -> bool:
    """An agent's part is over and the conversation goes on (a transfer); it waits again. False when nothing changed."""
    row = _locked(conversation_id)
    if row is None or row.ended_at is not None or row.agent_id != agent_id:
        db.session.rollback()
        return False
    row.agent_id = None
    try:
        line = _append(row, SYSTEM, f"left:{offer_id}", "event", detail={"code": "transferred"})
        _commit_and_tell(_message_news(row, shapes.for_agents(line)) + _conversation_news(row, agent_id))
    except IntegrityError:
        db.session.rollback()
        return False
    return True


def agent_may(conversation: Conversation, agent_id: int | None, role: str) -> bool:
    """Whether this agent may open and write in the conversation: its own, one that waits or that it was invited into,
    or as a supervisor any."""
    if role in ("supervisor", "administrator"):
        return True
    if conversation.ended_at is not None:
        return agent_id is not None and served_by(conversation.id, agent_id)
    if agent_id is None or conversation.agent_id in (None, agent_id):
        return agent_id is not None
    return is_guest(conversation.id, agent_id)


def is_guest(conversation_id: str, agent_id: int) -> bool:
    """Whether this agent was invited into it and has not left."""
    guest = db.session.get(ConversationGuest, (conversation_id, agent_id), populate_existing=True)
    return guest is not None and guest.left_at is None


def served_by(conversation_id: str, agent_id: int) -> bool:
    """Whether this agent has written in it or serves it."""
    wrote = select(Message.id).where(Message.conversation_id == conversation_id, Message.agent_id == agent_id)
    serves = select(Conversation.id).where(
        Conversation.id == conversation_id, Conversation.agent_id == agent_id
    )
    return any(db.session.scalar(query.limit(1)) is not None for query in (serves, wrote))


# ---- inside ------------------------------------------------------------------------------------------------


def _check(author: Author, client_id: str, text: str, kind: str, attachment_id: str | None) -> None:
    longest = LONGEST_VISITOR_TEXT if author.kind == "visitor" else LONGEST_AGENT_TEXT
    if not client_id or len(client_id) > LONGEST_CLIENT_ID or not client_id.isprintable():
        raise ChatRefused("bad-request")
    if kind not in KINDS or (kind == "note" and author.kind != "agent"):
        raise ChatRefused("bad-request")
    if not text.strip() and not attachment_id:
        raise ChatRefused("empty")
    if len(text) > longest:
        raise ChatRefused("too-long")


def _append(
    row: Conversation, author: Author, client_id: str, kind: str, *, is_public: bool = True,
    detail: dict[str, object] | None = None,
) -> Message:  # fmt: skip
    """Add a line to a conversation that is locked; the caller commits."""
    after = row.last_public_sequence
    row.last_sequence += 1
    if is_public:
        row.previous_public_sequence, row.last_public_sequence = after, row.last_sequence
    instant = now()
    row.last_message_at = instant
    message = Message(
        conversation_id=row.id, sequence=row.last_sequence, after_sequence=after, client_id=client_id, kind=kind,
        author=author.kind, agent_id=author.agent_id, name=author.name, is_public=is_public, text="",
        detail=detail or {}, sent_at=instant,
    )  # fmt: skip
    db.session.add(message)
    db.session.flush()
    return message


def _locked(conversation_id: str) -> Conversation | None:
    """The conversation, which nobody else changes until the commit; an UPDATE locks on SQLite too."""
    touched = update(Conversation).where(Conversation.id == conversation_id)
    same = {"last_sequence": Conversation.last_sequence}
    db.session.execute(touched.values(same), execution_options={"synchronize_session": False})
    return db.session.get(Conversation, conversation_id, populate_existing=True)


def _lock_visitor(visitor_id: str, instant: datetime) -> None:
    touched = update(Visitor).where(Visitor.id == visitor_id).values(
        seen_at=case((Visitor.seen_at < instant, instant), else_=Visitor.seen_at)
    )  # fmt: skip
    db.session.execute(touched, execution_options={"synchronize_session": False})


def _not_stored(draft: Draft) -> Posted:
    """What to answer when a message got no number: it was there already, or it may not be written."""
    author = draft.author
    row = db.session.get(Conversation, draft.conversation_id)
    if row is None or (author.visitor_id and row.visitor_id != author.visitor_id):
        raise ChatRefused("unknown-conversation")
    known = _by_client_id(draft.conversation_id, draft.client_id)
    if known is None or known["author"] != author.kind or known["agent_id"] != author.agent_id:
        raise ChatRefused("ended" if row.ended_at else "bad-request")
    return Posted(known, False)


def _by_client_id(conversation_id: str, client_id: str) -> Shape | None:
    wanted = select(Message).where(Message.conversation_id == conversation_id, Message.client_id == client_id)
    found = shapes.all_for_agents(db.session.scalars(wanted))
    return found[0] if found else None


def _attachment(draft: Draft) -> Attachment:
    """The file, taken into the conversation; it must be the author's own and in no other one."""
    author, conversation_id = draft.author, draft.conversation_id
    file = db.session.get(Attachment, draft.attachment_id)
    if (
        file is None
        or file.conversation_id not in (None, conversation_id)
        or file.visitor_id != author.visitor_id
        or file.agent_id != author.agent_id
    ):
        db.session.rollback()
        raise ChatRefused("bad-attachment")
    file.conversation_id = conversation_id
    return file


def _agents_rooms(conversation_id: str, agent_id: int | None) -> list[str]:
    rooms = [room_of(conversation_id)]
    return rooms if agent_id is None else [*rooms, f"agent:{agent_id}"]


def _message_news(row: Conversation | Place, shape: Shape) -> list[News]:
    content = {"message": shape, "waiting_since_us": shapes.stamp(row.waiting_since)}
    news: list[News] = [(AGENTS, _agents_rooms(row.id, row.agent_id), "message", content)]
    if shape["is_public"]:
        news.append((VISITORS, [visitors_room(row.visitor_id)], "message", shapes.for_visitor(shape)))
    return news


def _conversation_news(row: Conversation, also_agent: int | None = None) -> list[News]:
    rooms = _agents_rooms(row.id, row.agent_id)
    if also_agent is not None and also_agent != row.agent_id:
        rooms.append(f"agent:{also_agent}")
    return [
        (AGENTS, rooms, "conversation", shapes.conversation_for_agents(row)),
        (VISITORS, [visitors_room(row.visitor_id)], "conversation", shapes.conversation_for_visitor(row)),
    ]


def _commit_and_tell(news: list[News]) -> None:
    """Commit, then tell; the news were put together before, because a commit forgets what was read."""
    db.session.commit()
    for namespace, rooms, event, content in news:
        relay().send(namespace, rooms, event, content)
