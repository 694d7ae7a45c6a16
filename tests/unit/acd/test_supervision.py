"""A supervisor at an agent's call, in the domain."""

import pytest

from acd.domain.effects import DialThird, DropThird, JoinThird, SteerThird
from acd.domain.inputs import BridgeEnded, LegAnswered, LegEnded, ThirdAnswered
from acd.domain.view import build
from acd.messages import CallSupervised
from tests.unit.acd.acd_world import Centre

ACTOR = "supervisor:7"


@pytest.fixture
def centre():
    """Agent 1 talks with a caller; agent 3's phone is the supervisor's."""
    made = Centre(agents=3)
    made.ready(1)
    made.caller = made.arrives(number="13900000001")
    made.answers(1)
    return made


def asks(centre, mode: str, actor: str = ACTOR, agent: int = 1, extension: str = "1003") -> str:
    centre.command("SuperviseCall", agent, mode=mode, actor=actor, extension=extension)
    return centre.code()


def watched(centre) -> list:
    return build(centre.engine)["agents"]["1"]["call"]["supervised"]


def is_there(centre, mode: str = "listen") -> str:
    assert asks(centre, mode) == "ok"
    leg = centre.wanted(DialThird)[-1].leg_id
    centre.do(ThirdAnswered, leg_id=leg)
    return leg


def test_the_supervisors_own_phone_rings_and_the_agent_keeps_the_call(centre):
    is_there(centre)
    dialled = centre.wanted(DialThird)[-1]
    assert (dialled.number, dialled.mode, dialled.purpose) == ("1003", "listen", "watch")
    assert watched(centre) == [{"by": "7", "mode": "listen", "is_there": True}]
    assert (centre.state(1), centre.state(3)) == ("talking", "busy")


def test_listening_becomes_whispering_and_barging_on_the_same_leg(centre):
    is_there(centre)
    assert asks(centre, "whisper") == asks(centre, "barge") == "ok"
    assert [s.mode for s in centre.wanted(SteerThird)][-2:] == ["whisper", "barge"]
    assert len(centre.wanted(DialThird)) == 1
    assert [e.mode for e in centre.told(CallSupervised)][-2:] == ["whisper", "barge"]


def test_who_takes_over_has_the_caller_and_the_agent_wrap_up(centre):
    leg = is_there(centre)
    assert asks(centre, "take-over") == "ok"
    assert centre.wanted(JoinThird)[-1].leg_id == leg
    centre.do(BridgeEnded, channel_id=centre.caller, leg_id=centre.leg(1))
    centre.do(LegAnswered, leg_id=leg)
    assert (centre.state(1), centre.state(3)) == ("wrap-up", "talking")


def test_a_take_over_from_afar_happens_when_the_supervisor_has_answered(centre):
    leg = is_there(centre, "take-over")
    assert centre.wanted(JoinThird)[-1].leg_id == leg


def test_stop_ends_the_supervisors_leg_alone(centre):
    leg = is_there(centre)
    assert asks(centre, "stop") == "ok"
    assert centre.wanted(DropThird)[-1].leg_id == leg
    centre.do(LegEnded, leg_id=leg, cause="NORMAL_CLEARING")
    assert watched(centre) == []
    assert centre.state(1) == "talking"
    assert asks(centre, "stop") == "not-watching"


def test_the_end_of_the_call_ends_the_supervision(centre):
    leg = is_there(centre)
    centre.hangs_up(centre.caller)
    assert centre.wanted(DropThird)[-1].leg_id == leg


def test_what_can_not_be_is_told(centre):
    assert asks(centre, "listen", actor="agent") == "forbidden"
    assert asks(centre, "listen", agent=2) == "no-call"
    assert asks(centre, "listen", extension="1009") == "your-phone-away"
    assert asks(centre, "listen", extension="1001") == "own-call"
    is_there(centre)
    centre.ready(2)
    centre.arrives()
    centre.answers(2)
    assert asks(centre, "listen", agent=2) == "watching-another"
    assert asks(centre, "listen", actor="supervisor:8", extension="1002") == "your-phone-busy"


def test_a_supervisor_may_listen_while_the_agent_consults_and_the_consult_goes_on_alone(centre):
    centre.ready(2)
    centre.command("ConsultCall", 1, kind="agent", target="2")
    is_there(centre)
    assert asks(centre, "stop") == "ok"
    assert build(centre.engine)["agents"]["1"]["call"]["consult"]
