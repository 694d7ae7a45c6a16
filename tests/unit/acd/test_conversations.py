"""Conversations: who gets a visitor, how many at once, and what happens when somebody is away."""

from typing import Any

import pytest

from acd.domain.inputs import PhoneLegStarted, QueueConfig, Rules, Started
from acd.domain.view import build
from acd.messages import (
    AgentStatusChanged,
    ConversationAssigned,
    ConversationEnded,
    MemberEntered,
    MemberLeft,
    OfferMade,
    TalkNoted,
    WrapUpEnded,
)
from tests.unit.acd.acd_world import Centre

CHAT = QueueConfig(name="chat", channel="chat", strategy="fewest-conversations", wrap_up_seconds=0)
CALLS = QueueConfig(name="service")


def a_centre(agents: int = 2, chat: QueueConfig = CHAT, **values: Any) -> Centre:
    return Centre(agents=agents, queues=(chat, CALLS), **values)


def test_an_agent_that_turns_ready_gets_the_waiting_visitor_at_once() -> None:
    centre = a_centre(agents=1)
    centre.chats("v1", name="张三")
    decision = centre.command("SetStatus", 1, status="ready")
    told = [type(event).__name__ for event in decision.events]
    assert told == ["AgentStatusChanged", "ConversationAssigned", "MemberLeft"]
    assert centre.has(1) == ["v1"]
    view = build(centre.engine)
    assert view["totals"]["chat"] == {"waiting": 0, "in_service": 1, "ready": 1}
    assert view["totals"]["voice"] == {"waiting": 0, "in_service": 0, "ready": 1}
    assert view["queues"]["chat"]["in_service"] == 1
    assert [c["name"] for c in view["agents"]["1"]["conversations"]] == ["张三"]


def test_counts_equal_the_truth_when_visitors_come_and_go() -> None:
    centre = a_centre(agents=1, maximum={1: 2})
    centre.ready(1)
    for visitor in ("v1", "v2", "v3", "v4"):
        centre.chats(visitor)
    assert build(centre.engine)["totals"]["chat"] == {"waiting": 2, "in_service": 2, "ready": 0}
    centre.visitor_leaves("v3")
    centre.visitor_leaves("v1")
    assert build(centre.engine)["totals"]["chat"] == {"waiting": 0, "in_service": 2, "ready": 0}
    assert centre.has(1) == ["v2", "v4"]
    assert [(e.interaction_id, e.result) for e in centre.told(MemberLeft)] == [
        ("v1", "answered"), ("v2", "answered"), ("v3", "abandoned"), ("v4", "answered"),
    ]  # fmt: skip


def test_asking_again_changes_nothing_while_it_waits_or_is_served() -> None:
    centre = a_centre(agents=1)
    centre.chats("v1")
    centre.chats("v1")
    assert centre.code() == "ok"
    centre.ready(1)
    centre.chats("v1")
    assert (centre.code(), len(centre.told(MemberEntered)), centre.has(1)) == ("ok", 1, ["v1"])
    centre.visitor_leaves("v1")
    centre.visitor_leaves("v1")
    assert (centre.code(), len(centre.told(ConversationEnded))) == ("ok", 1)


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"queue": "no such"}, "unknown-queue"),
        ({"queue": "service"}, "wrong-channel"),
        ({"channel": "voice"}, "bad-command"),
        ({"priority": "high"}, "bad-command"),
        ({"interaction_id": ""}, "bad-command"),
    ],
)
def test_a_conversation_that_can_not_wait_is_refused(values: dict[str, Any], code: str) -> None:
    centre = a_centre()
    centre.command("EnterQueue", 0, **{"interaction_id": "v1", "queue": "chat", **values})
    assert centre.code() == code
    assert centre.engine.state.members == {}


def test_a_second_visit_of_the_same_conversation_has_ids_of_its_own() -> None:
    centre = a_centre(agents=1)
    centre.ready(1)
    centre.chats("v1")
    centre.command("EndConversation", 1, interaction_id="v1")
    centre.chats("v1")
    assert [event.offer_id for event in centre.told(ConversationAssigned)] == ["v1:1:1", "v1:2:1"]


