"""The transcript by mail: only to the address that was given in this conversation, few, in the visitor's language."""

import pytest

from admin.chat import service, transcripts
from admin.chat.refusals import ChatRefused
from admin.chat.texts import window_texts
from admin.db import db
from sql.models import Conversation, OutgoingMail
from tests.support.mail import text_of


@pytest.fixture
def talked(conversation, visitor, agent_id) -> Conversation:
    agent = service.an_agent(agent_id, "Wang Fang")
    service.post_message(
        conversation.id, service.a_visitor(visitor.id), client_id="1", text="<b>Is it</b> dry?"
    )
    service.post_message(conversation.id, agent, client_id="2", text="Quite dry.")
    service.post_message(conversation.id, agent, client_id="3", text="secret word", kind="note")
    wrong = service.post_message(conversation.id, agent, client_id="4", text="oh no")
    service.recall_message(conversation.id, agent, wrong.message["sequence"])
    service.end_conversation(conversation.id, "visitor")
    found = db.session.get(Conversation, conversation.id, populate_existing=True)
    found.language = "en"
    db.session.commit()
    return found


def test_the_transcript_comes_by_mail_in_the_visitors_language_with_markup_as_text(
    talked, sender, clock, has_account, postbox
):
    transcripts.ask(talked, "Lin@Example.com")
    clock.wait(minutes=1)
    sender.step(has_account)
    (mail,) = postbox.mails
    assert mail["To"] == "Lin@example.com" and mail["Subject"] == "Your conversation with Shop"
    assert "<b>Is it</b> dry?" in text_of(mail) and "Wang Fang" in text_of(mail)
    assert "&lt;b&gt;Is it&lt;/b&gt; dry?" in text_of(mail, "html") and "<b>Is it" not in text_of(
        mail, "html"
    )
    for hidden in ("secret word", "oh no"):
        assert hidden not in text_of(mail) + text_of(mail, "html")


def test_asking_twice_makes_one_mail(talked, has_account):
    transcripts.ask(talked, "lin@example.com")
    transcripts.ask(talked, "lin@example.com")
    transcripts.ask(talked, "")
    assert db.session.query(OutgoingMail).count() == 1


def test_a_conversation_goes_to_one_address_only(talked, has_account):
    transcripts.ask(talked, "lin@example.com")
    with pytest.raises(ChatRefused) as refused:
        transcripts.ask(talked, "somebody@example.com")
    assert refused.value.code == "other-address"


def test_the_address_of_the_form_before_the_talk_is_the_one(talked, has_account):
    talked.prechat = {"email": "form@example.com"}
    with pytest.raises(ChatRefused):
        transcripts.ask(talked, "other@example.com")
    transcripts.ask(talked, "")
    assert db.session.query(OutgoingMail).one().recipient == "form@example.com"


@pytest.mark.parametrize(
    "address", ["", "lin", "a@example.com\nBcc: b@example.com", "a@example.com, b@example.com"]
)
def test_what_is_no_address_is_refused(talked, has_account, address):
    with pytest.raises(ChatRefused) as refused:
        transcripts.ask(talked, address)
    assert refused.value.code == "bad-address"


def test_nobodys_letter_box_is_filled(talked, site, visitor, told, has_account):
    for _ in range(transcripts.MOST_TO_AN_ADDRESS_A_DAY):
        transcripts.ask(_ended(site, visitor), "lin@example.com")
    with pytest.raises(ChatRefused) as refused:
        transcripts.ask(_ended(site, visitor), "lin@example.com")
    assert refused.value.code == "slow-down" and refused.value.wait_seconds > 0


def _ended(site, visitor) -> Conversation:
    made = service.open_conversation(site, visitor)
    service.post_message(made.id, service.a_visitor(visitor.id), client_id="1", text="Hello")
    service.end_conversation(made.id, "visitor")
    return db.session.get(Conversation, made.id)


def test_without_a_mail_account_no_transcript_is_offered_or_taken(app, site, talked):
    assert '"mail": false' in app.test_client().get("/chat/shop").text
    with pytest.raises(ChatRefused) as refused:
        transcripts.ask(talked, "lin@example.com")
    assert refused.value.code == "mail-off"
    assert db.session.query(OutgoingMail).count() == 0
    with app.test_request_context():
        assert {"code.mail-off", "code.bad-address", "code.other-address"} <= set(window_texts())


def test_with_a_mail_account_the_window_offers_it(app, site, has_account):
    page = app.test_client().get("/chat/shop").text
    assert '"mail": true' in page and 'id="transcript"' in page
