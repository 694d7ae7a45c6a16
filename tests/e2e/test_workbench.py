"""An agent at the workbench: two chats beside a call, notes, quick replies, drafts over windows, transfer, disposition."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from sql.models import Article, ContactTag, Conversation, Message, QuickReply, Talk, VisitorBlock, Voicemail
from tests.e2e.conftest import Scene
from tests.e2e.visitor import IPHONE, Visitor, looks_at
from tests.support.stack import Stack
from tests.support.waiting import wait_until
from uckefu.times import now

pytestmark = pytest.mark.timeout(300)  # a whole morning of an agent, on a machine that others use too


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack() as stack:
        yield stack


def _record(scene: Scene, wanted: Any) -> Any:
    engine = scene.stack.engine()
    with Session(engine) as session:
        found = session.scalars(wanted).all()
        session.expunge_all()
    engine.dispose()
    return found


def _quick_reply(scene: Scene) -> None:
    engine = scene.stack.engine()
    with Session(engine) as session:
        session.add(
            QuickReply(
                title="换货流程", shortcut="换货", text="{客户姓名}您好，可以换新，顺丰上门取件。", position=1
            )
        )
        session.add(QuickReply(title="运费", shortcut="运费", text="往返运费由我们承担。", position=2))
        session.commit()
    engine.dispose()


def _item(page: Page, name: str) -> Any:
    return page.locator("#list a", has_text=name)


def _write(page: Page, text: str) -> None:
    page.locator(".uc-composer textarea").fill(text)
    page.locator(".uc-composer textarea").press("Enter")


def test_two_chats_beside_a_call(scene: Scene) -> None:
    _quick_reply(scene)
    agent, caller = scene.agents_phone("1001"), scene.caller("13900139000")
    page = scene.page("agent1")
    scene.ready(page)
    scene.wait_agent("1001", "idle")

    first = Visitor(scene, "林晓燕")
    first.say("上周买的智能锁一直提示电量低")
    expect(_item(page, "林晓燕")).to_be_visible()
    expect(page.locator("#list h2", has_text="待我回复")).to_be_visible()
    expect(_item(page, "林晓燕").locator(".uc-count")).to_have_text("1")
    _item(page, "林晓燕").click()
    expect(page.locator(".uc-log")).to_contain_text("一直提示电量低")
    expect(_item(page, "林晓燕").locator(".uc-count")).to_have_count(0)
    expect(page.locator("#side")).to_contain_text("还没有关联客户")

    area = page.locator(".uc-composer textarea")
    _numbered_replies(page)
    area.press_sequentially("/换")
    expect(page.locator(".uc-quick [role=option]").first).to_contain_text("/换货")
    scene.shot(page, "workbench-quick-zh")
    area.press("Tab")
    expect(area).to_have_value("林晓燕您好，可以换新，顺丰上门取件。")
    area.press("Enter")
    heard = first.heard("林晓燕您好，可以换新，顺丰上门取件。")
    mine = page.locator(".uc-msg.is-mine", has_text="顺丰上门取件")
    expect(mine.locator("footer")).to_contain_text("已发送")
    first.reads(heard)
    expect(mine.locator("footer")).to_contain_text("已读")
    expect(page.locator("#list h2", has_text="等客户回复")).to_be_visible()

    first.types("运费是你们")
    expect(page.locator(".uc-typing")).to_contain_text("运费是你们")
    page.keyboard.press("Alt+N")
    expect(page.locator(".uc-composer")).to_have_class(re.compile("is-note"))
    _write(page, "客户着急，直接换新")
    expect(page.locator(".uc-msg.is-note")).to_contain_text("客户着急，直接换新")
    assert not [m for m in first.messages if "客户着急" in m["text"]]

    second = Visitor(scene, "赵一鸣")
    second.say("在吗？")
    expect(_item(page, "赵一鸣")).to_be_visible()

    caller.call("4001")
    caller.wait("confirmed")
    caller.do("dtmf", digits="2")
    area.focus()
    agent.wait("incoming", seconds=30)
    page.wait_for_selector("[role=alertdialog]:not([hidden])")
    expect(page.locator("#announce")).to_contain_text("按 Alt Q 拒接")
    area.press_sequentially("稍等")
    assert page.evaluate("document.activeElement.tagName") == "TEXTAREA"  # a call never takes the focus
    scene.shot(page, "workbench-ringing-zh")
    area.press("Enter")
    first.heard("稍等")
    assert scene.agent("1001")["state"] == "offered"  # Enter sent the message and answered nothing
    agent.do("answer")
    agent.wait("confirmed")
    scene.wait_agent("1001", "talking")
    expect(page.locator("#list h2", has_text="通话")).to_be_visible()
    heads = page.locator("#list h2").all_inner_texts()
    assert [head.split()[0] for head in heads] == ["通话", "待我回复", "等客户回复"]
    _keys_and_recording(scene, page, caller)
    page.locator("#list a", has_text="刘洋").click()  # the call's own side panel
    expect(page.locator("#side h2 a")).to_have_text("刘洋")
    scene.shot(page, "workbench-call-panel-zh")
    page.keyboard.press("Alt+J")
    expect(page.locator(".uc-talk h1")).to_have_text("赵一鸣")
    _write(page, "在的，请讲")
    second.heard("在的，请讲")
    scene.shot(page, "workbench-call-and-chats-zh")
    page.locator(".uc-msg.is-mine", has_text="在的，请讲").get_by_role("button", name="撤回").click()
    expect(page.locator(".uc-msg.is-recalled")).to_have_count(1)
    expect(page.locator(".uc-log")).not_to_contain_text("在的，请讲")
    wait_until(
        lambda: [m for m in second.messages if m["kind"] == "recall"], what="the visitor to see the recall"
    )
    _small_and_english(scene, page)
    caller.hang_up()
    agent.wait("disconnected")
    scene.wait_agent("1001", "wrap-up")
    page.locator("#strip select").select_option(index=1)
    page.keyboard.press("Alt+Y")
    scene.wait_agent("1001", "idle")

    _drafts_and_windows(scene, page)
    _end(scene, page, second)
    _transfer(scene, page, first)
    assert [r for r in scene.reports if "favicon" not in r] == []


def _numbered_replies(page: Page) -> None:
    """Each quick reply has a number, and `/` with the number finds it."""
    area, options = page.locator(".uc-composer textarea"), page.locator(".uc-quick [role=option]")
    area.press_sequentially("/")
    expect(options.nth(1)).to_be_visible()
    numbers = options.locator(".uc-num").all_inner_texts()
    assert numbers == [str(place + 1) for place in range(len(numbers))]
    second = options.nth(1).locator("b").inner_text()
    area.press_sequentially("2")
    expect(options.first.locator(".uc-num")).to_have_text("2")
    expect(options.first.locator("b")).to_have_text(second)
    area.fill("")


def test_a_supervisor_reads_along_whispers_and_gives_a_chat_to_somebody_else(scene: Scene) -> None:
    page, colleague, supervisor = scene.page("agent1"), scene.page("agent2"), scene.page("supervisor")
    scene.agents_phone("1001")
    scene.ready(page)
    visitor = Visitor(scene, "黄志强")
    visitor.say("批量采购报价")
    _item(page, "黄志强").click()
    scene.agents_phone("1002")
    scene.ready(colleague)
    supervisor.goto(f"{scene.stack.url}/supervision")
    _item(supervisor, "黄志强").click()
    expect(supervisor.locator(".uc-log")).to_contain_text("批量采购报价")
    supervisor.locator(".uc-composer input").fill("可以给九折")
    supervisor.locator(".uc-composer input").press("Enter")
    expect(page.locator(".uc-msg.is-note")).to_contain_text("可以给九折")
    scene.shot(supervisor, "supervision-zh")
    supervisor.select_option("#give-to", label="李伟")
    supervisor.locator("#middle header button").click()
    expect(_item(colleague, "黄志强")).to_be_visible()
    expect(_item(page, "黄志强")).to_have_count(0)
    supervisor.locator("[data-agent] button").first.click()
    wait_until(
        lambda: "offline" in (scene.agent("1001")["status"], scene.agent("1002")["status"]),
        what="an agent to be signed out",
    )
    assert not [m for m in visitor.messages if "九折" in m["text"]]
    assert [r for r in scene.reports if "favicon" not in r] == []


def test_a_picture_and_what_is_written_while_the_web_is_away(scene: Scene) -> None:
    """English, small screen. What is written while no server is there is sent once, in order, when one is back."""
    scene.agents_phone("1001")
    page = scene.page("agent1", width=1280, height=720)
    page.click("button.uc-ava")
    page.locator("#me form button", has_text="English").click()
    expect(page.locator("#list-search")).to_have_attribute("placeholder", re.compile("Search"))
    scene.ready(page)
    visitor = Visitor(scene, "Ann")
    visitor.say("Hello")
    _item(page, "Ann").click()
    expect(page.locator(".uc-log")).to_contain_text("Hello")
    picture = scene.folder / "lock.png"
    Image.new("RGB", (60, 40), "navy").save(picture)
    page.locator(".uc-composer input[type=file]").set_input_files(picture)
    expect(page.locator(".uc-msg.is-mine img")).to_be_visible()
    wait_until(lambda: [m for m in visitor.messages if m["kind"] == "picture"], what="the picture")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    scene.shot(page, "workbench-keys-en-1280")
    page.keyboard.press("Escape")

    before = scene.stack.kill("admin")
    expect(page.locator("#strip")).to_have_class(re.compile("uc-s-alert"))
    _write(page, "written while away 1")
    _write(page, "written while away 2")
    expect(page.locator(".uc-msg.is-pending")).to_have_count(2)
    scene.shot(page, "workbench-away-en-1280")
    scene.stack.wait_restarted("admin", before)
    scene.stack.wait_serves("admin")
    expect(page.locator(".uc-msg.is-pending")).to_have_count(0, timeout=30_000)
    said = [
        m.text
        for m in _record(
            scene, select(Message).where(Message.text.like("written%")).order_by(Message.sequence)
        )
    ]
    assert said == ["written while away 1", "written while away 2"]
    scene.shot(page, "workbench-english-1280")


def _keys_and_recording(scene: Scene, page: Page, caller: Any) -> None:
    """Keys reach the caller's phone; a paused recording is told on the strip, after a reload too."""
    page.keyboard.press("Alt+K")
    page.click("[data-digit='5']")
    assert caller.wait("dtmf")["digit"] == "5"
    page.keyboard.press("Alt+K")
    page.keyboard.press("Alt+R")
    expect(page.locator("#strip")).to_contain_text("录音已暂停")
    page.reload()
    expect(page.locator("#strip")).to_contain_text("录音已暂停")
    scene.shot(page, "workbench-recording-paused-zh")
    page.click("#strip [data-field=recording]")
    expect(page.locator("#strip")).to_contain_text("录音中")