# ---- strategies ----------------------------------------------------------------------------------------


def test_the_agent_with_the_fewest_conversations_is_asked_first() -> None:
    centre = a_centre()
    centre.ready(1, 2)
    for visitor in ("v1", "v2", "v3"):
        centre.chats(visitor)
    assert (centre.has(1), centre.has(2)) == (["v1", "v3"], ["v2"])
    centre.visitor_leaves("v1")
    centre.visitor_leaves("v3")
    centre.chats("v4")
    assert centre.has(1) == ["v4"]


def test_rotation_goes_round_among_agents_below_their_maximum() -> None:
    rotation = QueueConfig(name="chat", channel="chat", strategy="rotation", wrap_up_seconds=0)
    centre = a_centre(agents=3, chat=rotation, maximum={2: 1})
    centre.ready(1, 2, 3)
    for n in range(1, 8):
        centre.chats(f"v{n}")
    assert [event.agent_id for event in centre.told(ConversationAssigned)] == [1, 2, 3, 1, 3, 1, 3]
    centre.visitor_leaves("v2")
    centre.chats("v8")
    assert centre.has(2) == ["v8"]


# ---- capacity ------------------------------------------------------------------------------------------


def test_an_agent_has_at_most_five_conversations_unless_it_has_a_maximum_of_its_own() -> None:
    centre = a_centre(maximum={2: 1})
    centre.ready(1, 2)
    for n in range(9):
        centre.chats(f"v{n}")
    assert (len(centre.has(1)), len(centre.has(2)), len(centre.line("chat"))) == (5, 1, 3)
    assert build(centre.engine)["agents"]["1"]["capacity"] == {
        "conversations": 5, "maximum": 5, "open": False,
    }  # fmt: skip


def test_a_call_and_two_conversations_go_together_and_no_more() -> None:
    centre = a_centre(agents=1)
    centre.ready(1)
    caller = centre.arrives()
    centre.answers(1)
    for n in range(3):
        centre.chats(f"v{n}")
    assert (len(centre.has(1)), centre.line("chat")) == (2, ["v2"])
    assert centre.agent(1).talk.channel_id == caller


def test_an_agent_with_three_conversations_is_not_rung_and_is_when_one_has_ended() -> None:
    centre = a_centre(agents=1)
    centre.ready(1)
    for n in range(3):
        centre.chats(f"v{n}")
    caller = centre.arrives()
    assert centre.offered_to(caller) is None
    centre.visitor_leaves("v0")
    assert centre.offered_to(caller) == 1
    assert centre.told(OfferMade)[-1].reason["excluded"] == {}


def test_a_call_can_stop_conversations_from_coming() -> None:
    centre = a_centre(agents=1, rules=Rules(call_stops_conversations=True))
    centre.ready(1)
    centre.arrives()
    centre.chats("v1")
    assert centre.has(1) == []
    centre.answers(1)
    centre.agent_hangs_up(1)
    assert centre.has(1) == []  # wrap-up is part of the call
    centre.wait(30)
    assert centre.has(1) == ["v1"]


def test_the_phones_own_call_counts_as_a_call() -> None:
    centre = a_centre(agents=1, rules=Rules(call_stops_conversations=True))
    centre.ready(1)
    centre.do(PhoneLegStarted, leg_id="own", extension="1001", switch="switch1")
    centre.chats("v1")
    assert centre.has(1) == []


def test_who_chose_a_break_during_a_call_gets_no_conversation_in_it() -> None:
    centre = a_centre(agents=1)
    centre.ready(1)
    centre.arrives()
    centre.answers(1)
    centre.command("SetStatus", 1, status="break")
    centre.chats("v1")
    assert centre.has(1) == []


def test_a_conversation_needs_no_phone() -> None:
    centre = Centre(agents=0, queues=(CHAT,))
    centre.configure(1, (CHAT,))
    centre.ready(1)
    centre.chats("v1")
    assert centre.has(1) == ["v1"]


