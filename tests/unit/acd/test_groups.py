"""Calls from inside go through the same agent states: a colleague's extension, a group that rings, a group that is paged."""

from acd.adapters.dial import page_line
from acd.adapters.switchboard import api_lines
from acd.domain.effects import LetGo, OfferCall, PagePhones, PlayMusic, RefuseLeg
from acd.domain.engine import Engine
from acd.domain.inputs import LegEnded, PhoneLegStarted, QueueConfig
from acd.domain.state import State
from acd.messages import GroupPaged
from tests.unit.acd.acd_world import Centre

RING = QueueConfig(name="front", strategy="ring-all", number="8001", wrap_up_seconds=0)
PAGE = QueueConfig(name="hall", number="8002", is_paged=True)
SERVICE = QueueConfig(name="service")


def a_centre(*ready: int) -> Centre:
    centre = Centre(agents=4, queues=(SERVICE, RING, PAGE))
    centre.ready(*ready)
    return centre


def a_call_from_inside(centre: Centre, number: str, by: str = "1004", channel: str = "inside") -> str:
    centre.do(PhoneLegStarted, leg_id=channel, extension=by, switch="switch1")
    return centre.arrives(channel=channel, queue=f"number:{number}", number=by)


def rung(centre: Centre) -> list[int]:
    return [agent.agent_id for agent in centre.engine.state.agents.values() if agent.offer]


def test_a_group_rings_at_all_its_phones_that_are_free_but_not_at_the_callers_own() -> None:
    centre = a_centre(1, 2, 3, 4)
    centre.arrives()
    busy = rung(centre)
    a_call_from_inside(centre, "8001")
    assert sorted(rung(centre)) == [1, 2, 3] and busy == [1]
    assert len(centre.wanted(OfferCall)[-1].others) == 1


def test_the_first_of_the_group_to_answer_has_the_call_and_the_others_are_free() -> None:
    centre = a_centre(1, 2, 3)
    a_call_from_inside(centre, "8001")
    centre.answers(2)
    for agent in (1, 3):
        centre.do(LegEnded, leg_id=centre.leg(agent), cause="LOSE_RACE")
    assert [centre.state(agent) for agent in (1, 2, 3)] == ["idle", "talking", "idle"]


def test_who_is_on_a_break_or_in_a_call_is_not_rung_by_a_group() -> None:
    centre = a_centre(1, 2, 3)
    centre.command("SetStatus", 1, status="break")
    centre.do(PhoneLegStarted, leg_id="own", extension="1002", switch="switch1")
    a_call_from_inside(centre, "8001")
    assert rung(centre) == [3]


def test_a_number_that_is_no_groups_is_let_go_and_never_ends_in_the_usual_queue() -> None:
    centre = a_centre(1)
    a_call_from_inside(centre, "8009")
    assert [(effect.result, effect.place) for effect in centre.wanted(LetGo)] == [("no-queue", "fallback")]
    assert rung(centre) == []


def test_paged_phones_answer_by_themselves_and_their_agents_are_busy_at_once() -> None:
    centre = a_centre(1, 2, 3, 4)
    centre.command("SetStatus", 3, status="break")
    a_call_from_inside(centre, "8002")
    (paged,) = centre.wanted(PagePhones)
    assert [extension for _leg, extension in paged.legs] == ["1001", "1002"]
    assert [centre.state(agent) for agent in (1, 2, 3, 4)] == ["busy", "busy", "not-ready", "busy"]
    assert centre.offered_to(centre.arrives()) is None
    assert centre.told(GroupPaged)[0].agents == 2


def test_after_the_page_its_agents_have_calls_again() -> None:
    centre = a_centre(1, 2)
    caller = a_call_from_inside(centre, "8002")
    waiting = centre.arrives()
    for leg, _extension in centre.wanted(PagePhones)[0].legs:
        centre.do(LegEnded, leg_id=leg, cause="NORMAL_CLEARING")
    centre.hangs_up(caller)
    assert centre.offered_to(waiting) == 1
    assert caller not in centre.engine.state.callers


def test_a_group_in_which_nobody_is_free_is_told_so() -> None:
    centre = a_centre()
    a_call_from_inside(centre, "8002")
    assert [effect.result for effect in centre.wanted(LetGo)] == ["overflow-nobody"]


def test_a_page_that_comes_round_to_a_restarted_acd_is_not_made_twice() -> None:
    centre = a_centre(1, 2)
    caller = a_call_from_inside(centre, "8002")
    centre.engine = Engine(State.load(centre.engine.state.dump()))
    centre.ready(3)
    centre.arrives(channel=caller, queue="number:8002", number="1004")
    assert len(centre.wanted(PagePhones)) == 1
    assert isinstance(centre.wanted(PlayMusic)[-1], PlayMusic)


def test_a_call_to_the_extension_of_an_agent_in_a_call_is_told_that_it_is_busy() -> None:
    centre = a_centre(1)
    centre.arrives()
    centre.answers(1)
    centre.do(PhoneLegStarted, leg_id="second", extension="1001", switch="switch1", called=True)
    (refused,) = centre.wanted(RefuseLeg)
    assert api_lines(refused) == ["uuid_kill second USER_BUSY"]
    centre.do(LegEnded, leg_id="second", cause="USER_BUSY")
    assert centre.state(1) == "talking"


def test_a_call_to_the_extension_of_a_free_agent_makes_it_busy_until_it_ends() -> None:
    centre = a_centre(1, 2)
    centre.do(PhoneLegStarted, leg_id="direct", extension="1001", switch="switch1", called=True)
    assert (centre.state(1), centre.wanted(RefuseLeg)) == ("busy", [])
    assert centre.offered_to(centre.arrives()) == 2
    centre.do(LegEnded, leg_id="direct", cause="NORMAL_CLEARING")
    assert centre.state(1) == "idle"


def test_an_agent_in_a_call_may_dial_itself() -> None:
    centre = a_centre(1)
    centre.do(PhoneLegStarted, leg_id="one", extension="1001", switch="switch1", called=True)
    centre.do(PhoneLegStarted, leg_id="two", extension="1001", switch="switch1")
    assert centre.wanted(RefuseLeg) == []


def test_a_paged_phone_is_told_to_answer_by_itself_and_hears_the_caller() -> None:
    line = page_line(PagePhones("s", "caller", "i", (("leg", "1001"),), 10), "leg", "1001", "uckefu.local")
    assert line.endswith("user/1001@uckefu.local eavesdrop:caller inline")
    assert "sip_h_Call-Info=<sip:uckefu>;answer-after=0" in line
