"""The mail account of the centre: server, login, sender. It lives in `instance/mail.json`, mode 600, for the password.

The pages write it, the sender and everything that offers mail read it; it is read anew when the file changes.
"""

import os
from pathlib import Path
from typing import Annotated, Literal

import structlog
from flask import current_app
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from sql.outbox import proper_address
from uckefu.settings import Settings

log = structlog.get_logger(__name__)
_PRINTABLE = r"^[^\x00-\x1f\x7f]*$"


class Account(BaseModel):
    """How mail leaves us. `public_url` is where visitors and staff reach the pages; without it mails have no links."""

    model_config = ConfigDict(extra="ignore")
    host: str = Field(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9.:_-]+$")
    port: int = Field(587, ge=1, le=65535)
    tls: Literal["starttls", "tls", "none"] = "starttls"
    user: str = Field("", max_length=254, pattern=_PRINTABLE)
    password: str = Field("", max_length=254, pattern=_PRINTABLE)
    sender: Annotated[str, AfterValidator(proper_address)]
    sender_name: str = Field("", max_length=64, pattern=_PRINTABLE)
    public_url: str = Field("", max_length=253, pattern=r"^(https?://[A-Za-z0-9.:_\[\]-]+)?$")
    missed_after_minutes: int = Field(5, ge=0, le=1440)  # unread by a visitor who has gone; 0: never by mail


_kept: dict[Path, tuple[int, Account | None]] = {}


def load(settings: Settings) -> Account | None:
    """The account, or None while there is none: then nobody is promised any mail."""
    path = settings.mail_file
    try:
        stamp = path.stat().st_mtime_ns
        if path in _kept and _kept[path][0] == stamp:
            return _kept[path][1]
        account: Account | None = Account.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        log.error("mail_account_refused", path=str(path), fields=[str(e["loc"]) for e in error.errors()])
        account = None
    _kept[path] = (stamp, account)
    return account


def store(settings: Settings, account: Account | None) -> None:
    """Write the account whole, readable by us alone; None takes it away."""
    path = settings.mail_file
    if account is None:
        path.unlink(missing_ok=True)
        return
    part = path.with_suffix(".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(account.model_dump_json(indent=1))
    part.replace(path)


def present() -> Account | None:
    """The account of the app in whose context this runs."""
    return load(current_app.extensions["uckefu"]["settings"])