def _small_and_english(scene: Scene, page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 720})
    scene.shot(page, "workbench-call-and-chats-zh-1280")
    assert page.evaluate(
        "document.documentElement.scrollWidth <= innerWidth && document.documentElement.scrollHeight <= innerHeight"
    )
    page.set_viewport_size({"width": 1440, "height": 900})


def _drafts_and_windows(scene: Scene, page: Page) -> None:
    """What was written and not sent is there after a reload and in a second window; both show the same."""
    _item(page, "林晓燕").click()
    expect(page.locator(".uc-talk h1")).to_have_text("林晓燕")
    page.locator(".uc-composer textarea").fill("还没有发的话")
    expect(page.locator(".uc-composer")).to_contain_text("草稿已保存")
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.locator(".uc-composer textarea")).to_have_value("还没有发的话")
    expect(other.locator(".uc-talk h1")).to_have_text("林晓燕")
    page.reload()
    expect(page.locator(".uc-composer textarea")).to_have_value("还没有发的话")
    _write(page, "现在发了")
    expect(other.locator(".uc-log")).to_contain_text("现在发了")
    expect(other.locator(".uc-composer textarea")).to_have_value("")
    other.close()


def _end(scene: Scene, page: Page, visitor: Visitor) -> None:
    """Ending can be undone; then the disposition is asked for."""
    _item(page, "赵一鸣").click()
    expect(page.locator(".uc-talk h1")).to_have_text("赵一鸣")
    page.locator("#side summary", has_text="关联客户").click()  # it is the one who called
    page.locator("#side input[type=search]").first.fill("刘洋")
    page.locator("#side li button", has_text="刘洋").click()
    expect(page.locator("#side h2 a")).to_have_text("刘洋")
    page.keyboard.press("Alt+Z")
    page.locator(".uc-toast button").click()
    expect(page.locator(".uc-composer textarea")).to_be_visible()
    page.keyboard.press("Alt+Z")
    expect(page.locator(".uc-wrapform")).to_be_visible(timeout=20_000)
    scene.shot(page, "workbench-chat-wrap-up-zh")
    page.locator(".uc-wrapform select").select_option(index=1)
    page.locator(".uc-wrapform input").fill("问物流")
    page.locator(".uc-wrapform button").click()
    noted = wait_until(
        lambda: _record(scene, select(Talk).where(Talk.note == "问物流")), what="the disposition of the chat"
    )
    assert noted[0].disposition_id is not None
    row = _record(scene, select(Conversation).where(Conversation.id == noted[0].interaction_id))[0]
    assert row.ended_by == "agent"
    _history(scene, page)


