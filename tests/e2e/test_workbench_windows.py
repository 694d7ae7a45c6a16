"""The workbench as one truth: order of the list, two windows, the keyboard alone, what is away, the day's figures."""

import os
import re
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import STRAIGHT, Scene
from tests.e2e.ears import EARS, NO_LOCKS, notices, tones
from tests.e2e.visitor import Visitor
from tests.support.stack import Stack
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack(files=STRAIGHT) as stack:
        yield stack


def _item(page: Page, name: str) -> Any:
    return page.locator("#list a[data-talk]", has_text=name)


def _order(page: Page) -> list[str]:
    """The names of this test's two, as they stand."""
    shown = [words.split()[1] for words in page.locator("#list a[data-talk]").all_inner_texts()]
    return [name for name in shown if name in ("甲先生", "乙女士")]


def _groups(page: Page) -> list[str]:
    return [words.split()[0] for words in page.locator("#list h2").all_inner_texts()]


def _write(page: Page, text: str) -> None:
    page.locator(".uc-composer textarea").fill(text)
    page.locator(".uc-composer textarea").press("Enter")


def _tab_to(page: Page, selector: str) -> None:
    """Press Tab until this has the focus."""
    for _ in range(40):
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never reaches {selector}")


def _ring_and_talk(scene: Scene, agent: Any) -> Any:
    """A caller whose call rings at the agent."""
    caller = scene.caller("13900139000")
    caller.call("4001")
    agent.wait("incoming", seconds=20)
    return caller


def test_the_keyboard_alone_serves_a_chat_and_answers_a_call(scene: Scene) -> None:
    agent = scene.agents_phone("1001")
    page = scene.page("agent1", width=1280, height=720)
    page.wait_for_selector("#status-switch[data-shown]")
    page.keyboard.press("Alt+Y")
    expect(page.locator("#status-switch")).to_have_class("uc-switch uc-s-ready")
    visitor = Visitor(scene, "林晓燕")
    visitor.say("上周买的锁打不开")
    expect(_item(page, "林晓燕")).to_be_visible()
    page.keyboard.press("Alt+J")
    expect(page.locator(".uc-composer textarea")).to_be_focused()
    page.keyboard.type("您好，我看一下")
    page.keyboard.press("Enter")
    visitor.heard("您好，我看一下")

    page.keyboard.press("Alt+L")
    expect(page.locator("#list h2", has_text="稍后处理")).to_be_visible()
    visitor.say("还在吗")
    expect(
        page.locator("#list h2", has_text="待我回复")
    ).to_be_visible()  # a new word of the customer brings it up
    expect(page.locator("#list h2", has_text="稍后处理")).to_have_count(0)

    caller = _ring_and_talk(scene, agent)
    expect(page.locator("[role=alertdialog]:not([hidden])")).to_be_visible()
    expect(page.locator(".uc-composer textarea")).to_be_focused()
    page.keyboard.press("Alt+A")
    agent.do("answer")  # this phone has to be lifted; one that lets itself be told is in test_call_bar
    expect(page.locator("#strip .btn-hangup")).to_be_visible()
    page.keyboard.press("Alt+P")
    expect(page.locator("#strip")).to_contain_text("取回")
    page.keyboard.press("Alt+P")
    expect(page.locator("#strip")).not_to_contain_text("取回")
    scene.shot(page, "workbench-keyboard-zh-1280")
    page.keyboard.press("Alt+Q")
    caller.wait("disconnected")
    scene.wait_agent("1001", "wrap-up")
    expect(page.locator("#strip select")).to_be_visible()
    page.evaluate("document.activeElement.blur()")
    _tab_to(page, "#strip select")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Alt+Y")
    scene.wait_agent("1001", "idle")

    page.keyboard.press("Alt+J")
    page.keyboard.type("已经为您换新")
    page.keyboard.press("Enter")
    visitor.heard("已经为您换新")
    page.keyboard.press("Alt+Z")
    expect(page.locator(".uc-wrapform")).to_be_visible(timeout=20_000)
    _tab_to(page, ".uc-wrapform select")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.type("换新")
    page.keyboard.press("Enter")
    expect(page.locator(".uc-wrapform")).to_have_count(0)
    _day_is_the_record(scene, page)
    assert [r for r in scene.reports if "favicon" not in r] == []


