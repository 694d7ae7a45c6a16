"""Offers on real phones: next agent, no answer, busy, lost, a caller who leaves, transfer and hold."""

import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest

from acd import contract
from tests.e2e.conftest import Scene
from tests.e2e.sounds import heard, read, write_tone
from tests.support.waiting import wait_until
from uckefu.demo.phone import NothingHappened, Phone

FIRST, SECOND = "1001", "1002"
NAMES_AN_AGENT = f"""version: 1
title: A named agent
start: ask
nodes:
  ask: {{type: agent, agent: "{SECOND}", queue: service}}
"""


THE_LAST_AGENT_FIRST = """version: 1
title: The last agent first
start: wait
nodes:
  wait: {type: queue, queue: service, historic: true}
"""


def into_queue(scene: Scene, number: str = "13912340873", key: str = "2") -> Phone:
    """A caller who has chosen a queue."""
    caller = scene.caller(number)
    caller.do("play", path=str(write_tone(scene.folder / f"{number}.wav", 440)))
    caller.call("4001")
    caller.wait("confirmed")
    caller.do("dtmf", digits=key)
    return caller


def ready_in_order(scene: Scene, *extensions: str) -> None:
    """Agents become ready one after the other, so the first is the longest idle."""
    for extension in extensions:
        wait_until(lambda e=extension: scene.agent(e).get("registered"), what=f"{extension} registered")
        scene.status(extension, "ready")
        scene.wait_agent(extension, "idle")


def test_who_does_not_answer_turns_no_answer_and_the_next_agent_is_rung(scene: Scene) -> None:
    first, second = scene.agents_phone(FIRST), scene.agents_phone(SECOND)
    ready_in_order(scene, FIRST, SECOND)
    caller = into_queue(scene, key="1")
    first.wait("incoming", seconds=20)
    assert scene.agent(SECOND)["state"] == "idle"
    second.answer_next(seconds=40)
    first.wait("disconnected")
    wait_until(lambda: scene.agent(FIRST)["status"] == "no-answer", what="no-answer")
    scene.wait_agent(SECOND, "talking")
    caller.hang_up()
    second.wait("disconnected")


def test_when_the_caller_hangs_up_the_ringing_stops_at_once_and_nobody_is_rung_after(scene: Scene) -> None:
    first, second = scene.agents_phone(FIRST), scene.agents_phone(SECOND)
    ready_in_order(scene, FIRST, SECOND)
    caller = into_queue(scene)
    first.wait("incoming", seconds=20)
    left_at = time.time()
    caller.hang_up()
    stopped = first.wait("disconnected")
    assert stopped["at"] - left_at < 1.0
    scene.wait_agent(FIRST, "idle")
    with pytest.raises(NothingHappened):
        second.wait("incoming", seconds=1.5)
    assert scene.agent(FIRST)["status"] == "ready"


def test_a_busy_phone_and_one_that_is_not_registered_lead_to_the_next_agent(scene: Scene) -> None:
    scene.agents_phone(FIRST, busy=True)
    second = scene.agents_phone(SECOND)
    ready_in_order(scene, FIRST, SECOND)
    caller = into_queue(scene)
    second.answer_next(seconds=20)
    scene.wait_agent(SECOND, "talking")
    caller.hang_up()
    second.wait("disconnected")


def test_an_agent_whose_phone_is_not_registered_is_not_offered_anything(scene: Scene) -> None:
    first, second = scene.agents_phone(FIRST), scene.agents_phone(SECOND)
    ready_in_order(scene, FIRST, SECOND)
    first.do("unregister")
    first.wait("unregistered")
    wait_until(lambda: not scene.agent(FIRST)["registered"], what="the loss of the phone")
    into_queue(scene)
    second.answer_next(seconds=20)
    scene.wait_agent(SECOND, "talking")
    second.hang_up()


def test_a_caller_waits_with_music_until_an_agent_is_ready(scene: Scene) -> None:
    first = scene.agents_phone(FIRST)
    caller = into_queue(scene)
    wait_until(
        lambda: (scene.acd.view() or {})["totals"]["voice"]["waiting"] == 1,
        what="a waiting caller",
        seconds=20,
    )
    caller.do("record", path=str(scene.folder / "music.wav"))
    music = scene.folder / "music.wav"
    wait_until(lambda: music.exists() and music.stat().st_size > 40_000, seconds=15, what="music")
    caller.finish_recording()
    assert abs(read(music)[8000:, 0]).mean() > 30, "the caller hears silence"
    scene.status(FIRST, "ready")
    first.answer_next(seconds=5)
    scene.wait_agent(FIRST, "talking")
    caller.hang_up()


def test_hold_plays_music_to_the_caller_and_resume_brings_the_voice_back(scene: Scene) -> None:
    first = scene.agents_phone(FIRST)
    first.do("play", path=str(write_tone(scene.folder / "agent.wav", 880)))
    ready_in_order(scene, FIRST)
    caller = into_queue(scene)
    first.answer_next(seconds=20)
    scene.wait_agent(FIRST, "talking")
    agent_id = _id(scene, FIRST)
    assert scene.acd.send(contract.HoldCall(agent_id=agent_id, on=True)).ok
    wait_until(lambda: scene.agent(FIRST)["call"]["held_since_us"], what="the hold")
    held = _listen(scene, caller, "held")
    assert not heard(held, 880, least_share=0.3), "the caller still hears the agent"
    assert abs(held[8000:]).mean() > 30, "the caller hears silence"
    assert scene.acd.send(contract.HoldCall(agent_id=agent_id, on=False)).ok
    wait_until(lambda: not scene.agent(FIRST)["call"]["held_since_us"], what="the end of the hold")
    assert heard(_listen(scene, caller, "resumed"), 880)
    caller.hang_up()


