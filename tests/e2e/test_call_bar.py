"""An agent's own calls at the workbench, in two windows that show the same, with a customer behind the gateway."""

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from sql.models import User, UserPreference
from tests.conformance.wire import PHONE, REGISTER, Sipp
from tests.e2e.conftest import STRAIGHT, Scene, on_switch
from tests.support.stack import Stack
from tests.support.waiting import wait_until
from uckefu.demo.phone import Phone

pytestmark = pytest.mark.timeout(300)
CUSTOMER = "02150001234"
CENTRE = {"trunks": {"trunk": {"prefixes": ["021"], "caller_id": "4001", "numbers": ["4001", "4002"]}}}


@pytest.fixture(scope="module", params=["builtin", "freeswitch"])
def customer_and_stack(request: pytest.FixtureRequest) -> Iterator[tuple[Phone, Stack]]:
    environment = {**on_switch(request.param), "UCKEFU_DIDS": "4001,4002"}
    stack = Stack(environment, files={"centre.yml": json.dumps(CENTRE), **STRAIGHT})
    with Phone(CUSTOMER, f"127.0.0.1:{stack.ports.gateway}") as customer:
        stack.environment["UCKEFU_GATEWAY"] = customer.address
        with stack:
            yield customer, stack


@pytest.fixture(scope="module")
def stack(customer_and_stack: tuple[Phone, Stack]) -> Stack:
    return customer_and_stack[1]


@pytest.fixture
def customer(customer_and_stack: tuple[Phone, Stack]) -> Phone:
    return customer_and_stack[0]


def says(page: Page, text: str) -> None:
    """The strip says it."""
    expect(page.locator("#strip")).to_contain_text(text)


def rings(phone: Phone) -> dict[str, Any]:
    """The INVITE that makes it ring; the phone's own change of state has the same name."""
    while "from_uri" not in (event := phone.wait("incoming", seconds=30)):
        pass
    return event


def own_key(scene: Scene, login: str, name: str, key: str) -> None:
    """A user's own shortcut, as its profile keeps it."""
    engine = scene.stack.engine()
    with Session(engine) as session:
        user_id = session.scalars(select(User.id).where(User.login == login)).one()
        session.merge(UserPreference(user_id=user_id, shortcuts={name: key}))
        session.commit()
    engine.dispose()


def dial(page: Page, number: str) -> None:
    """Type into the strip's own field and press Enter."""
    page.fill("[data-field=dial]", number)
    page.press("[data-field=dial]", "Enter")


def test_a_call_out_in_two_windows_that_show_the_same_truth_at_once(scene: Scene, customer: Phone) -> None:
    agent = scene.agents_phone("1001")
    page, second = scene.page("agent1"), scene.page("agent1", language="en-US", width=1280, height=720)
    scene.ready(page)
    scene.wait_agent("1001", "idle")
    expect(page.locator("[data-field=shown]")).to_have_value("4001")
    scene.shot(page, "callbar-idle")

    dial(page, "021-5000 1234")
    rings(agent)
    for window in (page, second):
        says(window, "话机振铃")
        says(window, "021****1234")
    agent.do("answer")
    rings(customer)
    for window in (page, second):
        says(window, "正在呼叫")
    scene.shot(page, "callbar-dialling")
    customer.do("answer")
    for window in (page, second):
        expect(window.locator("[data-field=mute]")).to_be_visible()
        expect(window.locator("[data-field=mute]")).to_have_attribute("aria-pressed", "false")

    page.keyboard.press("Alt+KeyM")
    for window in (page, second):
        says(window, "已静音")
    scene.shot(second, "callbar-muted-small")
    page.reload()
    says(page, "已静音")
    expect(page.locator("[data-field=mute]")).to_have_attribute("aria-pressed", "true")
    second.keyboard.press("Alt+KeyM")
    for window in (page, second):
        expect(window.locator("[data-field=mute]")).to_have_attribute("aria-pressed", "false")

    for is_held in ("true", "false"):
        page.keyboard.press("Alt+KeyP")
        for window in (page, second):
            expect(window.locator("[data-field=hold]")).to_have_attribute("aria-pressed", is_held)
    page.keyboard.press("Alt+KeyK")
    page.click("[data-digit='5']")
    customer.wait("dtmf", digit="5")
    page.keyboard.press("Escape")
    page.keyboard.press("Alt+KeyR")
    says(second, "录音已暂停")
    page.keyboard.press("Alt+KeyQ")
    customer.wait("disconnected")
    for window in (page, second):
        expect(window.locator("#strip")).to_have_class(re.compile("uc-s-wrap"))
    page.locator("#strip select").select_option(index=1)
    page.keyboard.press("Alt+KeyY")
    for window in (page, second):
        expect(window.locator("[data-field=dial]")).to_be_visible()
    page.keyboard.press("Alt+KeyO")
    scene.wait_agent("1001", "not-ready")
    assert scene.reports == []