def _history(scene: Scene, page: Page) -> None:
    """The contact's page has the call and the chat in one list, each with its agent and disposition."""
    page.goto(f"{scene.stack.url}/contacts/?text=刘洋")
    page.locator("tbody th a", has_text="刘洋").click()
    past = page.locator("tr[data-interaction]")
    call, chat = past.filter(has=page.locator(".ti-phone-incoming")), past.filter(has_text="问物流")
    for line in (call.first, chat):
        expect(line).to_contain_text("王芳")
    expect(call.first).to_contain_text("通话")
    expect(chat.locator(".ti-message-circle")).to_be_visible()
    scene.shot(page, "contact-history-zh")
    chat.locator("a").click()
    expect(page.locator("main")).to_contain_text("在吗？")
    page.goto(f"{scene.stack.url}/")


def _transfer(scene: Scene, page: Page, visitor: Visitor) -> None:
    """A colleague gets the chat with the note, and what was said before."""
    scene.agents_phone("1002")
    colleague = scene.page("agent2", width=1280, height=720)
    _speak(colleague, "en")  # the user's own choice, not the browser's
    scene.ready(colleague)
    _item(page, "林晓燕").click()
    page.keyboard.press("Alt+G")
    page.fill("#talk-transfer-note", "答应了换新")
    page.locator("#talk-transfer-targets button", has_text="李伟").click()
    expect(_item(page, "林晓燕")).to_have_count(0)
    _item(colleague, "林晓燕").click()
    expect(colleague.locator(".uc-log")).to_contain_text("一直提示电量低")
    expect(colleague.locator(".uc-msg.is-note", has_text="答应了换新")).to_be_visible()
    _write(colleague, "我是李伟，继续为您服务")
    visitor.heard("我是李伟，继续为您服务")
    expect(colleague.locator(".uc-composer")).to_contain_text("Internal note")
    scene.shot(colleague, "workbench-chat-en-1280")
    colleague.set_viewport_size({"width": 1440, "height": 900})
    scene.shot(colleague, "workbench-chat-en")
    said = _record(scene, select(Message).where(Message.kind == "text", Message.author == "agent"))
    assert len({m.client_id for m in said}) == len(said)


