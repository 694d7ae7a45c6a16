"""Events of the built-in switch and the bus."""

import threading

import pytest

from softswitch.events import CORE_UUID, Event, EventBus, new_event


def test_a_new_event_has_the_core_headers() -> None:
    first, second = (
        new_event("HEARTBEAT", Up_Time="5"),
        new_event("CUSTOM", subclass="sofia::register", body="x"),
    )
    assert first.headers["Core-UUID"] == CORE_UUID
    assert first.get("Up-Time") == "5"
    assert int(second.headers["Event-Sequence"]) > int(first.headers["Event-Sequence"])
    assert next(iter(second.headers)) == "Event-Subclass"  # where FreeSWITCH has it
    assert (second.name, second.subclass, second.body) == ("CUSTOM", "sofia::register", "x")
    assert int(first.headers["Event-Date-Timestamp"]) > 1_700_000_000_000_000


def fail(event: Event, error: Exception) -> None:
    pytest.fail(f"{event.name}: {error}")


def test_what_a_listener_publishes_follows_for_everybody_in_one_order() -> None:
    bus, seen = EventBus(fail), ([], [])  # type: ignore[var-annotated]

    def first(event: Event) -> None:
        seen[0].append(event.name)
        if event.name == "A":
            bus.publish(new_event("B"))

    bus.subscribe(first)
    bus.subscribe(lambda event: seen[1].append(event.name))
    bus.publish(new_event("A"))
    assert seen == (["A", "B"], ["A", "B"])


def test_threads_publish_in_one_order_for_all_listeners() -> None:
    bus = EventBus(fail)
    seen: list[list[str]] = [[], []]
    for each in seen:
        bus.subscribe(lambda event, each=each: each.append(event.name))  # type: ignore[misc]
    threads = [
        threading.Thread(target=lambda n=n: [bus.publish(new_event(f"{n}.{i}")) for i in range(50)])
        for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen[0] == seen[1]
    assert len(seen[0]) == 200


def test_a_listener_that_fails_is_reported_and_the_others_go_on() -> None:
    errors: list[str] = []
    bus, seen = EventBus(lambda event, error: errors.append(f"{event.name} {error}")), []  # type: ignore[var-annotated]

    def broken(event: Event) -> None:
        raise RuntimeError("broken")

    bus.subscribe(broken)
    unsubscribe = bus.subscribe(lambda event: seen.append(event.name))
    bus.publish(new_event("A"))
    unsubscribe()
    unsubscribe()
    bus.publish(new_event("B"))
    assert errors == ["A broken", "B broken"]
    assert seen == ["A"]


def test_an_event_that_nobody_wants_need_not_be_made() -> None:
    bus = EventBus(fail)
    assert not bus.wants("CHANNEL_STATE", "leg")
    bus.subscribe(lambda event: None, lambda name, uuid: (name, uuid) == ("CHANNEL_ANSWER", "leg"))
    assert bus.wants("CHANNEL_ANSWER", "leg")
    assert not bus.wants("CHANNEL_ANSWER", "other")
    bus.subscribe(lambda event: None)
    assert bus.wants("CHANNEL_STATE", "leg")
