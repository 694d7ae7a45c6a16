"""An agent's open page without a browser: a real login over HTTP, then the same Socket.IO events as `desk.js`.

It sets the agent ready, says every ten seconds that it is here, answers web visitors, finishes wrap-up with an outcome
and a note, takes a break now and then, and comes back after a missed call. What a person chooses for the same agent elsewhere stays.
"""

import json
import re
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

import requests
import socketio
import structlog
from socketio.exceptions import SocketIOError

from uckefu.demo.people import Habits

log = structlog.get_logger(__name__)

HERE_SECONDS = 10.0
TICK_SECONDS = 0.5
CHATS_SECONDS = 2.0
ANSWER_SECONDS = 10
MEND_SECONDS = 5.0
REFUSED_SECONDS = 120.0


class LoginRefused(Exception):
    """The page did not let this agent in: its password was changed, or too many tried."""

    code = "login-refused"


class Page:
    """One agent's page.

    Args:
        url: where the pages are.
    """

    def __init__(self, url: str, login: str, password: str, habits: Habits) -> None:
        self.url, self.login, self.password, self.habits = url, login, password, habits
        self.mine: dict[str, Any] = {}
        self.dispositions: list[int] = []
        self._due: dict[str, float] = {}  # what we mean to do, and when (monotonic)
        self._chats: dict[str, str] = {}  # offer id of each conversation served -> its id

    def run(self, stop: threading.Event) -> None:
        """Serve until `stop`; what fails is said in the log and tried again."""
        while not stop.is_set():
            try:
                self._serve(self._sign_in(), stop)
            except LoginRefused as error:
                log.warning("demo_login_refused", login=self.login, error=str(error))
                stop.wait(REFUSED_SECONDS)
            except (requests.RequestException, SocketIOError) as error:
                log.warning("demo_page_failed", login=self.login, error=str(error))
                stop.wait(MEND_SECONDS)

    # ---- HTTP

    def _sign_in(self) -> requests.Session:
        session = requests.Session()
        form = session.get(f"{self.url}/login", timeout=ANSWER_SECONDS)
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', form.text)
        fields = {
            "login": self.login,
            "password": self.password,
            "csrf_token": token.group(1) if token else "",
        }
        desk = session.post(f"{self.url}/login", data=fields, timeout=ANSWER_SECONDS)
        data = re.search(r'id="desk-data">(.*?)</script>', desk.text, re.DOTALL)
        if desk.status_code != 200 or data is None:
            raise LoginRefused(f"status {desk.status_code}")
        self.dispositions = [each["id"] for each in json.loads(data.group(1))["names"]["dispositions"]]
        return session

    # ---- Socket.IO

    def _serve(self, session: requests.Session, stop: threading.Event) -> None:
        client = socketio.Client(http_session=session, reconnection=False, handle_sigint=False)
        client.on("my", self._told)
        self.mine, self._due, self._chats = {}, {"arrive": time.monotonic()}, {}
        client.connect(self.url, transports=["websocket"], wait_timeout=ANSWER_SECONDS)
        log.info("demo_page_open", login=self.login)
        try:
            while client.connected and not stop.wait(TICK_SECONDS):
                self._step(client)
        finally:
            client.disconnect()

    def _told(self, message: dict[str, Any]) -> None:
        self.mine = message["content"]

    def _step(self, client: Any) -> None:
        if self._is_due("here", HERE_SECONDS):
            client.emit("here")
        mine = self.mine
        if not mine:
            return
        if self._is_due("chats", CHATS_SECONDS):
            self._serve_chats(client)
        if mine["wrap_up"]:
            self._wrap_up(client, mine["wrap_up"]["offer_id"])
        elif mine["status"] == "no-answer":
            if self._is_reached("back", self.habits.back_seconds):
                self._ask(client, "status", {"status": "ready"})
        elif "arrive" in self._due:
            del self._due["arrive"]
            if mine["status"] == "offline":
                self._ask(client, "status", {"status": "ready"})
        elif "break" in self._due and time.monotonic() > self._due["break"]:
            del self._due["break"]
            if mine["status"] == "break":
                self._ask(client, "status", {"status": "ready"})

    def _wrap_up(self, client: Any, offer_id: str) -> None:
        if not self._is_reached(f"wrap-up {offer_id}", self.habits.wrap_up_seconds):
            return
        pause = self.habits.break_seconds()
        if pause:
            self._due["break"] = time.monotonic() + pause
            self._ask(client, "status", {"status": "break"})
        disposition_id = self.habits.disposition(self.dispositions)
        fields = {"offer_id": offer_id, "disposition_id": disposition_id, "note": self.habits.note()}
        self._ask(client, "finish", fields)

    def _serve_chats(self, client: Any) -> None:
        """Answer whoever waits for us, each after the time that typing takes; write up what has ended."""
        now_served = {each["offer_id"]: each["interaction_id"] for each in self.mine["conversations"]}
        for offer_id in set(self._chats) - set(now_served):
            fields = {"offer_id": offer_id, "disposition_id": self.habits.disposition(self.dispositions)}
            self._ask(client, "finish", {**fields, "note": ""})
        self._chats = now_served
        for talk in self._ask(client, "talks", {}).get("talks", ()) if now_served else ():
            which = {"conversation_id": talk["conversation_id"]}
            turn = f"reply {talk['conversation_id']} {talk['last_public_sequence']}"
            if talk["waiting_since_us"] and self._is_reached(turn, self.habits.reply_seconds):
                self._ask(client, "read", {**which, "sequence": talk["last_public_sequence"]})
                self._ask(
                    client, "say", {**which, "client_id": uuid.uuid4().hex, "text": self.habits.reply()}
                )

    def _ask(self, client: Any, event: str, fields: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = client.call(event, fields, timeout=ANSWER_SECONDS)
        if not answer["ok"]:
            log.warning("demo_page_refused", login=self.login, asked=event, code=answer["code"])
        return answer

    def _is_due(self, what: str, every_seconds: float) -> bool:
        now = time.monotonic()
        if now < self._due.get(what, 0):
            return False
        self._due[what] = now + every_seconds
        return True

    def _is_reached(self, what: str, seconds: Callable[[], float]) -> bool:
        """Whether the time that was drawn when this was first seen has passed; the plan is used up then."""
        if what not in self._due:
            self._due[what] = time.monotonic() + seconds()
        if time.monotonic() < self._due[what]:
            return False
        del self._due[what]
        return True