def test_a_new_voicemail_is_announced_once_with_words_and_a_tone(scene: Scene) -> None:
    page = scene.page("supervisor")
    wait_until(
        lambda: page.evaluate("localStorage.getItem('uckefu.voicemail')"), what="the page to know what waits"
    )
    engine = scene.stack.engine()
    with Session(engine) as session, session.begin():
        session.add(
            Voicemail(id="new", interaction_id="new", number="13800138000", at=now(), seconds=5, queue_name="service", note="")
        )  # fmt: skip
    engine.dispose()
    page.reload()
    expect(page.locator("a.uc-toast")).to_have_text("新语音留言：138****8000，客服")
    scene.shot(page, "voicemail-toast")
    page.reload()
    expect(page.locator("[data-voicemail-count] .uc-count")).to_have_text("1")
    expect(page.locator("html[data-voicemails]")).to_have_count(0)


def test_what_a_visitor_left_is_announced_answered_and_marked_done(scene: Scene) -> None:
    page = scene.page("agent1", width=1280, height=720)
    _speak(page, "zh")
    wait_until(
        lambda: page.evaluate("localStorage.getItem('uckefu.voicemail')"), what="the page to know what waits"
    )
    visitor = Visitor(scene, "孙丽")
    visitor.ask("leave", client_id="1", reach="13700137000", text="<i>周末</i>\n能送货吗？")
    visitor.ask("leave", client_id="2", reach="sun@example.com", text="请把发票寄给我")
    page.reload()
    expect(page.locator("a.uc-toast")).to_have_text("新网站留言：孙丽，网页客服")
    page.locator("a.uc-toast").click()
    table = page.get_by_role("region", name="网站留言")
    row = table.locator("tbody tr", has_text="周末")
    expect(row).to_contain_text("<i>周末</i>")
    expect(row).to_contain_text("137****7000")
    expect(row.locator("[data-dial]")).to_be_visible()
    expect(table.locator("a[href^='mailto:']")).to_have_text("sun@example.com")
    scene.shot(page, "messages-left-zh-1280")
    row.locator("[name=note]").fill("已回电，周六送")
    row.get_by_role("button", name="已处理").click()
    expect(table.locator("tbody tr")).to_have_count(1)
    page.get_by_role("link", name="已处理").click()
    expect(table.locator("tbody tr")).to_contain_text("已回电，周六送")


