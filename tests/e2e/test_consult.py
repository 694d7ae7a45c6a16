"""Attended transfer, three-way, listen, whisper, barge and take over from the pages, with real phones; zh and en."""

import re

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import update
from sqlalchemy.orm import Session

from sql.models import User
from tests.e2e.conftest import STRAIGHT, Scene
from tests.e2e.sounds import heard, so_far, write_tone

pytestmark = pytest.mark.timeout(180)
STACK_FILES = STRAIGHT
CUSTOMER, AGENT, COLLEAGUE = 700, 1100, 1300


@pytest.fixture
def talk(scene: Scene, wait):
    """A caller talks with agent 1, whose page it is; agent 2's phone is at hand. Each phone says a tone."""
    scene.phones = [scene.caller("13900000003"), scene.agents_phone("1001"), scene.agents_phone("1002")]
    for phone, hertz in zip(scene.phones, (CUSTOMER, AGENT, COLLEAGUE), strict=True):
        phone.do("play", path=str(write_tone(scene.folder / f"{hertz}.wav", hertz, 60)))
    scene.agent_page = scene.page("agent1")
    scene.ready(scene.agent_page)
    customer, agent, _ = scene.phones
    customer.call("4001")
    agent.answer_next(30)
    scene.wait_agent("1001", "talking")
    wait(lambda: _on_a_break(scene, "1002"), seconds=20, what="agent 2 to be on a break")
    expect(scene.agent_page.locator("[data-field=transfer]")).to_be_visible()
    return scene


def _on_a_break(scene: Scene, extension: str) -> bool:
    """Whatever the test before left: a wrap-up is ended by being ready."""
    if scene.agent(extension).get("state") == "wrap-up":
        scene.status(extension, "ready")
    scene.status(extension, "break")
    return scene.agent(extension).get("state") == "not-ready"


def _speaks(scene: Scene, login: str, language: str) -> None:
    """Choose a user's language, as its profile does."""
    engine = scene.stack.engine()
    with Session(engine) as session:
        session.execute(update(User).where(User.login == login).values(locale=language))
        session.commit()
    engine.dispose()


def hears(scene: Scene, phone, hertz: int, wait) -> None:
    """Wait until this phone hears the tone in what it records from now on."""
    scene.count = getattr(scene, "count", 0) + 1
    path = scene.folder / f"heard-{scene.count}.wav"
    phone.do("record", path=str(path))
    try:
        wait(lambda: heard(so_far(path), hertz, least_share=0.2), what=f"{hertz} Hz at {phone.user}")
    finally:
        phone.finish_recording()


def consult(page: Page) -> None:
    page.keyboard.press("Alt+KeyX")
    page.locator("#consult-targets button").first.click()


def test_an_attended_transfer_from_the_strip(talk: Scene, wait):
    customer, agent, colleague = talk.phones
    page = talk.agent_page
    consult(page)
    expect(page.locator("#strip")).to_contain_text("正在呼叫 李伟 1002")
    colleague.answer_next()
    expect(page.locator("#strip")).to_contain_text("咨询 李伟 1002")
    expect(page.locator("#strip")).to_contain_text("保持")
    talk.shot(page, "consult-zh")
    hears(talk, agent, COLLEAGUE, wait)
    page.set_viewport_size({"width": 1280, "height": 720})
    talk.shot(page, "consult-zh-1280")
    page.keyboard.press("Alt+KeyC")
    expect(page.locator("#strip")).to_contain_text("三方通话")
    hears(talk, customer, COLLEAGUE, wait)
    talk.shot(page, "three-way-zh-1280")
    page.locator("[data-field=consult-complete]").click()
    agent.wait("disconnected")
    talk.wait_agent("1002", "talking")
    expect(page.locator("#strip")).to_have_class(re.compile("uc-s-wrap"))
    hears(talk, customer, COLLEAGUE, wait)
    assert talk.reports == []


def test_a_consult_that_nobody_takes_gives_the_customer_back_and_says_so(talk: Scene, wait):
    customer, _, colleague = talk.phones
    page = talk.agent_page
    consult(page)
    colleague.wait("incoming")
    colleague.hang_up()
    expect(page.locator("#toasts")).to_contain_text("没有接听，客户已回到你这里")
    expect(page.locator("[data-field=transfer]")).to_be_visible()
    hears(talk, customer, AGENT, wait)
    consult(page)
    colleague.wait("incoming")
    page.locator("[data-field=consult-end]").click()
    colleague.wait("disconnected", "disconnctd")
    expect(page.locator("[data-field=transfer]")).to_be_visible()


def test_a_queue_is_consulted_and_whoever_answers_takes_the_customer(talk: Scene, wait):
    customer, agent, colleague = talk.phones
    page = talk.agent_page
    page.keyboard.press("Alt+KeyX")
    page.locator("[data-consult-queue=service]").click()
    expect(page.locator("#toasts")).to_contain_text("这个队列现在没有空闲坐席")  # 1002 is on a break
    talk.status("1002", "ready")
    talk.wait_agent("1002", "idle")
    page.locator("[data-consult-queue=service]").click()
    expect(page.locator("#strip")).to_contain_text("正在呼叫 客服 · 李伟 1002")
    colleague.answer_next()
    expect(page.locator("#strip")).to_contain_text("咨询 客服 · 李伟 1002")
    hears(talk, agent, COLLEAGUE, wait)
    page.keyboard.press("Alt+KeyX")
    talk.wait_agent("1002", "talking")
    hears(talk, customer, COLLEAGUE, wait)


def test_a_supervisor_listens_whispers_barges_in_and_takes_over_on_the_live_page(talk: Scene, wait):
    customer, agent, own = talk.phones
    _speaks(talk, "supervisor", "en")
    page = talk.page("supervisor", language="en-US", width=1280, height=720)
    page.goto(f"{talk.stack.url}/supervision")
    page.locator("[data-talk^=call-]").click()
    page.fill("#watch-extension", "1002")
    page.click("[data-mode=listen]")
    own.answer_next()
    expect(page.locator("#middle")).to_contain_text("nobody hears you")
    expect(talk.agent_page.locator("[data-supervised]")).to_have_count(0)
    hears(talk, own, CUSTOMER, wait)
    page.click("[data-mode=whisper]")
    expect(page.locator("#middle")).to_contain_text("Only the agent")
    hears(talk, agent, COLLEAGUE, wait)
    page.click("[data-mode=barge]")
    expect(page.locator("#middle")).to_contain_text("Agent and customer")
    expect(talk.agent_page.locator("[data-supervised=barge]")).to_contain_text("主管已强插")
    hears(talk, customer, COLLEAGUE, wait)
    talk.shot(page, "supervise-en-1280")
    talk.agent_page.set_viewport_size({"width": 1280, "height": 720})
    talk.shot(talk.agent_page, "barged-zh-1280")
    page.click("[data-mode=take-over]")
    agent.wait("disconnected")
    talk.wait_agent("1001", "wrap-up")
    hears(talk, customer, COLLEAGUE, wait)
    page.goto(f"{talk.stack.url}/supervision/acts")
    for act in ("Took the call over", "Barged in", "Whispered to the agent", "Listened in"):
        expect(page.locator("tr", has_text=act).first).to_contain_text("王芳")
    assert talk.reports == []
