"""Who plays in the browser tests of web chat: the customer's site, visitors' browsers, and an agent without a page."""

import http.server
import secrets
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Frame, Page, expect
from sqlalchemy import func, select, update

from acd import contract
from sql.models import Agent as AgentRow
from sql.models import AgentRouting, Conversation, Message, Queue, Site, Tier
from tests.support.chat import Backstage
from tests.support.stack import Stack
from tests.support.waiting import wait_until
from uckefu.times import now

ARTEFACTS = Path(__file__).parents[2] / "test-artefacts" / "screens"
SIZES = {"desktop": (1280, 720), "phone": (390, 844)}
SECOND_QUEUE = ("aftersales", "售后服务", "After-sales")
PAGE = """<!doctype html><html lang="zh"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<script src="{host}/im/{site}.js" async></script></head>
<body><h1>{title}</h1><p>A lock.</p></body></html>"""


class SitePage(http.server.BaseHTTPRequestHandler):
    """The customer's site, `/<site>/<page>`, with a strict policy that names our host only where the documentation says."""

    host = ""

    def do_GET(self) -> None:
        site, _slash, rest = self.path.partition("?")[0].strip("/").partition("/")
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        policy = f"default-src 'none'; script-src {self.host}; connect-src {self.host}; frame-src {self.host}"
        self.send_header("Content-Security-Policy", policy)
        self.end_headers()
        self.wfile.write(PAGE.format(host=self.host, site=site, title=rest or "L2").encode())

    def log_message(self, *_: object) -> None:
        """Quiet."""


@contextmanager
def the_shop(stack: Stack) -> Iterator[str]:
    """Serve the customer's site; gives its address."""
    handler = type("Handler", (SitePage,), {"host": stack.url})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join(10)


class Visit:
    """A visitor's browser, `desktop` or `phone`."""

    def __init__(self, browser: Browser, things: ExitStack, *, language: str, size: str, **more: Any) -> None:
        (self.width, self.height), self.size = SIZES[size], size
        self.is_phone = size == "phone"
        self.context = browser.new_context(
            locale=language, viewport={"width": self.width, "height": self.height}, has_touch=self.is_phone,
            is_mobile=self.is_phone, timezone_id="Asia/Shanghai", **more,
        )  # fmt: skip
        things.callback(self.context.close)
        self.reports: list[str] = []

    def page(self, address: str) -> Page:
        """A page of it; what it complains of is in `reports`."""
        page = self.context.new_page()
        page.on("console", lambda m: self.reports.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: self.reports.append(str(error)))
        page.goto(address)
        return page

    def presses_the_entry(self, page: Page) -> None:
        """Where it stands by default: at the right, at the bottom."""
        x, y = self.width - 64, self.height - 48
        entry = "([x, y]) => document.elementFromPoint(x, y)?.id"
        wait_until(lambda: page.evaluate(entry, [x, y]) == "uckefu", what="the entry")
        page.touchscreen.tap(x, y) if self.is_phone else page.mouse.click(x, y)