def _day_is_the_record(scene: Scene, page: Page) -> None:
    """The header, my day and the calls page say the same of what was just served."""
    expect(page.locator("button[popovertarget=my-day] [data-day=chats]")).to_have_text("1")
    expect(page.locator("button[popovertarget=my-day] [data-day=answered]")).to_have_text("1")
    day = page.evaluate("fetch('/desk/my-day').then((answer) => answer.json())")
    page.goto(f"{scene.stack.url}/calls/?result=answered")
    rows = re.findall(r"/ (\d+)|共 (\d+)", page.locator(".uc-meta", has_text="共").first.inner_text())
    assert rows
    assert int("".join(rows[-1])) == day["answered"] + day["called"] + day["chats"]


def test_two_windows_of_an_agent_show_one_truth_and_only_one_rings(scene: Scene) -> None:
    agent = scene.agents_phone("1001")
    page = scene.page("agent1")
    other = page.context.new_page()
    other.goto(page.url)
    away = scene.page("agent1", width=1280, height=720)  # another machine
    windows = (page, other, away)
    scene.ready(other)
    for window in windows:
        expect(window.locator("#status-switch")).to_have_class("uc-switch uc-s-ready")
    visitor = Visitor(scene, "赵一鸣")
    visitor.say("在吗")
    for window in windows:
        expect(_item(window, "赵一鸣").locator(".uc-count")).to_have_text("1")
    _item(page, "赵一鸣").click()
    for window in windows:
        expect(_item(window, "赵一鸣").locator(".uc-count")).to_have_count(0)
    _only_what_nobody_reads_sounds(scene, other, visitor)

    caller = _ring_and_talk(scene, agent)
    for window in windows:
        expect(window.locator("[role=alertdialog]:not([hidden])")).to_be_visible()
    rings = "document.documentElement.dataset.ringing === 'here'"
    wait_until(lambda: page.evaluate(rings) or other.evaluate(rings), what="a window to ring")
    assert [page.evaluate(rings), other.evaluate(rings)].count(True) == 1  # one of this browser's two
    scene.shot(other, "workbench-second-window-ringing-zh")
    _figures_are_the_acds(scene, windows)
    agent.do("answer")
    for window in windows:
        expect(window.locator("#strip .btn-hangup")).to_be_visible()
        wait_until(lambda w=window: not w.evaluate(rings), what="silence in every window")
    page.keyboard.press("Alt+P")
    for window in windows:
        expect(window.locator("#strip")).to_contain_text("取回")
    _figures_are_the_acds(scene, windows)
    other.reload()
    expect(other.locator("#strip")).to_contain_text("取回")
    away.keyboard.press("Alt+Q")
    caller.wait("disconnected")
    for window in windows:
        expect(window.locator("#strip select")).to_be_visible()
    away.locator("#strip select").select_option(index=1)
    away.keyboard.press("Alt+Y")
    for window in windows:
        expect(window.locator("#strip select")).to_have_count(0)
    visitor.ask("end")
    page.locator(".uc-wrapform select").select_option(index=1)
    page.locator(".uc-wrapform button").click()
    for window in windows:
        expect(window.locator("#list [data-wrap]")).to_have_count(0)
    assert [r for r in scene.reports if "favicon" not in r] == []


def _only_what_nobody_reads_sounds(scene: Scene, window: Page, read: Visitor) -> None:
    """A further message sounds, but not one of a chat that another window shows."""
    second = Visitor(scene, "钱多")
    second.say("你好")
    expect(_item(window, "钱多").locator(".uc-count")).to_have_text("1")
    window.evaluate(
        """() => {
          window.chimed = [];
          Ringing.chime = (name) => window.chimed.push(name);
          const plain = window.setTimeout; // a slow machine tells late that it was read: ask later
          window.setTimeout = (act, ms, ...more) => plain(act, ms === 500 ? 5000 : ms, ...more);
        }"""
    )
    read.say("还在")
    expect(_item(window, "赵一鸣")).to_contain_text("还在")
    second.say("请问")
    wait_until(lambda: window.evaluate("chimed.length"), what="the sound")
    assert window.evaluate("chimed") == ["钱多"]
    _item(window, "钱多").click()
    second.ask("end")
    window.locator(".uc-wrapform select").select_option(index=1)
    window.locator(".uc-wrapform button").click()
    expect(window.locator("#list [data-wrap]")).to_have_count(0)


