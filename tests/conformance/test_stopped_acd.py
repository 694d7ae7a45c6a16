"""An ACD that is stopped, not dead: the kernel still takes its connections. A real SIGSTOP, real calls, both switches."""

import signal
from collections.abc import Iterator

import pytest

from tests.conformance.office import Office
from tests.conformance.switches import NAMES, stack_environment
from tests.support.stack import Stack
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(params=NAMES)
def office(request, tmp_path) -> Iterator[Office]:
    with Stack(stack_environment(request.param)) as stack:
        made = Office(stack, tmp_path)
        for phone in (made.caller, *made.phones.values()):
            phone.begin(tmp_path)
        yield made
        made.close()


def test_a_caller_who_comes_to_a_stopped_acd_is_served_by_the_next_one(office: Office):
    wait_until(lambda: office.agent("1001").get("registered"), what="the ACD to know the phone", seconds=20)
    stopped = office.stack.kill("acd", signal.SIGSTOP)
    office.caller.call("4001")
    office.caller.wait("confirmed")
    office.caller.do("dtmf", digits="2")
    office.stack.wait_restarted("acd", stopped)
    office.stack.wait_serves("acd")
    office.choose("1001", "ready")
    office.phones["1001"].answer_next(40)
    office.caller.hears("agent")
    office.phones["1001"].hears("caller")
    assert "acd_stood_still_and_was_killed" in office.stack.log("acd")
