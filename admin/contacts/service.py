"""What changing a contact does: rows, and the flows' contact files afterwards. Errors name their field.

Called by the contact pages, the import and the workbench's side panel. Each function commits.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy import delete, select, update

from admin.chat import uploads
from admin.contacts import lookup, queries
from admin.db import db
from admin.telephone import e164, parse
from sql.models import (
    BlacklistEntry,
    Contact,
    ContactAttachment,
    ContactNote,
    ContactNumber,
    ContactTag,
    ContactTagging,
    Interaction,
    Ticket,
    Visitor,
)  # fmt: skip
from uckefu.times import now

log = structlog.get_logger(__name__)
KEPT = ("name", "company", "email", "vip_level", "note")
"""What a merge asks about."""
MOST_TAGS = 30


class Refused(Exception):
    """The change can't be made; nothing was changed.

    Args:
        code: `no-number`, `taken`, `same`, `too-many`.
        subject: what it is about, e.g. the number.
        contact_id: whose it is already.
    """

    def __init__(self, code: str, subject: str = "", contact_id: int | None = None) -> None:
        super().__init__(f"{code}: {subject}")
        self.code, self.subject, self.contact_id = code, subject, contact_id


def numbers_from(texts: Iterable[str], region: str) -> list[str]:
    """The numbers in E.164, each once.

    Raises:
        Refused: `no-number`.
    """
    found: dict[str, None] = {}
    for text in (t.strip() for t in texts):
        if not text:
            continue
        # `parse` passes over letters: a typo would be somebody else's number, an extension would be lost.
        if any(c.isalpha() for c in text) or parse(text, region) is None:
            raise Refused("no-number", text[:32])
        found[e164(text, region)] = None
    return list(found)


def owner_of(number: str) -> int | None:
    """Whose number this is (E.164)."""
    return db.session.scalar(select(ContactNumber.contact_id).where(ContactNumber.number == number))


def save(contact: Contact, *, add: Iterable[str] = (), remove: Iterable[str] = ()) -> Contact:
    """Write a new or changed contact.

    Args:
        contact: filled.
        add: further numbers, E.164.
        remove: numbers that are no longer its own.

    Raises:
        Refused: `taken`.
    """
    with db.session.no_autoflush:
        for number in add:
            owner = owner_of(number)
            if owner is not None and owner != contact.id:
                db.session.rollback()
                raise Refused("taken", number, owner)
    contact.updated_at = now()
    if contact.id is None:
        contact.created_at = now()
        db.session.add(contact)
        db.session.flush()
    gone, mine = set(remove), {n.number for n in contact.numbers}
    for row in [n for n in contact.numbers if n.number in gone]:
        contact.numbers.remove(row)
        db.session.delete(row)
    db.session.flush()
    contact.numbers.extend(ContactNumber(number=n) for n in add if n not in mine - gone)
    db.session.commit()
    lookup.refresh()
    return contact


def add_note(contact: Contact, user_id: int, text: str) -> ContactNote:
    """Write a note down."""
    note = ContactNote(contact_id=contact.id, user_id=user_id, at=now(), text=text)
    db.session.add(note)
    db.session.commit()
    return note


def set_tags(contact: Contact, tag_ids: Iterable[int]) -> None:
    """Give the contact exactly these tags."""
    wanted = set(db.session.scalars(select(ContactTag.id).where(ContactTag.id.in_(set(tag_ids)))))
    present = set(
        db.session.scalars(select(ContactTagging.tag_id).where(ContactTagging.contact_id == contact.id))
    )
    db.session.execute(
        delete(ContactTagging).where(
            ContactTagging.contact_id == contact.id, ContactTagging.tag_id.in_(present - wanted)
        )
    )
    db.session.add_all(ContactTagging(contact_id=contact.id, tag_id=id_) for id_ in wanted - present)
    db.session.commit()


def tag_many(contact_ids: list[int], tag_id: int) -> int:
    """Give many contacts one tag; returns how many did not have it."""
    known = set(
        db.session.scalars(
            select(Contact.id).where(Contact.id.in_(contact_ids), Contact.merged_into_id.is_(None))
        )
    )
    have = set(db.session.scalars(select(ContactTagging.contact_id).where(ContactTagging.tag_id == tag_id)))
    db.session.add_all(ContactTagging(contact_id=id_, tag_id=tag_id) for id_ in known - have)
    db.session.commit()
    return len(known - have)


def block(
    number: str, *, reason: str, days: int | None, user_id: int, contact_id: int | None = None
) -> BlacklistEntry:
    """Put a number (E.164) on the blacklist, or change its entry.

    Args:
        days: how long; None for good.
    """
    entry = db.session.get(BlacklistEntry, number) or BlacklistEntry(number=number)
    entry.reason, entry.user_id, entry.created_at = reason, user_id, now()
    entry.expires_at = _after(days)
    entry.contact_id = contact_id or owner_of(number)
    db.session.add(entry)
    db.session.commit()
    lookup.refresh()
    return entry


def _after(days: int | None) -> datetime | None:
    return now() + timedelta(days=days) if days else None


def unblock(numbers: list[str]) -> None:
    """Take numbers off the blacklist."""
    db.session.execute(delete(BlacklistEntry).where(BlacklistEntry.number.in_(numbers)))
    db.session.commit()
    lookup.refresh()


def merge(kept: Contact, other: Contact, take_from_other: Iterable[str]) -> None:
    """Make one contact of two: numbers, tags, notes, interactions and visitors of `other` become those of `kept`.

    Args:
        kept: goes on.
        other: leads to `kept` from now on.
        take_from_other: which of `KEPT` or of the custom fields (`field-<key>`) are the other's.

    Raises:
        Refused: `same`.
    """
    if kept.id == other.id or other.merged_into_id or kept.merged_into_id:
        raise Refused("same")
    chosen = set(take_from_other)
    for name in KEPT:
        if name in chosen:
            setattr(kept, name, getattr(other, name))
    theirs = {
        k: v
        for k, v in (other.fields or {}).items()
        if f"field-{k}" in chosen or k not in (kept.fields or {})
    }
    kept.fields = (kept.fields or {}) | theirs
    tags = queries.tags_of([kept.id, other.id])
    missing = {t.id for t in tags.get(other.id, [])} - {t.id for t in tags.get(kept.id, [])}
    db.session.execute(delete(ContactTagging).where(ContactTagging.contact_id == other.id))
    db.session.add_all(ContactTagging(contact_id=kept.id, tag_id=id_) for id_ in missing)
    for model in (
        ContactNumber,
        ContactNote,
        ContactAttachment,
        Ticket,
        Interaction,
        Visitor,
        BlacklistEntry,
    ):
        change = update(model).where(model.contact_id == other.id).values(contact_id=kept.id)
        db.session.execute(change.execution_options(synchronize_session=False))
    earlier = update(Contact).where(Contact.merged_into_id == other.id).values(merged_into_id=kept.id)
    db.session.execute(earlier.execution_options(synchronize_session=False))
    other.merged_into_id, kept.updated_at = kept.id, now()
    db.session.commit()
    db.session.expire_all()
    lookup.refresh()


def forget(contact: Contact) -> None:
    """Delete a contact and what was noted about it; its interactions stay in the record, without it."""
    files = [path_of(row) for row in queries.files_of(contact.id)]
    for model in (Interaction, Visitor, BlacklistEntry, Ticket):
        change = update(model).where(model.contact_id == contact.id).values(contact_id=None)
        db.session.execute(change.execution_options(synchronize_session=False))
    for table in (ContactNumber, ContactNote, ContactTagging, ContactAttachment):
        db.session.execute(delete(table).where(table.contact_id == contact.id))
    db.session.execute(delete(Contact).where(Contact.merged_into_id == contact.id))
    db.session.execute(delete(Contact).where(Contact.id == contact.id))
    db.session.commit()
    db.session.expire_all()
    remove_files(files)
    lookup.refresh()


def path_of(row: ContactAttachment) -> Path:
    """Where a contact's file lies: below the instance, outside of what is served."""
    return uploads.folder() / row.path


def remove_files(paths: list[Path]) -> None:
    """Remove files that the record has no more; one that stays is told to the log."""
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            log.warning("contact_file_not_removed", path=str(path), error=str(error))
