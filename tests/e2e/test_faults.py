"""What fails around a call: ACD, database, Redis, web. The caller is never dropped, and nothing is lost."""

import os
import signal
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sql.models import CallLeg
from tests.e2e.conftest import Scene
from tests.e2e.sounds import heard, read, write_tone
from tests.e2e.test_routing import FIRST, into_queue, ready_in_order
from tests.support.waiting import wait_until
from uckefu.demo.phone import Phone


def waiting(scene: Scene) -> list[str]:
    """Numbers of the waiting members, in order."""
    return [member["number"] for member in (scene.acd.view() or {"members": []})["members"]]


def talking(scene: Scene) -> tuple[Phone, Phone]:
    """A caller and the first agent in a call."""
    agent = scene.agents_phone(FIRST)
    agent.do("play", path=str(write_tone(scene.folder / "agent.wav", 880)))
    ready_in_order(scene, FIRST)
    caller = into_queue(scene, "13900000001")
    agent.answer_next(seconds=20)
    scene.wait_agent(FIRST, "talking")
    return caller, agent


def hears_agent(scene: Scene, caller: Phone, name: str) -> bool:
    """Whether the caller hears the agent's tone now."""
    path = scene.folder / f"{name}.wav"
    caller.do("record", path=str(path))
    wait_until(lambda: path.exists() and path.stat().st_size > 20_000, seconds=15, what="sound")
    caller.finish_recording()
    return heard(read(path)[:, 0], 880)


def test_kill_9_of_acd_loses_no_talk_and_no_place(scene: Scene) -> None:
    caller, agent = talking(scene)
    numbers = ["13900000002", "13900000003", "13900000004"]
    callers = []
    for count, number in enumerate(numbers, start=1):
        callers.append(into_queue(scene, number))
        wait_until(lambda n=count: len(waiting(scene)) == n, seconds=20, what=f"{count} waiting")
    before = scene.stack.kill("acd")
    scene.stack.wait_restarted("acd", before)
    scene.stack.wait_serves("acd")
    wait_until(lambda: waiting(scene) == numbers, seconds=15, what=f"the same places, are {waiting(scene)}")
    assert scene.agent(FIRST)["state"] == "talking"
    assert hears_agent(scene, caller, "after-kill")
    caller.hang_up()
    agent.wait("disconnected")
    scene.wait_agent(FIRST, "wrap-up")
    scene.status(FIRST, "ready")
    incoming = agent.wait("incoming", seconds=10)
    assert numbers[0] in incoming["from_uri"]
    for one in callers:
        one.hang_up()


def test_redis_restarted_leaves_agents_and_waiting_callers_as_they_were(scene: Scene) -> None:
    caller, _agent = talking(scene)
    waiter = into_queue(scene, "13900000005")
    wait_until(lambda: waiting(scene) == ["13900000005"], seconds=20, what="a waiting caller")
    before = scene.stack.kill("redis")
    scene.stack.wait_restarted("redis", before)
    scene.stack.wait_serves("redis")
    at = time.time()
    wait_until(lambda: waiting(scene) == ["13900000005"], seconds=10, what="the waiting caller")
    assert time.time() - at < 2.0
    assert scene.agent(FIRST)["state"] == "talking"
    assert hears_agent(scene, caller, "after-redis")
    waiter.hang_up()
    wait_until(lambda: waiting(scene) == [], what="nobody waiting")
    caller.hang_up()
    scene.wait_agent(FIRST, "wrap-up")


def test_a_killed_web_process_leaves_the_call_and_the_page_comes_back_to_the_truth(scene: Scene) -> None:
    page = scene.page("agent1")
    caller, _agent = talking(scene)
    strip = page.locator("#strip")
    expect(strip.locator(".btn-hangup")).to_be_visible()
    before = scene.stack.kill("admin")
    expect(strip).to_have_class("uc-strip uc-s-alert")
    scene.stack.wait_restarted("admin", before)
    scene.stack.wait_serves("admin")
    expect(strip.locator(".btn-hangup")).to_be_visible(timeout=20_000)
    assert hears_agent(scene, caller, "after-web")
    strip.locator(".btn-hangup").click()
    caller.wait("disconnected")
    scene.wait_agent(FIRST, "wrap-up")


