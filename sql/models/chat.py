"""Web chat: sites, visitors and their trail, conversations and messages.

A conversation is an `Interaction` of channel `chat` (same id) plus the row here. All writes go through
`admin.chat.service`, which numbers the messages of a conversation from 1 and commits before anybody is told.
"""

from datetime import datetime

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from sql.models.base import Base, UtcDateTime

OPTIONS = Base.__table_args__
LARGE_ID = BigInteger().with_variant(Integer, "sqlite")
"""SQLite counts up by itself only in a column that is called INTEGER."""


class Site(Base):
    """A customer's web site with the access code `/im/<key>.js`."""

    __tablename__ = "site"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(32), unique=True)  # public: stands in the access code
    name: Mapped[str] = mapped_column(String(64))
    active: Mapped[bool] = mapped_column(default=True)
    secret: Mapped[str] = mapped_column(String(64))  # the site signs its visitors' identity with it
    queue_name: Mapped[str] = mapped_column(String(32))
    settings: Mapped[dict[str, object]] = mapped_column(JSON, default=dict)  # admin.chat.sites.SiteSettings
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Visitor(Base):
    """Somebody's browser on one site. `id` is random; the browser holds it signed."""

    __tablename__ = "visitor"
    __table_args__ = (Index("ix_visitor_identity", "site_id", "identity"), OPTIONS)
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), index=True)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"), index=True)
    identity: Mapped[str] = mapped_column(String(64), default="")  # the site's own id, once proved
    name: Mapped[str] = mapped_column(String(64), default="")
    phone: Mapped[str] = mapped_column(String(32), default="")
    email: Mapped[str] = mapped_column(String(128), default="")
    language: Mapped[str] = mapped_column(String(8), default="")
    first_source: Mapped[str] = mapped_column(String(512), default="")
    visits: Mapped[int] = mapped_column(default=0)
    pages: Mapped[int] = mapped_column(default=0)
    open_conversation_id: Mapped[str | None] = mapped_column(String(36))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class VisitorBlock(Base):
    """A visitor or an address that may not write, with reason and expiry."""

    __tablename__ = "visitor_block"
    id: Mapped[int] = mapped_column(primary_key=True)
    visitor_id: Mapped[str | None] = mapped_column(ForeignKey("visitor.id"), index=True)
    address: Mapped[str] = mapped_column(String(45), default="", index=True)
    reason: Mapped[str] = mapped_column(String(255), default="")
    by_user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    until: Mapped[datetime | None] = mapped_column(UtcDateTime)  # None: for good
    lifted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Conversation(Base):
    """What a chat interaction has beyond the `Interaction` of the same id."""

    __tablename__ = "conversation"
    id: Mapped[str] = mapped_column(ForeignKey("interaction.id"), primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), index=True)
    visitor_id: Mapped[str] = mapped_column(ForeignKey("visitor.id"), index=True)
    queue_name: Mapped[str] = mapped_column(String(32))
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"), index=True)  # who serves it now
    name: Mapped[str] = mapped_column(String(64), default="")  # the visitor's, as agents see it
    language: Mapped[str] = mapped_column(String(8), default="")
    address: Mapped[str] = mapped_column(String(45), default="")
    page_url: Mapped[str] = mapped_column(String(512), default="")
    page_title: Mapped[str] = mapped_column(String(255), default="")
    prechat: Mapped[dict[str, object]] = mapped_column(JSON, default=dict)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    assigned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    first_reply_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_message_at: Mapped[datetime] = mapped_column(UtcDateTime)
    waiting_since: Mapped[datetime | None] = mapped_column(UtcDateTime)  # the visitor's oldest unanswered
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    ended_by: Mapped[str] = mapped_column(String(16), default="")  # visitor, agent, system
    last_sequence: Mapped[int] = mapped_column(default=0)
    last_public_sequence: Mapped[int] = mapped_column(default=0)  # the last that the visitor may see
    previous_public_sequence: Mapped[int] = mapped_column(default=0)
    visitor_read_sequence: Mapped[int] = mapped_column(default=0)
    agent_read_sequence: Mapped[int] = mapped_column(default=0)
    mailed_sequence: Mapped[int] = mapped_column(default=0, server_default="0")  # sent by mail up to here
    rating: Mapped[int | None] = mapped_column()  # 1 to 5
    rating_comment: Mapped[str] = mapped_column(String(500), default="")
    rated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Attachment(Base):
    """A file of a conversation; `path` is below the instance's `attachments`, `id` is unguessable."""

    __tablename__ = "attachment"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    conversation_id: Mapped[str | None] = mapped_column(ForeignKey("conversation.id"), index=True)
    visitor_id: Mapped[str | None] = mapped_column(ForeignKey("visitor.id"))  # who sent it up
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"))
    name: Mapped[str] = mapped_column(String(128))
    content_type: Mapped[str] = mapped_column(String(64))
    size_bytes: Mapped[int] = mapped_column()
    width: Mapped[int] = mapped_column(default=0)  # of a picture, in pixels
    height: Mapped[int] = mapped_column(default=0)
    path: Mapped[str] = mapped_column(String(128))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Message(Base):
    """One line of a conversation. `client_id` is the sender's: sending it again doubles nothing."""

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("conversation_id", "sequence", name="uq_message_sequence"),
        UniqueConstraint("conversation_id", "client_id", name="uq_message_client_id"),
        OPTIONS,
    )
    id: Mapped[int] = mapped_column(LARGE_ID, primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversation.id"))
    sequence: Mapped[int] = mapped_column()
    after_sequence: Mapped[int] = mapped_column(default=0)  # the visitor's message before this one
    client_id: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(16))  # text, picture, file, note, event, recall
    author: Mapped[str] = mapped_column(String(16))  # visitor, agent, system
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"))
    name: Mapped[str] = mapped_column(String(64), default="")  # of the author, as it was then
    is_public: Mapped[bool] = mapped_column(default=True)  # the visitor sees it
    text: Mapped[str] = mapped_column(Text, default="")
    attachment_id: Mapped[str | None] = mapped_column(ForeignKey("attachment.id"))
    detail: Mapped[dict[str, object]] = mapped_column(JSON, default=dict)  # of an event, a recall
    sent_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    recalled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Draft(Base):
    """What an agent has written and not sent yet, so that a reload or a second window shows it."""

    __tablename__ = "draft"
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversation.id"), primary_key=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), default="text")  # text, note
    text: Mapped[str] = mapped_column(Text, default="")
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class QuickReply(Base):
    """A canned reply: of one agent, or of all when `agent_id` is None."""

    __tablename__ = "quick_reply"
    id: Mapped[int] = mapped_column(primary_key=True)
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"), index=True)
    shortcut: Mapped[str] = mapped_column(String(32), default="")
    title: Mapped[str] = mapped_column(String(64))
    text: Mapped[str] = mapped_column(Text)
    category: Mapped[str] = mapped_column(String(32), default="")
    position: Mapped[int] = mapped_column(default=0)
    uses: Mapped[int] = mapped_column(default=0)


