"""Whose number a call goes to: `dialing` asks with what the page sent, which is no number that it only shows masked.

A page names the contact, the call, the voicemail, the chat, the message that was left or the entry of the blacklist;
what the present user may not see is not found.
"""

import re
from collections.abc import Callable, Mapping

from flask import abort
from flask_login import current_user
from sqlalchemy import select

from admin.contacts.handles import handle
from admin.db import db
from admin.desk.talk_views import talk_seen_by_me
from admin.desk.views import seen_by_me
from sql.models import BlacklistEntry, Contact, Visitor

NUMBER = re.compile(r"[+＋]?[0-9\s().（）-]{3,40}")
Fields = Mapping[str, str]


class NotFound(Exception):
    """There is no number to call; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def number_of(fields: Fields) -> str:
    """The number that the fields name.

    Args:
        fields: one of `interaction`, `voicemail`, `left`, `talk`, `blocked` (a handle), `contact` with `handle`; else
            `number`, typed by the agent: a number however it is written, or the whole name of one contact.

    Raises:
        NotFound: there is none.
    """
    for name, find in _BY_FIELD.items():
        if fields.get(name):
            return find(fields)
    return _typed(fields.get("number", "").strip())


def _voicemail(fields: Fields) -> str:
    from admin.inbox import voicemails  # imports the calls page, and that imports this package

    return str((voicemails.message(current_user, fields["voicemail"]) or abort(404)).number)


def _left(fields: Fields) -> str:
    from admin.inbox import written  # as above

    message_id = int(fields["left"]) if fields["left"].isdecimal() else 0
    return _digits((written.message(current_user, message_id) or abort(404)).reach)


def _talk(fields: Fields) -> str:
    row = talk_seen_by_me(fields["talk"])
    return _digits((db.session.get(Visitor, row.visitor_id) or abort(404)).phone)


def _blocked(fields: Fields) -> str:
    listed = db.session.scalars(select(BlacklistEntry.number))
    return next((number for number in listed if handle(number) == fields["blocked"]), None) or abort(404)


def _contact(fields: Fields) -> str:
    contact_id = int(fields["contact"]) if fields["contact"].isdecimal() else 0
    contact = db.session.get(Contact, contact_id) or abort(404)
    own = (n.number for n in contact.numbers if handle(n.number) == fields.get("handle"))
    return next(own, None) or abort(404)


_BY_FIELD: Mapping[str, Callable[[Fields], str]] = {
    "interaction": lambda fields: seen_by_me(fields["interaction"]),
    "voicemail": _voicemail, "left": _left, "talk": _talk, "blocked": _blocked, "contact": _contact,
}  # fmt: skip


def _digits(text: str) -> str:
    """A number however it is written; nothing else, for a visitor typed it."""
    if not NUMBER.fullmatch(text):
        raise NotFound("no-number")
    return re.sub(r"[^0-9+]", "", text.replace("＋", "+"))


def _typed(text: str) -> str:
    """A number, or the whole name of one contact."""
    if not text:
        raise NotFound("no-number")
    if NUMBER.fullmatch(text):
        return _digits(text)
    found = db.session.scalars(select(Contact).where(Contact.name == text).limit(2)).all()
    if not found or not found[0].numbers:
        raise NotFound("unknown-name")
    if len(found) > 1:
        raise NotFound("several-contacts")
    return str(found[0].numbers[0].number)