def test_without_web_locks_one_window_of_two_rings_and_the_other_when_that_is_closed(scene: Scene) -> None:
    agent = scene.agents_phone("1001")
    page = scene.page("agent1", first=EARS + NO_LOCKS)
    other = page.context.new_page()
    other.goto(page.url)
    scene.ready(other)
    expect(page.locator("#status-switch")).to_have_class("uc-switch uc-s-ready")
    assert page.evaluate("navigator.locks === undefined")
    for window in (page, other):
        window.evaluate("window.isCovered = true")
    caller = _ring_and_talk(scene, agent)
    for window in (page, other):
        expect(window.locator("[role=alertdialog]:not([hidden])")).to_be_visible()
    here = "document.documentElement.dataset.ringing === 'here'"
    wait_until(lambda: tones(page) + tones(other) >= 3, what="the first ring")  # by then they have agreed
    wait_until(lambda: [w.evaluate(here) for w in (page, other)].count(True) == 1, what="one window to ring")
    rings, silent = (page, other) if page.evaluate(here) else (other, page)
    heard, quiet = tones(rings), tones(silent)
    wait_until(lambda: tones(rings) >= heard + 6, what="two more rings of that window")
    assert tones(silent) == quiet
    assert {tag for _words, tag in [*notices(page), *notices(other)]} == {
        "uckefu-offer"
    }  # the tag makes two one
    assert "13900139000" not in str(notices(page))
    rings.close()
    wait_until(lambda: tones(silent) >= 3, what="the other window to ring")
    caller.hang_up()
    expect(silent.locator("[role=alertdialog]:not([hidden])")).to_have_count(0)
    expect(silent.locator("html[data-ringing]")).to_have_count(0)


def _figures_are_the_acds(scene: Scene, windows: tuple[Page, ...]) -> None:
    """The header of every window shows what the ACD's own view says, for calls and conversations."""
    totals = (scene.acd.view() or {})["totals"]
    for window in windows:
        for channel, section in (("voice", "#figures"), ("chat", "#chat-figures")):
            for name in ("waiting", "in_service", "ready"):
                expect(window.locator(f"{section} [data-figure={name}]")).to_have_text(
                    str(totals[channel][name])
                )


def test_nothing_in_the_list_moves_while_somebody_aims_at_it(scene: Scene) -> None:
    agent = scene.agents_phone("1001")
    page = scene.page("agent1")
    scene.ready(page)
    first, second = Visitor(scene, "甲先生"), Visitor(scene, "乙女士")
    first.say("第一")
    expect(_item(page, "甲先生")).to_be_visible()
    second.say("第二")
    expect(_item(page, "乙女士")).to_be_visible()
    first.say("再问一次")
    expect(_item(page, "甲先生").locator(".uc-count")).to_have_text("2")
    assert _order(page) == ["甲先生", "乙女士"]  # the longest wait stands first, not the latest word

    other = page.context.new_page()
    other.goto(page.url)
    _item(page, "乙女士").hover()
    before = _item(page, "乙女士").bounding_box()
    _item(other, "甲先生").click()
    _write(other, "马上")
    expect(_item(page, "甲先生")).to_contain_text("马上")  # the news is there, the place is the old one
    caller = _ring_and_talk(scene, agent)
    expect(page.locator("[role=alertdialog]:not([hidden])")).to_be_visible()
    expect(page.locator("#list h2", has_text="来电")).to_be_visible()
    assert _item(page, "乙女士").bounding_box() == before
    assert _groups(page)[-2:] == ["待我回复", "来电"]
    scene.shot(page, "workbench-order-held-zh")
    page.mouse.move(700, 400)
    expect(page.locator("#list h2").first).to_contain_text("来电")
    expect(page.locator("#list h2", has_text="等客户回复")).to_be_visible()
    assert _order(page) == ["乙女士", "甲先生"]
    caller.hang_up()
    expect(page.locator("#list h2", has_text="来电")).to_have_count(0)

    _item(page, "甲先生").focus()
    first.say("好了吗")
    expect(_item(page, "甲先生").locator(".uc-count")).to_be_visible()
    expect(_item(page, "甲先生")).to_be_focused()
    assert _groups(page)[-2:] == ["待我回复", "等客户回复"]
    page.locator("#list-search").focus()
    expect(page.locator("#list h2", has_text="等客户回复")).to_have_count(0)
    assert _order(page) == ["乙女士", "甲先生"]


