"""What those who wait are told, each at its times, and what their keys do."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from acd.adapters.announcing import names, sound
from acd.domain.effects import Announce, LetGo
from acd.domain.estimates import Estimate
from acd.domain.inputs import AnnouncementConfig, KeyPressed, QueueConfig, decode_input, encode_input
from acd.messages import MemberOverflowed
from ivr.prompts import Prompts
from tests.unit.acd.acd_world import SECOND, Centre
from uckefu.settings import PROJECT_ROOT

PLACE = AnnouncementConfig(after_seconds=20, every_seconds=60, say="position")
WAIT = AnnouncementConfig(after_seconds=20, say="estimate")
PROMPT = AnnouncementConfig(after_seconds=45, every_seconds=45, say="prompt", prompt="still_busy")
OFFER = AnnouncementConfig(
    after_seconds=30, say="prompt", prompt="queue_callback_offer", key="1", flow="callback"
)


def a_centre(*announcements: AnnouncementConfig, agents: int = 1, **values: Any) -> Centre:
    return Centre(agents=agents, queues=(QueueConfig(name="service", announcements=announcements, **values),))


def said(centre: Centre, channel: str) -> list[tuple[str | int, ...]]:
    return [
        item for effect in centre.wanted(Announce) if effect.channel_id == channel for item in effect.items
    ]


def test_the_place_is_told_at_its_times_and_is_true_each_time() -> None:
    centre = a_centre(PLACE)
    first, second = centre.arrives(), centre.arrives()
    centre.wait(19)
    assert centre.wanted(Announce) == []
    centre.wait(1)
    assert (said(centre, first), said(centre, second)) == ([("position", 1)], [("position", 2)])
    centre.hangs_up(first)
    centre.wait(60)
    assert said(centre, second) == [("position", 2), ("position", 1)]


def test_several_announcements_have_times_of_their_own() -> None:
    centre = a_centre(PLACE, PROMPT)
    caller = centre.arrives()
    centre.wait(100)
    assert said(centre, caller) == [
        ("position", 1), ("prompt", "still_busy"), ("position", 1), ("prompt", "still_busy"),
    ]  # fmt: skip


def test_each_queue_says_its_own_things_at_its_own_times() -> None:
    queues = (
        QueueConfig(name="service", announcements=(PLACE,)),
        QueueConfig(name="sales", announcements=(PROMPT,)),
        QueueConfig(name="silent"),
    )
    centre = Centre(agents=0, queues=queues)
    callers = {queue.name: centre.arrives(queue=queue.name) for queue in queues}
    began_us = centre.now_us
    heard: dict[str, list[int]] = {name: [] for name in callers}
    for _ in range(200):
        before = len(centre.wanted(Announce))
        centre.wait(1)
        for effect in centre.wanted(Announce)[before:]:
            name = next(name for name, caller in callers.items() if caller == effect.channel_id)
            heard[name].append((centre.now_us - began_us) // SECOND)
    assert heard == {"service": [20, 80, 140, 200], "sales": [45, 90, 135, 180], "silent": []}


def test_a_time_is_told_only_when_one_is_known() -> None:
    centre = a_centre(WAIT)
    caller = centre.arrives()
    centre.wait(20)
    assert said(centre, caller) == []
    ratios = {"1": [500 + 50 * n for n in range(20)]}
    known = Estimate(work_us=90.0 * SECOND, served=50, last_served_us=1, ratios=ratios)
    centre.engine.state.estimates["service"] = known
    later = centre.arrives()
    centre.hangs_up(caller)
    centre.wait(20)
    assert said(centre, later) == [("estimate", 0, 3)]


def test_a_flow_can_keep_place_and_time_to_itself() -> None:
    centre = a_centre(PLACE, PROMPT)
    caller = centre.arrives(announced=False)
    centre.wait(60)
    assert said(centre, caller) == [("prompt", "still_busy")]


def test_while_a_phone_rings_nothing_is_said_and_afterwards_it_is() -> None:
    centre = a_centre(PLACE, offer_timeout_seconds=30)
    centre.ready(1)
    caller = centre.arrives()
    centre.wait(25)
    assert said(centre, caller) == []
    centre.phone_fails(1, "NO_ANSWER")
    centre.wait(2)
    assert said(centre, caller) == [("position", 1)]


def test_the_callers_language_is_spoken() -> None:
    centre = a_centre(PLACE)
    centre.arrives(language="en")
    centre.wait(20)
    assert [effect.language for effect in centre.wanted(Announce)] == ["en"]


@pytest.mark.parametrize("flow", ["callback", "voicemail"])
def test_a_key_leads_into_the_offers_flow_and_the_place_is_kept(flow: str) -> None:
    centre = a_centre(replace(OFFER, flow=flow))
    centre.arrives(channel="c1")
    centre.wait(1)
    other = centre.arrives()
    centre.wait(30)
    centre.do(KeyPressed, channel_id="c1", key="2")
    assert centre.wanted(LetGo) == []
    centre.do(KeyPressed, channel_id="c1", key="1")
    assert [(effect.place, effect.flow) for effect in centre.wanted(LetGo)] == [("overflow", flow)]
    assert [(event.limit, event.target) for event in centre.told(MemberOverflowed)] == [("key", flow)]
    centre.arrives(channel="c1")
    assert centre.line() == ["c1", other]


def test_only_callers_who_may_press_keys_are_listened_to() -> None:
    centre = a_centre(PLACE)
    centre.arrives()
    centre.wait(20)
    assert [effect.listen for effect in centre.wanted(Announce)] == [False]
    pressed = KeyPressed(at_us=1, channel_id="c1", key="1")
    assert decode_input(encode_input(pressed)) == pressed


# ---- sounds --------------------------------------------------------------------------------------------


SOUNDS = Prompts(PROJECT_ROOT / "sounds")


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    "item",
    [
        ("position", 1), ("position", 12), ("position", 305), ("estimate", 0, 1), ("estimate", 0, 4),
        ("estimate", 2, 5), ("estimate", 30, 30), ("prompt", "queue_callback_offer"),
    ],
)  # fmt: skip
def test_whatever_is_announced_is_recorded(language: str, item: tuple[str | int, ...]) -> None:
    for name in names(item, language):
        assert SOUNDS.path(name, language), name


def test_several_announcements_are_one_sound_and_what_is_not_recorded_is_left_out() -> None:
    def made(*items: tuple[str | int, ...], language: str = "en") -> str:
        return sound(Announce("s", "c", language, items, False), SOUNDS)

    files = made(("position", 2), ("prompt", "no such prompt"), ("prompt", "still_busy"))
    assert [Path(file).stem for file in files.removeprefix("file_string://").split("!")] == [
        "queue_place", "2", "queue_place_end", "still_busy",
    ]  # fmt: skip
    assert made(("prompt", "no such prompt")) == ""
    assert made(("prompt", "still_busy"), language="../..").endswith("/zh/still_busy.wav")