def test_alt_a_answers_a_phone_that_lets_itself_be_told_and_alt_q_hangs_up(scene: Scene) -> None:
    with ExitStack() as things:

        def sipp(scenario: str, number: str = "") -> Sipp:
            made = Sipp(scene.folder, scenario, f"127.0.0.1:{scene.stack.settings.sip_port}", number)
            things.callback(made.kill)
            return made

        phone = sipp(PHONE)
        password, domain = scene.stack.sip_password("1001"), scene.stack.settings.domain
        sipp(REGISTER.format(user="1001", password=password, domain=domain, port=phone.port), "1001").finish()
        page = scene.page("agent1", width=1280, height=720)
        scene.ready(page)
        caller = scene.caller("13900139000")
        caller.call("4001")
        phone.saw("> 180", seconds=30)
        expect(page.locator("[role=alertdialog]:not([hidden])")).to_be_visible()
        assert "< NOTIFY" not in phone.messages
        scene.shot(page, "call-bar-ringing-zh-1280")
        page.keyboard.press("Alt+A")
        expect(page.locator("#strip .btn-hangup")).to_be_visible(timeout=15_000)
        scene.wait_agent("1001", "talking")
        caller.wait("confirmed")
        assert phone.messages.index("< NOTIFY") < phone.messages.index(
            "> 200", phone.messages.index("< NOTIFY")
        )
        scene.shot(page, "call-bar-answered-zh-1280")
        page.keyboard.press("Alt+Q")
        caller.wait("disconnected")
        phone.finish()
        scene.wait_agent("1001", "wrap-up")
        scene.status("1001", "ready")


def test_a_headset_answers_by_itself_once_the_agent_has_chosen_so(scene: Scene) -> None:
    phone = scene.agents_phone("1001")
    page = scene.page("agent1", width=1280, height=720)
    scene.ready(page)
    choice = page.locator("[data-auto-answer]")
    page.click("#status-switch")
    choice.click()
    expect(page.locator(".uc-toast")).to_be_visible()
    page.keyboard.press("Escape")
    expect(choice).to_be_hidden()
    wait_until(lambda: scene.agent("1001").get("auto_answer"), what="the choice to be known")
    caller = scene.caller("13900139000")
    caller.call("4001")
    expect(page.locator("#strip .btn-hangup")).to_be_visible(timeout=30_000)  # nobody has touched anything
    scene.wait_agent("1001", "talking")
    phone.wait("confirmed")
    expect(choice).to_have_attribute("aria-pressed", "true")
    scene.shot(page, "call-bar-answered-by-itself-zh-1280")
    page.keyboard.press("Alt+Q")
    caller.wait("disconnected")
    scene.wait_agent("1001", "wrap-up")
    page.click("#status-switch")
    choice.click()
    wait_until(lambda: not scene.agent("1001").get("auto_answer"), what="the choice to be taken back")
    scene.status("1001", "ready")