def test_a_colleague_a_ticket_an_answer_and_a_pasted_picture(scene: Scene) -> None:
    """Keyboard alone: a ticket (Alt I), an answer of the knowledge base (Alt B), a colleague (Alt V), own shortcuts."""
    engine = scene.stack.engine()
    with Session(engine) as session:
        session.add(
            Article(
                title="智能锁电量低", text="新电池也报警时，把固件升级到 1.9.0。", category="门锁", is_published=True,
                created_at=now(), updated_at=now(),
            )
        )  # fmt: skip
        session.commit()
    engine.dispose()
    scene.agents_phone("1001")
    scene.agents_phone("1002")
    page = scene.page("agent1")
    _speak(page, "zh")
    scene.ready(page)
    visitor = Visitor(scene, "周文")
    visitor.say("门锁没电了怎么办")
    _item(page, "周文").click()
    colleague = scene.page("agent2", width=1280, height=720)
    _speak(colleague, "en")
    scene.ready(colleague)

    page.keyboard.press("Alt+B")
    page.keyboard.type("门锁没电了")
    expect(page.locator("#known [role=option]")).to_contain_text("智能锁电量低")
    page.keyboard.press("Enter")
    expect(page.locator(".uc-composer textarea")).to_have_value("新电池也报警时，把固件升级到 1.9.0。")
    page.keyboard.press("Control+Z")
    expect(page.locator(".uc-composer textarea")).to_have_value("")
    page.keyboard.press("Control+Y")
    expect(page.locator(".uc-composer textarea")).to_have_value("新电池也报警时，把固件升级到 1.9.0。")
    page.keyboard.press("Enter")
    visitor.heard("新电池也报警时，把固件升级到 1.9.0。")

    page.keyboard.press("Alt+I")
    expect(page.locator("#ticket-menu")).to_be_visible()
    scene.shot(page, "workbench-ticket-zh")
    page.keyboard.type("寄一块新电池")
    page.keyboard.press("Enter")
    expect(page.locator("#side-tickets")).to_contain_text("寄一块新电池")

    page.keyboard.press("Alt+V")
    page.locator("#talk-invite-targets button", has_text="李伟").focus()
    scene.shot(page, "workbench-invite-zh")
    page.keyboard.press("Enter")
    expect(page.locator("#talk-guests")).to_contain_text("李伟")
    _item(colleague, "周文").click()
    expect(colleague.locator(".uc-log")).to_contain_text("门锁没电了怎么办")
    _write(colleague, "我来补充：升级约三分钟")
    assert visitor.heard("我来补充：升级约三分钟")["name"] == "李伟"
    expect(page.locator(".uc-msg.is-mine", has_text="升级约三分钟")).to_contain_text("李伟")
    scene.shot(colleague, "workbench-guest-en-1280")
    scene.shot(page, "workbench-colleague-zh")
    colleague.get_by_role("button", name="Leave", exact=True).click()
    expect(_item(colleague, "周文")).to_have_count(0)
    expect(page.locator(".uc-log")).to_contain_text("李伟离开了会话")

    _paste_and_drop(page)
    wait_until(
        lambda: len([m for m in visitor.messages if m["kind"] == "picture"]) == 2, what="both pictures"
    )
    scene.shot(page, "workbench-pasted-zh")
    _translation(page, visitor)
    _own_shortcuts(scene, page)
    for path, name in (("/tickets/", "tickets"), ("/knowledge/", "knowledge")):
        page.goto(f"{scene.stack.url}{path}")
        scene.shot(page, f"{name}-zh")
        colleague.goto(f"{scene.stack.url}{path}")
        scene.shot(colleague, f"{name}-en-1280")
    page.goto(f"{scene.stack.url}/tickets/")
    page.locator("[data-ticket] a").first.click()
    scene.shot(page, "ticket-zh")
    assert [r for r in scene.reports if "favicon" not in r] == []


