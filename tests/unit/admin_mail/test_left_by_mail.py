"""A message that a visitor left while nobody was there is mailed to those whom the site names."""

import pytest

from admin.chat import events
from admin.chat.guests import Guest
from admin.db import db
from sql.models import LeftMessage, OutgoingMail, User
from tests.support.mail import text_of
from uckefu.times import now


@pytest.fixture
def leave(site, visitor):
    """The visitor leaves a message on a site that tells these people."""

    def left(*whom, reach="13800138000", client_id="a"):
        site.settings = {"left_to": list(whom)}
        db.session.commit()
        guest = Guest("s", site.key, visitor.id, "127.0.0.1", "zh")
        events.leave(guest, events.Leaving(client_id=client_id, reach=reach, text="Call <b>me</b>"))

    return left


def test_addresses_and_users_with_an_address_get_a_mail_once(leave):
    db.session.query(User).filter_by(login="supervisor").one().email = "boss@example.com"
    db.session.commit()
    leave("desk@example.com", "supervisor", "agent1", "nobody@")
    leave("desk@example.com", "supervisor")  # sent again after a lost answer
    assert {row.recipient for row in db.session.query(OutgoingMail)} == {
        "desk@example.com",
        "boss@example.com",
    }
    assert db.session.query(OutgoingMail).count() == 2
    assert db.session.query(LeftMessage).one().queue_name == "service"


def test_the_mail_says_what_was_written_and_leads_to_the_page(leave, sender, clock, has_account, postbox):
    leave("desk@example.com")
    clock.wait(minutes=1)
    sender.step(has_account)
    (mail,) = postbox.mails
    assert "Call <b>me</b>" in text_of(mail) and "https://desk.example.com/voicemail/" in text_of(mail)
    assert "138****8000" in text_of(mail) and "13800138000" not in mail.as_string()


def test_a_message_that_is_done_already_is_not_mailed(leave, sender, clock, has_account, postbox):
    leave("desk@example.com")
    db.session.query(LeftMessage).one().done_at = now()
    db.session.commit()
    clock.wait(minutes=1)
    sender.step(has_account)
    assert postbox.mails == []