class LeftMessage(Base):
    """What a visitor left while nobody was there."""

    __tablename__ = "left_message"
    id: Mapped[int] = mapped_column(primary_key=True)
    client_id: Mapped[str] = mapped_column(String(64))
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), index=True)
    visitor_id: Mapped[str] = mapped_column(ForeignKey("visitor.id"), index=True)
    name: Mapped[str] = mapped_column(String(64), default="")
    reach: Mapped[str] = mapped_column(String(128))  # a telephone number or mail address
    text: Mapped[str] = mapped_column(Text)
    page_url: Mapped[str] = mapped_column(String(512), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    queue_name: Mapped[str] = mapped_column(
        String(32), default=""
    )  # who attends to it: chosen, or the site's
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    done_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    note: Mapped[str] = mapped_column(String(1000), default="")  # what was done
    __table_args__ = (
        UniqueConstraint("visitor_id", "client_id", name="uq_left_message_client_id"),
        OPTIONS,
    )


class Visit(Base):
    """One stay on the site: it ends half an hour after the last page."""

    __tablename__ = "visit"
    id: Mapped[int] = mapped_column(LARGE_ID, primary_key=True)
    visitor_id: Mapped[str] = mapped_column(ForeignKey("visitor.id"), index=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), index=True)
    began_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    address: Mapped[str] = mapped_column(String(45), default="")
    region: Mapped[str] = mapped_column(String(128), default="")
    device: Mapped[str] = mapped_column(String(64), default="")
    system: Mapped[str] = mapped_column(String(64), default="")
    browser: Mapped[str] = mapped_column(String(64), default="")
    source: Mapped[str] = mapped_column(String(512), default="")  # where the visitor came from
    pages: Mapped[int] = mapped_column(default=0)


class PageView(Base):
    """One page of a visit. `page_id` is made by the page, so that its heartbeats find their row."""

    __tablename__ = "page_view"
    __table_args__ = (UniqueConstraint("visit_id", "page_id", name="uq_page_view_page_id"), OPTIONS)
    id: Mapped[int] = mapped_column(LARGE_ID, primary_key=True)
    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id"), index=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    page_id: Mapped[str] = mapped_column(String(32))
    url: Mapped[str] = mapped_column(String(512))
    title: Mapped[str] = mapped_column(String(255), default="")
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    left_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Invitation(Base):
    """An invitation to talk, by an agent or by the site's rule, and what the visitor made of it."""

    __tablename__ = "invitation"
    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), index=True)
    visitor_id: Mapped[str] = mapped_column(ForeignKey("visitor.id"), index=True)
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"))  # None: by rule
    text: Mapped[str] = mapped_column(String(300), default="")
    made_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    shown_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    result: Mapped[str] = mapped_column(String(16), default="")  # accepted, refused, ignored
