"""A visitor in Chromium, at a desk and on a phone, served through real call routing; pictures are kept.

The customer's own site is a page on another origin with a strict policy, as the documentation says it must be.
"""

import gzip
import http.server
import io
import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select, update

import admin
from acd import contract
from admin.chat import service, sites, uploads
from admin.mail.account import Account
from sql.models import AgentRouting, Conversation, Invitation, LeftMessage, User
from tests.support.chat import Backstage
from tests.support.mail import MailServer, Postbox, text_of
from tests.support.stack import Stack
from tests.support.waiting import wait_until

SCREEN_FLAGS = [  # who shares the screen is asked nothing and shows a made-up one
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
    "--auto-select-desktop-capture-source=Entire screen",
]  # fmt: skip
ARTEFACTS = Path(__file__).parents[2] / "test-artefacts" / "screens"
PAGE = """<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>Lock L2</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<script src="{host}/im/demo.js" async></script></head>
<body><h1>L2</h1><p>A lock.</p></body></html>"""


class SitePage(http.server.BaseHTTPRequestHandler):
    """The customer's site: a page with a strict policy that names our host only where the documentation asks for it."""

    host = ""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        policy = f"default-src 'none'; script-src {self.host}; connect-src {self.host}; frame-src {self.host}"
        self.send_header("Content-Security-Policy", policy)
        self.end_headers()
        self.wfile.write(PAGE.format(host=self.host, lang="zh").encode())

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def postbox() -> Iterator[Postbox]:
    with MailServer() as box:
        yield box


@pytest.fixture(scope="module")
def stack(postbox: Postbox) -> Iterator[Stack]:
    account = Account(host="127.0.0.1", port=postbox.port, tls="none", sender="service@example.com")
    with Stack(files={"mail.json": account.model_dump_json()}) as stack:
        yield stack


@pytest.fixture(scope="module")
def shop(stack: Stack) -> Iterator[str]:
    """The address of the customer's site."""
    handler = type("Handler", (SitePage,), {"host": stack.url})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/lock"
    server.shutdown()
    server.server_close()
    thread.join(10)


class Visit:
    """A visitor's browser."""

    def __init__(self, browser: Browser, things: ExitStack, *, language: str, phone: bool) -> None:
        size = {"width": 390, "height": 844} if phone else {"width": 1440, "height": 900}
        self.context = browser.new_context(locale=language, viewport=size, has_touch=phone, is_mobile=phone)
        things.callback(self.context.close)
        self.reports: list[str] = []

    def page(self, address: str) -> Page:
        page = self.context.new_page()
        page.on("console", lambda m: self.reports.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: self.reports.append(str(error)))
        page.goto(address)
        return page


class Agent(Backstage):
    """Agent 1 at the ACD and in the record, without a page: the workbench has tests of its own."""

    def __init__(self, stack: Stack) -> None:
        self.bus = stack.bus()
        self.acd = contract.AcdClient(self.bus)
        view = wait_until(self.acd.view, what="the ACD's view")
        agent_id = next(int(k) for k, a in view["agents"].items() if a["extension"] == "1001")
        super().__init__(stack.settings, agent_id)

    def chooses(self, status: Any) -> None:
        """Be ready, or offline; a page that is open keeps an agent in service."""
        here = contract.Presence(agent_id=self.agent.agent_id or 0, window_id="test", here=status == "ready")
        self.acd.tell(here)
        assert self.acd.send(contract.SetStatus(agent_id=self.agent.agent_id or 0, status=status)).ok

    def takes_at_most(self, conversations: int | None) -> None:
        """Have room for so many; None is as the rules say."""
        with self.record() as session:
            session.merge(AgentRouting(agent_id=self.agent.agent_id, max_conversations=conversations))
            session.commit()
        assert self.acd.send(contract.ReloadConfiguration()).ok
        wait_until(lambda: self._room() == (5 if conversations is None else conversations), what="the room")

    def _room(self) -> int:
        view = self.acd.view() or {"agents": {}}
        return int(view["agents"][str(self.agent.agent_id)]["capacity"]["maximum"])

    def close(self) -> None:
        self.takes_at_most(None)
        for id_ in self.open():
            self.ends(id_)
        self.chooses("offline")
        self.bus.close()
        super().close()

    def open(self) -> list[str]:
        with self.record() as session:
            return list(session.scalars(select(Conversation.id).where(Conversation.ended_at.is_(None))))

    def has(self) -> dict[str, Any]:
        """The newest conversation, once the agent has it."""
        return wait_until(
            lambda: (c := self.conversation()) and c["agent_id"] == self.agent.agent_id and not c["ended_at_us"] and c,
            what="the agent to have the conversation",
        )  # fmt: skip