@pytest.fixture
def no_acd(scene: Scene) -> Iterator[None]:
    """ACD is gone and nothing starts it again."""
    supervisor = int((scene.stack.instance / "run" / "ready").read_text())
    os.kill(supervisor, signal.SIGSTOP)
    scene.stack.kill("acd")
    yield
    os.kill(supervisor, signal.SIGCONT)
    wait_until(lambda: scene.stack.serves("acd"), seconds=40, what="acd to serve again")


def test_without_acd_the_caller_hears_something_all_the_time_and_an_apology(
    scene: Scene, no_acd: None
) -> None:
    caller = scene.caller("13900000006")
    caller.do("play", path=str(write_tone(scene.folder / "caller.wav", 440)))
    caller.call("4001")
    caller.wait("confirmed")
    heard_path = scene.folder / "heard.wav"
    caller.do("record", path=str(heard_path))
    caller.do("dtmf", digits="2")
    ended = caller.wait("disconnected", seconds=90)
    assert ended["code"] == 200
    caller.finish_recording()
    samples = read(heard_path)[:, 0]
    quiet = 0.0
    longest = 0.0
    for index in range(0, len(samples) - 800, 800):  # tenths of a second
        quiet = quiet + 0.1 if abs(samples[index : index + 800]).mean() < 10 else 0.0
        longest = max(longest, quiet)
    assert len(samples) > 8000 * 5
    assert longest < 4.0, f"{longest:.1f} s of silence"


def test_with_the_database_away_calls_go_on_and_the_cdr_is_loaded_once_when_it_is_back(scene: Scene) -> None:
    engine = scene.stack.engine()
    with Session(engine) as session:
        legs_before = session.scalar(select(func.count()).select_from(CallLeg)) or 0
    caller, agent = talking(scene)
    interaction_id = scene.agent(FIRST)["call"]["interaction_id"]
    connection = engine.connect()
    connection.exec_driver_sql("BEGIN EXCLUSIVE")  # what a database that hangs looks like to everybody else
    spool = scene.stack.settings.spool_dir
    caller.hang_up()
    agent.wait("disconnected")
    scene.wait_agent(FIRST, "wrap-up")
    wait_until(lambda: len(list(spool.glob("*.json"))) >= 2, seconds=20, what="both legs in the spool")
    connection.rollback()
    connection.close()
    wait_until(lambda: not list(spool.glob("*.json")), seconds=30, what="an empty spool")
    wait_until(lambda: scene.call(interaction_id).ended_at, what="the CDR in SQL")
    with Session(engine) as session:
        legs = session.scalars(select(CallLeg.id).where(CallLeg.interaction_id == interaction_id)).all()
        assert len(legs) == 2
        assert (session.scalar(select(func.count()).select_from(CallLeg)) or 0) == legs_before + 2
    engine.dispose()


def test_after_a_kill_9_of_the_switch_callers_who_call_again_have_their_place(scene: Scene) -> None:
    numbers = ["13900000011", "13900000012", "13900000013"]
    callers = {}
    for count, number in enumerate(numbers, start=1):
        callers[number] = into_queue(scene, number)
        wait_until(lambda n=count: len(waiting(scene)) == n, seconds=20, what=f"{count} waiting")
    before = scene.stack.kill("switch")
    for phone in callers.values():
        phone.hang_up()  # who hears nothing any more; FreeSWITCH would bring the call back to who still waits
    scene.stack.wait_restarted("switch", before)
    scene.stack.wait_serves("switch")
    wait_until(lambda: waiting(scene) == [], seconds=20, what="the lost calls to be gone")
    for phone in callers.values():
        phone.close()
    again = ["13900000019", *reversed(numbers)]  # a newcomer, and the others in another order than before
    for count, number in enumerate(again, start=1):
        callers[number] = into_queue(scene, number)
        wait_until(lambda n=count: len(waiting(scene)) == n, seconds=20, what=f"{count} waiting again")
    assert waiting(scene) == [*numbers, "13900000019"]
    agent = scene.agents_phone(FIRST)
    wait_until(lambda: scene.agent(FIRST).get("registered"), what="the agent's phone")
    scene.status(FIRST, "ready")
    incoming = agent.wait("incoming", seconds=10)
    assert numbers[0] in incoming["from_uri"]
    for phone in callers.values():
        phone.hang_up()
    wait_until(lambda: waiting(scene) == [], what="nobody waiting")
