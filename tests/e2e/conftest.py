"""The whole stack, a browser and phones: what the end-to-end tests share."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from sqlalchemy.orm import Session

from acd import contract
from sql.models import Interaction
from tests.support.stack import Stack
from tests.support.waiting import wait_until
from uckefu.demo.phone import Phone

ARTEFACTS = Path(__file__).parents[2] / "test-artefacts" / "screens"
CHROMIUM_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required",
]  # fmt: skip
expect.set_options(timeout=10_000)


@pytest.fixture(scope="module")
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """Chromium, for one module: Playwright's own event loop must be gone before the next asyncio test."""
    binary = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if binary is None:
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        flags = [*CHROMIUM_FLAGS, *getattr(request.module, "SCREEN_FLAGS", ())]
        browser = playwright.chromium.launch(executable_path=binary, args=flags)
        yield browser
        browser.close()


# A module that sets `STACK_FILES = STRAIGHT` has its callers in the queue at once, without a menu.
STRAIGHT = {
    "flows/main.yml": "version: 1\ntitle: straight\nstart: service\n"
    "nodes:\n  service: {type: queue, queue: service}\n"
}


def on_switch(name: str) -> dict[str, str]:
    """A stack's settings for this switch; skips the test where it isn't here."""
    if name == "freeswitch" and not (os.environ.get("FREESWITCH") or shutil.which("freeswitch")):
        pytest.skip("FreeSWITCH is not installed")
    return {"UCKEFU_SWITCH": name}


@pytest.fixture(scope="module", params=["builtin", "freeswitch"])
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """The stack on each switch that is here."""
    with Stack(on_switch(request.param), files=getattr(request.module, "STACK_FILES", None)) as stack:
        yield stack


class Scene:
    """One test's people: phones at hand and signed-in pages, all gone at its end."""

    def __init__(self, stack: Stack, browser: Browser, folder: Path) -> None:
        self.stack, self.browser, self.folder = stack, browser, folder
        self.things = ExitStack()
        self.bus = stack.bus()
        self.things.callback(self.bus.close)
        self.acd = contract.AcdClient(self.bus)
        self.reports: list[str] = []

    def agents_phone(self, extension: str, **options: Any) -> Phone:
        """A registered phone of a sample agent."""
        address = f"127.0.0.1:{self.stack.settings.sip_port}"
        phone = Phone(
            extension, address, password=self.stack.sip_password(extension), domain=self.stack.settings.domain, **options
        )  # fmt: skip
        self.things.callback(phone.close)
        return phone.register()

    def caller(self, number: str, **options: Any) -> Phone:
        """A caller at the gateway."""
        phone = Phone(number, f"127.0.0.1:{self.stack.settings.gateway_port}", **options)
        self.things.callback(phone.close)
        return phone

    def page(
        self, login: str, *, language: str = "zh-CN", width: int = 1440, height: int = 900, first: str = ""
    ) -> Page:
        """A signed-in page of a sample user; `first` is a script that runs before those of every page."""
        context = self.browser.new_context(locale=language, viewport={"width": width, "height": height})
        self.things.callback(context.close)
        context.add_init_script(first)
        page = context.new_page()
        page.on("console", lambda m: self.reports.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: self.reports.append(str(error)))
        page.goto(f"{self.stack.url}/login")
        name, password = self.stack.login(login)
        page.fill("[name=login]", name)
        page.fill("[name=password]", password)
        page.click("button.btn-primary")
        expect(page.locator("#strip")).to_be_visible()
        return page

    def shot(self, page: Page, name: str) -> None:
        """Keep a picture of the page."""
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=ARTEFACTS / f"{name}.png")

    def ready(self, page: Page) -> None:
        """Choose Ready on the page and wait until the ACD says so."""
        page.wait_for_selector("#status-switch[data-shown]")  # the page knows its agent: it is connected
        page.click("#status-switch")
        page.click("[data-status=ready]")
        expect(page.locator("#status-switch")).to_have_class("uc-switch uc-s-ready")

    def agent(self, extension: str) -> dict[str, Any]:
        """What the ACD shows of an agent now."""
        view = self.acd.view() or {"agents": {}}
        return next((a for a in view["agents"].values() if a["extension"] == extension), {})

    def wait_agent(self, extension: str, state: str, seconds: float = 10) -> dict[str, Any]:
        """Wait until an agent is in a state."""
        return wait_until(
            lambda: self.agent(extension) if self.agent(extension).get("state") == state else None,
            seconds=seconds,
            what=f"agent {extension} to be {state}, is {self.agent(extension)}",
        )

    def call(self, interaction_id: str) -> Interaction:
        """The interaction as it is in the record now (an empty one while it is not)."""
        engine = self.stack.engine()
        with Session(engine) as session:
            row = session.get(Interaction, interaction_id)
            session.expunge_all()
        engine.dispose()
        return row or Interaction(id=interaction_id)

    def status(self, extension: str, status: contract.Status) -> None:
        """Choose a status without a page."""
        view = wait_until(self.acd.view, what="the ACD's view")
        agent_id = next(int(k) for k, a in view["agents"].items() if a["extension"] == extension)
        reply = self.acd.send(contract.SetStatus(agent_id=agent_id, status=status))
        assert reply.ok, reply


@pytest.fixture
def scene(stack: Stack, browser: Browser, tmp_path: Path) -> Iterator[Scene]:
    scene = Scene(stack, browser, tmp_path)
    with scene.things:
        yield scene
        for extension in ("1001", "1002"):
            if scene.agent(extension).get("status") not in (None, "offline"):
                scene.status(extension, "offline")


@pytest.fixture
def wait() -> Callable[..., Any]:
    return wait_until
