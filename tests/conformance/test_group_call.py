"""Calls from inside with real phones, on both switches: a group that rings, one that is paged, a colleague who is busy."""

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from acd.contract import ReloadConfiguration, SetStatus
from sql.models import Queue, QueueRouting, Tier
from tests.conformance.office import Office
from tests.conformance.switches import NAMES, stack_environment
from tests.support.stack import Stack
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(180)


def make_groups(office: Office) -> None:
    """As the page of queues does: 8001 rings at both phones, 8002 is paged."""
    with Session(office.engine) as session:
        for name, number, is_paged in (("front", "8001", False), ("hall", "8002", True)):
            queue = Queue(name=name, title_zh=name, title_en=name, strategy="ring-all", wrap_up_seconds=0)
            session.add(queue)
            session.flush()
            session.add(QueueRouting(queue_id=queue.id, number=number, is_paged=is_paged))
            session.add_all(Tier(queue_id=queue.id, agent_id=office.ids[each]) for each in ("1001", "1002"))
        session.commit()
    assert office.acd.send(ReloadConfiguration(agent_id=0)).ok
    wait_until(lambda: "hall" in (office.acd.view() or {})["queues"], what="the groups", seconds=20)


@pytest.fixture(scope="module", params=NAMES)
def open_office(request, tmp_path_factory) -> Iterator[Office]:
    with Stack(stack_environment(request.param)) as stack:
        made = Office(stack, tmp_path_factory.mktemp("office"))
        make_groups(made)
        yield made
        made.close()


@pytest.fixture
def office(open_office: Office, tmp_path) -> Iterator[Office]:
    made = open_office
    phones = made.phones.values()
    for phone in phones:
        phone.begin(tmp_path)
    yield made
    for phone in (made.caller, *phones):
        phone.hang_up()
    for extension in made.phones:
        wait_until(lambda e=extension: signs_out(made, e), what=f"{extension} to be free", seconds=20)


def signs_out(office: Office, extension: str) -> bool:
    """Asked again: while a talk goes on, the status is noted for later."""
    office.acd.send(SetStatus(agent_id=office.ids[extension], status="offline"))
    return office.agent(extension).get("state") == "signed-out"


def is_(office: Office, extension: str, state: str) -> None:
    wait_until(
        lambda: office.agent(extension).get("state") == state,
        what=f"{extension} to be {state}, is {office.agent(extension).get('state')}",
        seconds=20,
    )


def test_a_group_rings_and_the_first_who_answers_has_the_caller(office: Office) -> None:
    caller, colleague = office.phones["1001"], office.phones["1002"]
    office.choose("1001", "ready")
    office.choose("1002", "ready")
    is_(office, "1002", "idle")
    caller.call("8001")
    colleague.answer_next(20)
    is_(office, "1002", "talking")
    is_(office, "1001", "busy")
    caller.hears("second")
    colleague.hears("agent")
    caller.hang_up()
    is_(office, "1002", "idle")
    is_(office, "1001", "idle")


def test_paged_phones_answer_by_themselves_and_hear_the_caller_who_does_not_hear_them(office: Office) -> None:
    caller, paged = office.phones["1001"], office.phones["1002"]
    office.choose("1002", "ready")
    is_(office, "1002", "idle")
    caller.call("8002")
    assert "answer-after=0" in paged.wait("incoming", seconds=20)["invite"]
    is_(office, "1002", "busy")
    paged.do("answer")
    paged.hears("agent")
    caller.hang_up()
    paged.wait("disconnected", seconds=20)
    is_(office, "1002", "idle")
    assert "second" not in caller.heard()


def test_a_colleague_in_a_call_is_busy_for_who_calls_its_extension(office: Office) -> None:
    caller, colleague = office.phones["1001"], office.phones["1002"]
    office.choose("1002", "ready")
    is_(office, "1002", "idle")
    outside = office.caller
    outside.call("4001")
    outside.wait("confirmed")
    outside.do("dtmf", digits="2")
    colleague.answer_next(30)
    is_(office, "1002", "talking")
    caller.call("1002")
    ended = caller.wait("disconnected", seconds=20)
    assert ended.get("code") == 486, ended
    assert office.agent("1002")["state"] == "talking"
    outside.hang_up()


def test_a_free_colleague_who_is_called_directly_is_busy_and_gets_no_other_call(office: Office) -> None:
    caller, colleague = office.phones["1001"], office.phones["1002"]
    office.choose("1002", "ready")
    is_(office, "1002", "idle")
    caller.call("1002")
    colleague.answer_next(20)
    is_(office, "1002", "busy")
    caller.hears("second")
    caller.hang_up()
    is_(office, "1002", "idle")
