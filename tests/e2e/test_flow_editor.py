"""An administrator draws a flow from nothing, checks it, tries it dry, publishes it; then a real call goes through it."""

import json
import os
import re
import shutil
import wave
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from sqlalchemy import select
from sqlalchemy.orm import Session

from esl.event import Event
from ivr.library import PACKAGED
from sql.models import SurveyAnswer
from tests.conformance.journal import Journal, Loop, open_journal
from tests.e2e.conftest import CHROMIUM_FLAGS, Scene
from tests.e2e.sounds import heard, read, write_tone
from tests.support.stack import Stack
from tests.support.waiting import wait_until

DRAWN, ASKED = "4101", "4102"
SETTINGS = {"flows": {"default": "main", DRAWN: "drawn", ASKED: "asked"}}
SERVED = {
    "centre.yml": json.dumps(SETTINGS),
    "flows/asked.yml": "version: 1\nstart: service\nnodes:\n  service: {type: queue, queue: service, survey: satisfaction}\n",
    "flows/satisfaction.yml": (PACKAGED / "samples" / "satisfaction.yml").read_text(encoding="utf-8"),
}


MICROPHONE_HERTZ = 620
MICROPHONE_RATE = 48_000


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Chromium with a microphone into which somebody sings a tone, again and again."""
    binary = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if binary is None:
        pytest.skip("Chromium is not installed")
    sung = tmp_path_factory.mktemp("microphone") / "sung.wav"
    seconds = np.arange(5 * MICROPHONE_RATE) / MICROPHONE_RATE
    # It swells as speech does: a tone that never changes is noise to the browser, which takes it out.
    samples = (
        9000 * (0.6 + 0.4 * np.sin(2 * np.pi * 3 * seconds)) * np.sin(2 * np.pi * MICROPHONE_HERTZ * seconds)
    )
    with wave.open(str(sung), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(MICROPHONE_RATE)
        out.writeframes(samples.astype("<i2").tobytes())
    flags = [
        *CHROMIUM_FLAGS, "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={sung}",
    ]  # fmt: skip
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=binary, args=flags)
        yield started
        started.close()


@pytest.fixture(scope="module", params=["builtin", "freeswitch"])
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """The stack on each switch that is here, with a number whose flow nobody has drawn yet."""
    if request.param == "freeswitch" and not (os.environ.get("FREESWITCH") or shutil.which("freeswitch")):
        pytest.skip("FreeSWITCH is not installed")
    environment = {"UCKEFU_SWITCH": request.param, "UCKEFU_DIDS": f"4001,{DRAWN},{ASKED}"}
    with Stack(environment, files=SERVED) as made:
        yield made


@pytest.fixture
def journal(stack: Stack) -> Iterator[Journal]:
    """The events of the switch."""
    loop = Loop()
    password = stack.settings.secrets["event_socket_password"]
    made = loop.run(open_journal(loop, stack.ports.event_socket, password))
    yield made
    loop.run(made.client.close())
    loop.close()


def test_a_flow_drawn_from_nothing_is_checked_tried_published_and_called(scene: Scene) -> None:
    page = scene.page("admin")
    page.goto(f"{scene.stack.url}/flows/new")
    page.fill("[name=title]", "画出来的流程")
    page.fill("[name=name]", "drawn")
    page.click("main .btn-primary")
    expect(page.locator("#canvas-hint")).to_be_visible()

    for kind in ("menu", "play", "hangup"):
        page.click(f"[data-add={kind}]")
        expect(box(page, kind)).to_be_visible()
    pull(page, "menu", "play", way="keys.1")
    pull(page, "play", "hangup")
    expect(page.locator("#publish")).to_be_disabled()
    expect(box(page, "menu")).to_have_class(re.compile("is-bad"))

    box(page, "play").click()
    page.click('[data-add-to="prompt#prompt"]')
    page.locator('[data-path="prompt.0"]').select_option("welcome")
    box(page, "menu").click()
    page.click('[data-add-to="prompt#prompt"]')
    page.locator('[data-path="prompt.0"]').select_option("main_menu")
    expect(page.locator("#form")).to_contain_text("没有按键的客户还没有去向")
    expect(page.locator("#lines .is-bad")).not_to_have_count(0)
    page.locator('[data-path="no_input"]').select_option("hangup")
    box(page, "play").click()
    expect(page.locator("#problem-count")).to_be_hidden()
    expect(page.locator("#publish")).to_be_enabled()

    # The YAML follows, and is followed.
    text = page.locator("#yaml").input_value()
    assert "prompt: welcome" in text
    page.locator("#yaml").fill(text.replace("prompt: welcome", "prompt: goodbye   # said last"))
    expect(page.locator('[data-path="prompt.0"]')).to_have_value("goodbye")
    page.click("#undo")
    expect(page.locator('[data-path="prompt.0"]')).to_have_value("welcome")
    page.click("#redo")
    expect(page.locator('[data-path="prompt.0"]')).to_have_value("goodbye")

    page.click("#dry-call")
    expect(page.locator("#dry-state")).to_contain_text("等待按键")
    page.locator("#dry-when").select_option(index=1)  # while the menu plays
    page.click('[data-key="1"]')
    expect(page.locator("#steps")).to_contain_text("秒后被按键打断")
    expect(page.locator("#steps")).to_contain_text("流程挂机")
    expect(box(page, "hangup")).to_have_class(re.compile("is-live"))

    page.click("#publish")
    expect(page.locator("#publish-dialog")).to_be_visible()
    page.fill("#publish-note", "第一版")
    page.click("#publish-go")
    expect(page.locator("#live")).to_have_text("下一通来电起使用版本 1。")
    scene.shot(page, "flow-editor-zh")

    caller = scene.caller("13800138000")
    caller.do("play", path=str(write_tone(scene.folder / "caller.wav", 440.0)))
    caller.call(DRAWN)
    caller.wait("confirmed")
    caller.do("dtmf", digits="1")
    caller.wait("disconnected", seconds=30)
    run = wait_until(lambda: last_run(scene), seconds=10, what="the events of the call")
    assert run["flow"] == "drawn@1"
    passed = [event["node"] for event in run["events"] if event["type"] == "NodeEntered"]
    assert passed == ["menu", "play", "hangup"]
    assert "# said last" in (scene.stack.instance / "flows/drawn/published.yml").read_text(encoding="utf-8")

    # The call is counted on the arrows by and by.
    page.goto(f"{scene.stack.url}/flows/drawn/")
    page.locator("#nodelist summary").click()
    page.locator("#nodelist button", has_text="menu").first.click()
    assert (
        bottom(page, "#nodelist") <= page.locator("#canvas").bounding_box()["y"]
    )  # the open list covers no box
    expect(page.locator("#callers")).to_contain_text("1 通", timeout=30_000)
    expect(page.locator(".lf-line-text", has_text="按 1 · 1")).to_be_visible()
    page.click("[data-zoom='1']", click_count=12)  # so large that one box fills the picture
    page.locator("#nodelist button", has_text="hangup").last.click()
    expect(box(page, "hangup")).to_be_in_viewport()  # what is chosen in the list comes into sight
    page.click("[data-zoom='0']")
    scene.shot(page, "flow-editor-numbers-zh")
    assert [report for report in scene.reports if "favicon" not in report] == []


def test_after_the_agent_has_hung_up_the_caller_rates_and_comments_on_this_very_call(
    scene: Scene, journal: Journal
) -> None:
    agent = scene.agents_phone("1001")
    scene.status("1001", "ready")
    scene.wait_agent("1001", "idle")
    caller = scene.caller("13800138001")
    caller.do("play", path=str(write_tone(scene.folder / "caller.wav", 440.0)))
    caller.call(ASKED)
    agent.answer_next(seconds=20)
    talk = scene.wait_agent("1001", "talking")
    interaction_id = talk["call"]["interaction_id"]
    agent.hang_up()
    journal.wait("PLAYBACK_START", interaction_id, plays("survey_score"), seconds=20)
    caller.do("dtmf", digits="2")
    journal.wait("PLAYBACK_START", interaction_id, plays("beep"), seconds=30)
    wait_until(
        lambda: any(path.stat().st_size > 24_000 for path in (scene.stack.instance / "survey").rglob("*.wav")),
        seconds=20, what="the comment to be recorded",
    )  # fmt: skip
    caller.do("dtmf", digits="#")
    caller.wait("disconnected", seconds=30)
    answer = wait_until(lambda: rating(scene, interaction_id), seconds=20, what="the rating with its comment")
    assert (answer.score, answer.best) == (2, 5)
    assert heard(read(scene.stack.instance / answer.comment)[:, 0], 440.0)


def plays(name: str) -> Callable[[Event], bool]:
    """Whether an event tells of this sound."""
    return lambda event: f"/{name}.wav" in (event.get("Playback-File-Path") or "")


def rating(scene: Scene, interaction_id: str) -> SurveyAnswer | None:
    """The rating of a call once its comment has come."""
    engine = scene.stack.engine()
    with Session(engine) as session:
        chosen = select(SurveyAnswer).where(
            SurveyAnswer.interaction_id == interaction_id, SurveyAnswer.comment != ""
        )
        found = session.scalar(chosen)
        session.expunge_all()
    engine.dispose()
    return found


def test_what_is_recorded_in_the_browser_is_what_callers_hear(scene: Scene) -> None:
    page = scene.page("admin")
    page.goto(f"{scene.stack.url}/prompts/zh/welcome")
    page.click("#record")
    expect(page.locator("#recording")).to_contain_text(
        re.compile("[2-9]"), timeout=15_000
    )  # seconds that run
    page.click("#record")
    expect(page.locator("#take")).to_be_visible()
    page.click("#take")
    recorded = scene.stack.instance / "sounds/zh/welcome.wav"
    wait_until(recorded.exists, seconds=10, what="the recording")
    assert heard(read(recorded)[:, 0], MICROPHONE_HERTZ)


def bottom(page: Page, selector: str) -> float:
    """Where something ends on the page."""
    found = page.locator(selector).bounding_box()
    assert found is not None
    return float(found["y"] + found["height"])


def box(page: Page, name: str) -> Any:
    """A box of the canvas."""
    return page.locator(f'[data-node="{name}"]')


def pull(page: Page, source: str, target: str, way: str = "") -> None:
    """Pull a way from one box to another, as a hand does; choose which way out it is when that is asked."""
    begin, end = (box(page, name).locator("rect").first.bounding_box() for name in (source, target))
    assert begin is not None and end is not None
    page.mouse.move(begin["x"] + begin["width"] / 2, begin["y"] + begin["height"])
    page.mouse.down()
    page.mouse.move(end["x"] + end["width"] / 2, end["y"] + end["height"] / 2, steps=10)
    expect(page.locator(".lf-node-hover, .lf-node-allow").first).to_be_attached()
    page.mouse.up()
    if way:
        page.click(f'[data-way="{way}"]')
    expect(page.locator("#yaml")).to_have_value(re.compile(rf"\b{way.split('.')[-1] or 'next'}: {target}"))


def last_run(scene: Scene) -> dict[str, Any] | None:
    """What the last call has recorded of its way through a flow."""
    lines = [
        line
        for path in sorted((scene.stack.instance / "spool/flow").glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    return dict(json.loads(lines[-1])) if lines else None
