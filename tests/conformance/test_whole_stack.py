"""The stack on a real FreeSWITCH: a caller behind the gateway, the flow, the ACD, an agent's phone, hold, the record.

The same on the built-in switch, with a browser, is `tests/e2e/test_main_job.py`.
"""

import os
from collections.abc import Iterator

import pytest

from acd.contract import HoldCall, SetStatus, TransferCall
from tests.conformance.hearing import channels_of, story
from tests.conformance.office import Office, record
from tests.conformance.switches import find_freeswitch
from tests.support.stack import Stack
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def open_office(tmp_path_factory) -> Iterator[Office]:
    binary = find_freeswitch()
    if binary is None:
        pytest.skip("FreeSWITCH is not here (FREESWITCH names its binary, else PATH)")
    environment = {"UCKEFU_SWITCH": "freeswitch", "FREESWITCH": os.path.abspath(binary)}
    with Stack(environment) as stack:
        made = Office(stack, tmp_path_factory.mktemp("office"))
        yield made
        made.close()


@pytest.fixture
def office(open_office: Office, tmp_path) -> Iterator[Office]:
    """Nobody is ready, nobody talks."""
    for phone in (open_office.caller, *open_office.phones.values()):
        phone.begin(tmp_path)
    yield open_office
    open_office.caller.hang_up()
    for extension in open_office.phones:
        wait_until(
            lambda extension=extension: not open_office.agent(extension).get("call"),
            what="the talk to be over",
        )
        open_office.acd.send(SetStatus(agent_id=open_office.ids[extension], status="offline"))


def connected(office: Office, extension: str = "1001") -> str:
    """A caller keys 2 and talks to the agent; returns the interaction's id."""
    office.choose(extension, "ready")
    office.caller.call("4001")
    office.caller.wait("confirmed")
    office.caller.do("dtmf", digits="2")
    office.phones[extension].answer_next(30)
    tone = {"1001": "agent", "1002": "second"}[extension]
    office.caller.hears(tone)
    office.phones[extension].hears("caller")
    call = wait_until(lambda: office.agent(extension).get("call"), what="the call on the agent's page")
    return call["interaction_id"]


def test_a_call_from_the_invite_to_the_record(office):
    interaction_id = connected(office)
    office.caller.hears("agent", milliseconds=1500)  # what is talked for less than a second is not recorded
    office.phones["1001"].hang_up()
    office.caller.wait("disconnected")
    interaction, legs = record(office, interaction_id)
    assert (interaction.hangup_by, interaction.to_number) == ("agent", "4001")
    assert {(leg.role, leg.direction) for leg in legs} == {("caller", "inbound"), ("agent", "outbound")}
    left, right = channels_of(office.stack.settings.recordings_dir / interaction.recording)
    assert (story(left), story(right)) == (["caller"], ["agent"])
    wait_until(lambda: office.agent("1001").get("wrap_up"), what="wrap-up")


def test_the_page_holds_the_caller_and_takes_it_back(office):
    connected(office)
    agent_id = office.ids["1001"]
    assert office.acd.send(HoldCall(agent_id=agent_id, on=True)).ok
    office.phones["1001"].hears_silence()
    wait_until(lambda: office.agent("1001")["call"]["held_since_us"], what="the hold on the page")
    assert office.acd.send(HoldCall(agent_id=agent_id, on=False)).ok
    office.caller.hears("agent")
    office.phones["1001"].hears("caller")
    wait_until(
        lambda: office.agent("1001")["call"]["held_since_us"] is None, what="the end of the hold on the page"
    )
    office.caller.hang_up()
    office.phones["1001"].wait("disconnected")


def test_a_held_caller_is_transferred_to_a_colleague_and_both_hear_each_other(office):
    connected(office)
    assert office.acd.send(HoldCall(agent_id=office.ids["1001"], on=True)).ok
    wait_until(lambda: office.agent("1001")["call"]["held_since_us"], what="the hold on the page")
    assert office.acd.send(TransferCall(agent_id=office.ids["1001"], kind="extension", target="1002")).ok
    office.phones["1002"].answer_next()
    office.caller.hears("second")
    office.phones["1002"].hears("caller")


def test_a_caller_who_leaves_while_the_phone_rings_stops_it_at_once(office):
    office.choose("1001", "ready")
    office.caller.call("4001")
    office.caller.wait("confirmed")
    office.caller.do("dtmf", digits="2")
    office.phones["1001"].wait("incoming", seconds=30)
    office.caller.hang_up()
    office.phones["1001"].wait("disconnected", "disconnctd")
    wait_until(lambda: office.agent("1001").get("state") == "idle", what="the agent to be free")


def test_a_waiting_caller_survives_the_acd(office):
    office.caller.call("4001")
    office.caller.wait("confirmed")
    office.caller.do("dtmf", digits="2")
    wait_until(lambda: (office.acd.view() or {}).get("members"), what="the caller to wait", seconds=20)
    before = office.acd.view()["members"][0]
    office.stack.wait_restarted("acd", office.stack.kill("acd"))
    office.stack.wait_serves("acd")  # it refuses what it was asked for too long ago
    office.choose("1001", "ready")
    office.phones["1001"].answer_next(40)
    office.caller.hears("agent")
    assert office.agent("1001")["call"]["interaction_id"] == before["interaction_id"]