def test_what_is_not_reached_or_not_allowed_says_why_on_the_strip(scene: Scene, customer: Phone) -> None:
    agent = scene.agents_phone("1001")
    page = scene.page("agent1")
    scene.ready(page)
    scene.wait_agent("1001", "idle")
    dial(page, "0044 123 456 789")
    expect(page.locator("#toasts")).to_contain_text("没有中继可以呼叫这个号码")
    dial(page, "没有这个人")
    expect(page.locator("#toasts")).to_contain_text("没有叫这个名字")
    dial(page, CUSTOMER)
    rings(agent)
    agent.do("answer")
    rings(customer)
    says(page, "正在呼叫")
    customer.hang_up(486)
    says(page, "未接通：对方忙")
    scene.shot(page, "callbar-not-reached")
    page.click("[data-field=again]")
    rings(agent)
    says(page, "话机振铃")
    page.keyboard.press("Alt+KeyQ")
    agent.wait("disconnected")
    expect(page.locator("[data-field=dial]")).to_be_visible()
    expect(page.locator("#strip")).not_to_contain_text("未接通")


def test_the_number_shown_is_chosen_on_the_strip_and_only_among_the_centres(
    scene: Scene, customer: Phone
) -> None:
    agent = scene.agents_phone("1001")
    page = scene.page("agent1")
    scene.ready(page)
    assert page.locator("[data-field=shown] option").all_inner_texts() == ["外显 4001", "外显 4002"]
    page.select_option("[data-field=shown]", "4002")
    wait_until(lambda: scene.agent("1001").get("caller_number") == "4002", what="the choice to be read")
    dial(page, CUSTOMER)
    rings(agent)
    agent.do("answer")
    assert "4002" in rings(customer)["from_uri"]
    says(page, "正在呼叫")
    page.keyboard.press("Alt+KeyQ")
    agent.wait("disconnected")


def test_a_missed_call_is_called_back_with_one_click_and_a_number_in_the_contacts_too(
    scene: Scene, customer: Phone
) -> None:
    own_key(scene, "agent1", "answer", "Alt+KeyW")
    agent, page = scene.agents_phone("1001"), scene.page("agent1")
    scene.ready(page)
    scene.wait_agent("1001", "idle")
    caller = scene.caller(CUSTOMER)
    caller.call("4001")
    rings(agent)
    expect(page.locator("[data-field=answer]")).to_be_visible()
    scene.shot(page, "callbar-ringing")
    expect(page.locator("#announce")).to_contain_text("按 Alt W 或在话机上接听，按 Alt Q 拒接")
    expect(page.locator("[data-field=answer]")).to_contain_text("Alt W")
    page.keyboard.press("Alt+KeyW")  # this phone doesn't know how to
    expect(page.locator("#toasts")).to_contain_text("请在话机上接听")
    caller.hang_up()
    expect(page.locator("[data-field=missed]")).to_contain_text("1 条新的", timeout=40_000)
    page.click("[data-field=missed]")
    expect(page.locator("#missed-list")).to_contain_text("021****1234")
    scene.shot(page, "callbar-missed")
    page.locator("#missed-list [data-dial]").first.click()
    rings(agent)
    says(page, "话机振铃")
    page.keyboard.press("Escape")
    page.keyboard.press("Alt+KeyQ")
    agent.wait("disconnected")
    expect(page.locator("[data-field=dial]")).to_be_visible()
    expect(page.locator("[data-field=missed]")).not_to_contain_text("条新的")  # it has been looked at

    page.goto(f"{scene.stack.url}/contacts/")
    page.locator("tr", has_text="021****1234").locator("[data-dial]").last.click()
    rings(agent)
    expect(page.locator("#toasts")).to_contain_text("话机正在振铃")
    agent.hang_up(486)
    scene.wait_agent("1001", "idle")
