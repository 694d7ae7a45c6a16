"""How mail fares: the sender's sign of life in Redis, and what waits and failed, for the pages and Prometheus."""

import time

import redis
from flask import Flask
from prometheus_client import Gauge
from sqlalchemy import func, select

from admin.db import db
from sql.models import OutgoingMail

ALIVE = "uckefu:mail:alive"
SILENT_SECONDS = 30
unsent = Gauge("uckefu_mail_unsent", "Mails in the outbox that are not sent, by state", ["state"])


def say_alive(bus: redis.Redis, at: float | None = None) -> None:
    """The sender runs."""
    bus.set(ALIVE, str(time.time() if at is None else at))


def age_of_sender(bus: redis.Redis) -> float | None:
    """Seconds since it was last heard of, None if never.

    Raises:
        redis.RedisError: it can't be known.
    """
    said = bus.get(ALIVE)
    return None if said is None else time.time() - float(said)


def count(app: Flask) -> None:
    """Bring the gauges up to date."""
    with app.app_context():
        wanted = select(OutgoingMail.state, func.count()).where(OutgoingMail.state.in_(("waiting", "failed")))
        found: dict[str, int] = dict(db.session.execute(wanted.group_by(OutgoingMail.state)).all())
    for state in ("waiting", "failed"):
        unsent.labels(state).set(found.get(state, 0))
