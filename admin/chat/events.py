"""The visitor's socket, namespace `/visitor`: who is it, may it, then `service`; the answer is `{ok, code, …}`.

What a page sends: `send` {client_id, text, attachment_id}, `since` {conversation_id, sequence}, `history` {before, sequence},
`read` {sequence}, `typing` {text}, `recall` {sequence}, `end` {}, `rate` {stars, comment}, `introduce` {name, phone,
email, queue}, `transcript` {conversation_id, email}, `leave` {client_id, name, reach, text}, `here` {url, title}. It is told `state` at connect, then
`message`, `conversation`, `read`, `typing`, `position`, `resync` (docs/contracts.md, "Chat messages").

A socket belongs to the visitor whose signed id it brought; no event names a visitor, and a conversation that one names
is looked up among the visitor's own. The origin of the handshake must be ours (the window runs in our own frame).
"""

from typing import Any, Self

from flask import current_app, request
from flask_socketio import ConnectionRefusedError as SocketRefused
from flask_socketio import emit, join_room
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from admin import directory
from admin.chat import presence, reading, routing, service, shapes, sites, transcripts, visitors
from admin.chat.guests import Guest, lobby
from admin.chat.refusals import ChatRefused
from admin.db import db
from admin.numbers import NUMBER_IN_WORDS
from admin.permissions import public
from admin.shell import centre
from admin.sockets import socketio
from admin.telephone import masked
from sql.models import Conversation, LeftMessage, Visitor
from sql.outbox import tell
from uckefu.times import now, to_us

NAMESPACE = "/visitor"
Answer = dict[str, Any]