# ---- wrap-up -------------------------------------------------------------------------------------------


def test_the_place_is_taken_until_the_wrap_up_is_finished() -> None:
    centre = a_centre(
        agents=1, chat=QueueConfig(name="chat", channel="chat", wrap_up_seconds=30), maximum={1: 1}
    )
    centre.ready(1)
    centre.chats("v1")
    centre.chats("v2")
    centre.command("EndConversation", 1, interaction_id="v1")
    (ended,) = centre.told(ConversationEnded)
    assert (ended.by, ended.wrap_up_seconds, centre.has(1)) == ("agent", 30, [])
    centre.command("FinishWrapUp", 1, offer_id=ended.offer_id, disposition_id=3, note="好")
    assert [event.note for event in centre.told(TalkNoted)] == ["好"]
    assert centre.has(1) == ["v2"]


def test_a_wrap_up_that_nobody_finishes_is_over_in_time() -> None:
    centre = a_centre(
        agents=1, chat=QueueConfig(name="chat", channel="chat", wrap_up_seconds=30), maximum={1: 1}
    )
    centre.ready(1)
    centre.chats("v1")
    centre.visitor_leaves("v1")
    centre.chats("v2")
    centre.wait(30)
    assert [event.result for event in centre.told(WrapUpEnded)] == ["timeout"]
    assert centre.has(1) == ["v2"]


# ---- the agent it had before ---------------------------------------------------------------------------


def test_the_agent_of_the_last_interaction_is_asked_first() -> None:
    centre = a_centre()
    centre.ready(1, 2)
    centre.chats("v1", historic_agent_id=2)
    assert centre.has(2) == ["v1"]
    assert centre.told(ConversationAssigned)[0].reason["rule"] == "historic-agent"


def test_when_the_historic_agent_is_full_the_visitor_waits_and_then_takes_the_normal_way() -> None:
    centre = a_centre(maximum={2: 1})
    centre.ready(1, 2)
    centre.chats("v1", historic_agent_id=2)
    centre.chats("v2", historic_agent_id=2)
    assert centre.line("chat") == ["v2"]
    centre.wait(59)
    assert centre.line("chat") == ["v2"]
    centre.wait(1)
    assert centre.has(1) == ["v2"]


def test_when_the_historic_agent_has_room_in_time_the_visitor_who_waited_gets_it() -> None:
    centre = a_centre(maximum={2: 1})
    centre.ready(1, 2)
    centre.chats("v1", historic_agent_id=2)
    centre.chats("v2", historic_agent_id=2)
    centre.wait(20)
    centre.visitor_leaves("v1")
    assert centre.has(2) == ["v2"]


def test_when_the_historic_agent_is_not_signed_in_the_visitor_takes_the_normal_way_at_once() -> None:
    centre = a_centre()
    centre.ready(1)
    centre.chats("v1", historic_agent_id=2)
    assert centre.has(1) == ["v1"]


def test_when_the_historic_agent_signs_out_the_visitor_stops_waiting_for_it() -> None:
    centre = a_centre(maximum={2: 1})
    centre.ready(1, 2)
    centre.chats("v1", historic_agent_id=2)
    centre.chats("v2", historic_agent_id=2)
    centre.command("SetStatus", 2, status="offline")
    assert centre.has(1) == ["v2"]


def test_an_agent_who_is_wanted_by_somebody_still_takes_others() -> None:
    centre = a_centre(agents=1)
    centre.ready(1)
    centre.chats("v1", historic_agent_id=99)
    centre.chats("v2", historic_agent_id=1)
    assert centre.has(1) == ["v1", "v2"]


# ---- by hand -------------------------------------------------------------------------------------------


def test_an_agent_takes_a_conversation_out_of_the_queue_though_on_a_break() -> None:
    centre = a_centre(agents=1)
    centre.chats("v1")
    centre.command("SetStatus", 1, status="break")
    centre.command("TakeConversation", 1, interaction_id="v1")
    assert (centre.code(), centre.has(1)) == ("ok", ["v1"])
    assert centre.told(ConversationAssigned)[0].reason == {"rule": "taken"}


