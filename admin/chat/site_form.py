"""The form of a site: what an administrator may set, by section. Limits are those of `sites.SiteSettings`."""

import re
from collections.abc import Collection
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    Field,
    IntegerField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional, Regexp, ValidationError

from admin.chat.sites import COLOUR, ORIGIN, POSITIONS, STYLES, SiteSettings
from sql.outbox import BadAddress, proper_address

OF_THE_SITE = ("name", "active", "queue_name")
"""Fields that are columns of the site; all others are its settings."""


def _trimmed(value: str | None) -> str:
    return (value or "").strip()


def _text(label: Any, most: int, *more: Any, hint: Any = "") -> StringField:
    too_long = Length(max=most, message=_l("At most %(max)d characters."))
    return StringField(label, [Optional(), too_long, *more], [_trimmed], description=hint)


def _colour(label: Any) -> StringField:
    return StringField(label, [Regexp(COLOUR, message=_l("A colour like #3451c6."))], [_trimmed])


def _number(label: Any, low: int, high: int, hint: Any = "") -> IntegerField:
    message = _l("A whole number from %(min)s to %(max)s.")
    return IntegerField(
        label, [InputRequired(_l("Fill this in")), NumberRange(low, high, message)], description=hint
    )


class SiteForm(FlaskForm):  # type: ignore[misc]
    """A site and its settings."""

    name = StringField(
        _l("Name of the site"),
        [InputRequired(_l("Enter a name.")), Length(max=64, message=_l("At most 64 characters."))],
        [_trimmed],
    )
    active = BooleanField(
        _l("In service"), default=True, description=_l("Off: the entry disappears from the site.")
    )
    queue_name = SelectField(_l("Queue"), description=_l("Where conversations of this site wait."))
    queues = SelectMultipleField(
        _l("Visitors choose from"), description=_l("None: no choice, all go to the queue above.")
    )
    origins = TextAreaField(
        _l("Sites that may embed it"), [Optional(), Length(max=3000)],
        description=_l("One a line, like https://www.example.com. Empty: every site."),
    )  # fmt: skip

    entry_style = SelectField(_l("Style"), choices=list(STYLES))
    entry_position = SelectField(_l("Where it stands"), choices=list(POSITIONS))
    entry_colour = _colour(_l("Colour of the entry"))
    entry_text = _text(_l("Text of the entry"), 20, hint=_l("Empty: in the visitor's language."))
    entry_delay_seconds = _number(_l("Appears after, seconds"), 0, 600)
    dialog_colour = _colour(_l("Colour of the window"))

    company = _text(_l("Company"), 64)
    address = _text(_l("Address"), 128)
    telephone = _text(
        _l("Telephone"), 32, Regexp(r"^[0-9+() -]*$", message=_l("Digits, spaces and + - ( ) only."))
    )
    email = _text(
        _l("Mail"),
        128,
        Regexp(r"^[^@\s<>]+@[^@\s<>]+$", message=_l("Enter a mail address like name@example.com")),
    )
    notice = _text(_l("Notice"), 200)
    hours = _text(_l("Service hours"), 64, hint=_l("Said when nobody is there."))

    left_to = TextAreaField(
        _l("Messages left go by mail to"), [Optional(), Length(max=2000)],
        description=_l("One address or login a line. The agents of the queue see them in the workbench in any case."),
    )  # fmt: skip

    greeting = TextAreaField(
        _l("Greeting"), [Optional(), Length(max=300, message=_l("At most %(max)d characters."))], [_trimmed]
    )
    ask_name = SelectField(_l("Ask for the name"))
    ask_phone = SelectField(_l("Ask for the telephone number"))
    ask_email = SelectField(_l("Ask for the mail address"))
    idle_minutes = _number(_l("Ends when nobody writes for, minutes"), 0, 1440, _l("0: never by itself."))
    most_file_megabytes = _number(_l("Largest file, MB"), 1, 50)

    invite = BooleanField(
        _l("Invite visitors"),
        description=_l("A visitor who fits all of the following is asked once a visit."),
    )
    invite_after_seconds = _number(_l("After seconds on the page"), 0, 3600)
    invite_after_pages = _number(_l("From this many pages"), 1, 100)
    invite_visits = _number(_l("From this many visits"), 1, 1000)
    invite_path = _text(_l("The address contains"), 128, hint=_l("Empty: every page."))
    invite_region = _text(
        _l("Region of the visitor"),
        200,
        hint=_l("Provinces or countries by commas, by IP address. Empty: everywhere."),
    )
    invite_text = _text(_l("Text of the invitation"), 200)

    visitor_per_minute = _number(_l("Messages a minute, one visitor"), 1, 6000)
    address_per_minute = _number(_l("Messages a minute, one address"), 1, 100_000)
    site_per_minute = _number(_l("Messages a minute, all"), 1, 1_000_000)

    def __init__(
        self, *given: Any, chat_queues: list[tuple[str, str]], logins: Collection[str], **named: Any
    ) -> None:
        super().__init__(*given, **named)
        self.logins = logins
        self.queue_name.choices = self.queues.choices = [name for name, _title in chat_queues]
        for field in (self.ask_name, self.ask_phone, self.ask_email):
            field.choices = list(ASKED)
        titles = dict(chat_queues)
        self.words = {
            "queue_name": titles, "queues": titles, "ask_name": ASKED, "ask_phone": ASKED, "ask_email": ASKED,
            "entry_style": STYLE_WORDS, "entry_position": PLACES,
        }  # fmt: skip

    def validate_origins(self, field: Field) -> None:
        """One origin a line."""
        _no_more_than(50, field)
        wrong = [line for line in _lines(field.data) if not re.match(ORIGIN, line)]
        if wrong:
            raise ValidationError(
                _("%(origin)s is not an address like https://www.example.com", origin=wrong[0])
            )

    def validate_left_to(self, field: Field) -> None:
        """One address, or login of a user in service, a line."""
        _no_more_than(20, field)
        for whom in _lines(field.data):
            if "@" not in whom and whom not in self.logins:
                raise ValidationError(_("%(name)s is neither a mail address nor a user's login", name=whom))
            if "@" in whom:
                try:
                    proper_address(whom)
                except BadAddress:
                    raise ValidationError(_("%(name)s is no mail address", name=whom)) from None

    def sections(self) -> list[tuple[str, Any, list[Field]]]:
        """Anchor, title and fields of each panel."""
        parts = {
            "basics": (_l("Basics"), ("name", "active", "queue_name", "queues", "origins")),
            "entry": (
                _l("Entry"),
                (
                    "entry_style",
                    "entry_position",
                    "entry_colour",
                    "dialog_colour",
                    "entry_text",
                    "entry_delay_seconds",
                ),
            ),
            "company": (
                _l("Company"),
                ("company", "address", "telephone", "email", "notice", "hours", "left_to"),
            ),
            "talk": (
                _l("Conversation"),
                ("greeting", "ask_name", "ask_phone", "ask_email", "idle_minutes", "most_file_megabytes"),
            ),
            "invitation": (
                _l("Invitation"),
                (
                    "invite",
                    "invite_text",
                    "invite_after_seconds",
                    "invite_after_pages",
                    "invite_visits",
                    "invite_path",
                    "invite_region",
                ),
            ),
            "limits": (_l("Limits"), ("visitor_per_minute", "address_per_minute", "site_per_minute")),
        }
        return [(key, title, [self[name] for name in names]) for key, (title, names) in parts.items()]

    def settings(self) -> SiteSettings:
        """What the form says, as settings."""
        values = {f.name: f.data for f in self if f.name in SiteSettings.model_fields}
        values["origins"], values["left_to"] = _lines(self.origins.data), _lines(self.left_to.data)
        return SiteSettings.model_validate({k: v for k, v in values.items() if v is not None})


def filled(settings: SiteSettings) -> dict[str, Any]:
    """Settings as the form's fields show them."""
    lines = {name: "\n".join(getattr(settings, name)) for name in ("origins", "left_to")}
    return {**settings.model_dump(), **lines}


def _no_more_than(most: int, field: Field) -> None:
    if len(_lines(field.data)) > most:
        raise ValidationError(_("At most %(n)s lines.", n=most))


def _lines(text: str | None) -> list[str]:
    return [line.strip().rstrip("/") for line in (text or "").splitlines() if line.strip()]


ASKED = {"off": _l("No"), "ask": _l("Yes, may be left empty"), "need": _l("Yes, must be filled in")}
STYLE_WORDS = {"round": _l("Round"), "pill": _l("With text"), "tab": _l("At the edge")}
PLACES = {
    "right-bottom": _l("Right, bottom"), "right-middle": _l("Right, middle"), "right-top": _l("Right, top"),
    "left-bottom": _l("Left, bottom"), "left-middle": _l("Left, middle"), "left-top": _l("Left, top"),
}  # fmt: skip
