"""Messages: stored before they are told, numbered in order, never doubled, never another's."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from acd import contract
from admin.chat import reading, service
from admin.chat.refusals import ChatRefused
from admin.db import db
from sql.models import Conversation, Interaction, Message, Site, Visitor
from uckefu.times import now

CHEN = service.an_agent(1, "Chen")


def written(conversation: Conversation) -> list[tuple[int, str, str]]:
    return [(m["sequence"], m["kind"], m["text"]) for m in reading.messages_since(conversation.id)]


def refusal(act: Callable[[], Any]) -> str:
    with pytest.raises(ChatRefused) as caught:
        act()
    return caught.value.code


def test_messages_of_both_sides_are_numbered_in_order(conversation: Conversation, visitor: Visitor) -> None:
    service.post_message(conversation.id, service.a_visitor(visitor.id, "Lin"), client_id="a", text="hello")
    service.post_message(conversation.id, CHEN, client_id="b", text="good day")
    service.post_message(conversation.id, service.a_visitor(visitor.id, "Lin"), client_id="c", text="thanks")
    assert written(conversation) == [(1, "text", "hello"), (2, "text", "good day"), (3, "text", "thanks")]


def test_the_same_client_id_again_answers_the_first_message(
    conversation: Conversation, visitor: Visitor, told: Any
) -> None:
    me = service.a_visitor(visitor.id)
    first = service.post_message(conversation.id, me, client_id="a", text="hello")
    again = service.post_message(conversation.id, me, client_id="a", text="hello")
    assert first.is_new and not again.is_new
    assert again.message == first.message
    assert written(conversation) == [(1, "text", "hello")]
    assert len(told.of("message")) == 1


def test_another_author_cannot_learn_a_message_by_its_client_id(
    conversation: Conversation, visitor: Visitor
) -> None:
    service.post_message(conversation.id, CHEN, client_id="a", text="hello")
    me = service.a_visitor(visitor.id)
    assert (
        refusal(lambda: service.post_message(conversation.id, me, client_id="a", text="x")) == "bad-request"
    )


def test_a_message_is_told_to_agents_and_to_its_visitor(
    conversation: Conversation, visitor: Visitor, told: Any
) -> None:
    service.post_message(conversation.id, CHEN, client_id="a", text="hello")
    namespaces = {(line[0], tuple(line[1])) for line in told.lines}
    assert ("/", (f"interaction:{conversation.id}",)) in namespaces
    assert ("/visitor", (f"visitor:{visitor.id}",)) in namespaces
    assert "agent_id" not in told.of("message", "/visitor")[0]


def test_a_note_is_never_told_or_given_to_the_visitor(conversation: Conversation, told: Any) -> None:
    service.post_message(conversation.id, CHEN, client_id="a", text="one")
    service.post_message(conversation.id, CHEN, client_id="n", text="careful", kind="note")
    service.post_message(conversation.id, CHEN, client_id="b", text="two")
    seen = reading.messages_since(conversation.id, for_visitor=True)
    assert [(m["sequence"], m["after"], m["text"]) for m in seen] == [(1, 0, "one"), (3, 1, "two")]
    assert [m["text"] for m in told.of("message", "/visitor")] == ["one", "two"]
    assert [m["message"]["text"] for m in told.of("message")] == ["one", "careful", "two"]


def test_a_visitor_cannot_write_a_note(conversation: Conversation, visitor: Visitor) -> None:
    me = service.a_visitor(visitor.id)
    assert (
        refusal(lambda: service.post_message(conversation.id, me, client_id="a", text="x", kind="note"))
        == "bad-request"
    )


def test_a_visitor_cannot_write_into_anothers_conversation(
    conversation: Conversation, stranger: Visitor
) -> None:
    me = service.a_visitor(stranger.id)
    assert refusal(lambda: service.post_message(conversation.id, me, client_id="a", text="x")) == (
        "unknown-conversation"
    )
    assert refusal(lambda: service.rate(conversation.id, me, 5)) == "unknown-conversation"
    assert refusal(lambda: service.recall_message(conversation.id, me, 1)) == "unknown-conversation"


@pytest.mark.parametrize(
    ("text", "code"), [("", "empty"), ("  \n ", "empty"), ("x" * 301, "too-long"), ("客" * 301, "too-long")]
)
def test_what_is_empty_or_too_long_is_refused(
    conversation: Conversation, visitor: Visitor, text: str, code: str
) -> None:
    me = service.a_visitor(visitor.id)
    assert refusal(lambda: service.post_message(conversation.id, me, client_id="a", text=text)) == code
    assert written(conversation) == []


@pytest.mark.parametrize("client_id", ["", "x" * 65, "a\nb"])
def test_a_client_id_must_be_short_and_printable(conversation: Conversation, client_id: str) -> None:
    assert refusal(lambda: service.post_message(conversation.id, CHEN, client_id=client_id, text="x")) == (
        "bad-request"
    )


def test_html_is_kept_as_the_text_it_is(conversation: Conversation, visitor: Visitor) -> None:
    text = "<script>alert(1)</script> & <b>"
    service.post_message(conversation.id, service.a_visitor(visitor.id), client_id="a", text=text)
    assert reading.messages_since(conversation.id)[0]["text"] == text


def test_fetching_after_a_sequence_gives_only_what_is_newer(conversation: Conversation) -> None:
    for number in range(5):
        service.post_message(conversation.id, CHEN, client_id=str(number), text=str(number))
    assert [m["sequence"] for m in reading.messages_since(conversation.id, 3)] == [4, 5]
    assert [m["sequence"] for m in reading.last_messages(conversation.id, 2)] == [4, 5]


def test_two_windows_of_a_visitor_share_one_conversation(
    site: Site, visitor: Visitor, conversation: Conversation
) -> None:
    assert service.open_conversation(site, visitor).id == conversation.id


def test_after_the_end_a_new_conversation_begins(
    site: Site, visitor: Visitor, conversation: Conversation
) -> None:
    service.end_conversation(conversation.id, "visitor", author=service.a_visitor(visitor.id))
    assert service.open_conversation(site, visitor).id != conversation.id


def test_an_ended_conversation_takes_nothing_but_still_answers_what_it_has(
    conversation: Conversation, visitor: Visitor
) -> None:
    me = service.a_visitor(visitor.id)
    service.post_message(conversation.id, me, client_id="a", text="hello")
    assert service.end_conversation(conversation.id, "agent", author=CHEN)
    assert refusal(lambda: service.post_message(conversation.id, me, client_id="b", text="x")) == "ended"
    assert not service.post_message(conversation.id, me, client_id="a", text="hello").is_new


def test_the_end_is_in_the_record_and_told_to_call_routing_once_more_each_time(
    conversation: Conversation, asked: Callable[[], list[contract.Command]]
) -> None:
    assert service.end_conversation(conversation.id, "visitor")
    assert not service.end_conversation(conversation.id, "system")
    interaction = db.session.get(Interaction, conversation.id)
    assert interaction is not None and interaction.ended_at is not None
    assert interaction.channel == "chat" and interaction.hangup_by == "caller"
    assert [type(c).__name__ for c in asked()] == ["LeaveQueue", "LeaveQueue"]
    assert written(conversation) == [(1, "event", "")]


def test_an_agents_end_is_asked_for_in_the_agents_name(
    conversation: Conversation, asked: Callable[[], list[contract.Command]]
) -> None:
    service.end_conversation(conversation.id, "agent", author=CHEN)
    assert [(type(c).__name__, c.agent_id) for c in asked()] == [("EndConversation", 1)]


def test_a_recalled_message_loses_its_content_for_both_sides(
    conversation: Conversation, visitor: Visitor, told: Any
) -> None:
    me = service.a_visitor(visitor.id)
    service.post_message(conversation.id, me, client_id="a", text="my password is 1234")
    service.recall_message(conversation.id, me, 1)
    first, line = reading.messages_since(conversation.id)
    assert first["is_recalled"] and first["text"] == ""
    assert line["kind"] == "recall" and line["detail"] == {"sequence": 1}
    assert told.of("message", "/visitor")[-1]["kind"] == "recall"
    assert not service.recall_message(conversation.id, me, 1).is_new


def test_only_ones_own_message_of_the_last_two_minutes_can_be_recalled(
    conversation: Conversation, visitor: Visitor
) -> None:
    me = service.a_visitor(visitor.id)
    service.post_message(conversation.id, CHEN, client_id="a", text="hello")
    assert refusal(lambda: service.recall_message(conversation.id, me, 1)) == "unknown-message"
    assert refusal(lambda: service.recall_message(conversation.id, me, 9)) == "unknown-message"
    service.post_message(conversation.id, me, client_id="b", text="hello")
    db.session.execute(update(Message).values(sent_at=now() - timedelta(seconds=121)))
    db.session.commit()
    assert refusal(lambda: service.recall_message(conversation.id, me, 2)) == "too-late"


def test_read_marks_go_forward_only(conversation: Conversation, told: Any) -> None:
    for number in range(3):
        service.post_message(conversation.id, CHEN, client_id=str(number), text="x")
    service.mark_read(conversation.id, "visitor", 2)
    service.mark_read(conversation.id, "visitor", 1)
    service.mark_read(conversation.id, "visitor", 99)
    assert [m["sequence"] for m in told.of("read")] == [2]
    row = db.session.get(Conversation, conversation.id, populate_existing=True)
    assert row is not None and row.visitor_read_sequence == 2


def test_the_waiting_time_runs_from_the_oldest_unanswered_message(
    conversation: Conversation, visitor: Visitor
) -> None:
    def waits() -> Any:
        wanted = select(Conversation.waiting_since).where(Conversation.id == conversation.id)
        return db.session.scalar(wanted)

    me = service.a_visitor(visitor.id)
    service.post_message(conversation.id, me, client_id="a", text="1")
    since = waits()
    service.post_message(conversation.id, me, client_id="b", text="2")
    assert waits() == since is not None
    service.post_message(conversation.id, CHEN, client_id="n", text="thinking", kind="note")
    assert waits() == since
    service.post_message(conversation.id, CHEN, client_id="c", text="3")
    assert waits() is None


def test_an_assignment_is_noted_once_however_often_it_is_heard(
    conversation: Conversation, agent_id: int, told: Any
) -> None:
    assert service.assigned(conversation.id, agent_id, offer_id="o1", name="Chen")
    assert not service.assigned(conversation.id, agent_id, offer_id="o1", name="Chen")
    assert [m["detail"] for m in reading.messages_since(conversation.id)] == [
        {"code": "assigned", "name": "Chen"}
    ]
    assert told.of("conversation")[-1]["agent_id"] == agent_id
    assert service.unassigned(conversation.id, agent_id, offer_id="o1")
    assert service.assigned(conversation.id, agent_id, offer_id="o2", name="Chen")


def test_a_rating_counts_once(conversation: Conversation, visitor: Visitor) -> None:
    me = service.a_visitor(visitor.id)
    for bad in (0, 6):
        assert refusal(lambda bad=bad: service.rate(conversation.id, me, bad)) == "bad-request"
    service.rate(conversation.id, me, 4, "quick")
    assert refusal(lambda: service.rate(conversation.id, me, 1)) == "already-rated"
    assert reading.messages_since(conversation.id, for_visitor=True) == []


def test_an_agent_may_touch_its_own_and_waiting_conversations_only(
    conversation: Conversation, agent_id: int
) -> None:
    def may(who: int | None, role: str = "agent") -> bool:
        row = db.session.get(Conversation, conversation.id, populate_existing=True)
        assert row is not None
        return service.agent_may(row, who, role)

    assert may(agent_id) and may(agent_id + 1) and not may(None)
    service.assigned(conversation.id, agent_id, offer_id="o1", name="Chen")
    assert may(agent_id) and not may(agent_id + 1) and may(None, "supervisor")
    service.end_conversation(conversation.id, "system")
    assert may(agent_id) and not may(agent_id + 1)
