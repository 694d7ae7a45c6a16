"""历史坐席优先 for calls: the agent of the caller's last interaction is asked first, and waited for, where the flow says so."""

import pytest

from acd.domain import historic
from acd.domain.engine import Engine
from acd.domain.inputs import QueueConfig
from acd.domain.state import State
from acd.messages import OfferMade
from tests.unit.acd.acd_world import Centre

LI = "13800138000"
SALES = QueueConfig(name="sales", wrap_up_seconds=0, historic_wait_seconds=30)


def a_centre() -> Centre:
    """Agents 1 and 2 in sales, 3 in service; agent 2 had Li's last call, and 1 has been idle longer since."""
    queues = (SALES, QueueConfig(name="service", wrap_up_seconds=0), QueueConfig(name="chat", channel="chat"))
    centre = Centre(agents=3, queues=queues, tiers={1: ["sales"], 2: ["sales", "chat"], 3: ["service"]})
    centre.ready(2)
    a_talk(centre, 2)
    centre.ready(1)
    centre.command("SetStatus", 2, status="break")
    centre.ready(2)
    return centre


def a_talk(centre: Centre, agent: int, queue: str = "sales", number: str = LI) -> None:
    caller = centre.arrives(queue=queue, number=number)
    assert centre.offered_to(caller) == agent
    centre.answers(agent)
    centre.agent_hangs_up(agent)


def calls_again(centre: Centre, number: str = LI, queue: str = "sales") -> str:
    return centre.arrives(queue=queue, number=number, wanted_extension="historic")


@pytest.mark.parametrize("number", [LI, "+86" + LI, "0" + LI])
def test_the_agent_of_the_last_call_is_asked_first(number: str) -> None:
    centre = a_centre()
    assert centre.offered_to(calls_again(centre, number)) == 2
    assert centre.told(OfferMade)[-1].reason["rule"] == "historic-agent"


def test_without_the_flows_wish_the_strategy_decides() -> None:
    centre = a_centre()
    assert centre.offered_to(centre.arrives(queue="sales", number=LI)) == 1


def test_when_that_agent_is_in_a_call_the_caller_waits_for_it_and_then_takes_the_normal_way() -> None:
    centre = a_centre()
    centre.answers(centre.offered_to(calls_again(centre, number=LI)) or 0)
    caller = calls_again(centre)
    assert centre.offered_to(caller) is None, "though another agent is free"
    centre.wait(29)
    assert centre.offered_to(caller) is None
    centre.wait(1)
    assert centre.offered_to(caller) == 1


def test_when_that_agent_is_free_in_time_it_gets_the_caller_who_waited() -> None:
    centre = a_centre()
    centre.answers(centre.offered_to(calls_again(centre)) or 0)
    caller = calls_again(centre)
    centre.wait(10)
    centre.agent_hangs_up(2)
    assert centre.offered_to(caller) == 2


@pytest.mark.parametrize("status", ["offline", "break"])
def test_when_that_agent_is_not_signed_in_or_not_ready_the_caller_takes_the_normal_way_at_once(
    status: str,
) -> None:
    centre = a_centre()
    centre.command("SetStatus", 2, status=status)
    assert centre.offered_to(calls_again(centre)) == 1


def test_an_agent_who_does_not_serve_the_queue_is_not_asked() -> None:
    centre = a_centre()
    centre.ready(3)
    a_talk(centre, 3, "service")
    assert centre.offered_to(calls_again(centre)) == 1


def test_a_chat_of_the_same_customer_counts_too() -> None:
    centre = a_centre()
    centre.command("SetStatus", 2, status="offline")
    a_talk(centre, 1)
    centre.ready(2)
    centre.chats("v1", number=LI)
    assert centre.has(2) == ["v1"]
    assert centre.offered_to(calls_again(centre)) == 2


@pytest.mark.parametrize("number", ["anonymous", ""])
def test_who_has_no_number_is_nobody(number: str) -> None:
    centre = a_centre()
    centre.answers(centre.offered_to(centre.arrives(queue="sales", number=number)) or 0)
    centre.agent_hangs_up(1)
    centre.wait(1)
    assert list(centre.engine.state.last_agents) == [LI]
    assert centre.offered_to(calls_again(centre, number)) == 2, "the longest idle"


def test_a_restarted_acd_remembers_and_the_oldest_numbers_are_forgotten_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    centre = a_centre()
    centre.engine = Engine(State.load(centre.engine.state.dump()))
    monkeypatch.setattr(historic, "MOST", 2)
    for number in ("111111", LI, "222222"):
        historic.remember(centre.engine, number, 2)
    assert centre.engine.state.last_agents == {LI: 2, "222222": 2}
    assert centre.offered_to(calls_again(centre)) == 2
