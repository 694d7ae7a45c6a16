"""Calls that agents make from the page: own phone first, then the number, through the whole stack and over the gateway.

Also what the page does to a call's phone: mute, and `NOTIFY talk` to one that rings. On both switches.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from acd.contract import (
    ConsultCall,
    HangUpCall,
    HoldCall,
    MuteCall,
    PauseRecording,
    PlaceCall,
    ReloadConfiguration,
    SendDigits,
    SetStatus,
    SteerConsult,
    TransferCall,
)
from sql.models import Agent, AgentRouting, Talk
from tests.conformance.handset import Handset
from tests.conformance.hearing import CALLER, channels_of, story
from tests.conformance.office import FILES, Office, record
from tests.conformance.switches import NAMES, stack_environment
from tests.support.stack import Stack
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(300)

CUSTOMER = "02150001234"
CENTRE = {"trunks": {"trunk": {"prefixes": ["021"], "caller_id": "4001", "numbers": ["4001", "4002"]}}}


class Outward(Office):
    """An office, and a customer who is reached over the gateway and says the caller's tone."""

    def __init__(self, stack: Stack, folder: Path, customer: Handset) -> None:
        super().__init__(stack, folder)
        self.customer = customer
        customer.sing(folder, CALLER)

    def calls(self, number: str = CUSTOMER, **values: str) -> str:
        """The agent's page asks for a call; the answer's code."""
        command = PlaceCall(agent_id=self.ids["1001"], number=number, **values)
        return self.acd.send(command).code

    def send(self, command, /, **values) -> str:
        return self.acd.send(command(agent_id=self.ids["1001"], **values)).code

    def talks(self) -> str:
        """The agent has called the customer and they talk; the interaction's id."""
        assert self.calls() == "ok"
        self.phones["1001"].answer_next()
        self.customer.answer_next()
        self.customer.hears("agent")
        self.phones["1001"].hears("caller")
        call = wait_until(lambda: self.agent("1001").get("call"), what="the call on the page")
        return call["interaction_id"]

    def reaches(self, stage: str) -> None:
        """The page shows whose phone rings."""
        wait_until(
            lambda: (self.agent("1001").get("dial") or {}).get("stage") == stage, what=f"{stage} to ring"
        )

    def failure(self) -> tuple[str, str]:
        """Why the last call was not reached, as the strip shows it."""
        told = wait_until(
            lambda: self.agent("1001").get("dial_failure"), what="the reason on the page", seconds=15
        )
        return told["why"], told["cause"]


@pytest.fixture(scope="module", params=NAMES)
def open_office(request, tmp_path_factory) -> Iterator[Outward]:
    environment = stack_environment(request.param) | {"UCKEFU_DIDS": "4001,4002"}
    stack = Stack(environment, files={"centre.yml": json.dumps(CENTRE), **FILES})
    with Handset(CUSTOMER, f"127.0.0.1:{stack.ports.gateway}") as customer:
        stack.environment["UCKEFU_GATEWAY"] = customer.address
        with stack:
            made = Outward(stack, tmp_path_factory.mktemp("outward"), customer)
            yield made
            made.close()


@pytest.fixture
def office(open_office: Outward, tmp_path) -> Iterator[Outward]:
    """The agent is on a break, at a phone that is registered; nobody talks."""
    for phone in (open_office.customer, *open_office.phones.values()):
        phone.begin(tmp_path)
    open_office.choose("1001", "break")
    yield open_office
    open_office.send(HangUpCall)
    for phone in (open_office.customer, *open_office.phones.values()):
        phone.hang_up()
    wait_until(lambda: not (open_office.agent("1001").get("call") or open_office.agent("1001").get("dial")),
               what="the call to be over", seconds=20)  # fmt: skip
    open_office.send(SetStatus, status="offline")


