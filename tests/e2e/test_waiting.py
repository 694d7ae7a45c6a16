"""Waiting with real phones: all agents ring at once; what those who wait hear, and what their keys do."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from acd import contract
from sql.models import Queue, QueueRouting
from tests.e2e.conftest import Scene
from tests.e2e.sounds import write_tone
from tests.support.waiting import wait_until
from uckefu.demo.phone import NothingHappened, Phone

FIRST, SECOND = "1001", "1002"
GOODBYE = """\
start: bye
nodes:
  bye: {type: play, prompt: goodbye, next: over}
  over: {type: hangup}
"""


@pytest.fixture
def service(scene: Scene) -> Iterator[Callable[..., None]]:
    """Change the queue `service`; it is as before at the end."""

    def change(strategy: str = "longest-idle", **routing: Any) -> None:
        engine = scene.stack.engine()
        with Session(engine) as session, session.begin():
            queue = session.scalars(select(Queue).where(Queue.name == "service")).one()
            queue.strategy = strategy
            known = session.get(QueueRouting, queue.id)
            if known:
                session.delete(known)
                session.flush()
            if routing:
                session.add(QueueRouting(queue_id=queue.id, **routing))
        engine.dispose()
        assert scene.acd.send(contract.ReloadConfiguration()).ok

    yield change
    change()


def into_service(scene: Scene) -> Phone:
    caller = scene.caller("13912340873")
    caller.do("play", path=str(write_tone(scene.folder / "tone.wav", 440)))
    caller.call("4001")
    caller.wait("confirmed")
    caller.do("dtmf", digits="2")
    return caller


def test_all_phones_ring_at_once_and_stop_when_one_is_answered(
    scene: Scene, service: Callable[..., None]
) -> None:
    service("ring-all")
    first, second = scene.agents_phone(FIRST), scene.agents_phone(SECOND)
    for extension in (FIRST, SECOND):
        wait_until(lambda e=extension: scene.agent(e).get("registered"), what=f"{extension} registered")
        scene.status(extension, "ready")
    wait_until(lambda: scene.agent(SECOND).get("state") == "idle", what="both idle")
    caller = into_service(scene)
    first.wait("incoming", seconds=20)
    second.answer_next(seconds=10)
    first.wait("disconnected")
    call = scene.wait_agent(SECOND, "talking")["call"]
    assert call["queue"] == "service"
    scene.wait_agent(FIRST, "idle")
    caller.hang_up()
    second.wait("disconnected")
    scene.wait_agent(SECOND, "wrap-up")


def test_who_waits_hears_an_announcement_and_a_key_leads_into_its_flow(
    scene: Scene, service: Callable[..., None]
) -> None:
    flows = scene.stack.settings.instance / "flows"
    flows.mkdir(exist_ok=True)
    (flows / "leave.yml").write_text(GOODBYE, encoding="utf-8")
    items = [{"after_seconds": 1, "say": "position", "key": "9", "flow": "leave"}]
    service(announcements={"items": items})
    caller = into_service(scene)
    wait_until(lambda: _waiting(scene), what="the caller to wait", seconds=20)
    moment = scene.bus.xinfo_stream(contract.EVENTS)["last-generated-id"]
    # The key counts once the announcement has been made, which is a second after the caller came.
    for _ in range(20):
        caller.do("dtmf", digits="9")
        with suppress(NothingHappened):
            caller.wait("disconnected", seconds=1)
            break
    rows = scene.bus.xrange(contract.EVENTS, min=f"({moment}")
    told = [contract.decode_event(fields["data"]) for _, fields in rows]
    assert [(e.limit, e.target) for e in told if isinstance(e, contract.MemberOverflowed)] == [
        ("key", "leave")
    ]


def _waiting(scene: Scene) -> list[Any]:
    return (scene.acd.view() or {"members": []})["members"]