@pytest.fixture
def agent(stack: Stack) -> Iterator[Agent]:
    agent = Agent(stack)
    agent.chooses("ready")
    yield agent
    agent.close()


@pytest.fixture
def visits(browser: Browser) -> Iterator[Any]:
    with ExitStack() as things:
        yield lambda language="zh-CN", phone=False: Visit(browser, things, language=language, phone=phone)


def shot(page: Page, name: str) -> None:
    """Keep a picture of the page."""
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=ARTEFACTS / f"{name}.png")


def write(window: Any, text: str) -> None:
    window.locator("#text").fill(text)
    window.locator("#send").click()


def window_of(page: Page) -> Any:
    """The frame of the window; its shadow root is closed, so it is found among the page's frames."""
    page.wait_for_function("window.UCKeFu")
    page.evaluate("UCKeFu.open()")
    wait_until(lambda: page.wait_for_timeout(50) or len(page.frames) > 1, what="the window's frame")
    frame = page.frames[1]
    expect(frame.locator("#status")).not_to_have_text("正在连接")
    return frame


def test_a_visitor_of_a_site_with_a_strict_policy_talks_to_an_agent(
    shop: str, visits: Any, agent: Agent, postbox: Postbox, tmp_path: Path
) -> None:
    visit = visits()
    page = visit.page(shop)
    page.wait_for_function("window.UCKeFu")
    shot(page, "chat-visitor-entry")
    window = window_of(page)
    write(window, "上周买的 L2 一直提示电量低 <b>电池</b><script>document.title='x'</script>")
    talk = agent.has()
    assert talk["page_url"].startswith(shop)
    expect(window.locator("#who")).to_have_text("王芳")
    expect(window.locator("#messages")).to_contain_text("王芳为您服务")
    expect(window.locator("#messages b")).to_have_count(0)
    id_ = talk["conversation_id"]

    agent.types(id_, talk["visitor_id"])
    expect(window.locator("#typing")).to_have_text("王芳正在输入")
    agent.says(id_, "固件 1.8.2 会误报电量，<i>远程升级</i>即可。")
    expect(window.locator("#messages")).to_contain_text("<i>远程升级</i>")
    wait_until(
        lambda: (agent.conversation() or {}).get("visitor_read_sequence") == 3, what="the visitor's read mark"
    )
    agent.reads(id_, 3)
    expect(window.locator(".msg.is-mine footer")).to_contain_text("已读")
    agent.says(id_, "客户看不到", kind="note")
    agent.says(id_, "还有什么可以帮您？")
    expect(window.locator("#messages")).to_contain_text("还有什么可以帮您")
    expect(window.locator("#messages")).not_to_contain_text("客户看不到")

    picture = tmp_path / "photo.jpg"
    Image.new("RGB", (320, 200), "#c0ffee").save(picture, exif=b"Exif\0\0secret")
    window.locator("#file").set_input_files(picture)
    expect(window.locator(".msg.is-mine img")).to_be_visible()
    wait_until(
        lambda: window.locator(".msg.is-mine img").evaluate("i => i.naturalWidth") == 320, what="the picture"
    )
    window.locator("#shot").click()  # the button takes a picture of the screen that the visitor shares
    expect(window.locator(".msg.is-mine img")).to_have_count(2)
    wait_until(
        lambda: window.locator(".msg.is-mine img").last.evaluate("i => i.naturalWidth") > 320,
        what="the screenshot",
    )
    virus = tmp_path / "invoice.pdf.exe"
    virus.write_bytes(b"MZ\0\0")
    window.locator("#file").set_input_files(virus)
    expect(window.locator("#line")).to_contain_text("不能发送这种文件")
    shot(page, "chat-visitor-talk")

    write(window, "发错了")
    line = window.locator(".msg.is-mine", has_text="发错了")
    line.get_by_role("button", name="撤回").click()
    expect(window.locator("#messages")).to_contain_text("您撤回了一条消息")
    assert "发错了" not in agent.texts(id_)
    expect(window.locator("#count")).to_have_text("0/300")
    window.locator("#text").fill("长" * 301)
    expect(window.locator("#count")).to_have_text("301/300")
    expect(window.locator("#send")).to_be_disabled()
    window.locator("#text").fill("")
    window.locator("#smile").click()
    window.locator("#emoji button").first.click()
    expect(window.locator("#text")).to_have_value("😀")

    page.goto(shop + "?next")  # the visitor goes on to another page
    window = window_of(page)
    expect(window.locator("#messages")).to_contain_text("远程升级")
    expect(window.locator("#who")).to_have_text("王芳")
    expect(window.locator("#text")).to_have_value("😀")
    window.locator("#end").click()
    expect(window.locator("#rating")).to_be_visible()
    shot(page, "chat-visitor-rating")
    window.locator("[name=stars][value='4']").check(force=True)
    window.locator("[name=comment]").fill("回复快")
    window.locator("#rating .primary").click()
    expect(window.locator("#messages")).to_contain_text("感谢您的评价")
    rated = wait_until(lambda: (c := agent.conversation()) and c["rating"] and c, what="the rating")
    assert (rated["rating"], rated["rating_comment"], rated["ended_by"]) == (4, "回复快", "visitor")

    window.get_by_role("button", name="把会话记录发到邮箱").click()
    window.locator("#transcript [name=email]").fill("lin")
    window.locator("#transcript .primary").click()
    expect(window.locator("#transcript .wrong")).to_have_count(1)
    window.locator("#transcript [name=email]").fill("lin@example.com")
    shot(page, "chat-visitor-transcript")
    window.locator("#transcript .primary").click()
    expect(window.locator("#messages")).to_contain_text("会话记录正在发往 lin@example.com")
    (mail,) = wait_until(lambda: postbox.mails, seconds=20, what="the transcript")
    assert "远程升级" in text_of(mail) and "客户看不到" not in text_of(mail) and "发错了" not in text_of(mail)
    # Chromium's made-up screen comes from its made-up camera, which it complains of; the picture comes all the same.
    assert [
        r
        for r in [r for r in visit.reports if "favicon" not in r and "400" not in r]
        if "camera is not allowed" not in r
    ] == []