def test_a_blind_transfer_to_a_queue_takes_the_caller_to_the_next_agent(scene: Scene) -> None:
    first, second = scene.agents_phone(FIRST), scene.agents_phone(SECOND)
    ready_in_order(scene, FIRST)
    caller = into_queue(scene)
    first.answer_next(seconds=20)
    scene.wait_agent(FIRST, "talking")
    ready_in_order(scene, SECOND)
    reply = scene.acd.send(contract.TransferCall(agent_id=_id(scene, FIRST), kind="queue", target="sales"))
    assert reply.ok, reply
    first.wait("disconnected")
    second.answer_next(seconds=20)
    assert scene.wait_agent(SECOND, "talking")["call"]["queue"] == "sales"
    scene.wait_agent(FIRST, "wrap-up")
    caller.hang_up()
    second.wait("disconnected")


def test_a_flow_that_names_an_agent_rings_that_agent_and_so_does_one_that_wants_the_last(
    scene: Scene,
) -> None:
    """Another agent is idle longer each time."""
    flow = scene.stack.settings.instance / "flows" / "main.yml"
    flow.parent.mkdir(exist_ok=True)
    flow.write_text(NAMES_AN_AGENT, encoding="utf-8")
    try:
        first, second = scene.agents_phone(FIRST), scene.agents_phone(SECOND)
        ready_in_order(scene, FIRST, SECOND)
        caller = scene.caller("13912340873")
        caller.call("4001")
        second.answer_next(seconds=20)
        scene.wait_agent(SECOND, "talking")
        assert scene.agent(FIRST)["state"] == "idle"
        with pytest.raises(NothingHappened):
            first.wait("incoming", seconds=0.5)
        caller.hang_up()
        second.wait("disconnected")
        flow.write_text(THE_LAST_AGENT_FIRST, encoding="utf-8")
        scene.status(SECOND, "ready")
        scene.wait_agent(SECOND, "idle")
        again = scene.caller("13912340873")
        again.call("4001")
        second.answer_next(seconds=20)
        scene.wait_agent(SECOND, "talking")
        rows = [json.loads(fields["data"]) for _id, fields in scene.bus.xrange(contract.EVENTS)]
        rules = [row["reason"]["rule"] for row in rows if row["type"] == "OfferMade"]
        assert rules[-2:] == ["named-agent", "historic-agent"]
        again.hang_up()
        second.wait("disconnected")
    finally:
        flow.unlink()


def test_a_blind_transfer_to_an_extension_rings_it(scene: Scene) -> None:
    first, second = scene.agents_phone(FIRST), scene.agents_phone(SECOND)
    ready_in_order(scene, FIRST)
    caller = into_queue(scene)
    first.answer_next(seconds=20)
    scene.wait_agent(FIRST, "talking")
    reply = scene.acd.send(contract.TransferCall(agent_id=_id(scene, FIRST), kind="extension", target=SECOND))
    assert reply.ok, reply
    first.wait("disconnected")
    second.do("play", path=str(write_tone(scene.folder / "second.wav", 880)))
    second.answer_next(seconds=20)
    assert heard(_listen(scene, caller, "transferred"), 880)
    second.hang_up()
    caller.wait("disconnected")


def test_the_agent_ends_the_call_from_the_page_and_the_record_says_so(scene: Scene) -> None:
    first = scene.agents_phone(FIRST)
    ready_in_order(scene, FIRST)
    caller = into_queue(scene)
    first.answer_next(seconds=20)
    interaction_id = scene.wait_agent(FIRST, "talking")["call"]["interaction_id"]
    assert scene.acd.send(contract.HangUpCall(agent_id=_id(scene, FIRST))).ok
    caller.wait("disconnected")
    first.wait("disconnected")
    scene.wait_agent(FIRST, "wrap-up")
    assert wait_until(lambda: scene.call(interaction_id).hangup_by, what="the CDR") == "agent"


def test_the_log_of_all_these_calls_replays_bit_for_bit_and_why_tells_of_one(scene: Scene) -> None:
    first = scene.agents_phone(FIRST)
    ready_in_order(scene, FIRST)
    caller = into_queue(scene)
    first.answer_next(seconds=20)
    interaction_id = scene.wait_agent(FIRST, "talking")["call"]["interaction_id"]
    caller.hang_up()
    scene.wait_agent(FIRST, "wrap-up")
    log = scene.folder / "day.log"
    log.write_text(_acd(scene, "log"), encoding="utf-8")
    found = json.loads(_acd(scene, "replay", str(log)))
    assert found["different_at"] is None
    assert found["inputs"] == len(log.read_text(encoding="utf-8").splitlines()) - 1
    assert found["events"] >= 5
    told = _acd(scene, "why", interaction_id, "--language", "en")
    for sentence in ("entered the queue service", "could be asked", "talks with agent", "30 s of wrap-up"):
        assert sentence in told, told


def _acd(scene: Scene, *arguments: str) -> str:
    """What `python -m acd` prints, beside the stack's own."""
    environment = {**os.environ, **scene.stack.environment}
    command = [sys.executable, "-m", "acd", *arguments]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout


def _id(scene: Scene, extension: str) -> int:
    return next(int(k) for k, a in (scene.acd.view() or {})["agents"].items() if a["extension"] == extension)


def _listen(scene: Scene, phone: Phone, name: str) -> np.ndarray:
    path = scene.folder / f"{name}.wav"
    phone.do("record", path=str(path))
    wait_until(lambda: path.exists() and path.stat().st_size > 40_000, seconds=15, what=f"sound in {name}")
    phone.finish_recording()
    return read(path)[:, 0]
