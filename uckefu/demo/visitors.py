"""Simulated web visitors: they look at the sample site's page and some of them write to an agent.

Over real HTTP and the visitors' own Socket.IO namespace (`admin/chat/events.py`), as the widget does.
"""

import threading
import time
import uuid
from random import Random
from typing import Any

import requests
import socketio
import structlog
from socketio.exceptions import SocketIOError

from sql.seed.samples import SITE
from uckefu.demo.people import Chat, a_chat

log = structlog.get_logger(__name__)

MOST_VISITORS = 6
ANSWER_SECONDS = 10
NAMESPACE = "/visitor"
PAGES = ("/", "/products", "/products/router-ax6", "/price", "/support", "/order/track")
BROWSERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile",
)


def run(url: str, rng: Random, stop: threading.Event) -> None:
    """Let one come by now and then until `stop`; each is a thread of its own."""
    present: list[threading.Thread] = []
    while not stop.wait(rng.uniform(6, 20)):
        present = [thread for thread in present if thread.is_alive()]
        if len(present) < MOST_VISITORS:
            visitor = Visitor(url, a_chat(rng), Random(rng.getrandbits(64)))
            present.append(threading.Thread(target=visitor.visit, args=(stop,), name="visitor", daemon=True))
            present[-1].start()


class Visitor:
    """One visitor, from the first page to the rating.

    Args:
        url: where the web serves.
        chat: what this visitor means to say.
    """

    def __init__(self, url: str, chat: Chat, rng: Random) -> None:
        self.url, self.chat, self.rng = url, chat, rng
        self._answered = threading.Event()  # an agent has written since our last line

    def visit(self, stop: threading.Event) -> None:
        """Look round and, with something to say, talk; what fails is said in the log."""
        browser = requests.Session()
        browser.headers["User-Agent"] = self.rng.choice(BROWSERS)
        try:
            token = self._look_round(browser, stop)
            if self.chat.lines and not stop.is_set():
                outcome = self._talk(token, stop)
                log.info("demo_chat_over", outcome=outcome)
        except (requests.RequestException, SocketIOError, ValueError) as error:
            log.warning("demo_visitor_failed", error=str(error))

    def _look_round(self, browser: requests.Session, stop: threading.Event) -> str:
        """Read some pages of the site, each of which tells of itself as the access code does; returns who we are."""
        token = ""
        for page in self.rng.sample(PAGES, self.rng.randint(1, 3)):
            beat = {
                "token": token, "page_id": uuid.uuid4().hex[:16], "url": f"https://www.example.com{page}",
                "title": page.strip("/") or "index", "referrer": "",
            }  # fmt: skip
            told = browser.post(f"{self.url}/im/{SITE[0]}/here", json=beat, timeout=ANSWER_SECONDS)
            told.raise_for_status()
            token = told.json()["token"]
            if stop.wait(self.rng.uniform(2, 6)):
                break
        return token

    def _talk(self, token: str, stop: threading.Event) -> str:
        client = socketio.Client(reconnection=False, handle_sigint=False)
        client.on("message", self._told, namespace=NAMESPACE)
        hello = {"site": SITE[0], "token": token, "language": "zh", "url": "https://www.example.com/support"}
        client.connect(
            self.url, auth=hello, namespaces=[NAMESPACE], transports=["websocket"], wait_timeout=ANSWER_SECONDS
        )  # fmt: skip
        try:
            for line in self.chat.lines:
                self._answered.clear()
                self._ask(client, "send", {"client_id": uuid.uuid4().hex, "text": line})
                if not self._wait_answer(client, stop):
                    self._ask(client, "end", {})
                    return "gave up"
                stop.wait(self.rng.uniform(3, 9))
            self._ask(client, "end", {})
            if self.chat.stars:
                self._ask(client, "rate", {"stars": self.chat.stars, "comment": ""})
            return "served"
        finally:
            client.disconnect()

    def _wait_answer(self, client: Any, stop: threading.Event) -> bool:
        until = time.monotonic() + self.chat.patience_seconds
        while time.monotonic() < until and client.connected and not stop.is_set():
            if self._answered.wait(0.5):
                return True
        return False

    def _told(self, message: dict[str, Any]) -> None:
        if (message.get("message") or message).get("author") == "agent":
            self._answered.set()

    def _ask(self, client: Any, event: str, fields: dict[str, Any]) -> None:
        answer = client.call(event, fields, namespace=NAMESPACE, timeout=ANSWER_SECONDS)
        if not answer["ok"]:
            log.warning("demo_visitor_refused", asked=event, code=answer["code"])
