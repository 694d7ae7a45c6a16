"""Where a flow sends a caller after it has ended: into a survey when the agent has hung up, or to a number outside.

Real calls through the whole stack, on the built-in switch and on FreeSWITCH where it is.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from acd.contract import HangUpCall, SetStatus
from sql.models import SurveyAnswer
from tests.conformance.handset import Handset
from tests.conformance.hearing import SECOND
from tests.conformance.office import Office, record
from tests.conformance.switches import NAMES, stack_environment
from tests.support.stack import Stack
from tests.support.waiting import wait_until
from uckefu.settings import PROJECT_ROOT

pytestmark = pytest.mark.timeout(300)

OUTSIDE, SHOWN = "02150001234", "02161001000"
CENTRE = {
    "flows": {"4001": "asked", "4002": "outside", "default": "asked"},
    "trunks": {"trunk": {"prefixes": ["021"], "caller_id": SHOWN}},
}
ASKED = """
version: 1
title: asked
start: service
nodes:
  service: {type: queue, queue: service, survey: satisfaction}
"""
OUTWARD = """
version: 1
title: outside
start: away
nodes:
  away: {type: transfer, number: "02150001234", trunk: trunk, queue: service, failed: nobody}
  nobody: {type: queue, queue: service}
"""


class Front(Office):
    """An office, and somebody outside, reached over the gateway."""

    def __init__(self, stack: Stack, folder: Path, outsider: Handset) -> None:
        super().__init__(stack, folder)
        self.outsider = outsider
        outsider.sing(folder, SECOND)


@pytest.fixture(scope="module", params=NAMES)
def open_front(request, tmp_path_factory) -> Iterator[Front]:
    environment = stack_environment(request.param) | {"UCKEFU_DIDS": "4001,4002"}
    satisfaction = (PROJECT_ROOT / "ivr" / "flows" / "samples" / "satisfaction.yml").read_text(
        encoding="utf-8"
    )
    files = {
        "centre.yml": json.dumps(CENTRE),
        "flows/asked.yml": ASKED,
        "flows/outside.yml": OUTWARD,
        "flows/satisfaction.yml": satisfaction,
    }
    stack = Stack(environment, files=files)
    with Handset(OUTSIDE, f"127.0.0.1:{stack.ports.gateway}") as outsider:
        stack.environment["UCKEFU_GATEWAY"] = outsider.address
        with stack:
            made = Front(stack, tmp_path_factory.mktemp("front"), outsider)
            yield made
            made.close()


@pytest.fixture
def front(open_front: Front, tmp_path) -> Iterator[Front]:
    """Nobody is ready, nobody talks."""
    for phone in (open_front.caller, open_front.outsider, *open_front.phones.values()):
        phone.begin(tmp_path)
    yield open_front
    open_front.caller.hang_up()
    wait_until(lambda: not open_front.agent("1001").get("call"), what="the talk to be over")
    open_front.acd.send(SetStatus(agent_id=open_front.ids["1001"], status="offline"))


def talking(front: Front) -> str:
    """A caller talks to the agent; the interaction's id."""
    front.choose("1001", "ready")
    front.caller.call("4001")
    front.phones["1001"].answer_next(30)
    front.caller.hears("agent")
    return wait_until(lambda: front.agent("1001").get("call"), what="the call on the page")["interaction_id"]


def ratings(front: Front, interaction_id: str) -> list[int]:
    with Session(front.engine) as session:
        asked = select(SurveyAnswer.score).where(SurveyAnswer.interaction_id == interaction_id)
        return list(session.scalars(asked))


def rates(front: Front, interaction_id: str, score: str) -> None:
    """The caller hears the question, rates, and the call ends by itself."""
    front.phones["1001"].wait("disconnected")
    front.caller.do("dtmf", digits=score)
    front.caller.wait("disconnected", seconds=30)
    wait_until(
        lambda: ratings(front, interaction_id) == [int(score)], seconds=20, what="the rating in the record"
    )


def test_after_the_agents_hangup_the_caller_is_asked_and_rates(front):
    interaction_id = talking(front)
    front.phones["1001"].hang_up()
    wait_until(lambda: front.agent("1001").get("wrap_up"), what="wrap-up, while the caller is asked")
    rates(front, interaction_id, "5")
    interaction, _ = record(front, interaction_id)
    assert interaction.hangup_by == "agent"


def test_an_agent_who_ends_the_call_from_the_page_sends_the_caller_into_the_survey_too(front):
    interaction_id = talking(front)
    assert front.acd.send(HangUpCall(agent_id=front.ids["1001"])).ok
    rates(front, interaction_id, "4")
    wait_until(lambda: front.agent("1001").get("wrap_up"), what="wrap-up")


def test_a_caller_who_hangs_up_first_is_asked_nothing(front):
    interaction_id = talking(front)
    front.caller.hang_up()
    front.phones["1001"].wait("disconnected")
    interaction, _ = record(front, interaction_id)
    assert interaction.hangup_by == "caller"
    assert not ratings(front, interaction_id)


def test_a_flow_connects_the_caller_to_a_number_outside_over_the_gateway(front):
    front.caller.call("4002")
    incoming = front.outsider.answer_next(30)
    assert SHOWN in incoming["from_uri"]
    front.caller.hears("second")
    front.outsider.hears("caller")
    front.outsider.hang_up()
    front.caller.wait("disconnected")


def test_when_nobody_answers_outside_the_caller_goes_to_the_queue(front):
    front.choose("1001", "ready")
    front.caller.call("4002")
    front.outsider.wait("incoming", seconds=30)
    front.outsider.hang_up(486)
    front.phones["1001"].answer_next(30)
    front.caller.hears("agent")
