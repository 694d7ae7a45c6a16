"""The form of the mail account. The password is written, never shown: an empty field keeps the one that is there."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import Field, IntegerField, PasswordField, SelectField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Optional, Regexp, ValidationError

from admin.mail.account import Account
from sql.outbox import BadAddress, proper_address

TLS_WORDS = {
    "starttls": _l("STARTTLS (port 587)"), "tls": _l("TLS from the first byte (port 465)"),
    "none": _l("None, only within one's own network"),
}  # fmt: skip


def _trimmed(value: str | None) -> str:
    return (value or "").strip()


def _number(label: Any, low: int, high: int, hint: Any = "") -> IntegerField:
    message = _l("A whole number from %(min)s to %(max)s.")
    needed = InputRequired(_l("Fill this in"))
    return IntegerField(label, [needed, NumberRange(low, high, message)], description=hint)


class AccountForm(FlaskForm):  # type: ignore[misc]
    """Server, login and sender."""

    host = StringField(
        _l("Mail server (SMTP)"),
        [InputRequired(_l("Fill this in")), Length(max=253), Regexp(r"^[A-Za-z0-9.:_-]+$", message=_l("A host name or an address."))],
        [_trimmed],
    )  # fmt: skip
    port = _number(_l("Port"), 1, 65535)
    tls = SelectField(_l("Encryption"), choices=list(TLS_WORDS))
    user = StringField(
        _l("Login"), [Optional(), Length(max=254)], [_trimmed], description=_l("Empty: without a login.")
    )
    password = PasswordField(_l("Password"), [Optional(), Length(max=254)])
    sender = StringField(
        _l("Sender's address"), [InputRequired(_l("Fill this in")), Length(max=254)], [_trimmed]
    )
    sender_name = StringField(_l("Sender's name"), [Optional(), Length(max=64)], [_trimmed])
    public_url = StringField(
        _l("Address of these pages"),
        [Optional(), Length(max=253), Regexp(r"^https?://[A-Za-z0-9.:_\[\]-]+$", message=_l("An address like https://desk.example.com, without a path."))],
        [lambda value: _trimmed(value).rstrip("/")],
        description=_l("As visitors and colleagues reach them. Empty: mails have no links."),
    )  # fmt: skip
    missed_after_minutes = _number(
        _l("Unread messages go by mail after, minutes"), 0, 1440, _l("0: never. Only to visitors who left an address and have gone.")
    )  # fmt: skip

    def validate_sender(self, field: Field) -> None:
        """A mail address."""
        try:
            proper_address(field.data)
        except BadAddress:
            raise ValidationError(_("Enter a mail address like name@example.com")) from None

    def account(self, before: Account | None) -> Account:
        """What the form says; an empty password is the one before, as long as it goes to the same server."""
        values = {
            name: self[name].data or ""
            for name in ("host", "tls", "user", "password", "sender", "sender_name", "public_url")
        }
        if not values["password"] and before is not None and values["user"] and before.host == values["host"]:
            values["password"] = before.password
        return Account(port=self.port.data, missed_after_minutes=self.missed_after_minutes.data, **values)
