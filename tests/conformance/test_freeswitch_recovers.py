"""A real FreeSWITCH is killed in the middle of calls: the ACD has it bring them back (`sofia recover`).

The built-in switch has no such thing; there callers call again and have their place (`tests/integration/acd`).
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.conformance.handset import Handset
from tests.conformance.hearing import CALLER
from tests.conformance.office import FILES, Office, record
from tests.conformance.switches import find_freeswitch
from tests.support.stack import Stack
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(300)
NUMBERS = ("13800000001", "13800000002", "13800000003")


@pytest.fixture
def office(tmp_path_factory) -> Iterator[Office]:
    binary = find_freeswitch()
    if binary is None:
        pytest.skip("FreeSWITCH is not here (FREESWITCH names its binary, else PATH)")
    environment = {"UCKEFU_SWITCH": "freeswitch", "FREESWITCH": os.path.abspath(binary)}
    with Stack(environment, files=FILES) as stack:
        folder = tmp_path_factory.mktemp("office")
        made = Office(stack, folder)
        for phone in (made.caller, *made.phones.values()):
            phone.begin(folder)
        yield made
        made.close()


@pytest.fixture
def waiting(office, tmp_path) -> Iterator[list[Handset]]:
    """Three callers, called one after the other once somebody talks to 1001."""
    handsets = [Handset(number, f"127.0.0.1:{office.stack.ports.gateway}") for number in NUMBERS]
    for handset in handsets:
        handset.sing(tmp_path, CALLER)
        handset.begin(tmp_path)
    yield handsets
    for handset in handsets:
        handset.close()


def line(office: Office) -> list[tuple[str, str]]:
    """Who waits, in order, and has not been lost: number and interaction."""
    members = (office.acd.view() or {}).get("members", [])
    return [(row["number"], row["interaction_id"]) for row in members if not row["away"]]


def crash(office: Office, calls: int) -> None:
    """`kill -9`, once the switch has written down that many legs."""
    path = office.stack.instance / "freeswitch" / "db" / "core.db"

    def is_written() -> bool:
        with closing(sqlite3.connect(path, timeout=5)) as database:
            return database.execute("SELECT count(DISTINCT uuid) FROM recovery").fetchone()[0] == calls

    wait_until(is_written, what="the switch to have its calls on disk")
    before = office.stack.kill("switch")
    wait_until(lambda: not any(office.acd.view()["switches"].values()), what="the loss to be seen")
    office.stack.wait_restarted("switch", before)
    wait_until(lambda: all(office.acd.view()["switches"].values()), what="the switch to be back", seconds=60)


def rings(phone: Handset) -> int:
    """How many calls it got."""
    return len({event["call_id"] for event in phone.seen if event["event"] == "incoming"})


def test_after_a_crash_of_freeswitch_the_talk_goes_on_and_who_waited_has_the_place(office, waiting):
    call = office.talk_begins()
    for handset in waiting:
        handset.call("4001")
        handset.wait("confirmed")
        wait_until(lambda handset=handset: len(line(office)) > waiting.index(handset), what="it to wait")
    before = line(office)
    assert [number for number, _ in before] == list(NUMBERS)

    crash(office, calls=5)
    wait_until(lambda: "acd_calls_recovered" in office.stack.log("acd"), what="the calls", seconds=30)
    wait_until(lambda: line(office) == before, what="the line as it was", seconds=30)
    office.caller.hears("agent", 30)
    office.phones["1001"].hears("caller", 30)
    assert office.agent("1001")["call"]["interaction_id"] == call["interaction_id"]

    office.choose("1002", "ready")
    office.phones["1002"].answer_next(30)
    office.phones["1002"].hears("caller")
    waiting[0].hears("second")
    assert office.agent("1002")["call"]["interaction_id"] == before[0][1]
    assert line(office) == before[1:]

    office.phones["1001"].hang_up()
    office.caller.wait("disconnected")
    office.phones["1001"].wait("disconnected")
    interaction, legs = record(office, call["interaction_id"])
    assert (interaction.hangup_by, interaction.from_number) == ("agent", "13900000003")
    assert interaction.started_at <= interaction.answered_at <= interaction.ended_at
    assert {leg.role for leg in legs} == {"caller", "agent"}
    waiting[0].hang_up()
    office.phones["1002"].wait("disconnected")
    assert [rings(phone) for phone in office.phones.values()] == [1, 1]