def test_who_waits_sees_the_place_in_the_queue_and_that_it_moves_up(
    shop: str, visits: Any, agent: Agent
) -> None:
    agent.takes_at_most(0)
    first = window_of(visits().page(shop))
    page = visits(phone=True).page(shop)
    second = window_of(page)
    write(first, "第一位")
    expect(first.locator("#position")).to_contain_text("下一位就是您")
    write(second, "第二位")
    expect(second.locator("#position")).to_contain_text("前面还有 1 位")
    shot(page, "chat-visitor-phone-waits")
    first.locator("#end").click()
    expect(second.locator("#position")).to_contain_text("下一位就是您")
    agent.takes_at_most(None)
    expect(second.locator("#messages")).to_contain_text("王芳为您服务")
    expect(second.locator("#position")).to_have_count(0)


def test_on_a_phone_in_english_the_window_fills_the_screen_and_the_forms_help(
    shop: str, stack: Stack, visits: Any, agent: Agent
) -> None:
    agent.set_up(
        "demo",
        ask_name="need",
        ask_phone="ask",
        company="Youjia",
        telephone="0755-8888 8888",
        notice="Upgrade at 22:00",
    )
    try:
        visit = visits("en-US", phone=True)
        page = visit.page(f"{stack.url}/chat/demo")
        wait_until(
            lambda: page.reload() and page.locator("#prechat [name=name]").count(), seconds=15, every=0.5
        )
        expect(page.locator("#prechat")).to_be_visible()
        page.locator("#prechat [name=phone]").fill("abc")
        page.locator("#prechat .primary").click()
        expect(page.locator(".wrong")).to_have_count(2)
        shot(page, "chat-visitor-phone-form")
        page.locator("#prechat [name=name]").fill("Ms Lin")
        page.locator("#prechat [name=phone]").fill("13800138000")
        page.locator("#prechat .primary").click()
        write(page, "Can I change it for another one?")
        talk = agent.has()
        assert talk["name"] == "Ms Lin" and talk["language"] == "en"
        agent.says(talk["conversation_id"], "Of course.")
        expect(page.locator("#messages")).to_contain_text("Of course.")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.locator("summary").click()
        expect(page.locator("a[href='tel:075588888888']")).to_be_visible()
        shot(page, "chat-visitor-phone-talk")
        agent.ends(talk["conversation_id"])
        expect(page.locator("#rating")).to_be_visible()
        shot(page, "chat-visitor-phone-rating")
        page.locator("[data-back]").first.click()
        expect(page.locator("#messages")).to_contain_text("ended the conversation")
        assert visit.reports == []
        widget = visits("en-US", phone=True).page(shop)
        window_of(widget)
        shot(widget, "chat-visitor-phone-widget")
        box = widget.frames[1].frame_element().bounding_box()
        assert box and (box["x"], box["y"], box["width"]) == (0, 0, 390)
    finally:
        agent.set_up("demo", ask_name="off", ask_phone="off", telephone="", notice="", company="")