def test_only_a_supervisor_takes_a_conversation_from_somebody() -> None:
    centre = a_centre()
    centre.ready(1, 2)
    centre.chats("v1")
    centre.command("TakeConversation", 2, interaction_id="v1")
    assert centre.code() == "not-your-conversation"
    centre.command("TakeConversation", 2, interaction_id="v1", actor="supervisor:7")
    assert (centre.code(), centre.has(1), centre.has(2)) == ("ok", [], ["v1"])
    assert [event.by for event in centre.told(ConversationEnded)] == ["transfer"]
    assert centre.told(ConversationAssigned)[-1].reason == {"rule": "taken", "from_agent_id": 1}
    assert len(centre.told(MemberLeft)) == 1


def test_a_conversation_goes_to_a_colleague_with_a_note() -> None:
    centre = a_centre()
    centre.ready(1, 2)
    centre.chats("v1")
    centre.command("TransferConversation", 1, interaction_id="v1", kind="agent", target="2", note="退款")
    assert (centre.has(1), centre.has(2)) == ([], ["v1"])
    reason = {"rule": "transferred", "from_agent_id": 1, "note": "退款"}
    assert centre.told(ConversationAssigned)[-1].reason == reason


def test_a_conversation_that_is_given_to_the_queue_goes_to_a_colleague_though_that_one_has_more() -> None:
    centre = a_centre(maximum={1: 5, 2: 5})
    centre.ready(2)
    centre.chats("v1")
    centre.chats("v2")
    centre.ready(1)
    centre.chats("v3")
    assert (centre.has(1), centre.has(2)) == (["v3"], ["v1", "v2"])
    centre.command("TransferConversation", 1, interaction_id="v3", kind="queue", target="chat", note="退款")
    assert (centre.has(1), centre.has(2)) == ([], ["v1", "v2", "v3"])


def test_who_gave_a_conversation_to_the_queue_gets_it_again_only_when_nobody_else_is_there() -> None:
    centre = a_centre(agents=1)
    centre.ready(1)
    centre.chats("v1")
    centre.command("TransferConversation", 1, interaction_id="v1", kind="queue", target="chat")
    assert centre.has(1) == ["v1"]
    assert len(centre.told(ConversationAssigned)) == 2


@pytest.mark.parametrize(
    ("target", "code"), [("1", "unknown-agent"), ("x", "unknown-agent"), ("2", "not-ready"), ("3", "full")]
)
def test_a_colleague_who_can_not_take_it_is_said_and_the_conversation_stays(target: str, code: str) -> None:
    centre = a_centre(agents=3, maximum={3: 0})
    centre.ready(1, 3)
    centre.chats("v1")
    centre.command("TransferConversation", 1, interaction_id="v1", kind="agent", target=target)
    assert (centre.code(), centre.has(1)) == (code, ["v1"])


def test_a_conversation_that_goes_to_another_queue_waits_there() -> None:
    other = QueueConfig(name="refunds", channel="chat", wrap_up_seconds=0)
    centre = Centre(agents=2, queues=(CHAT, other), tiers={1: ["chat"], 2: ["refunds"]})
    centre.ready(1)
    centre.chats("v1", name="张三")
    centre.command("TransferConversation", 1, interaction_id="v1", kind="queue", target="refunds", note="急")
    assert (centre.has(1), centre.line("refunds")) == ([], ["v1"])
    centre.ready(2)
    (*_, last) = centre.told(ConversationAssigned)
    assert (last.agent_id, last.name, last.offer_id, last.reason["note"]) == (2, "张三", "v1:2:1", "急")


def test_what_is_not_the_agents_is_refused() -> None:
    centre = a_centre()
    centre.ready(1)
    centre.chats("v1")
    for name, values in (
        ("EndConversation", {}),
        ("TransferConversation", {"kind": "queue", "target": "chat"}),
        ("TransferConversation", {"kind": "agent", "target": "1"}),
    ):
        centre.command(name, 2, interaction_id="v1", **values)
        assert centre.code() == "not-your-conversation"
    centre.command("TakeConversation", 1, interaction_id="nobody's")
    assert centre.code() == "no-conversation"