def test_the_agents_phone_rings_first_then_the_customers_and_the_record_is_like_a_callers(office):
    assert office.calls() == "ok"
    ringing = office.phones["1001"].wait("incoming")
    assert CUSTOMER in ringing["from_uri"]
    office.reaches("phone")
    office.phones["1001"].do("answer")
    shown = office.customer.wait("incoming")
    assert "4001" in shown["from_uri"]
    office.reaches("customer")
    office.customer.do("answer")
    office.customer.hears("agent", milliseconds=1500)  # what lasts less than a second is not kept
    office.phones["1001"].hears("caller")
    call = wait_until(lambda: office.agent("1001").get("call"), what="the call on the page")
    assert (call["direction"], call["number"]) == ("outbound", CUSTOMER)
    assert office.send(HangUpCall) == "ok"
    office.customer.wait("disconnected")
    office.phones["1001"].wait("disconnected")
    wait_until(lambda: office.agent("1001").get("wrap_up"), what="wrap-up")
    interaction, legs = record(office, call["interaction_id"])
    assert (interaction.direction, interaction.from_number, interaction.to_number) == (
        "outbound",
        "4001",
        CUSTOMER,
    )
    assert interaction.hangup_by == "agent"
    assert {(leg.role, leg.direction) for leg in legs} == {("customer", "outbound"), ("agent", "outbound")}
    left, right = channels_of(office.stack.settings.recordings_dir / interaction.recording)
    assert (story(left), story(right)) == (["caller"], ["agent"])
    with Session(office.engine) as session:
        talk = session.scalars(select(Talk).where(Talk.interaction_id == interaction.id)).one()
        assert (talk.agent_id, talk.queue_name) == (office.ids["1001"], "service")


def test_a_customer_who_hangs_up_ends_the_call_and_the_record_says_who_it_was(office):
    interaction_id = office.talks()
    office.customer.hang_up()
    office.phones["1001"].wait("disconnected")
    assert record(office, interaction_id)[0].hangup_by == "caller"


def test_the_number_that_the_agent_chose_is_shown(office):
    assert office.calls(caller_number="4002") == "ok"
    office.phones["1001"].answer_next()
    assert "4002" in office.customer.wait("incoming")["from_uri"]
    office.reaches("customer")
    office.customer.hang_up(486)
    assert office.failure() == ("customer", "USER_BUSY")


def test_a_number_that_may_not_be_called_rings_nobody(office):
    assert office.calls("00441234567890") == "number-not-allowed"
    assert office.calls(caller_number="110") == "caller-number-not-ours"


def test_an_agent_who_declines_the_own_phone_is_told_that_it_did_not_answer(office):
    office.calls()
    office.reaches("phone")
    office.phones["1001"].wait("incoming")
    office.phones["1001"].hang_up(603)
    assert office.failure() == ("phone", "CALL_REJECTED")


def test_an_agent_who_cancels_while_it_rings_stops_both_phones(office):
    office.calls()
    office.phones["1001"].answer_next()
    office.customer.wait("incoming")
    office.reaches("customer")
    assert office.send(HangUpCall) == "ok"
    office.customer.wait("disconnected", "disconnctd")
    office.phones["1001"].wait("disconnected")
    wait_until(lambda: office.agent("1001")["dial"] is None, what="the page to know")
    assert office.agent("1001")["dial_failure"] is None


def test_a_muted_agent_is_not_heard_and_hears_and_hold_does_not_end_it(office):
    office.talks()
    assert office.send(MuteCall, on=True) == "ok"
    office.customer.hears_silence()
    office.phones["1001"].hears("caller")
    assert office.send(HoldCall, on=True) == "ok"
    wait_until(lambda: office.agent("1001")["call"]["held_since_us"], what="the hold on the page")
    assert office.send(HoldCall, on=False) == "ok"
    wait_until(lambda: not office.agent("1001")["call"]["held_since_us"], what="the end of the hold")
    assert office.agent("1001")["call"]["muted_since_us"]
    office.customer.hears_silence()
    assert office.send(MuteCall, on=False) == "ok"
    office.customer.hears("agent")


def test_the_customer_on_hold_hears_music_and_the_agent_nothing(office):
    office.talks()
    assert office.send(HoldCall, on=True) == "ok"
    office.phones["1001"].hears_silence()
    assert office.send(HoldCall, on=False) == "ok"
    office.customer.hears("agent")


def test_keys_reach_the_customer_and_the_recording_pauses(office):
    interaction_id = office.talks()
    assert office.send(SendDigits, digits="5") == "ok"
    office.customer.wait("dtmf", digit="5")
    assert office.send(PauseRecording, on=True) == "ok"
    assert office.send(PauseRecording, on=False) == "ok"
    office.customer.hears("agent", milliseconds=1500)  # as above
    office.customer.hang_up()
    assert record(office, interaction_id)[0].recording


