"""The form of a user, with the levels of its queues."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, Field, SelectField, StringField
from wtforms.validators import InputRequired, Length, Optional, Regexp, ValidationError

from sql.models import ROLES
from sql.outbox import BadAddress, proper_address

LEVELS = range(1, 10)


def role_words() -> dict[str, str]:
    """Role -> word."""
    return {"administrator": _("Administrator"), "supervisor": _("Supervisor"), "agent": _("Agent")}


def _trimmed(value: str | None) -> str:
    return (value or "").strip()


class UserForm(FlaskForm):  # type: ignore[misc]
    """A user and, with an extension, its agent. `levels` is queue id -> level, of the queues that are ticked."""

    login = StringField(
        filters=[_trimmed],
        validators=[
            InputRequired(_l("Enter a login.")),
            Length(max=64, message=_l("At most 64 characters.")),
            Regexp(r"^[A-Za-z0-9._@-]+$", message=_l("Letters, digits and . _ @ - only.")),
        ],
    )
    name = StringField(
        filters=[_trimmed],
        validators=[
            InputRequired(_l("Enter a name.")),
            Length(max=64, message=_l("At most 64 characters.")),
        ],
    )
    email = StringField(
        filters=[_trimmed],
        validators=[Optional(), Length(max=254, message=_l("At most %(max)d characters."))],
    )
    role = SelectField(choices=list(ROLES), default="agent")
    extension = StringField(
        filters=[_trimmed],
        validators=[
            Optional(),
            Regexp(r"^1\d{3}$", message=_l("An extension is four digits and begins with 1.")),
        ],
    )
    active = BooleanField(default=True)

    def __init__(self, *arguments: Any, levels: dict[int, int] | None = None, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.levels = levels or {}

    def validate_email(self, field: Field) -> None:
        """A mail address, or none."""
        try:
            proper_address(field.data)
        except BadAddress:
            raise ValidationError(_("Enter a mail address like name@example.com")) from None

    def read_levels(self, given: Any, queue_ids: list[int]) -> bool:
        """Take the ticked queues of the sent form; False when a level is no whole number from 1 to 9."""
        texts = {id_: given.get(f"level-{id_}", "1") for id_ in queue_ids if given.get(f"queue-{id_}")}
        self.levels = {id_: int(t) if t.isdecimal() and len(t) < 3 else 0 for id_, t in texts.items()}
        return all(level in LEVELS for level in self.levels.values())