# ---- agents who are away -------------------------------------------------------------------------------


def test_a_reload_and_a_second_window_change_nothing() -> None:
    centre = a_centre(agents=1)
    centre.command("Presence", 1, window_id="a")
    centre.ready(1)
    centre.chats("v1")
    centre.command("Presence", 1, window_id="b")
    centre.command("Presence", 1, window_id="a", here=False)
    centre.command("Presence", 1, window_id="b", here=False)
    centre.wait(5)
    centre.command("Presence", 1, window_id="c")
    centre.wait(600)
    assert (centre.agent(1).status, centre.has(1)) == ("ready", ["v1"])


def test_a_lost_agent_is_offered_nothing_and_after_the_grace_time_is_not_ready() -> None:
    centre = a_centre(agents=1)
    centre.command("Presence", 1, window_id="a")
    centre.ready(1)
    centre.chats("v1")
    centre.command("Presence", 1, window_id="a", here=False)
    centre.chats("v2")
    assert centre.line("chat") == ["v2"]
    centre.wait(60)
    assert [event.status for event in centre.told(AgentStatusChanged)] == ["ready", "break"]
    assert centre.has(1) == ["v1"]


def test_a_lost_agents_conversations_go_back_to_their_queue_with_their_place() -> None:
    centre = a_centre(agents=2, rules=Rules(return_conversations_seconds=120))
    centre.command("Presence", 1, window_id="a")
    centre.ready(1)
    centre.chats("v1")
    centre.command("Presence", 1, window_id="a", here=False)
    centre.chats("v2")
    centre.wait(60 + 119)
    assert centre.has(1) == ["v1"]
    centre.wait(1)
    assert centre.has(1) == []
    assert centre.line("chat") == ["v1", "v2"]
    assert [event.by for event in centre.told(ConversationEnded)] == ["system"]
    centre.ready(2)
    assert centre.has(2) == ["v1", "v2"]


def test_an_agent_who_comes_back_in_time_keeps_its_conversations() -> None:
    centre = a_centre(agents=1, rules=Rules(return_conversations_seconds=120))
    centre.command("Presence", 1, window_id="a")
    centre.ready(1)
    centre.chats("v1")
    centre.command("Presence", 1, window_id="a", here=False)
    centre.wait(100)
    centre.command("Presence", 1, window_id="b")
    centre.wait(600)
    assert centre.has(1) == ["v1"]


def test_who_signs_out_keeps_its_conversations_only_for_that_time_too() -> None:
    centre = a_centre(agents=1, rules=Rules(return_conversations_seconds=120))
    centre.ready(1)
    centre.chats("v1")
    centre.command("SetStatus", 1, status="offline")
    centre.wait(119)
    assert centre.has(1) == ["v1"]
    centre.wait(1)
    assert centre.line("chat") == ["v1"]


def test_the_conversations_of_an_agent_that_is_deleted_go_back() -> None:
    centre = a_centre(agents=1)
    centre.ready(1)
    centre.chats("v1")
    centre.configure(0, (CHAT, CALLS))
    assert centre.engine.state.agents == {}
    assert centre.line("chat") == ["v1"]


def test_who_waits_too_long_is_told_so() -> None:
    centre = Centre(agents=0, queues=(QueueConfig(name="chat", channel="chat", max_wait_seconds=60),))
    centre.chats("v1")
    centre.wait(60)
    assert [event.result for event in centre.told(MemberLeft)] == ["timeout"]
    assert {type(effect).__name__ for effect in centre.effects} == {"Answer"}


def test_a_restart_takes_no_conversation_away() -> None:
    centre = a_centre(agents=1, maximum={1: 1})
    centre.ready(1)
    centre.chats("v1")
    centre.chats("v2")
    centre.do(Started, writer="another")
    centre.wait(120)
    assert (centre.has(1), centre.line("chat")) == (["v1"], ["v2"])