def test_own_and_shared_quick_replies_with_variables_emoji_and_a_file(scene: Scene) -> None:
    """An agent's own reply is kept by hand and seen by nobody else; its variables become words of this chat."""
    engine = scene.stack.engine()
    with Session(engine) as session, session.begin():
        session.add(QuickReply(title="发票政策", shortcut="发票", text="发票随货寄出。", position=9))
    engine.dispose()
    scene.agents_phone("1001")
    page, colleague = scene.page("agent1"), scene.page("agent2")
    for window in (page, colleague):
        _speak(window, "zh")
    page.goto(f"{scene.stack.url}/quick-replies")
    if not page.locator("[name=title]").first.is_visible():
        page.locator("details summary").first.click()
    form = page.locator("details form").first
    form.locator("[name=title]").fill("我的问候")
    form.locator("[name=shortcut]").fill("问候")
    form.locator("[name=text]").fill("{客户姓名}您好，{队列名称}{坐席姓名}为您服务")
    form.locator("button.btn-primary").click()
    mine = page.locator(".uc-replyrow", has_text="我的问候")
    expect(mine.locator(".uc-tag")).to_have_text("个人")
    expect(page.locator(".uc-replyrow", has_text="发票政策").locator(".uc-tag")).to_have_text("公共")
    scene.shot(page, "quick-replies-zh")
    colleague.goto(f"{scene.stack.url}/quick-replies")
    expect(colleague.locator(".uc-replyrow", has_text="发票政策")).to_be_visible()
    expect(colleague.locator(".uc-replyrow", has_text="我的问候")).to_have_count(0)

    page.goto(f"{scene.stack.url}/")
    scene.ready(page)
    visitor = Visitor(scene, "何静")
    visitor.say("有发票吗")
    _item(page, "何静").click()
    area, options = page.locator(".uc-composer textarea"), page.locator(".uc-quick [role=option]")
    area.press_sequentially("/")
    expect(options.filter(has_text="问候")).to_be_visible()
    expect(options.filter(has_text="发票").locator(".uc-tag, kbd")).to_be_visible()
    scene.shot(page, "workbench-own-replies-zh")
    area.press_sequentially("问候")
    expect(options).to_have_count(1)
    area.press("Enter")
    expect(area).to_have_value("何静您好，网页客服王芳为您服务")
    page.locator("[popovertarget=emoji]").click()
    scene.shot(page, "workbench-emoji-zh")
    page.locator("#emoji button", has_text="😊").click()
    expect(area).to_have_value("何静您好，网页客服王芳为您服务😊")
    expect(area).to_be_focused()
    area.press("Enter")
    visitor.heard("何静您好，网页客服王芳为您服务😊")

    paper = scene.folder / "发票.pdf"
    paper.write_bytes(b"%PDF-1.4\n%%EOF\n")
    page.locator(".uc-composer input[type=file]").set_input_files(paper)
    link = page.locator(".uc-msg.is-mine a.uc-tag", has_text="发票.pdf")
    expect(link).to_be_visible()
    sent = wait_until(lambda: [m for m in visitor.messages if m["kind"] == "file"], what="the file")
    assert sent[0]["attachment"]["name"] == "发票.pdf"
    kept = page.request.get(f"{scene.stack.url}{link.get_attribute('href')}")
    assert kept.body() == paper.read_bytes()
    assert kept.headers["x-content-type-options"] == "nosniff"
    assert [r for r in scene.reports if "favicon" not in r] == []

    program = scene.folder / "发票.exe"
    program.write_bytes(b"MZ" + bytes(200))
    page.locator(".uc-composer input[type=file]").set_input_files(program)
    refused = page.locator(".uc-msg.is-pending.uc-s-alert", has_text="发票.exe")
    expect(refused.get_by_role("button", name="重发")).to_be_visible()
    expect(page.locator(".uc-toast")).to_contain_text("不能发送这种文件")
    scene.shot(page, "workbench-file-refused-zh")
    refused.get_by_role("button").last.click()
    expect(refused).to_have_count(0)