def test_when_nobody_is_there_the_visitor_leaves_a_message_once(
    stack: Stack, visits: Any, agent: Agent
) -> None:
    agent.chooses("offline")
    page = visits().page(f"{stack.url}/chat/demo")
    expect(page.locator("#leave")).to_be_visible(timeout=15_000)
    page.locator("#leave .primary").click()
    expect(page.locator(".wrong")).to_have_count(2)
    page.locator("#leave [name=reach]").fill("13800138000")
    page.locator("#leave [name=text]").fill("请回电")
    shot(page, "chat-visitor-leave")
    page.locator("#leave .primary").click()
    expect(page.locator("#messages")).to_contain_text("留言已保存")
    with agent.record() as session:
        assert [(m.reach, m.text) for m in session.scalars(select(LeftMessage))] == [
            ("13800138000", "请回电")
        ]


def test_the_access_code_is_small_and_brings_nothing_before_it_is_opened(shop: str, visits: Any) -> None:
    page = visits().context.new_page()
    loaded: list[tuple[str, int]] = []
    page.on(
        "response", lambda r: loaded.append((r.url, len(gzip.compress(r.body())) if "/im/" in r.url else 0))
    )
    page.goto(shop)
    page.wait_for_function("window.UCKeFu")
    page.wait_for_load_state("networkidle")
    ours = [(url, size) for url, size in loaded if "/im/" in url or "/chat/" in url or "/static/" in url]
    assert {url.rpartition("/")[2] for url, _size in ours} == {"demo.js", "here"}
    assert sum(size for _url, size in ours) < 15_000
    names = page.evaluate("Object.keys(window).filter(k => /uckefu/i.test(k))")
    assert names == ["UCKeFu"]