def test_the_page_says_what_is_away_and_goes_on_by_itself(scene: Scene) -> None:
    scene.agents_phone("1001")
    page = scene.page("agent1", width=1280, height=720)
    scene.ready(page)
    visitor = Visitor(scene, "周文")
    visitor.say("什么时候发货")
    _item(page, "周文").click()
    expect(page.locator(".uc-composer textarea")).to_be_focused()
    away, engine = page.locator("#away"), scene.stack.engine()
    with engine.connect() as held:
        held.exec_driver_sql("BEGIN EXCLUSIVE")  # a database that answers nobody who writes
        _write(page, "今天下午发货")
        expect(away).to_contain_text("数据库没有响应", timeout=30_000)
        expect(page.locator(".uc-msg.is-pending")).to_have_count(1)
        scene.shot(page, "workbench-record-away-zh-1280")
        held.rollback()
    engine.dispose()
    expect(away).to_be_hidden(timeout=30_000)
    visitor.heard("今天下午发货")
    expect(page.locator(".uc-msg.is-mine", has_text="今天下午发货").locator("footer")).to_contain_text(
        "已发送"
    )
    assert [m["text"] for m in visitor.messages].count("今天下午发货") == 1

    supervisor = int((scene.stack.instance / "run" / "ready").read_text())
    os.kill(supervisor, signal.SIGSTOP)  # nothing starts it again
    try:
        scene.stack.kill("redis")
        expect(away).to_contain_text("排队服务没有响应", timeout=30_000)
        expect(page.locator("#figures-age")).to_be_visible()
        scene.shot(page, "workbench-redis-away-zh-1280")
        _write(page, "快递单号稍后给您")
        visitor.heard("快递单号稍后给您")
        visitor.say("好的")
        expect(page.locator(".uc-log")).to_contain_text("好的")
        scene.stack.kill("acd")
    finally:
        os.kill(supervisor, signal.SIGCONT)
    expect(away).to_be_hidden(timeout=40_000)
    _write(page, "单号 SF100")
    visitor.heard("单号 SF100")


def test_a_chat_is_given_to_a_queue_with_a_note_and_everybody_sees_queue_and_colleagues(scene: Scene) -> None:
    """What comes to a colleague sounds, is told on the desktop, and counts as unread until it is opened."""
    scene.agents_phone("1001")
    scene.agents_phone("1002")
    page = scene.page("agent1")
    colleague = scene.page("agent2", width=1280, height=720, first=EARS)
    scene.ready(page)
    visitor = Visitor(scene, "吴敏")
    visitor.say("买错了想退货")
    _item(page, "吴敏").click()
    _choose(colleague, "break")
    page.click("[data-tab=colleagues]")
    shown = page.locator("#list .uc-item", has_text="李伟")
    expect(shown).to_contain_text("1002")
    expect(shown.locator(".uc-s-break")).to_be_visible()
    scene.shot(page, "workbench-colleagues-zh")

    _choose(page, "break")  # nobody can take it now
    page.keyboard.press("Alt+G")
    page.fill("#talk-transfer-note", "已同意全额退款")
    page.locator("#talk-transfer-targets [data-target=webchat]").click()
    for window in (page, colleague):
        window.click("[data-tab=queue]")
        waiting = window.locator("#list .uc-item", has_text="吴敏")
        expect(waiting).to_contain_text("网页客服")
        expect(waiting.locator("time")).to_be_visible()
        expect(window.locator("[data-count=queue]")).to_have_text(
            str(window.locator("#list .uc-item").count())
        )
    scene.shot(colleague, "workbench-queue-zh-1280")
    visitor.say("还要等多久")

    colleague.evaluate("window.isCovered = true")
    colleague.click("[data-tab=mine]")
    _choose(colleague, "ready")
    expect(_item(colleague, "吴敏").locator(".uc-count")).to_have_text("1")  # what nobody has read
    wait_until(lambda: [n for n in notices(colleague) if "吴敏" in n[0]], what="the desktop notification")
    wait_until(lambda: tones(colleague) >= 2, what="the sound")
    visitor.say("在吗")
    expect(_item(colleague, "吴敏").locator(".uc-count")).to_have_text("2")
    _item(colleague, "吴敏").click()
    expect(_item(colleague, "吴敏").locator(".uc-count")).to_have_count(0)
    expect(colleague.locator(".uc-log")).to_contain_text("买错了想退货")
    expect(colleague.locator(".uc-msg.is-note")).to_contain_text("已同意全额退款")
    scene.shot(colleague, "workbench-given-by-queue-zh-1280")
    _write(colleague, "已经为您退款")
    visitor.heard("已经为您退款")
    assert not [m for m in visitor.messages if "全额" in m["text"]]
    assert [r for r in scene.reports if "favicon" not in r] == []


def _choose(page: Page, status: str) -> None:
    page.wait_for_selector("#status-switch[data-shown]")
    page.click("#status-switch")
    page.click(f"[data-status={status}]")
    kind = "ready" if status == "ready" else "break"
    expect(page.locator("#status-switch")).to_have_class(f"uc-switch uc-s-{kind}")
