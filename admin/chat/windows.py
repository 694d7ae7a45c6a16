"""Which visitors have a window open, at whichever web process: each process says so of its own every few seconds.

Read by `admin.mail.collector`, which writes to those who have none.
"""

import time

import redis
import structlog
from flask import Flask

from admin.chat.guests import lobby
from admin.sockets import socketio

log = structlog.get_logger(__name__)
OPEN = "uckefu:chat:windows"
SAYS_SECONDS = 10
HELD_SECONDS = 30
"""A window that was last seen so long ago is closed."""


def start(app: Flask) -> None:
    """Say it in the background for as long as the process lives."""
    socketio.start_background_task(_keep_saying, app)


def say(bus: redis.Redis, visitor_ids: set[str], at: float | None = None) -> None:
    """These have a window open."""
    instant = time.time() if at is None else at
    pipeline = bus.pipeline(transaction=False)
    if visitor_ids:
        pipeline.zadd(OPEN, dict.fromkeys(visitor_ids, instant))
    pipeline.zremrangebyscore(OPEN, "-inf", instant - 10 * HELD_SECONDS)
    pipeline.execute()


def open_now(bus: redis.Redis, visitor_ids: list[str], at: float | None = None) -> set[str]:
    """Those of them who have a window open.

    Raises:
        redis.RedisError: it can't be known.
    """
    if not visitor_ids:
        return set()
    since = (time.time() if at is None else at) - HELD_SECONDS
    scores = bus.zmscore(OPEN, visitor_ids)
    return {
        id_ for id_, score in zip(visitor_ids, scores, strict=True) if score is not None and score > since
    }


def _keep_saying(app: Flask) -> None:
    bus: redis.Redis = app.extensions["uckefu"]["bus"]
    while True:
        try:
            with app.app_context():
                say(bus, {guest.visitor_id for guest in list(lobby().guests.values())})
        except redis.RedisError as error:
            log.warning("windows_not_said", error=str(error))
        socketio.sleep(SAYS_SECONDS)
