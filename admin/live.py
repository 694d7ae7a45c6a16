"""From the bus to the browsers: each new view is cut into slices and sent to the rooms that may see them.

Rooms: `agent:<id>` gets that agent's own slice (`my`) and who calls it (`caller`), `role:<role>` the counters, queue
and colleagues (`board`) with the numbers as that role sees them. Nothing is counted here; a page that connects is sent the present slices, so it shows the truth
at once. Every web process listens for itself and sends to its own pages.
"""

import json
import time
from typing import Any

import redis
import structlog
from flask import Flask
from prometheus_client import Gauge
from sqlalchemy.exc import SQLAlchemyError

from acd.contract import EVENTS_CHANNEL, VIEW_CHANNEL, AcdView, OfferMade, decode_event
from admin import view as views
from admin.desk.card import card_of
from admin.numbers import show_for
from admin.sockets import socketio
from uckefu.centre import load_centre
from uckefu.times import now, to_us

log = structlog.get_logger(__name__)
HEARTBEAT_SECONDS = 3
POLL_SECONDS = 1.0
view_age = Gauge("uckefu_acd_view_age_seconds", "Age of the ACD's view when it was last sent to pages")


class Live:
    """The background listener of one web process.

    Args:
        app: whose bus is listened to.
    """

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.bus: redis.Redis = app.extensions["uckefu"]["bus"]
        self.windows: dict[str, int | None] = {}
        """The pages that are open at this process: socket id -> agent id."""
        self.roles: dict[str, str] = {}
        """The role of who looks: socket id -> role."""
        self._sent: dict[str, str] = {}
        self._sent_at = 0.0

    def start(self) -> None:
        """Listen in the background for as long as the process lives."""
        socketio.start_background_task(self._listen)

    def send_to(self, session_id: str, agent_id: int | None) -> None:
        """Send the present state to one page that has just connected."""
        view, true_at_us = views.latest(self.bus)
        centre = load_centre(self._centre_file)
        region, sees = centre.region, centre.agents_see_listening
        show = show_for(self.roles.get(session_id, ""), centre)
        socketio.emit("board", _stamped(true_at_us, views.board(view or {}, region, show)), to=session_id)
        if agent_id is not None:
            mine = views.my_slice(view or {}, agent_id, region, show, sees_listening=sees) or {}
            socketio.emit("my", _stamped(true_at_us, mine), to=session_id)

    def publish(self, view: AcdView, true_at_us: int | None) -> None:
        """Send each slice that changed, and everything again at each heartbeat so that pages know its age."""
        centre = load_centre(self._centre_file)
        region, sees = centre.region, centre.agents_see_listening
        beat = time.monotonic() - self._sent_at > HEARTBEAT_SECONDS
        if beat:
            self._sent_at = time.monotonic()
            view_age.set(max(0.0, (to_us(now()) - (true_at_us or 0)) / 1e6))
        if not self.windows:
            return  # nobody looks; who comes is sent the present state
        for agent_id, role in {(agent, self.roles.get(window, "")) for window, agent in self.windows.items()}:
            if agent_id is None:
                continue
            show = show_for(role, centre)
            mine = views.my_slice(view, agent_id, region, show, sees_listening=sees) or {}
            self._emit("my", f"agent:{agent_id}", true_at_us, mine, beat=beat)
        for role in set(self.roles.values()):
            shown = views.board(view, region, show_for(role, centre))
            self._emit("board", f"role:{role}", true_at_us, shown, beat=beat)

    def offered(self, offer: OfferMade) -> None:
        """Tell the agent's pages who calls. The pop-up with number and place stands by then; this may be slow."""
        if offer.agent_id in self.windows.values():
            socketio.start_background_task(self._introduce, offer)

    def take(self, channel: str, data: str) -> None:
        """What the bus said: a view, or an event."""
        if channel == VIEW_CHANNEL:
            self.publish(json.loads(data), to_us(now()))
        elif json.loads(data).get("type") == OfferMade.__name__:
            event = decode_event(data)
            if isinstance(event, OfferMade):
                self.offered(event)

    def _introduce(self, offer: OfferMade) -> None:
        with self.app.app_context():
            try:
                card = card_of(offer.number, offer.interaction_id, load_centre(self._centre_file))
            except SQLAlchemyError as error:
                log.warning("caller_not_read", interaction_id=offer.interaction_id, error=str(error))
                card = {"missing": True}
        content = {"interaction_id": offer.interaction_id, "card": card}
        socketio.emit("caller", content, to=f"agent:{offer.agent_id}")

    def _emit(
        self, event: str, room: str, true_at_us: int | None, content: dict[str, Any], *, beat: bool
    ) -> None:
        text = json.dumps(content, sort_keys=True)
        if beat or self._sent.get(room) != text:
            self._sent[room] = text
            socketio.emit(event, _stamped(true_at_us, content), to=room)

    @property
    def _centre_file(self) -> Any:
        return self.app.extensions["uckefu"]["settings"].centre_file

    def _listen(self) -> None:
        while True:
            try:
                self._listen_once()
            except redis.RedisError as error:
                log.warning("bus_lost", error=str(error))
            except Exception:  # whatever it was: pages without news are worse
                log.exception("bus_listener_failed")
            socketio.sleep(1)

    def _listen_once(self) -> None:
        subscription = self.bus.pubsub(ignore_subscribe_messages=True)
        try:
            subscription.subscribe(VIEW_CHANNEL, EVENTS_CHANNEL)
            self._publish_latest()
            while True:
                self._take_all(subscription)
                if time.monotonic() - self._sent_at > HEARTBEAT_SECONDS:
                    self._publish_latest()
        finally:
            subscription.close()

    def _take_all(self, subscription: Any) -> None:
        """Take what has come; of several views that piled up only the last is true."""
        newest = None
        message = subscription.get_message(timeout=POLL_SECONDS)
        while message is not None:
            if message["channel"] == VIEW_CHANNEL:
                newest = message
            else:
                self._try(message)
            message = subscription.get_message(timeout=0)
        if newest is not None:
            self._try(newest)

    def _try(self, message: dict[str, Any]) -> None:
        """Take one message; one that can't be read costs nobody the next."""
        try:
            self.take(message["channel"], message["data"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            log.warning("bus_message_refused", channel=message["channel"], error=repr(error))

    def _publish_latest(self) -> None:
        view, true_at_us = views.latest(self.bus)
        if view is not None:
            self.publish(view, true_at_us)


def _stamped(true_at_us: int | None, content: dict[str, Any]) -> dict[str, Any]:
    """`content` with the server's clock and the instant at which it was true."""
    return {"now_us": to_us(now()), "at_us": true_at_us, "content": content}
