"""From the outbox to a real SMTP server: once, again after failures ever more slowly, and not for ever."""

import ssl
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from admin.db import db
from admin.mail.account import Account
from admin.mail.compose import HeaderRefused, compose
from admin.mail.letters import Letter
from admin.mail.sender import HELD, WAITS_MINUTES, Sender
from sql.models import OutgoingMail
from sql.outbox import BadAddress, put
from tests.support.mail import LOGIN, PASSWORD, MailServer, text_of
from uckefu.times import as_utc


def _row(id_: int) -> OutgoingMail:
    db.session.expire_all()
    found = db.session.get(OutgoingMail, id_)
    assert found is not None
    return found


def test_a_mail_in_the_outbox_is_sent_once(a_mail, sender, has_account, postbox):
    id_ = a_mail().id
    assert sender.step(has_account) == 1
    assert sender.step(has_account) == 0
    (mail,) = postbox.mails
    assert mail["To"] == "lin@example.com"
    assert str(mail["From"]) == "优客服 <service@example.com>"
    assert "Admin" in text_of(mail) and "Admin" in text_of(mail, "html")
    assert _row(id_).state == "sent"


def test_a_mail_speaks_its_readers_language(a_mail, sender, has_account, postbox):
    a_mail(key="zh", language="zh")
    a_mail(key="en", language="en")
    sender.step(has_account)
    assert sorted(str(mail["Subject"]).split(" ")[0] for mail in postbox.mails) == ["Test", "UCKeFu"]


def test_the_same_cause_makes_one_mail(a_mail, app):
    a_mail(key="same")
    assert put(db.session, "test", "lin@example.com", key="same", by="x") is False


def test_what_is_rolled_back_with_its_cause_leaves_no_mail(app):
    put(db.session, "test", "lin@example.com", key="gone", by="x")
    db.session.rollback()
    assert db.session.query(OutgoingMail).count() == 0


def test_two_senders_send_each_mail_once(a_mail, app, clock, has_account, postbox):
    for n in range(6):
        a_mail(key=str(n))
    clock.wait(seconds=1)
    with ThreadPoolExecutor(2) as pool:
        tried = list(pool.map(lambda _: Sender(app, clock).step(has_account), range(2)))
    assert sum(tried) == 6 and len(postbox.mails) == 6


def test_a_server_that_is_away_is_tried_again_ever_more_slowly_and_not_for_ever(
    a_mail, sender, clock, has_account
):
    id_ = a_mail().id
    nowhere = has_account.model_copy(update={"port": 1})
    for minutes in WAITS_MINUTES:
        assert sender.step(nowhere) == 1
        row = _row(id_)
        assert row.state == "waiting" and row.reason.startswith("unreachable: ")
        assert as_utc(row.due_at) - clock() == timedelta(minutes=minutes)
        assert sender.step(nowhere) == 0
        clock.wait(minutes=minutes)
    assert sender.step(nowhere) == 1
    assert _row(id_).state == "failed"
    clock.wait(days=9)
    assert sender.step(nowhere) == 0


def test_a_recipient_whom_the_server_does_not_know_is_not_tried_again(a_mail, sender, has_account, postbox):
    id_ = a_mail().id
    postbox.says_to_recipient = "550 5.1.1 no such user"
    sender.step(has_account)
    assert (_row(id_).state, _row(id_).reason) == ("failed", "refused: 550 5.1.1 no such user")


def test_a_server_that_asks_to_come_later_gets_it_later(a_mail, sender, clock, has_account, postbox):
    id_ = a_mail().id
    postbox.says_to_recipient = "451 try later"
    sender.step(has_account)
    assert _row(id_).state == "waiting"
    postbox.says_to_recipient = ""
    clock.wait(minutes=WAITS_MINUTES[0])
    sender.step(has_account)
    assert _row(id_).state == "sent" and len(postbox.mails) == 1


def test_a_sender_that_died_with_a_mail_leaves_it_to_the_next(a_mail, app, clock, has_account, postbox):
    row = a_mail()
    clock.wait(seconds=1)
    assert Sender(app, clock)._take(row.id, row.due_at)
    assert Sender(app, clock).step(has_account) == 0
    clock.wait(seconds=HELD.total_seconds())
    assert Sender(app, clock).step(has_account) == 1
    assert len(postbox.mails) == 1


def test_a_wrong_password_is_said_and_the_right_one_works(a_mail, sender, clock, has_account):
    id_ = a_mail().id
    with MailServer(with_login=True) as box:
        wrong = has_account.model_copy(update={"port": box.port, "user": LOGIN, "password": "wrong"})
        sender.step(wrong)
        assert _row(id_).reason.startswith("login-refused: 535")
        clock.wait(minutes=WAITS_MINUTES[0])
        sender.step(wrong.model_copy(update={"password": PASSWORD}))
        assert len(box.mails) == 1


def test_without_encryption_at_the_server_nothing_is_sent_when_it_was_asked_for(
    a_mail, sender, has_account, postbox
):
    id_ = a_mail().id
    sender.step(has_account.model_copy(update={"tls": "starttls"}))
    assert _row(id_).reason.startswith("tls-failed: ")
    assert postbox.mails == []
    assert ssl.create_default_context().check_hostname


@pytest.mark.parametrize(
    "address",
    [
        "",
        "lin",
        "lin@",
        "a@example.com\nBcc: b@example.com",
        "a@example.com,b@example.com",
        "<a@example.com>",
    ],
)
def test_what_is_no_address_never_gets_into_the_outbox(app, address):
    with pytest.raises(BadAddress):
        put(db.session, "test", address, key="1", by="x")
    assert db.session.query(OutgoingMail).count() == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("subject", "Hello\r\nBcc: spy@example.com"),
        ("sender_name", "Desk\nBcc: spy@example.com"),
        ("recipient", "a@example.com\r\nBcc: b@example.com"),
    ],
)
def test_nobody_adds_a_header(app, has_account, field, value):
    row = OutgoingMail(key="k", recipient=value if field == "recipient" else "a@example.com")
    letter = Letter(value if field == "subject" else "Hello", ["Text"])
    sent_by = Account.model_construct(
        **has_account.model_dump() | ({field: value} if field == "sender_name" else {})
    )
    with pytest.raises(HeaderRefused):
        compose(row, letter, sent_by)