def _paste_and_drop(page: Page) -> None:
    """A screenshot from the clipboard, and a picture that is dropped, both into the composer."""
    page.locator(".uc-composer textarea").focus()
    for event in ("paste", "drop"):
        page.evaluate(
            """async (kind) => {
              const canvas = Object.assign(document.createElement("canvas"), { width: 80, height: 50 });
              canvas.getContext("2d").fillRect(0, 0, kind === "paste" ? 40 : 60, 50);
              const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
              const carried = new DataTransfer();
              carried.items.add(new File([blob], "image.png", { type: "image/png" }));
              const event = kind === "paste"
                ? new ClipboardEvent("paste", { clipboardData: carried, bubbles: true, cancelable: true })
                : new DragEvent("drop", { dataTransfer: carried, bubbles: true, cancelable: true });
              document.querySelector(".uc-composer textarea").dispatchEvent(event);
            }""",
            event,
        )
    expect(page.locator(".uc-msg.is-mine img")).to_have_count(2)


def _translation(page: Page, visitor: Visitor) -> None:
    """A script of the centre's own may translate what is said and add to what is shown (docs/contracts.md)."""
    page.evaluate(
        """() => {
          document.addEventListener("uckefu:say", ({ detail }) => { detail.text = detail.text.replace("你好", "Hello"); });
          document.addEventListener("uckefu:message", ({ detail }) => {
            if (detail.message.text === "¿Hola?") detail.node.querySelector("p").append(" (你好？)");
          });
        }"""
    )
    _write(page, "你好")
    visitor.heard("Hello")
    visitor.say("¿Hola?")
    expect(page.locator(".uc-msg", has_text="¿Hola?")).to_contain_text("(你好？)")


