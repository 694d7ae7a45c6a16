"""The form of a contact: its own fields, the centre's fields, numbers to add and to remove."""

from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import IntegerField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Optional, Regexp

from admin.contacts import service
from admin.contacts.handles import handle
from admin.numbers import words_seen
from sql.models import Contact, ContactField

LONGEST_VALUE = 255
VIP_LEVELS = range(6)
MAIL = r"^[^@\s]{1,64}@[^@\s]+\.[^@\s]+$"


def _trimmed(value: str | None) -> str:
    return (value or "").strip()


def custom_error(field: ContactField, value: str) -> str:
    """What is wrong with a value of one of the centre's fields, in words; '' when it fits."""
    if not value:
        return ""
    if len(value) > LONGEST_VALUE:
        return str(_("At most 255 characters."))
    if field.kind == "choice" and value not in (field.choices or []):
        return str(_("Choose one of: %(choices)s", choices=" / ".join(field.choices or [])))
    try:
        if field.kind == "number":
            float(value)
        elif field.kind == "date":
            date.fromisoformat(value)
    except ValueError:
        return str(_("Enter a number.") if field.kind == "number" else _("Enter a day as 2026-03-16."))
    return ""


class ContactForm(FlaskForm):  # type: ignore[misc]
    """A contact. `custom` has the centre's fields' values, `custom_errors` what is wrong with them, by key."""

    name = StringField(
        filters=[_trimmed],
        validators=[InputRequired(_l("Enter a name.")), Length(max=64, message=_l("At most 64 characters."))],
    )
    company = StringField(
        filters=[_trimmed], validators=[Length(max=128, message=_l("At most 128 characters."))]
    )
    email = StringField(
        filters=[_trimmed],
        validators=[
            Optional(),
            Length(max=128, message=_l("At most 128 characters.")),
            Regexp(MAIL, message=_l("Enter a mail address, e.g. name@example.com.")),
        ],
    )
    vip_level = IntegerField(
        default=0,
        validators=[
            InputRequired(_l("Choose a level from 0 to 5.")),
            NumberRange(0, 5, message=_l("Choose a level from 0 to 5.")),
        ],
    )
    note = StringField(
        filters=[_trimmed], validators=[Length(max=2000, message=_l("At most 2000 characters."))]
    )
    new_numbers = StringField(
        filters=[_trimmed], validators=[Length(max=1000, message=_l("At most 1000 characters."))]
    )

    def __init__(
        self, *arguments: Any, fields: list[ContactField], contact: Contact | None, **named: Any
    ) -> None:
        super().__init__(*arguments, obj=contact, **named)
        self.fields_of_centre, self.contact = fields, contact
        self._name_shown = words_seen(contact.name) if contact else ""
        if contact and self.name.data == contact.name:
            self.name.data = self._name_shown
        self.custom: dict[str, str] = dict((contact.fields or {}) if contact else {})
        self.custom_errors: dict[str, str] = {}
        self.added: list[str] = []
        self.removed: list[str] = []

    def fits(self, given: Any, region: str) -> bool:
        """Read the rest of the sent form and check all of it."""
        for field in self.fields_of_centre:
            value = str(given.get(f"field-{field.key}", "")).strip()
            self.custom[field.key] = value
            if wrong := custom_error(field, value):
                self.custom_errors[field.key] = wrong
        gone = set(given.getlist("remove"))
        self.removed = (
            [n.number for n in self.contact.numbers if handle(n.number) in gone] if self.contact else []
        )
        fits = bool(self.validate())
        try:
            self.added = service.numbers_from(
                (self.new_numbers.data or "").replace(",", "\n").splitlines(), region
            )
        except service.Refused as refused:
            self.new_numbers.errors = [_("%(number)s is no telephone number.", number=refused.subject)]
            return False
        return fits and not self.custom_errors

    def fill(self, contact: Contact) -> None:
        """Write the form into the contact."""
        if (
            self.name.data != self._name_shown
        ):  # who sees a number in it masked doesn't write the mask into it
            contact.name = self.name.data
        contact.company, contact.email = self.company.data or "", self.email.data or ""
        contact.vip_level, contact.note = self.vip_level.data or 0, self.note.data or ""
        contact.fields = {key: value for key, value in self.custom.items() if value}
