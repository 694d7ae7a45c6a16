"""From the service to the pages of every web process: one room, one event, in the order of the commits.

`service` calls `send` after a commit. Pages of this process are told at once; the other processes through Redis
(`uckefu:chat`), by one green thread that keeps the order. Nothing here is the record: when Redis was away, every page
is told to `resync`, which makes it ask for what is after its last sequence; and also when another process is gone.
"""

import queue
import secrets
import time
from collections.abc import Callable
from typing import Any

import redis
import structlog
from flask import Flask, current_app

from acd.contract import VIEW_CHANNEL
from admin.sockets import Json, is_anybody, socketio

log = structlog.get_logger(__name__)
CHANNEL = "uckefu:chat"
AGENTS, VISITORS = "/", "/visitor"
MOST_QUEUED = 20_000
MOST_AT_ONCE = 200
POLL_SECONDS = 1.0
BEAT_SECONDS = 1.0
SILENT_SECONDS = 4.0
"""A process that was heard and is silent for this long is gone, with what it had not told yet."""


class Relay:
    """One web process's end of the relay.

    Args:
        app: whose bus is used.
    """

    def __init__(self, app: Flask) -> None:
        self.bus: redis.Redis = app.extensions["uckefu"]["bus"]
        self._opening = f'{{"by":"{secrets.token_hex(8)}"'
        self._outgoing: queue.Queue[str] = queue.Queue(MOST_QUEUED)
        self._started = False
        self.on_view: Callable[[str | None], None] = lambda _text: None
        """Called with each new view of the ACD, and with None every second."""
        self._peers: dict[str, float] = {}

    def start(self) -> None:
        """Publish and listen in the background for as long as the process lives."""
        self._started = True
        socketio.start_background_task(self._publish)
        socketio.start_background_task(self._listen)

    def send(self, namespace: str, rooms: list[str], event: str, content: Any) -> None:
        """Tell every page in any of `rooms`, here and at the other processes; returns at once."""
        if is_anybody(namespace, rooms):
            socketio.emit(event, content, to=rooms, namespace=namespace)
        if not self._started:
            return
        try:
            self._outgoing.put_nowait(Json.dumps([namespace, rooms, event, content]))
        except queue.Full:
            log.warning("relay_full")  # the heartbeats of the pages find the gap

    def resync(self) -> None:
        """Make every page of this process ask for what it may have missed."""
        for namespace in (AGENTS, VISITORS):
            socketio.emit("resync", {}, namespace=namespace)

    def letter(self, news: list[str]) -> str:
        """What goes to the other processes: who tells it, and its pieces of news, already in JSON."""
        return f'{self._opening},"news":[{",".join(news)}]}}'

    def take(self, letter: str) -> None:
        """A letter of any process; one's own is known by how it begins."""
        if letter.startswith(self._opening):
            return
        told = Json.loads(letter)
        self._peers[told["by"]] = time.monotonic()
        for namespace, rooms, event, content in told["news"]:
            if is_anybody(namespace, rooms):
                socketio.emit(event, content, to=rooms, namespace=namespace)

    def miss_peers(self) -> None:
        """A process that died may have acknowledged what it never told: everybody here asks for it."""
        deadline = time.monotonic() - SILENT_SECONDS
        silent = [name for name, heard_at in self._peers.items() if heard_at < deadline]
        for name in silent:
            del self._peers[name]
        if silent:
            log.info("relay_peer_gone", peers=silent)
            self.resync()

    def _publish(self) -> None:
        while True:
            try:
                news = [self._outgoing.get(timeout=BEAT_SECONDS)]
            except queue.Empty:
                news = []  # a beat: it lives
            while news and len(news) < MOST_AT_ONCE and not self._outgoing.empty():
                news.append(self._outgoing.get())
            try:
                self.bus.publish(CHANNEL, self.letter(news))
            except redis.RedisError as error:
                log.warning("relay_not_published", news=len(news), error=str(error))
                socketio.sleep(0.2)

    def _listen(self) -> None:
        was_lost = False
        while True:
            subscription = self.bus.pubsub(ignore_subscribe_messages=True)
            try:
                subscription.subscribe(CHANNEL, VIEW_CHANNEL)
                self._peers.clear()
                if was_lost:
                    self.resync()
                was_lost = True
                while True:
                    message = subscription.get_message(timeout=POLL_SECONDS)
                    self.miss_peers()
                    if message is None or message["channel"] == VIEW_CHANNEL:
                        self.on_view(message["data"] if message else None)
                    else:
                        self._try(message["data"])
            except redis.RedisError as error:
                log.warning("relay_lost", error=str(error))
            finally:
                subscription.close()
            socketio.sleep(0.5)

    def _try(self, letter: str) -> None:
        try:
            self.take(letter)
        except (ValueError, KeyError, TypeError) as error:
            log.warning("relay_letter_refused", error=repr(error))


def relay() -> Relay:
    """This process's relay."""
    made: Relay = current_app.extensions["chat_relay"]
    return made
