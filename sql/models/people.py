"""Who works here: users, their agents (phones), and the audit of what they did."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from sql.models.base import Base, UtcDateTime

ROLES = ("administrator", "supervisor", "agent")


class User(Base):
    """Somebody who may sign in to the pages."""

    __tablename__ = "user"
    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(64))
    role: Mapped[str] = mapped_column(String(16))
    password_hash: Mapped[str] = mapped_column(String(128))
    locale: Mapped[str] = mapped_column(String(8), default="zh")
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    email: Mapped[str] = mapped_column(String(254), default="", server_default="")  # for what is told by mail
    picture: Mapped[str] = mapped_column(String(36), default="", server_default="")  # an attachment's id
    agent: Mapped["Agent | None"] = relationship(back_populates="user", uselist=False)


class Agent(Base):
    """The agent side of a user: an extension and its SIP account. `a1_hash` is MD5(extension:domain:password)."""

    __tablename__ = "agent"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), unique=True)
    extension: Mapped[str] = mapped_column(String(16), unique=True)
    a1_hash: Mapped[str] = mapped_column(String(32))
    user: Mapped[User] = relationship(back_populates="agent")


class AuditEntry(Base):
    """One act of one user that somebody may want to know about later."""

    __tablename__ = "audit_entry"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    action: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(128), default="")
    detail: Mapped[dict[str, object]] = mapped_column(JSON, default=dict)
    address: Mapped[str] = mapped_column(String(45), default="")


class Contact(Base):
    """A customer, known by one or several numbers."""

    __tablename__ = "contact"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    company: Mapped[str] = mapped_column(String(128), default="")
    vip_level: Mapped[int] = mapped_column(default=0)
    note: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    email: Mapped[str] = mapped_column(String(128), default="", server_default="", index=True)
    fields: Mapped[dict[str, str] | None] = mapped_column(JSON)  # custom fields: key -> value
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"))  # a double that is no more
    numbers: Mapped[list["ContactNumber"]] = relationship(
        back_populates="contact", order_by="ContactNumber.number"
    )


class ContactNumber(Base):
    """A number of a contact, in E.164 (`+8613800138000`)."""

    __tablename__ = "contact_number"
    number: Mapped[str] = mapped_column(String(32), primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id"), index=True)
    contact: Mapped[Contact] = relationship(back_populates="numbers")
