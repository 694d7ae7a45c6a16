"""A visitor of the sample site without a browser, for the workbench's tests."""

import uuid
from typing import Any

import requests
import socketio

from tests.e2e.conftest import Scene
from tests.support.waiting import wait_until

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1"
)


def looks_at(scene: Scene, title: str, token: str = "", *, agent: str = "", source: str = "") -> str:
    """A page of the site is shown in a browser that calls itself `agent`; returns the visitor's token."""
    page = {
        "token": token,
        "page_id": uuid.uuid4().hex,
        "url": f"http://shop.example/{title}",
        "title": title,
        "referrer": source,
    }
    headers = {"User-Agent": agent, "Origin": "http://shop.example"}
    answer = requests.post(f"{scene.stack.url}/im/demo/here", json=page, headers=headers, timeout=10)
    return str(answer.json()["token"])


class Visitor:
    """A visitor's window without a browser, on the socket that the window uses."""

    def __init__(self, scene: Scene, name: str, token: str = "") -> None:
        self.client = socketio.Client(reconnection=False)
        self.messages: list[dict[str, Any]] = []
        self.client.on("message", lambda message: self.messages.append(message), namespace="/visitor")
        for event in ("state", "conversation", "read", "typing", "position", "resync"):
            self.client.on(event, lambda *_: None, namespace="/visitor")
        auth = {
            "site": "demo",
            "token": token,
            "language": "zh",
            "url": "http://shop.example/lock",
            "title": "智能锁 L2",
        }
        self.client.connect(
            scene.stack.url,
            namespaces=["/visitor"],
            auth=auth,
            headers={"Origin": scene.stack.url},
            wait_timeout=10,
        )
        scene.things.callback(self.client.disconnect)
        self.ask("introduce", name=name)

    def ask(self, event: str, **fields: Any) -> dict[str, Any]:
        """Send an event and return its answer, which must be a good one."""
        answer: dict[str, Any] = self.client.call(event, fields, namespace="/visitor", timeout=10)
        assert answer["ok"], answer
        return answer

    def say(self, text: str) -> None:
        """Write."""
        self.ask("send", client_id=uuid.uuid4().hex, text=text)

    def heard(self, text: str) -> dict[str, Any]:
        """Wait for a message of the centre."""
        return wait_until(
            lambda: next((m for m in list(self.messages) if m["text"] == text), None),
            what=f"the visitor to hear {text}",
        )

    def reads(self, message: dict[str, Any]) -> None:
        """Has seen it."""
        self.ask("read", sequence=message["sequence"])

    def types(self, text: str) -> None:
        """Types, and has not sent it."""
        self.ask("typing", text=text)
