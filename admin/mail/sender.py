"""Sends what the outbox has: each row by one sender at a time, again after a failure ever more slowly, and not for ever.

A sender takes a row by moving its `due_at` ahead in one UPDATE, so any number of senders may run; one that dies with a
row in its hands leaves it due again after `HELD`. Runs in `python -m uckefu.postman` (and, step by step, in tests).
"""

import smtplib
import ssl
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from email.message import EmailMessage

import structlog
from flask import Flask
from flask_babel import force_locale
from sqlalchemy import select, update

from admin.db import db
from admin.i18n import LANGUAGES
from admin.mail import letters
from admin.mail.account import Account
from admin.mail.compose import HeaderRefused, compose
from admin.shell import centre
from sql.models import OutgoingMail
from uckefu.times import now

log = structlog.get_logger(__name__)
HELD = timedelta(minutes=5)
WAITS_MINUTES = (1, 5, 15, 60, 180, 360, 720)
"""After the first failure, the second…; one more failure than these is the last."""
MOST_A_STEP = 20
SMTP_SECONDS = 20


class NotSent(Exception):
    """The server did not take it. `code` is a stable word, `is_final` says that another try is of no use."""

    def __init__(self, code: str, words: str, *, is_final: bool = False) -> None:
        super().__init__(f"{code}: {words}")
        self.code, self.is_final = code, is_final


class Sender:
    """One sender.

    Args:
        app: whose database and templates are used.
        clock: now, for tests.
    """

    def __init__(self, app: Flask, clock: Callable[[], datetime] = now) -> None:
        self.app, self.clock = app, clock

    def step(self, account: Account) -> int:
        """Try what is due, at most `MOST_A_STEP`; returns how many were tried.

        Raises:
            SQLAlchemyError: the record is away; what was not sent is still there.
        """
        tried = 0
        with self.app.app_context():
            for id_, due_at in self._due():
                if self._take(id_, due_at):
                    self._try(id_, account)
                    tried += 1
        return tried

    def _due(self) -> list[tuple[int, datetime]]:
        wanted = select(OutgoingMail.id, OutgoingMail.due_at).where(
            OutgoingMail.state == "waiting", OutgoingMail.due_at <= self.clock()
        )
        found = db.session.execute(wanted.order_by(OutgoingMail.due_at).limit(MOST_A_STEP)).all()
        db.session.rollback()
        return [(id_, due_at) for id_, due_at in found]

    def _take(self, id_: int, due_at: datetime) -> bool:
        """Whether this sender has it now: only one of several changes the instant that all have read."""
        done = db.session.execute(
            update(OutgoingMail)
            .where(OutgoingMail.id == id_, OutgoingMail.state == "waiting", OutgoingMail.due_at == due_at)
            .values(due_at=self.clock() + HELD, attempts=OutgoingMail.attempts + 1)
        )
        db.session.commit()
        return bool(done.rowcount)  # type: ignore[attr-defined]

    def _try(self, id_: int, account: Account) -> None:
        row = db.session.get(OutgoingMail, id_, populate_existing=True)
        if row is None:
            return
        try:
            mail = self._written(row, account)
            if mail is None:
                row.state, row.reason = "dropped", ""
            else:
                deliver(mail, account)
                row.state, row.sent_at, row.reason = "sent", self.clock(), ""
        except NotSent as error:
            self._failed(row, error)
        log.info("mail", id=row.id, kind=row.kind, state=row.state, attempts=row.attempts, reason=row.reason)
        db.session.commit()

    def _written(self, row: OutgoingMail, account: Account) -> EmailMessage | None:
        try:
            with force_locale(LANGUAGES[row.language or centre().language]):
                letter = letters.write(row, account)
                return None if letter is None else compose(row, letter, account)
        except HeaderRefused as error:
            raise NotSent(error.code, str(error), is_final=True) from error
        except (KeyError, ValueError, TypeError, OSError) as error:
            log.exception("mail_not_written", id=row.id)
            raise NotSent("not-written", repr(error), is_final=True) from error

    def _failed(self, row: OutgoingMail, error: NotSent) -> None:
        row.reason = str(error)[:500]
        if error.is_final or row.attempts > len(WAITS_MINUTES):
            row.state = "failed"
        else:
            row.due_at = self.clock() + timedelta(minutes=WAITS_MINUTES[row.attempts - 1])


def deliver(mail: EmailMessage, account: Account) -> None:
    """Give one mail to the account's server.

    Raises:
        NotSent: unreachable, tls-failed, login-refused, refused (the recipient or the mail; final when the server says 5xx).
    """
    try:
        server = _connected(account)
        try:
            if account.user:
                server.login(account.user, account.password)
            server.send_message(mail)
        finally:
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
    except smtplib.SMTPAuthenticationError as error:
        raise NotSent("login-refused", _words(error.smtp_code, error.smtp_error)) from error
    except smtplib.SMTPRecipientsRefused as error:
        code, said = next(iter(error.recipients.values()))
        raise NotSent("refused", _words(code, said), is_final=code >= 500) from error
    except smtplib.SMTPResponseException as error:
        raise NotSent(
            "refused", _words(error.smtp_code, error.smtp_error), is_final=error.smtp_code >= 500
        ) from error
    except (ssl.SSLError, smtplib.SMTPNotSupportedError) as error:
        raise NotSent("tls-failed", str(error)) from error
    except (OSError, smtplib.SMTPException) as error:
        raise NotSent("unreachable", str(error) or type(error).__name__) from error


def _connected(account: Account) -> smtplib.SMTP:
    where = (account.host, account.port)
    if account.tls == "tls":
        return smtplib.SMTP_SSL(*where, timeout=SMTP_SECONDS, context=ssl.create_default_context())
    server = smtplib.SMTP(*where, timeout=SMTP_SECONDS)
    if account.tls == "starttls":
        try:
            server.starttls(context=ssl.create_default_context())
        except BaseException:
            server.close()
            raise
    return server


def _words(code: int, said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return f"{code} {' '.join(text.split())}"
