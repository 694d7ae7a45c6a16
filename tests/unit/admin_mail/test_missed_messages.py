"""What an agent wrote while the visitor was away goes by mail: after a while, together, once."""

from datetime import timedelta

import pytest

from admin.chat import service, windows
from admin.db import db
from admin.mail import collector
from sql.models import Conversation, OutgoingMail, Site, Visitor
from tests.support.mail import text_of
from uckefu.times import now


@pytest.fixture
def later():
    return now() + timedelta(minutes=6)


@pytest.fixture
def says(conversation, agent_id):
    """The agent writes to a visitor who has left an address."""
    db.session.get(Visitor, conversation.visitor_id).email = "lin@example.com"
    db.session.commit()
    agent, count = service.an_agent(agent_id, "Wang Fang"), iter(range(1000))

    def say(text: str, **more) -> int:
        posted = service.post_message(conversation.id, agent, client_id=f"a{next(count)}", text=text, **more)
        return posted.message["sequence"]

    return say


def test_two_messages_that_nobody_saw_are_one_mail_and_only_one(
    says, app, has_account, sender, clock, postbox, later
):
    says("First")
    says("Second")
    says("a note", kind="note")
    assert collector.collect(app, has_account, later) == 1
    assert collector.collect(app, has_account, later + timedelta(hours=1)) == 0
    clock.wait(minutes=1)
    sender.step(has_account)
    (mail,) = postbox.mails
    assert "First" in text_of(mail) and "Second" in text_of(mail) and "a note" not in text_of(mail)


def test_what_comes_after_the_mail_makes_the_next_one_without_the_old(
    says, app, has_account, sender, clock, postbox, later
):
    says("First")
    collector.collect(app, has_account, later)
    says("Third")
    assert collector.collect(app, has_account, later) == 1
    clock.wait(minutes=1)
    sender.step(has_account)
    assert ["Third" in text_of(mail) for mail in postbox.mails] == [False, True]
    assert "First" not in text_of(postbox.mails[1])


def test_while_the_agent_still_writes_and_before_the_delay_nothing_goes(says, app, has_account):
    says("First")
    assert collector.collect(app, has_account, now() + timedelta(minutes=4)) == 0


def test_whoever_has_a_window_open_gets_no_mail(says, app, has_account, visitor, later):
    says("First")
    windows.say(app.extensions["uckefu"]["bus"], {visitor.id})
    assert collector.collect(app, has_account, later) == 0
    windows.say(app.extensions["uckefu"]["bus"], {visitor.id}, at=1.0)
    assert collector.collect(app, has_account, later) == 1


def test_what_was_read_is_not_sent(says, app, conversation, has_account, later):
    service.mark_read(conversation.id, "visitor", says("First"))
    assert collector.collect(app, has_account, later) == 0


def test_who_left_no_address_gets_nothing(says, app, conversation, has_account, later):
    says("First")
    db.session.get(Visitor, conversation.visitor_id).email = ""
    db.session.commit()
    assert collector.collect(app, has_account, later) == 0


def test_an_address_that_is_none_is_not_tried_for_ever(says, app, conversation, has_account, later):
    says("First")
    db.session.get(Visitor, conversation.visitor_id).email = "lin@nowhere"
    db.session.commit()
    assert collector.collect(app, has_account, later) == 0
    db.session.expire_all()
    assert db.session.get(Conversation, conversation.id).mailed_sequence > 0
    assert db.session.query(OutgoingMail).count() == 0


def test_zero_minutes_switches_it_off(says, app, has_account, later):
    says("First")
    assert collector.collect(app, has_account.model_copy(update={"missed_after_minutes": 0}), later) == 0


def test_what_was_recalled_before_the_mail_left_is_not_in_it(
    says, app, conversation, agent_id, has_account, sender, clock, postbox, later
):
    sequence = says("First")
    collector.collect(app, has_account, later)
    service.recall_message(conversation.id, service.an_agent(agent_id, "Wang Fang"), sequence)
    clock.wait(minutes=1)
    sender.step(has_account)
    assert postbox.mails == []
    assert db.session.query(OutgoingMail).populate_existing().one().state == "dropped"


@pytest.mark.parametrize(
    ("origins", "expected"),
    [([], "https://desk.example.com/chat/shop"), (["https://shop.example.com"], "https://shop.example.com/lock?id=2"),
     (["https://other.example.com"], "https://desk.example.com/chat/shop")],
)  # fmt: skip
def test_the_link_brings_the_visitors_own_browser_back_and_holds_no_key(
    says, app, conversation, has_account, sender, clock, postbox, later, origins, expected
):
    db.session.get(Conversation, conversation.id).page_url = "https://shop.example.com/lock?id=2#token"
    db.session.get(Site, conversation.site_id).settings = {"origins": origins}
    says("First")
    collector.collect(app, has_account, later)
    clock.wait(minutes=1)
    sender.step(has_account)
    text = text_of(postbox.mails[0])
    assert expected in text and "token" not in text and conversation.visitor_id not in text


def test_without_an_address_of_ours_there_is_no_link(says, app, has_account, sender, clock, postbox, later):
    says("First")
    collector.collect(app, has_account, later)
    clock.wait(minutes=1)
    sender.step(has_account.model_copy(update={"public_url": ""}))
    assert "http" not in text_of(postbox.mails[0])
