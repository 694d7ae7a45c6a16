"""What the centre keeps about a contact beside its numbers: tags, custom fields, notes; and who is not to be served."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from sql.models.base import Base, UtcDateTime

TAG_COLOURS = ("grey", "blue", "green", "amber", "red", "purple", "teal", "pink")
FIELD_KINDS = ("text", "number", "date", "choice")


class ContactTag(Base):
    """A tag that contacts may have."""

    __tablename__ = "contact_tag"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(32), unique=True)
    colour: Mapped[str] = mapped_column(String(16), default="grey")


class ContactTagging(Base):
    """One contact has one tag."""

    __tablename__ = "contact_tagging"
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id"), primary_key=True)
    tag_id: Mapped[int] = mapped_column(ForeignKey("contact_tag.id"), primary_key=True, index=True)


class ContactField(Base):
    """A field of the centre's own; its value stands in `Contact.fields` under `key`."""

    __tablename__ = "contact_field"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(32), unique=True)
    title_zh: Mapped[str] = mapped_column(String(64))
    title_en: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(16), default="text")
    choices: Mapped[list[str] | None] = mapped_column(JSON)
    position: Mapped[int] = mapped_column(default=0)
    active: Mapped[bool] = mapped_column(default=True)


class ContactNote(Base):
    """What somebody wrote down about a contact."""

    __tablename__ = "contact_note"
    id: Mapped[int] = mapped_column(primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id"), index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    text: Mapped[str] = mapped_column(Text)


class BlacklistEntry(Base):
    """A number (E.164) that is not to be served until `expires_at` (None: for good). Visitors: `VisitorBlock`."""

    __tablename__ = "blacklist_entry"
    number: Mapped[str] = mapped_column(String(32), primary_key=True)
    reason: Mapped[str] = mapped_column(String(255), default="")
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"), index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
