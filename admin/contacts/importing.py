"""Contacts from a table: which column is what, what each line would do, and doing it.

`plan` looks at every line and changes nothing; `carry_out` does what the plan says and leaves out what is refused.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from admin.contacts import lookup, service
from admin.contacts.forms import MAIL, custom_error
from admin.db import db
from admin.i18n import language
from sql.models import Contact, ContactField, ContactNumber, ContactTag, ContactTagging
from uckefu.times import now

LENGTHS = {"name": 64, "company": 128, "email": 128, "note": 2000}


@dataclass(frozen=True)
class Line:
    """One line of the table: what it would do (`new`, `change`, `skip`, `refuse`) and why it is refused."""

    place: int  # in the file, the heading is 1
    values: dict[str, str]
    numbers: list[str]
    act: str
    contact_id: int | None = None
    wrong: str = ""


@dataclass
class Plan:
    """What an import would do."""

    columns: dict[str, int]
    unknown: list[str]
    lines: list[Line] = field(default_factory=list)

    def count(self, act: str) -> int:
        """How many lines would do this."""
        return sum(line.act == act for line in self.lines)


def headings(fields: list[ContactField]) -> dict[str, tuple[str, ...]]:
    """What is kept -> how its column may be called, the first one in exports."""
    own = {
        "name": (_("Name"), "name"), "company": (_("Company"), "company"), "numbers": (_("Numbers"), "numbers", "number", "phone"),
        "email": (_("Mail"), "email", "mail"), "vip": (_("VIP level"), "vip"), "tags": (_("Tags"), "tags"), "note": (_("Remark"), "note"),
    }  # fmt: skip
    return {**own, **{f"field-{f.key}": _titles(f) for f in fields}}


def _titles(field: ContactField) -> tuple[str, ...]:
    both = (field.title_zh, field.title_en) if language() == "zh" else (field.title_en, field.title_zh)
    return (*both, field.key)


def _columns(heading: list[str], known: dict[str, tuple[str, ...]]) -> tuple[dict[str, int], list[str]]:
    by_name = {name.casefold(): key for key, names in known.items() for name in names}
    found: dict[str, int] = {}
    unknown = []
    for place, title in enumerate(heading):
        key = by_name.get(title.casefold())
        if key is None or key in found:
            unknown.append(title)
        else:
            found[key] = place
    return found, [title for title in unknown if title]


def plan(rows: list[list[str]], fields: list[ContactField], region: str, *, change_known: bool) -> Plan:
    """Look at every line.

    Args:
        rows: with the heading first.
        change_known: a line with a known number changes that contact; else it is passed over.
    """
    columns, unknown = _columns(rows[0], headings(fields))
    made = Plan(columns, unknown)
    owners: dict[str, int] = dict(
        db.session.execute(select(ContactNumber.number, ContactNumber.contact_id)).all()
    )  # type: ignore[arg-type]
    seen: dict[str, int] = {}
    for place, row in enumerate(rows[1:], 2):
        values = {key: row[at] if at < len(row) else "" for key, at in columns.items()}
        line = _look(place, values, fields, region, owners, seen, change_known=change_known)
        seen |= {number: place for number in line.numbers if line.act in ("new", "change")}
        made.lines.append(line)
    return made


def _look(
    place: int,
    values: dict[str, str],
    fields: list[ContactField],
    region: str,
    owners: dict[str, int],
    seen: dict[str, int],
    *,
    change_known: bool,
) -> Line:
    def refuse(why: str) -> Line:
        return Line(place, values, [], "refuse", wrong=why)

    try:
        numbers = service.numbers_from(_split(values.get("numbers", "")), region)
    except service.Refused as refused:
        return refuse(_("%(number)s is no telephone number.", number=refused.subject))
    if wrong := _wrong(values, fields):
        return refuse(wrong)
    if twice := next((seen[n] for n in numbers if n in seen), None):
        return refuse(_("The number stands in line %(n)s already.", n=twice))
    known = {owners[n] for n in numbers if n in owners}
    if len(known) > 1:
        return refuse(_("The numbers belong to different contacts."))
    if known:
        return Line(place, values, numbers, "change" if change_known else "skip", known.pop())
    return Line(place, values, numbers, "new")


def _split(text: str) -> list[str]:
    for separator in (";", "\uff1b", "/", "\u3001", "\uff0c", ","):
        text = text.replace(separator, "\n")
    return text.splitlines()


def _wrong(values: dict[str, str], fields: list[ContactField]) -> str:
    if not values.get("name"):
        return str(_("The name is missing."))
    for key, most in LENGTHS.items():
        if len(values.get(key, "")) > most:
            return str(_("%(field)s: at most %(n)s characters.", field=headings(fields)[key][0], n=most))
    if values.get("email") and not re.match(MAIL, values["email"]):
        return str(_("%(mail)s is no mail address.", mail=values["email"]))
    if values.get("vip") and (not values["vip"].isdecimal() or int(values["vip"][:3]) > 5):
        return str(_("The VIP level is a whole number from 0 to 5."))
    for one in fields:
        if wrong := custom_error(one, values.get(f"field-{one.key}", "")):
            return f"{one.title_zh} / {one.title_en}: {wrong}"
    return ""


def carry_out(
    made: Plan, fields: list[ContactField], *, rest: Callable[[], None] = lambda: None
) -> list[Line]:
    """Do it; returns the lines that the record refused after all (somebody was faster).

    Args:
        rest: called now and then, so that other clients of the process get their turn.
    """
    late = []
    tags: dict[str, int] = dict(db.session.execute(select(ContactTag.name, ContactTag.id)).all())  # type: ignore[arg-type]
    for n, line in enumerate(line for line in made.lines if line.act in ("new", "change")):
        try:
            with db.session.begin_nested():
                _write(line, fields, tags)
        except SQLAlchemyError:
            late.append(line)
        if n % 200 == 199:
            db.session.commit()
            rest()
    db.session.commit()
    lookup.refresh()
    return late


def _write(line: Line, fields: list[ContactField], tags: dict[str, int]) -> None:
    values = line.values
    contact = db.session.get(Contact, line.contact_id) if line.contact_id else None
    if contact is None:
        contact = Contact(name="", company="", note="", email="", vip_level=0, created_at=now())
        db.session.add(contact)
    for key in ("name", "company", "email", "note"):
        if values.get(key):
            setattr(contact, key, values[key])
    if values.get("vip"):
        contact.vip_level = int(values["vip"])
    own: dict[str, Any] = {f.key: values[f"field-{f.key}"] for f in fields if values.get(f"field-{f.key}")}
    contact.fields, contact.updated_at = (contact.fields or {}) | own, now()
    db.session.flush()
    have = {n.number for n in contact.numbers}
    db.session.add_all(ContactNumber(number=n, contact_id=contact.id) for n in line.numbers if n not in have)
    db.session.flush()
    _tag(contact.id, _split(values.get("tags", "")), tags)


def _tag(contact_id: int, names: list[str], tags: dict[str, int]) -> None:
    have = set(
        db.session.scalars(select(ContactTagging.tag_id).where(ContactTagging.contact_id == contact_id))
    )
    for name in {n.strip()[:32] for n in names if n.strip()}:
        if name not in tags:
            tag = ContactTag(name=name)
            db.session.add(tag)
            db.session.flush()
            tags[name] = tag.id
        if tags[name] not in have:
            db.session.add(ContactTagging(contact_id=contact_id, tag_id=tags[name]))
    db.session.flush()
