"""What a mail says: subject, lines and a link, in the reader's language, put together when it is sent.

`Letter`s hold plain text only; `compose` makes the two bodies of them, so that nothing that somebody wrote can become
markup. A letter that has nothing to say any more (all was recalled, the message is done) is None.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import select

from admin import directory
from admin.chat import sites
from admin.db import db
from admin.i18n import language
from admin.mail.account import Account
from admin.shell import centre
from admin.telephone import e164, masked, place
from sql.models import (
    Attachment,
    Contact,
    ContactNumber,
    Conversation,
    LeftMessage,
    Message,
    OutgoingMail,
    Site,
    Voicemail,
)
from uckefu.times import clock, shown

MOST_LINES = 500
MOST_ATTACHED_BYTES = 5 * 1024 * 1024


@dataclass(frozen=True)
class Line:
    """One thing that was said."""

    who: str
    when: str
    text: str


@dataclass
class Letter:
    """A mail before it is one. `link` is words and address; `attached` a file with the name that it gets."""

    subject: str
    intro: list[str]
    lines: list[Line] = field(default_factory=list)
    link: tuple[str, str] | None = None
    outro: list[str] = field(default_factory=list)
    attached: tuple[Path, str] | None = None


def write(row: OutgoingMail, account: Account) -> Letter | None:
    """The letter of a row of the outbox; the locale is set by the caller. None: there is nothing to say any more."""
    return _WRITERS[row.kind](row.detail or {}, account)


def _transcript(detail: dict[str, Any], account: Account) -> Letter | None:
    row = db.session.get(Conversation, str(detail["conversation_id"]))
    site = row and db.session.get(Site, row.site_id)
    if row is None or site is None:
        return None
    return Letter(
        _("Your conversation with %(name)s", name=_name_of(site)),
        [_("Here is what was said on %(when)s.", when=_when(row.opened_at, "%Y-%m-%d %H:%M"))],
        _lines(row, 0, row.last_sequence),
        outro=[_("You get this mail because it was asked for in the chat.")],
    )


def _missed(detail: dict[str, Any], account: Account) -> Letter | None:
    row = db.session.get(Conversation, str(detail["conversation_id"]))
    site = row and db.session.get(Site, row.site_id)
    if row is None or site is None:
        return None
    lines = _lines(row, int(detail["after"]), int(detail["up_to"]), author="agent")
    if not lines:
        return None
    link = _way_back(row, site, account)
    return Letter(
        _("%(name)s has answered you", name=_name_of(site)),
        [_("This was written to you while you were away.")],
        lines,
        link=link and (_("Go on with the conversation"), link),
        outro=[_("Open it in the browser in which you wrote to us.")] if link else [],
    )


def _voicemail(detail: dict[str, Any], account: Account) -> Letter | None:
    row = db.session.get(Voicemail, str(detail["voicemail_id"]))
    if row is None or row.done_at is not None:
        return None
    region, spoken = centre().region, language()
    caller = " ".join(filter(None, (_contact_of(row.number, region), masked(row.number, region))))
    queues = directory.names(spoken)["queues"]
    facts = [
        _("Time: %(at)s", at=_when(row.at, "%Y-%m-%d %H:%M")),
        _("Region: %(region)s", region=place(row.number, spoken, region) or "—"),
        _("Length: %(time)s", time=clock(timedelta(seconds=row.seconds))),
    ]
    if row.queue_name:
        facts.append(_("Queue: %(queue)s", queue=queues.get(row.queue_name, row.queue_name)))
    link = f"{account.public_url}/voicemail/" if account.public_url else ""
    return Letter(
        _("Voicemail from %(caller)s", caller=caller or _("Unknown")),
        [_("%(caller)s has left a message.", caller=caller or _("Unknown")), *facts],
        link=(_("Listen to it and mark it done (you need to sign in)"), link) if link else None,
        attached=_recording(row),
    )


def _left(detail: dict[str, Any], account: Account) -> Letter | None:
    row = db.session.get(LeftMessage, int(detail["left_id"]))
    site = row and db.session.get(Site, row.site_id)
    if row is None or site is None or row.done_at is not None:
        return None
    reach = row.reach if "@" in row.reach else masked(row.reach, centre().region)
    who = row.name or _("Visitor")
    link = f"{account.public_url}/voicemail/" if account.public_url else ""
    return Letter(
        _("Message left on %(site)s", site=site.name),
        [
            _("Nobody was there, and a visitor has left a message."),
            _("Time: %(at)s", at=_when(row.created_at, "%Y-%m-%d %H:%M")),
            _("To be reached at: %(reach)s", reach=reach),
        ],
        [Line(who, _when(row.created_at, "%H:%M"), row.text)],
        link=(_("See it and mark it done (you need to sign in)"), link) if link else None,
    )


def _test(detail: dict[str, Any], account: Account) -> Letter:
    return Letter(
        _("Test mail of %(name)s", name=centre().name),
        [_("Mail leaves as it should. %(who)s asked for this test.", who=str(detail.get("by", "")))],
    )


_WRITERS: dict[str, Callable[[dict[str, Any], Account], Letter | None]] = {
    "transcript": _transcript, "missed": _missed, "voicemail": _voicemail, "left": _left, "test": _test,
}  # fmt: skip


def _name_of(site: Site) -> str:
    return sites.read_settings(site.settings).company or site.name


def _when(instant: datetime, pattern: str) -> str:
    at = shown(instant, centre().timezone)
    return at.strftime(pattern) if at else ""


def _lines(row: Conversation, after: int, up_to: int, author: str = "") -> list[Line]:
    """What the visitor may see of it, without what was recalled; files by their names."""
    wanted = select(Message).where(
        Message.conversation_id == row.id, Message.sequence > after, Message.sequence <= up_to, Message.is_public,
        Message.recalled_at.is_(None), Message.kind.in_(("text", "picture", "file")),
    )  # fmt: skip
    if author:
        wanted = wanted.where(Message.author == author)
    rows = list(db.session.scalars(wanted.order_by(Message.sequence.desc()).limit(MOST_LINES)))[::-1]
    ids = {m.attachment_id for m in rows if m.attachment_id}
    files = dict(
        db.session.execute(select(Attachment.id, Attachment.name).where(Attachment.id.in_(ids))).all()
    )
    words = {"visitor": _("You"), "agent": _("Agent"), "system": _("Service")}
    return [
        Line(
            words["visitor"] if m.author == "visitor" else m.name or words[m.author],
            _when(m.sent_at, "%H:%M"),
            "\n".join(filter(None, (m.text, _("File: %(name)s", name=files[m.attachment_id]) if m.attachment_id in files else ""))),
        )
        for m in rows
    ]  # fmt: skip


def _way_back(row: Conversation, site: Site, account: Account) -> str:
    """Where the visitor's own browser goes on: no key to the conversation stands in it, so a mail that goes astray opens nothing.

    A page that the visitor named counts only when the site lists its origin: else anybody could have us mail a link.
    """
    parts = urlsplit(row.page_url)
    if f"{parts.scheme}://{parts.netloc}" in sites.read_settings(site.settings).origins:
        return row.page_url.partition("#")[0]
    return f"{account.public_url}/chat/{site.key}" if account.public_url else ""


def _contact_of(number: str, region: str) -> str:
    wanted = select(Contact.name).join(ContactNumber, ContactNumber.contact_id == Contact.id)
    return db.session.scalar(wanted.where(ContactNumber.number == e164(number, region)).limit(1)) or ""


def _recording(row: Voicemail) -> tuple[Path, str] | None:
    """The sound, if it is there and small enough to travel."""
    instance = current_app.extensions["uckefu"]["settings"].instance.resolve()
    path = (instance / row.path).resolve() if row.path else None
    if path is None or not path.is_relative_to(instance / "voicemail") or not path.is_file():
        return None
    return (
        (path, f"voicemail-{_when(row.at, '%Y%m%d-%H%M')}.wav")
        if path.stat().st_size <= MOST_ATTACHED_BYTES
        else None
    )
