"""What the workbench keeps beside conversations: tickets, the knowledge base, invited colleagues, a user's own keys."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from sql.models.base import Base, UtcDateTime

TICKET_STATES = ("open", "pending", "solved", "closed")
TICKET_PRIORITIES = ("low", "normal", "high", "urgent")


class Ticket(Base):
    """Something to be done for a customer after the talk."""

    __tablename__ = "ticket"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(128))
    text: Mapped[str] = mapped_column(Text, default="")
    status: Mapped[str] = mapped_column(String(16), default="open", index=True)  # of TICKET_STATES
    priority: Mapped[str] = mapped_column(String(16), default="normal")  # of TICKET_PRIORITIES
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"), index=True)  # who has it
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"), index=True)
    interaction_id: Mapped[str | None] = mapped_column(ForeignKey("interaction.id"), index=True)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    solved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class TicketEntry(Base):
    """A line of a ticket's history: a comment, or what somebody changed (`changes`: field -> [before, after])."""

    __tablename__ = "ticket_entry"
    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    text: Mapped[str] = mapped_column(Text, default="")
    changes: Mapped[dict[str, list[str]]] = mapped_column(JSON, default=dict)


class Article(Base):
    """An answer of the knowledge base; a draft is found by its editors only."""

    __tablename__ = "article"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(128))
    text: Mapped[str] = mapped_column(Text)
    category: Mapped[str] = mapped_column(String(64), default="", index=True)
    tags: Mapped[str] = mapped_column(String(255), default="")  # words, a space between
    is_published: Mapped[bool] = mapped_column(default=False)
    uses: Mapped[int] = mapped_column(default=0)  # how often it was put into a reply
    updated_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ConversationGuest(Base):
    """A colleague who was invited into a conversation: reads and writes in it, and takes nobody's place."""

    __tablename__ = "conversation_guest"
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversation.id"), primary_key=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"), primary_key=True, index=True)
    invited_by_agent_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"))
    joined_at: Mapped[datetime] = mapped_column(UtcDateTime)
    left_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ContactAttachment(Base):
    """A file of a contact; `path` is below the instance's `attachments`."""

    __tablename__ = "contact_attachment"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id"), index=True)
    name: Mapped[str] = mapped_column(String(128))
    content_type: Mapped[str] = mapped_column(String(128))
    size_bytes: Mapped[int] = mapped_column()
    path: Mapped[str] = mapped_column(String(128))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class UserPreference(Base):
    """What a user made of the workbench's keys: name -> key (`Alt+KeyA`), empty for switched off."""

    __tablename__ = "user_preference"
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), primary_key=True)
    shortcuts: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    enter_sends: Mapped[bool] = mapped_column(default=True)
    missed_seen_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime
    )  # the list of missed calls was open then