@pytest.mark.parametrize("style", sites.STYLES)
def test_the_entry_stands_where_it_is_set_in_each_style_and_six_places(browser: Browser, style: str) -> None:
    """The loader itself on an empty page: the shadow root is closed, so the page is asked what stands at a point."""
    loader = (Path(admin.__file__).parent / "static/widget/loader.js").read_text(encoding="utf-8")
    context = browser.new_context(viewport={"width": 1200, "height": 800})
    try:
        for position in sites.POSITIONS:
            config = {
                "key": "x", "host": "http://127.0.0.1:1", "style": style, "colour": "#3451c6", "position": position, "text": "咨询",
                "delay": 0, "texts": {"entry": "咨询", "open": "o", "close": "c", "frame": "f", "unread": "{n}", "invite": "i"},
            }  # fmt: skip
            page = context.new_page()
            page.set_content("<body></body>")
            page.add_script_tag(content=loader.replace('"%CONFIG%"', json.dumps(config)))
            side, height = position.split("-")
            x = (
                (1200 - 40 if side == "right" else 40)
                if style != "tab"
                else (1200 - 20 if side == "right" else 20)
            )
            y = {"top": 45, "middle": 400, "bottom": 800 - 45}[height]
            wait_until(
                lambda page=page: page.evaluate("!!document.getElementById('uckefu')"), what="the entry"
            )
            for other_x, there in ((x, "uckefu"), (1200 - x, "")):
                found = page.evaluate("([x, y]) => document.elementFromPoint(x, y)?.id ?? ''", [other_x, y])
                assert found == there, (style, position, other_x)
            page.close()
    finally:
        context.close()


def test_an_invitation_is_accepted_or_refused_and_the_agents_picture_is_seen(
    shop: str, visits: Any, agent: Agent
) -> None:
    picture, out = Image.new("RGB", (64, 64), "#c0ffee"), io.BytesIO()
    picture.save(out, "PNG")
    with agent.record() as session:
        photo = uploads.store(out.getvalue(), "me.png", service.SYSTEM, most_bytes=100_000).id
        session.execute(update(User).where(User.login == "agent1").values(picture=photo))
        session.commit()
    agent.set_up(
        "demo", invite=True, invite_after_seconds=0, invite_text="需要帮您挑门锁吗？", invite_picture=photo
    )
    try:

        def invited() -> Page:
            """A page with the card over it (once the server has read the setting)."""

            def card() -> Page | None:
                page = visits().page(shop)
                page.wait_for_function("window.UCKeFu")
                page.wait_for_load_state("networkidle")
                at = page.evaluate("document.elementFromPoint(1440 - 180, 900 - 100)?.id ?? ''")
                return page if at == "uckefu" else None

            return wait_until(card, seconds=20, every=1, what="the invitation")

        page = invited()
        shot(page, "chat-visitor-invited")
        page.mouse.click(1440 - 24 - 304 + 16 + 40, 900 - 92 - 16 - 18)  # the first button of the card
        window = window_of(page)
        write(window, "想换一把")
        agent.has()
        expect(window.locator("#agent-picture")).to_be_visible()
        wait_until(
            lambda: window.locator("#agent-picture").evaluate("i => i.naturalWidth") == 64, what="the picture"
        )
        page = invited()
        page.mouse.click(1440 - 24 - 304 + 16 + 40 + 96, 900 - 92 - 16 - 18)  # the second one
        with agent.record() as session:

            def answers() -> set[str]:
                session.rollback()
                return set(session.scalars(select(Invitation.result)))

            wait_until(lambda: {"accepted", "refused"} <= answers(), what="both answers")
    finally:
        agent.set_up("demo", invite=False, invite_text="", invite_picture="")


def test_the_settings_of_a_site_show_what_the_entry_will_look_like(stack: Stack, visits: Any) -> None:
    page = visits().page(f"{stack.url}/login")
    login, password = stack.login("admin")
    page.fill("[name=login]", login)
    page.fill("[name=password]", password)
    page.click("button.btn-primary")
    expect(page.locator("#strip")).to_be_visible()
    page.goto(f"{stack.url}/sites/1")
    preview = page.locator("#preview")
    for style in sites.STYLES:
        page.select_option("#entry_style", style)
        expect(preview).to_have_attribute("data-style", style)
    for place in sites.POSITIONS:
        page.select_option("#entry_position", place)
        expect(preview).to_have_attribute("data-place", place)
    page.fill("#entry_text", "问我")
    page.fill("#entry_colour", "#8f1206")
    expect(preview.locator(".uc-previewentry")).to_contain_text("问我")
    expect(preview.locator(".uc-previewentry")).to_have_css("background-color", "rgb(143, 18, 6)")
    shot(page, "site-settings")