def _own_shortcuts(scene: Scene, page: Page) -> None:
    """Rebound in the profile: the new key does it, the old one nothing, and `?` shows it."""
    page.goto(f"{scene.stack.url}/profile#shortcuts")
    scene.shot(page, "profile-shortcuts-zh")
    page.select_option("#key-note", "Alt+KeyW")
    page.select_option("#key-end", "")
    page.locator("#shortcuts button.btn-primary").click()
    expect(page.locator(".uc-summary")).to_be_visible()
    page.goto(f"{scene.stack.url}/")
    _item(page, "周文").click()
    expect(page.locator(".uc-composer textarea")).to_be_visible()
    page.keyboard.press("Alt+N")
    page.keyboard.press("Alt+Z")
    expect(page.locator(".uc-composer")).not_to_have_class(re.compile("is-note"))
    page.keyboard.press("Alt+W")
    expect(page.locator(".uc-composer")).to_have_class(re.compile("is-note"))
    expect(page.locator(".uc-toast")).to_have_count(0)
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_contain_text("Alt W")
    page.keyboard.press("Escape")


def _speak(page: Page, language: str) -> None:
    """A user's language stays what an earlier test made it; choose the one that is wanted."""
    if not (page.locator("html").get_attribute("lang") or "").startswith(language):
        page.click("button.uc-ava")
        page.locator("#me form[action*=language] button").click()
        expect(page.locator("html")).to_have_attribute("lang", re.compile(f"^{language}"))


def test_the_panel_knows_the_visitor_and_links_tags_and_blocks(scene: Scene) -> None:
    engine = scene.stack.engine()
    with Session(engine) as session:
        session.add(ContactTag(name="老客户", colour="green"))
        session.commit()
    engine.dispose()
    token = looks_at(scene, "智能锁 L2", agent=IPHONE, source="https://search.example/find?q=lock")
    looks_at(scene, "价格", token, agent=IPHONE)
    scene.agents_phone("1001")
    page = scene.page("agent1", width=1280, height=720)
    _speak(page, "zh")
    scene.ready(page)
    visitor = Visitor(scene, "孙丽", token)
    visitor.ask("introduce", phone="13700137000")
    visitor.say("你好")
    _item(page, "孙丽").click()
    side = page.locator("#side")
    for words in ("iPhone", "iOS 17.5", "Mobile Safari", "https://search.example/find", "127.0.0.1"):
        expect(side).to_contain_text(words)
    expect(side.locator("section", has_text="访问轨迹").locator(".uc-trail li")).to_have_count(2)

    expect(side).to_contain_text("137****7000")
    side.locator("[data-dial^='talk=']").click()
    expect(
        page.locator(".uc-toast")
    ).to_be_visible()  # routing answers that there is no trunk here to call by
    side.locator("summary", has_text="关联客户").click()
    side.locator("details", has_text="关联客户").locator("button:has(.ti-user-plus)").click()
    expect(side.locator("h2 a")).to_have_text("孙丽")
    expect(side).not_to_contain_text("还没有关联客户")
    side.locator(".uc-addtag summary").click()
    offered = side.locator(".uc-addtag button", has_text="老客户")
    expect(offered.locator(".uc-tint-green")).to_be_visible()
    expect(offered.locator(".uc-meta")).to_have_text("0")
    offered.click()
    expect(side.locator("span.uc-tag", has_text="老客户")).to_be_visible()
    scene.shot(page, "workbench-panel-zh-1280")
    side.locator("span.uc-tag", has_text="老客户").locator("button").click()
    expect(side.locator("span.uc-tag", has_text="老客户")).to_have_count(0)

    side.locator("summary", has_text="拉黑").click()
    form = side.locator("details", has_text="拉黑").locator("form")
    form.locator("button").click()
    expect(form.locator("input:invalid")).to_have_count(1)  # why is asked for
    form.locator("input").fill("骂人")
    form.locator("select").select_option("7")
    form.locator("button").click()
    expect(page.locator(".uc-toast", has_text="已拉黑")).to_be_visible()
    (block,) = _record(scene, select(VisitorBlock))
    assert block.reason == "骂人" and (block.until - now()).days == 6
    expect(page.locator(".uc-wrapform")).to_be_visible()
