"""A caller takes up the offer of a callback, hangs up, and is called over the trunk when an agent is free."""

import os
import shutil
import time
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from acd import contract
from sql.models import Queue, QueueRouting
from tests.e2e.conftest import Scene
from tests.e2e.sounds import write_tone
from tests.support.stack import Stack
from tests.support.waiting import wait_until
from uckefu.demo.phone import Phone

NUMBER, AGENT = "13800138000", "1001"
OFFER = """\
start: offer
nodes:
  offer: {type: callback, queue: service, declined: back}
  back: {type: queue, queue: service}
"""


@pytest.fixture(scope="module")
def customer() -> Iterator[Phone]:
    """The far end of the trunk."""
    with Phone(NUMBER, "127.0.0.1:9") as phone:
        yield phone


@pytest.fixture(scope="module", params=["builtin", "freeswitch"])
def stack(request: pytest.FixtureRequest, customer: Phone) -> Iterator[Stack]:
    """The stack on each switch that is here, with a trunk."""
    if request.param == "freeswitch" and not (os.environ.get("FREESWITCH") or shutil.which("freeswitch")):
        pytest.skip("FreeSWITCH is not installed")
    with Stack({"UCKEFU_SWITCH": request.param, "UCKEFU_GATEWAY": customer.address}) as stack:
        yield stack


def prepare(scene: Scene) -> None:
    flows = scene.stack.settings.instance / "flows"
    flows.mkdir(exist_ok=True)
    (flows / "offer.yml").write_text(OFFER, encoding="utf-8")
    items = [{"after_seconds": 1, "prompt": "queue_callback_offer", "key": "9", "flow": "offer"}]
    engine = scene.stack.engine()
    with Session(engine) as session, session.begin():
        queue = session.scalars(select(Queue).where(Queue.name == "service")).one()
        routing = QueueRouting(queue_id=queue.id, announcements={"items": items}, callback={"trunk": "trunk"})
        session.add(routing)
    engine.dispose()
    assert scene.acd.send(contract.ReloadConfiguration()).ok


def members(scene: Scene) -> list[dict[str, Any]]:
    return list((scene.acd.view() or {"members": []})["members"])


def test_the_caller_is_called_when_its_turn_has_come_and_talks_to_the_agent(
    scene: Scene, customer: Phone
) -> None:
    prepare(scene)
    phone = scene.agents_phone(AGENT)
    caller = scene.caller(NUMBER)
    caller.do("play", path=str(write_tone(scene.folder / "tone.wav", 440)))
    caller.call("4001")
    caller.wait("confirmed")
    caller.do("dtmf", digits="2")
    row = wait_until(lambda: members(scene), what="the caller to wait", seconds=20)[0]
    announced_us = row["entered_at_us"] + 2_500_000
    wait_until(lambda: time.time() * 1e6 > announced_us, what="the offer to be made", seconds=10)
    caller.do("dtmf", digits="9")
    wait_until(lambda: not members(scene), what="the way into the offer", seconds=20)
    caller.do("dtmf", digits="1")
    caller.wait("disconnected", seconds=20)
    waiting = wait_until(lambda: members(scene), what="the place to be kept", seconds=10)
    assert [(m["interaction_id"], m["callback"]) for m in waiting] == [(row["interaction_id"], True)]
    wait_until(lambda: scene.agent(AGENT).get("registered"), what="the agent's phone")
    scene.status(AGENT, "ready")
    customer.answer_next(seconds=20)
    phone.answer_next(seconds=20)
    call = scene.wait_agent(AGENT, "talking")["call"]
    assert (call["interaction_id"], call["number"]) == (row["interaction_id"], NUMBER)
    customer.hang_up()
    phone.wait("disconnected")
    scene.wait_agent(AGENT, "wrap-up")
