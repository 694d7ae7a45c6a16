"""The app of the chat tests, a mail account, and a real SMTP server on loopback."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from flask import Flask

from admin.db import db
from admin.mail import account
from admin.mail.account import Account
from admin.mail.sender import Sender
from sql.models import OutgoingMail
from sql.outbox import put
from tests.support.mail import MailServer, Postbox
from tests.unit.admin_chat.conftest import (
    agent_id,
    app,
    bus_url,
    conversation,
    settings,
    sign_in,
    site,
    stranger,
    template,
    told,
    visitor,
)
from uckefu.settings import Settings
from uckefu.times import now

__all__ = [
    "agent_id",
    "app",
    "bus_url",
    "conversation",
    "settings",
    "sign_in",
    "site",
    "stranger",
    "template",
    "told",
    "visitor",
]


@pytest.fixture
def postbox() -> Iterator[Postbox]:
    with MailServer() as box:
        yield box


@pytest.fixture
def has_account(settings: Settings, postbox: Postbox) -> Account:
    made = Account(
        host="127.0.0.1", port=postbox.port, tls="none", sender="service@example.com", sender_name="优客服",
        public_url="https://desk.example.com",
    )  # fmt: skip
    account.store(settings, made)
    return made


class Clock:
    """Time that stands until it is moved."""

    def __init__(self) -> None:
        self.at = now()

    def __call__(self) -> datetime:
        return self.at

    def wait(self, **how_long: float) -> None:
        self.at += timedelta(**how_long)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sender(app: Flask, clock: Clock) -> Sender:
    clock.wait(seconds=1)
    return Sender(app, clock)


@pytest.fixture
def a_mail(app: Flask) -> Callable[..., OutgoingMail]:
    """A test mail in the outbox."""

    def made(recipient: str = "lin@example.com", key: str = "1", language: str = "zh") -> OutgoingMail:
        put(db.session, "test", recipient, key=key, language=language, by="Admin")
        db.session.commit()
        return db.session.query(OutgoingMail).filter_by(key=f"test:{key}").one()

    return made
