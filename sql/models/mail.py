"""Mail that leaves us: written in the transaction of what causes it, sent by `python -m uckefu.postman`.

A row says what to write about (`kind`, `detail`), to whom and in which language; the words are put together when it is
sent. `key` names the cause, so that the same one never makes two mails.
"""

from datetime import datetime

from sqlalchemy import JSON, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from sql.models.base import Base, UtcDateTime
from sql.models.chat import LARGE_ID, OPTIONS

MAIL_STATES = ("waiting", "sent", "failed", "dropped")


class OutgoingMail(Base):
    """One mail to one address. `waiting` until it is `sent`, `failed` with the reason, or `dropped`: no more to say."""

    __tablename__ = "outgoing_mail"
    __table_args__ = (UniqueConstraint("key", name="uq_outgoing_mail_key"), OPTIONS)
    id: Mapped[int] = mapped_column(LARGE_ID, primary_key=True)
    key: Mapped[str] = mapped_column(String(128))
    kind: Mapped[str] = mapped_column(String(16))  # transcript, missed, voicemail, test
    recipient: Mapped[str] = mapped_column(String(254))
    language: Mapped[str] = mapped_column(String(8), default="")
    detail: Mapped[dict[str, object]] = mapped_column(JSON, default=dict)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    due_at: Mapped[datetime] = mapped_column(
        UtcDateTime, index=True
    )  # not before; also while a sender has it
    state: Mapped[str] = mapped_column(String(8), default="waiting", index=True)
    attempts: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str] = mapped_column(String(500), default="")  # why it is not sent yet
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