class Agent(Backstage):
    """Agent 1 at the ACD and in the record, without a page: the workbench has tests of its own."""

    def __init__(self, stack: Stack) -> None:
        self.bus = stack.bus()
        self.acd = contract.AcdClient(self.bus)
        view = wait_until(self.acd.view, what="the ACD's view")
        agent_id = next(int(k) for k, a in view["agents"].items() if a["extension"] == "1001")
        super().__init__(stack.settings, agent_id)

    @property
    def id(self) -> int:
        """The agent's."""
        return self.agent.agent_id or 0

    def chooses(self, status: Any) -> None:
        """Be ready, or offline; a page that is open keeps an agent in service."""
        self.acd.tell(contract.Presence(agent_id=self.id, window_id="test", here=status == "ready"))
        assert self.acd.send(contract.SetStatus(agent_id=self.id, status=status)).ok

    def takes_at_most(self, conversations: int | None) -> None:
        """Have room for so many; None is as the rules say."""
        with self.record() as session:
            session.merge(AgentRouting(agent_id=self.id, max_conversations=conversations))
            session.commit()
        assert self.acd.send(contract.ReloadConfiguration()).ok
        wait_until(lambda: self._room() == (5 if conversations is None else conversations), what="the room")

    def _room(self) -> int:
        view = self.acd.view() or {"agents": {}}
        return int(view["agents"][str(self.id)]["capacity"]["maximum"])

    def close(self) -> None:
        self.takes_at_most(None)
        for id_ in self.open():
            self.ends(id_)
        self.chooses("offline")
        self.bus.close()
        super().close()

    def open(self) -> list[str]:
        """The conversations that have not ended."""
        with self.record() as session:
            return list(session.scalars(select(Conversation.id).where(Conversation.ended_at.is_(None))))

    def has(self) -> dict[str, Any]:
        """The newest conversation, once the agent has it."""
        return wait_until(
            lambda: (c := self.conversation()) and c["agent_id"] == self.id and not c["ended_at_us"] and c,
            what="the agent to have the conversation",
        )  # fmt: skip

    def prechat(self, conversation_id: str) -> dict[str, Any]:
        """What the form before the talk was filled in with."""
        with self.record() as session:
            return dict(session.get_one(Conversation, conversation_id).prechat)

    def opens_a_site(self, key: str, **settings: object) -> None:
        """One more site, in force at once; once for all tests of a module."""
        with self.record() as session:
            if session.scalar(select(Site.id).where(Site.key == key)) is None:
                session.add(Site(key=key, name="优家智能", secret=secrets.token_hex(16), queue_name="webchat",
                                 settings=settings, created_at=now()))  # fmt: skip
                session.commit()

    def makes_older(self, conversation_id: str, by: Any) -> None:
        """As if it had been that long ago."""
        with self.record() as session:
            row = session.get(Conversation, conversation_id)
            row.opened_at, row.last_message_at = row.opened_at - by, row.last_message_at - by
            row.ended_at = row.ended_at and row.ended_at - by
            for message in session.scalars(select(Message).where(Message.conversation_id == conversation_id)):
                message.sent_at = message.sent_at - by
            session.commit()

    def lets_estimates_grow(self) -> None:
        """Serve so many in call routing alone that it knows how long the first and the second one wait."""
        self.takes_at_most(1)
        for n in range(45):  # one is served, one waits at the first place and one at the second
            three = [f"past-{n}-{k}" for k in range(3)]
            for id_ in three:
                self._tell_routing(contract.EnterQueue, id_, queue="webchat", channel="chat")
            for id_ in three:
                self._tell_routing(contract.LeaveQueue, id_, by="system")
        wait_until(lambda: (self.acd.view() or {})["queues"]["webchat"]["estimate"], what="the estimate")

    def _tell_routing(self, command: Any, id_: str, **fields: Any) -> None:
        self.acd.tell(command(agent_id=0, actor="system", interaction_id=id_, **fields))

    def count(self, row: Any, *where: Any) -> int:
        """How many rows there are now."""
        with self.record() as session:
            return int(session.scalar(select(func.count()).select_from(row).where(*where)) or 0)


def prepare(stack: Stack) -> None:
    """No time after a chat, so that the one agent has room for all tests; and a second skill group."""
    agent = Agent(stack)
    name, title_zh, title_en = SECOND_QUEUE
    with agent.record() as session:
        tiers = [Tier(agent=session.get(AgentRow, agent.id))]
        session.add(Queue(name=name, title_zh=title_zh, title_en=title_en, channel="chat", tiers=tiers))
        session.flush()
        session.execute(update(Queue).where(Queue.channel == "chat").values(wrap_up_seconds=0))
        session.commit()
    agent.close()


def shot(page: Page, name: str) -> None:
    """Keep a picture of the page."""
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=ARTEFACTS / f"{name}.png")


def write(window: Any, text: str) -> None:
    """Type it and press the button."""
    window.locator("#text").fill(text)
    window.locator("#send").click()


def frame_of(page: Page) -> Frame:
    """The frame of the window; its shadow root is closed, so it is found among the page's frames."""
    wait_until(lambda: page.wait_for_timeout(50) or len(page.frames) > 1, what="the window's frame")
    frame = page.frames[1]
    expect(frame.locator("#status")).not_to_have_text("正在连接")
    return frame


def window_of(page: Page) -> Frame:
    """Open the window by the page's own code."""
    page.wait_for_function("window.UCKeFu")
    page.evaluate("UCKeFu.open()")
    return frame_of(page)