def test_a_customer_whom_the_agent_transfers_to_a_queue_waits_there(office):
    interaction_id = office.talks()
    assert office.send(TransferCall, kind="queue", target="service") == "ok"
    office.phones["1001"].wait("disconnected")
    waiting = wait_until(lambda: (office.acd.view() or {}).get("members"), what="the customer in the queue")
    assert waiting[0]["interaction_id"] == interaction_id
    office.customer.hang_up()
    wait_until(lambda: not (office.acd.view() or {}).get("members"), what="the queue to be empty")


def test_a_colleague_is_called_without_a_trunk(office):
    assert office.calls("1002") == "ok"
    office.phones["1001"].answer_next()
    office.phones["1002"].answer_next()
    office.phones["1001"].hears("second")
    office.phones["1002"].hears("agent")
    assert wait_until(lambda: office.agent("1001").get("call"), what="the call")["direction"] == "internal"
    wait_until(lambda: office.agent("1002").get("state") == "busy", what="the colleague to be busy")
    office.phones["1002"].hang_up()
    wait_until(lambda: office.agent("1001").get("state") == "not-ready", what="no wrap-up after it")


def test_the_talk_goes_on_when_the_acd_dies_and_the_next_one_knows_it(office):
    interaction_id = office.talks()
    office.stack.wait_restarted("acd", office.stack.kill("acd"))
    office.customer.hears("agent")
    call = wait_until(lambda: office.agent("1001").get("call"), what="the call on the page")
    assert call["interaction_id"] == interaction_id
    office.customer.hang_up()
    wait_until(lambda: not office.agent("1001").get("call"), what="the end", seconds=20)


def test_an_agent_with_auto_answer_need_not_touch_the_phone(office):
    agent_id = office.ids["1001"]
    with Session(office.engine) as session:
        session.merge(AgentRouting(agent_id=session.get(Agent, agent_id).id, auto_answer=True))
        session.commit()
    try:
        assert office.acd.send(ReloadConfiguration()).ok
        wait_until(lambda: office.agent("1001").get("auto_answer"), what="the setting to be read")
        office.calls()
        invite = office.phones["1001"].wait("incoming")["invite"]
        assert "answer-after=0" in invite
        assert "info=alert-autoanswer" in invite
        office.phones["1001"].wait("confirmed")
        office.customer.answer_next()
        office.customer.hears("agent")
    finally:
        with Session(office.engine) as session:
            session.get(AgentRouting, agent_id).auto_answer = False
            session.commit()
        office.acd.send(ReloadConfiguration())
        wait_until(lambda: not office.agent("1001").get("auto_answer"), what="the setting to be read")


def _consults(office: Outward, **target: str) -> None:
    assert office.send(ConsultCall, **target) == "ok"


def _consult_is_there(office: Outward) -> None:
    wait_until(
        lambda: ((office.agent("1001").get("call") or {}).get("consult") or {}).get("answered_at_us"),
        what="the consult to be answered",
    )


@pytest.mark.parametrize("is_phone", [False, True], ids=["on the page", "by hanging the phone up"])
def test_a_customer_whom_the_agent_called_is_transferred_to_a_consulted_colleague(office, is_phone):
    office.choose("1002", "break")
    wait_until(lambda: office.agent("1002").get("state") == "not-ready", what="the colleague", seconds=40)
    office.talks()
    _consults(office, kind="number", target="1002")
    office.phones["1002"].answer_next()
    office.phones["1001"].hears("second")
    office.customer.hears_silence()
    _consult_is_there(office)
    if is_phone:
        office.phones["1001"].hang_up()
    else:
        assert office.send(SteerConsult, to="complete") == "ok"
    office.customer.hears("second")
    office.phones["1002"].hears("caller")
    wait_until(lambda: office.agent("1002").get("call"), what="the call on the colleague's page")
    office.customer.hang_up()
    office.phones["1002"].wait("disconnected")
    office.choose("1002", "ready")  # ends the wrap-up
    office.choose("1002", "break")


def test_a_number_outside_is_consulted_by_the_rules_of_calling_out_and_takes_the_caller(office, tmp_path):
    office.caller.begin(tmp_path)
    office.talk_begins()
    assert office.send(ConsultCall, kind="number", target="13900000009") == "number-not-allowed"
    _consults(office, kind="number", target=CUSTOMER)
    office.customer.answer_next()
    office.customer.hears("agent")
    _consult_is_there(office)
    assert office.send(SteerConsult, to="complete") == "ok"
    office.phones["1001"].wait("disconnected")
    office.customer.hears("caller")
    office.caller.hears("caller")
    office.caller.hang_up()
    office.customer.wait("disconnected")