class _Fields(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Hello(_Fields):
    """What a socket brings at the handshake."""

    site: str = Field(max_length=32)
    token: str = Field("", max_length=512)
    language: str = Field("zh", pattern="^(zh|en)$")
    url: str = Field("", max_length=2048)
    title: str = Field("", max_length=512)


class Send(_Fields):
    client_id: str = Field(min_length=1, max_length=service.LONGEST_CLIENT_ID)
    text: str = Field("", max_length=20_000)  # what is too long is refused by name further on
    attachment_id: str | None = Field(None, max_length=36)


class Since(_Fields):
    conversation_id: str = Field(max_length=36)
    sequence: int = Field(ge=0, le=10**9)


class Before(_Fields):
    before: str = Field(max_length=36)
    sequence: int = Field(0, ge=0, le=10**9)  # the oldest that is shown of it; 0: all of it is


class Sequence(_Fields):
    sequence: int = Field(ge=1, le=10**9)


class Typed(_Fields):
    text: str = Field("", max_length=2000)


class Rating(_Fields):
    stars: int = Field(ge=1, le=5)
    comment: str = Field("", max_length=500)


def _without_numbers(name: str) -> str:
    return NUMBER_IN_WORDS.sub(lambda found: masked(found[0], centre().region), name)


class Introduction(_Fields):
    name: str = Field("", max_length=64)
    phone: str = Field("", max_length=32, pattern=r"^[0-9+() -]*$")
    email: str = Field("", max_length=128, pattern=r"^([^@\s<>]+@[^@\s<>]+)?$")
    queue: str = Field("", max_length=32)

    @model_validator(mode="after")
    def _number_goes_where_it_belongs(self) -> Self:
        """A number that was typed as the name: as a name everybody would see it whole."""
        if found := NUMBER_IN_WORDS.search(self.name):
            self.phone = self.phone or found[0].replace(".", " ")[:32]
            self.name = _without_numbers(self.name)
        return self


class Leaving(_Fields):
    client_id: str = Field(min_length=1, max_length=64)
    name: str = Field("", max_length=64)
    reach: str = Field(max_length=128, pattern=r"^([0-9+() -]{5,32}|[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+)$")
    text: str = Field(min_length=1, max_length=2000)

    @field_validator("name")
    @classmethod
    def _no_number(cls, name: str) -> str:
        return _without_numbers(name)


class Asked(_Fields):
    conversation_id: str = Field(max_length=36)
    email: str = Field("", max_length=254)


class Here(_Fields):
    url: str = Field("", max_length=2048)
    title: str = Field("", max_length=512)


class Nothing(_Fields):
    pass


def on(event: str, model: type[BaseModel], *, counted: bool = False) -> Any:
    """Register `f(guest, fields) -> Answer`. Every refusal and failure is an answer with a code, never a silence.

    Args:
        counted: the event counts against the limits of visitor, address and site.
    """

    def register(handler: Any) -> Any:
        @socketio.on(event, namespace=NAMESPACE)
        @public  # a visitor has no login: the socket's own guest says who it is
        def checked(*given: object) -> Answer:
            guest = lobby().guests.get(str(request.sid))  # type: ignore[attr-defined]
            if guest is None:
                return {"ok": False, "code": "unknown-visitor"}
            try:
                fields = model.model_validate(given[0] if given and given[0] is not None else {})
                if counted:
                    _count(guest)
                answer: Answer = handler(guest, fields) or {}
            except ValidationError:
                return {"ok": False, "code": "bad-request"}
            except ChatRefused as refused:
                return {"ok": False, "code": refused.code, "wait_seconds": refused.wait_seconds}
            except SQLAlchemyError as error:
                db.session.rollback()
                current_app.logger.warning("chat_event_failed %s: %s", event, error)
                return {"ok": False, "code": "try-again"}
            return {"ok": True, "code": "ok", **answer}

        return handler

    return register


@socketio.on("connect", namespace=NAMESPACE)
@public
def connect(auth: object = None) -> None:
    """A visitor's window came: say who it is and show where things stand."""
    try:
        hello = Hello.model_validate(auth)
        site = sites.find(hello.site)
        address = request.remote_addr or ""
        wait = lobby().limits.wait_seconds(
            [(f"windows:{site.key}:{address}", site.settings.address_per_minute)]
        )
        if wait:
            raise ChatRefused("slow-down", wait_seconds=int(wait) + 1)
        visitor, token = visitors.recognise(site, hello.token, language=hello.language)
        if visitors.is_blocked(visitor.id, address):
            raise ChatRefused("blocked")
    except ValidationError as error:
        raise SocketRefused("bad-request") from error
    except ChatRefused as refused:
        raise SocketRefused(refused.code, {"wait_seconds": refused.wait_seconds}) from refused
    except SQLAlchemyError as error:
        db.session.rollback()
        raise SocketRefused("try-again") from error
    guest = Guest(
        str(request.sid), site.key, visitor.id, address, hello.language, visitor.name,  # type: ignore[attr-defined]
        page_url=hello.url, page_title=hello.title,
    )  # fmt: skip
    state = _state(site, visitor, guest)
    lobby().guests[guest.sid] = guest
    lobby().limits.learn(_limits(guest))
    join_room(service.visitors_room(visitor.id))
    emit("state", {"token": token, **state})


@socketio.on("disconnect", namespace=NAMESPACE)
@public
def left(_reason: object = None) -> None:
    """A window went; the conversation stays."""
    lobby().guests.pop(str(request.sid), None)  # type: ignore[attr-defined]


@on("send", Send, counted=True)
def send(guest: Guest, fields: Send) -> Answer:
    """A message; the first one opens a conversation and asks for an agent. Answered after the commit."""
    posted = _post(guest, fields)
    return {key: posted.message[key] for key in ("conversation_id", "sequence", "after", "sent_at_us")}


@on("since", Since)
def since(guest: Guest, fields: Since) -> Answer:
    """What came after a sequence: asked at each reconnect and at `resync`."""
    row = _own(guest, fields.conversation_id)
    messages = reading.messages_since(row.id, fields.sequence, for_visitor=True)
    return {
        "conversation": shapes.conversation_for_visitor(row),
        "messages": messages,
        "more": len(messages) == reading.MOST_MESSAGES,
    }


@on("history", Before, counted=True)
def history(guest: Guest, fields: Before) -> Answer:
    """What came before the oldest message that the window shows: in its conversation, else in the one before it."""
    page = reading.page_before(_own(guest, fields.before), fields.sequence)
    return {
        "conversation": page.conversation and shapes.conversation_for_visitor(page.conversation),
        "messages": page.messages,
        "older": page.older,
    }


@on("read", Sequence)
def read(guest: Guest, fields: Sequence) -> None:
    """The visitor has seen everything up to here."""
    service.mark_read(_present(guest), "visitor", fields.sequence)


@on("typing", Typed)
def typing(guest: Guest, fields: Typed) -> None:
    """The agent sees what is being written; too many a minute are passed over."""
    if guest.conversation_id and not lobby().buckets.wait_seconds([(f"typing:{guest.visitor_id}", 240)]):
        who = service.a_visitor(guest.visitor_id, guest.name)
        service.typing(
            guest.conversation_id, who, visitor_id=guest.visitor_id, agent_id=guest.agent_id, preview=fields.text
        )  # fmt: skip


@on("recall", Sequence, counted=True)
def recall(guest: Guest, fields: Sequence) -> None:
    """Take back one's own message."""
    who = service.a_visitor(guest.visitor_id, guest.name)
    service.recall_message(_present(guest), who, fields.sequence)


@on("end", Nothing)
def end(guest: Guest, _fields: Nothing) -> None:
    """The visitor has had enough."""
    who = service.a_visitor(guest.visitor_id, guest.name)
    service.end_conversation(_present(guest), "visitor", author=who)


@on("rate", Rating, counted=True)
def rate(guest: Guest, fields: Rating) -> None:
    """Stars and a word."""
    service.rate(_present(guest), service.a_visitor(guest.visitor_id), fields.stars, fields.comment)


@on("transcript", Asked, counted=True)
def transcript(guest: Guest, fields: Asked) -> None:
    """The conversation by mail, to the address that was given in it."""
    transcripts.ask(_own(guest, fields.conversation_id), fields.email)


@on("introduce", Introduction, counted=True)
def introduce(guest: Guest, fields: Introduction) -> None:
    """The form before the talk."""
    site = sites.find(guest.site_key)
    if fields.queue and fields.queue not in site.settings.queues:
        raise ChatRefused("unknown-queue")
    visitor = db.session.get(Visitor, guest.visitor_id)
    if visitor is None:
        raise ChatRefused("unknown-visitor")
    visitors.introduce(visitor, name=fields.name, phone=fields.phone, email=fields.email)
    guest.name, guest.queue = fields.name or guest.name, fields.queue
    guest.prechat = {key: value for key, value in fields.model_dump().items() if value}


@on("leave", Leaving, counted=True)
def leave(guest: Guest, fields: Leaving) -> None:
    """A message for later; the same one again is not doubled. Those whom the site names get a mail."""
    site = sites.find(guest.site_key)
    if visitors.is_blocked(guest.visitor_id, guest.address):
        raise ChatRefused("blocked")
    row = LeftMessage(
        client_id=fields.client_id, site_id=site.id, visitor_id=guest.visitor_id, name=fields.name or guest.name,
        reach=fields.reach, text=fields.text, page_url=guest.page_url[:512], created_at=now(),
        queue_name=guest.queue or site.queue_name,
    )  # fmt: skip
    db.session.add(row)
    try:
        db.session.flush()
        for whom in dict.fromkeys(site.settings.left_to):
            tell(db.session, "left", whom, key=str(row.id), left_id=row.id)
        db.session.commit()
    except IntegrityError:
        db.session.rollback()


@on("here", Here)
def here(guest: Guest, fields: Here) -> Answer:
    """The window still lives: is there something that it has missed?"""
    guest.page_url, guest.page_title = fields.url or guest.page_url, fields.title or guest.page_title
    site = sites.find(guest.site_key)
    row = reading.latest(guest.visitor_id)
    return {
        "conversation": row and shapes.conversation_for_visitor(row),
        "staffed": presence.is_staffed(guest.queue or site.queue_name),
    }


# ---- inside ------------------------------------------------------------------------------------------------


def _count(guest: Guest) -> None:
    wait = lobby().limits.wait_seconds(_limits(guest))
    if wait:
        raise ChatRefused("slow-down", wait_seconds=int(wait) + 1)


def _limits(guest: Guest) -> list[tuple[str, int]]:
    settings = sites.find(guest.site_key).settings
    return [
        (f"visitor:{guest.visitor_id}", settings.visitor_per_minute),
        (f"address:{guest.site_key}:{guest.address}", settings.address_per_minute),
        (f"site:{guest.site_key}", settings.site_per_minute),
    ]


def _post(guest: Guest, fields: Send) -> service.Posted:
    """Into the conversation that there is, else into a new one; what was stored before is found in either."""
    who = service.a_visitor(guest.visitor_id, guest.name)
    message: dict[str, Any] = {
        "client_id": fields.client_id, "text": fields.text, "attachment_id": fields.attachment_id,
    }  # fmt: skip
    if guest.conversation_id is None:
        row = reading.latest(guest.visitor_id)
        guest.conversation_id = row.id if row else None
    if guest.conversation_id is not None:
        try:
            return service.post_message(guest.conversation_id, who, **message)
        except ChatRefused as refused:
            if refused.code != "ended":
                raise
    conversation = _open(guest)
    posted = service.post_message(conversation.id, who, **message)
    visitor = db.session.get(Visitor, guest.visitor_id)
    routing.enter(
        conversation, number=visitor.phone if visitor else "", contact_id=visitor.contact_id if visitor else None
    )  # fmt: skip
    return posted


def _open(guest: Guest) -> Conversation:
    site = sites.find(guest.site_key)
    row = db.session.get(Visitor, guest.visitor_id)
    if row is None:
        raise ChatRefused("unknown-visitor")
    if visitors.is_blocked(guest.visitor_id, guest.address):
        raise ChatRefused("blocked")
    wanted = (("ask_name", row.name), ("ask_phone", row.phone), ("ask_email", row.email))
    if any(getattr(site.settings, name) == "need" and not value for name, value in wanted):
        raise ChatRefused("prechat-needed")
    opened = service.open_conversation(
        site, row, queue=guest.queue, language=guest.language, address=guest.address, page_url=guest.page_url,
        page_title=guest.page_title, prechat=guest.prechat, greeting=site.settings.greeting,
    )  # fmt: skip
    for other in lobby().guests.values():
        if other.visitor_id == guest.visitor_id:
            other.conversation_id, other.agent_id = opened.id, opened.agent_id
    return opened


def _present(guest: Guest) -> str:
    if guest.conversation_id is None:
        row = reading.latest(guest.visitor_id)
        guest.conversation_id = row.id if row else None
    if guest.conversation_id is None:
        raise ChatRefused("unknown-conversation")
    return guest.conversation_id


def _own(guest: Guest, conversation_id: str) -> Conversation:
    row = db.session.get(Conversation, conversation_id)
    if row is None or row.visitor_id != guest.visitor_id:
        raise ChatRefused("unknown-conversation")
    return row


def _state(site: sites.SiteNow, visitor: Visitor, guest: Guest) -> Answer:
    row = reading.latest(guest.visitor_id)
    if row is not None:
        guest.conversation_id, guest.agent_id = row.id, row.agent_id
    titles = directory.names(guest.language)["queues"]
    view = presence.latest()
    page = reading.last_page(row)
    waits = row is not None and row.ended_at is None and row.agent_id is None
    return {
        "now_us": to_us(now()),
        "visitor": {"name": visitor.name, "phone": bool(visitor.phone), "email": bool(visitor.email)},
        "conversation": row and shapes.conversation_for_visitor(row),
        "messages": page.messages,
        "older": page.older,
        "staffed": presence.is_staffed(site.queue_name, view),
        "position": presence.position_of(view, row.id) if waits and row else None,
        "queues": [{"name": name, "title": titles.get(name, name)} for name in site.settings.queues],
    }
