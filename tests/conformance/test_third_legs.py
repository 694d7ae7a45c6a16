"""Attended transfer, three-way and supervision with real phones on the whole stack, on both switches.

Who hears whom is told by the phones' tones. The caller is outside, the agent has 1001; 1002 is the colleague's or the
supervisor's phone.
"""

from collections.abc import Iterator

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from acd.contract import ConsultCall, HangUpCall, SetStatus, SteerConsult, SuperviseCall
from sql.models import Talk
from tests.conformance.hearing import channels_of, story
from tests.conformance.office import FILES, Office, record
from tests.conformance.switches import NAMES, stack_environment
from tests.support.stack import Stack
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module", params=NAMES)
def open_office(request, tmp_path_factory) -> Iterator[Office]:
    with Stack(stack_environment(request.param), files=FILES) as stack:
        made = Office(stack, tmp_path_factory.mktemp("office"))
        yield made
        made.close()


@pytest.fixture
def office(open_office: Office, tmp_path) -> Iterator[Office]:
    """1001 talks with a caller (`office.interaction_id`); 1002 is signed in, on a break."""
    made = open_office
    made.customer, made.agent_phone, made.third = made.caller, made.phones["1001"], made.phones["1002"]
    for phone in (made.customer, made.agent_phone, made.third):
        phone.begin(tmp_path)
    made.choose("1002", "break")
    made.interaction_id = made.talk_begins()["interaction_id"]
    yield made
    made.customer.hang_up()
    for extension in made.phones:
        made.acd.send(SetStatus(agent_id=made.ids[extension], status="offline"))
        wait_until(
            lambda extension=extension: (
                made.agent(extension).get("state") == "signed-out"
                or not made.acd.send(SetStatus(agent_id=made.ids[extension], status="offline")).ok
            ),
            what=f"{extension} to be free",
            seconds=20,
        )


def consult(office: Office) -> None:
    """The agent asks 1002, who answers."""
    assert office.acd.send(
        ConsultCall(agent_id=office.ids["1001"], kind="agent", target=str(office.ids["1002"]))
    ).ok
    office.third.answer_next()
    wait_until(lambda: consult_of(office).get("answered_at_us"), what="the consult to be answered")


def consult_of(office: Office) -> dict:
    return (office.agent("1001").get("call") or {}).get("consult") or {}


def steer(office: Office, to: str) -> None:
    reply = office.acd.send(SteerConsult(agent_id=office.ids["1001"], to=to))
    assert reply.ok, reply


def supervise(office: Office, mode: str) -> None:
    reply = office.acd.send(
        SuperviseCall(agent_id=office.ids["1001"], mode=mode, extension="1002", actor="supervisor:1")
    )
    assert reply.ok, reply


def talks_of(office: Office) -> list[int]:
    """Who had the customer, in order, as the record counts it."""
    with Session(office.engine) as session:
        rows = (
            select(Talk.agent_id)
            .where(Talk.interaction_id == office.interaction_id)
            .order_by(Talk.connected_at)
        )
        return list(session.scalars(rows))


def state(office: Office, extension: str, wanted: str) -> None:
    wait_until(lambda: office.agent(extension).get("state") == wanted, what=f"{extension} to be {wanted}")


def test_an_attended_transfer_from_the_question_to_the_record(office):
    consult(office)
    office.customer.hears_silence()  # the stack's music is none of the tones
    office.agent_phone.hears("second")
    office.third.hears("agent")
    state(office, "1002", "busy")
    steer(office, "complete")
    office.agent_phone.wait("disconnected")
    office.customer.hears("second")
    office.third.hears("caller")
    state(office, "1001", "wrap-up")
    state(office, "1002", "talking")
    office.customer.hang_up()
    office.third.wait("disconnected")
    state(office, "1002", "wrap-up")
    interaction, legs = record(office, office.interaction_id)
    assert {leg.role for leg in legs} == {"caller", "agent", "consult"}
    assert talks_of(office) == [office.ids["1001"], office.ids["1002"]]
    left, right = channels_of(office.stack.settings.recordings_dir / interaction.recording)
    assert set(story(left)) == {
        "caller"
    }  # what agent and colleague say between themselves is kept as silence
    assert [tone for tone in story(right) if tone != "music"] == ["agent", "second"]


def test_to_and_fro_between_customer_and_colleague_then_all_three_then_the_agent_leaves(office):
    consult(office)
    office.agent_phone.hears("second")
    steer(office, "customer")
    office.third.hears_silence()  # the stack's music is none of the tones
    office.agent_phone.hears("caller")
    steer(office, "private")
    office.customer.hears_silence()  # the stack's music is none of the tones
    office.agent_phone.hears("second")
    steer(office, "together")
    office.customer.hears("second")
    office.customer.hears("agent")
    office.third.hears("caller")
    office.third.hears("agent")
    assert office.acd.send(HangUpCall(agent_id=office.ids["1001"])).ok
    office.agent_phone.wait("disconnected")
    office.customer.hears("second")
    office.third.hears("caller")
    state(office, "1002", "talking")


def test_when_the_agents_phone_hangs_up_in_a_three_way_the_others_go_on(office):
    consult(office)
    steer(office, "together")
    office.customer.hears("second")
    office.agent_phone.hang_up()
    office.third.hears("caller")
    office.customer.hears("second")
    state(office, "1001", "wrap-up")
    state(office, "1002", "talking")


