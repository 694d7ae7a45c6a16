"""From the ACD to the browsers: each new view is cut into slices and sent to the rooms that may see them.

Rooms: `agent:<id>` gets that agent's own slice (`my`), `staff` the counters, queue and colleagues (`board`).
Nothing is counted here; a page that connects is sent the present slices, so it shows the truth at once.
"""

import json
import time
from typing import Any

import redis
import structlog
from flask import Flask
from prometheus_client import Gauge

from acd.contract import VIEW_CHANNEL, AcdView
from admin.sockets import socketio
from admin.telephone import masked, place
from uckefu.times import now, to_us

log = structlog.get_logger(__name__)
HEARTBEAT_SECONDS = 3
view_age = Gauge("uckefu_acd_view_age_seconds", "Age of the ACD's view when it was last sent to pages")


def public_party(part: dict[str, Any] | None) -> dict[str, Any] | None:
    """An offer, call or wrap-up as a page may see it: the number masked, its region in both languages."""
    if part is None:
        return None
    number = str(part.get("number", ""))
    return {**part, "number": masked(number), "region": {code: place(number, code) for code in ("zh", "en")}}


def my_slice(view: AcdView, agent_id: int) -> dict[str, Any] | None:
    """What one agent sees of itself; None for an agent that the ACD does not know."""
    mine = view.get("agents", {}).get(str(agent_id))
    if mine is None:
        return None
    return {**mine, **{part: public_party(mine.get(part)) for part in ("offer", "call", "wrap_up")}}


def board(view: AcdView) -> dict[str, Any]:
    """What everybody on the staff sees: totals, queues, waiting members, colleagues' states."""
    shown = ("status", "status_since_us", "state", "state_since_us", "extension", "registered")
    return {
        "totals": view.get("totals", {}),
        "queues": view.get("queues", {}),
        "members": [
            {**member, "number": masked(str(member["number"]))} for member in view.get("members", [])
        ],
        "agents": {id_: {key: a.get(key) for key in shown} for id_, a in view.get("agents", {}).items()},
    }


class Live:
    """The background listener of one web process.

    Args:
        app: whose bus is listened to.
    """

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.bus: redis.Redis[str] = app.extensions["uckefu"]["bus"]
        self.acd = app.extensions["uckefu"]["acd"]
        self.agents: set[int] = set()
        self._sent: dict[str, str] = {}
        self._sent_at = 0.0

    def start(self) -> None:
        """Listen in the background for as long as the process lives."""
        socketio.start_background_task(self._listen)

    def send_to(self, session_id: str, agent_id: int | None) -> None:
        """Send the present state to one page that has just connected."""
        view = self.acd.view()
        socketio.emit("board", self._stamped(view, board(view or {})), to=session_id)
        if agent_id is not None:
            socketio.emit("my", self._stamped(view, my_slice(view or {}, agent_id) or {}), to=session_id)

    def publish(self, view: AcdView) -> None:
        """Send each slice that changed, and everything again at each heartbeat so that pages know its age."""
        beat = time.monotonic() - self._sent_at > HEARTBEAT_SECONDS
        if beat:
            self._sent_at = time.monotonic()
            view_age.set(max(0.0, (to_us(now()) - view.get("at_us", 0)) / 1e6))
        for agent_id in tuple(self.agents):
            self._emit("my", f"agent:{agent_id}", view, my_slice(view, agent_id) or {}, beat=beat)
        self._emit("board", "staff", view, board(view), beat=beat)

    def _emit(self, event: str, room: str, view: AcdView, content: dict[str, Any], *, beat: bool) -> None:
        text = json.dumps(content, sort_keys=True)
        if beat or self._sent.get(room) != text:
            self._sent[room] = text
            socketio.emit(event, self._stamped(view, content), to=room)

    @staticmethod
    def _stamped(view: AcdView | None, content: dict[str, Any]) -> dict[str, Any]:
        return {"now_us": to_us(now()), "at_us": (view or {}).get("at_us"), "content": content}

    def _listen(self) -> None:
        while True:
            try:
                self._listen_once()
            except redis.RedisError as error:
                log.warning("bus_lost", error=str(error))
                socketio.sleep(1)

    def _listen_once(self) -> None:
        subscription = self.bus.pubsub(ignore_subscribe_messages=True)
        try:
            subscription.subscribe(VIEW_CHANNEL)
            self._publish_latest()
            while True:
                message = subscription.get_message(timeout=1.0)
                newest = message
                while message is not None:  # of several that piled up only the last is true
                    newest, message = message, subscription.get_message(timeout=0)
                if newest is not None:
                    self.publish(json.loads(newest["data"]))
                elif time.monotonic() - self._sent_at > HEARTBEAT_SECONDS:
                    self._publish_latest()
        finally:
            subscription.close()

    def _publish_latest(self) -> None:
        view = self.acd.view()
        if view is not None:
            self.publish(view)