def test_a_colleague_who_declines_leaves_the_customer_with_the_agent(office):
    assert office.acd.send(
        ConsultCall(agent_id=office.ids["1001"], kind="agent", target=str(office.ids["1002"]))
    ).ok
    office.customer.hears_silence()  # the stack's music is none of the tones
    office.third.wait("incoming")
    office.third.hang_up()
    office.customer.hears("agent")
    office.agent_phone.hears("caller")
    wait_until(lambda: not consult_of(office), what="the end of the consult")
    state(office, "1002", "not-ready")


@pytest.mark.parametrize("mode", ["private", "together"])
def test_a_customer_who_hangs_up_ends_the_call_for_both_agents_and_leaves_nobody_on_music(office, mode):
    consult(office)
    if mode == "together":
        steer(office, mode)
        office.customer.hears("second")
    office.customer.hang_up()
    office.agent_phone.wait("disconnected")
    office.third.wait("disconnected")
    state(office, "1001", "wrap-up")
    state(office, "1002", "not-ready")


def test_a_colleague_who_leaves_a_three_way_leaves_the_customer_with_the_agent(office):
    consult(office)
    steer(office, "together")
    office.customer.hears("second")
    office.third.hang_up()
    wait_until(lambda: not consult_of(office), what="the end of the consult")
    office.customer.hears("agent")
    office.agent_phone.hears("caller")
    state(office, "1002", "not-ready")


def test_a_killed_acd_in_a_consult_loses_no_talk_and_the_transfer_can_be_completed_afterwards(office):
    consult(office)
    killed = office.stack.kill("acd")
    shown_at_us = office.acd.view()["at_us"]
    office.stack.wait_restarted("acd", killed)
    wait_until(lambda: office.acd.view()["at_us"] > shown_at_us, what="the new ACD's view", seconds=30)
    office.agent_phone.hears("second")
    office.customer.hears_silence()  # the stack's music is none of the tones
    wait_until(lambda: consult_of(office).get("answered_at_us"), what="the consult on the page", seconds=20)
    steer(office, "complete")
    office.customer.hears("second")
    state(office, "1002", "talking")


def test_a_supervisor_listens_whispers_barges_in_and_takes_over(office):
    supervise(office, "listen")
    office.third.answer_next()
    office.third.hears("caller")
    office.third.hears("agent")
    supervise(office, "whisper")
    office.agent_phone.hears("second")
    supervise(office, "barge")
    office.customer.hears("second")
    supervise(office, "whisper")
    supervise(office, "take-over")
    office.agent_phone.wait("disconnected")
    office.third.hears("caller")
    office.customer.hears("second")
    state(office, "1001", "wrap-up")
    state(office, "1002", "talking")
    office.customer.hang_up()
    _, legs = record(office, office.interaction_id)
    assert {leg.role for leg in legs} == {"caller", "agent", "supervisor"}


def test_a_supervisor_who_stops_leaves_the_talk_as_it_was_and_was_heard_by_nobody(office):
    supervise(office, "listen")
    office.third.answer_next()
    office.third.hears("caller")
    supervise(office, "stop")
    office.third.wait("disconnected")
    office.agent_phone.hears("caller")
    state(office, "1002", "not-ready")
    heard = office.customer.heard()  # the flow's prompts before the talk are no tones of ours
    assert "second" not in heard[heard.index("agent") :]
    assert "second" not in office.agent_phone.heard()


def asks_the_queue(office: Office) -> None:
    """The agent consults whoever of its queue is free; that is 1002."""
    office.choose("1002", "ready")
    state(office, "1002", "idle")
    command = ConsultCall(agent_id=office.ids["1001"], kind="queue", target="service")
    assert office.acd.send(command).ok
    wait_until(lambda: consult_of(office).get("asked_queue") == "service", what="the consult on the page")


def test_whoever_of_a_consulted_queue_answers_talks_with_the_agent_first_and_then_has_the_customer(office):
    asks_the_queue(office)
    office.third.answer_next()
    office.agent_phone.hears("second")
    office.customer.hears_silence()
    wait_until(lambda: consult_of(office).get("answered_at_us"), what="the consult to be answered")
    steer(office, "complete")
    office.agent_phone.wait("disconnected")
    office.customer.hears("second")
    state(office, "1002", "talking")


def test_when_nobody_of_a_consulted_queue_answers_the_agent_has_the_customer_again(office):
    asks_the_queue(office)
    office.third.wait("incoming")
    office.third.hang_up(486)
    office.customer.hears("agent")
    wait_until(lambda: not consult_of(office), what="the end of the consult")
    office.choose("1002", "break")
    command = ConsultCall(agent_id=office.ids["1001"], kind="queue", target="service")
    assert office.acd.send(command).code == "nobody-free"
    office.customer.hears("agent")


def test_a_phones_own_transfer_key_hands_the_customer_over_and_both_agents_are_known_to_be_busy(office):
    office.agent_phone.do("hold")
    office.agent_phone.call("1002")
    office.third.answer_next()
    office.agent_phone.hears("second")
    office.agent_phone.do("join")
    office.agent_phone.wait("disconnected")
    office.agent_phone.wait("disconnected")
    office.customer.hears("second")
    office.third.hears("caller")
    state(office, "1001", "wrap-up")
    state(office, "1002", "busy")
    office.customer.hang_up()
    office.third.wait("disconnected")
    state(office, "1002", "not-ready")
