"""Names that pages show for what the ACD calls by id: queue titles, agents, dispositions.

Kept for a moment and served from memory while the database is away, so that a pop-up never waits for SQL.
"""

import time
from typing import Any

import structlog
from flask import current_app
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from admin.db import db
from sql.models import Agent, Disposition, Queue, User

log = structlog.get_logger(__name__)
FRESH_SECONDS = 5
NOTHING: dict[str, Any] = {"queues": {}, "agents": {}, "dispositions": []}


def names(language: str) -> dict[str, Any]:
    """`{"queues": {name: title}, "agents": {id: {"name", "extension", "picture"}}, "dispositions": [{"id", "title"}]}`."""
    both = _both()
    title = "title_zh" if language == "zh" else "title_en"
    return {
        "queues": {name: titles[title] for name, titles in both["queues"].items()},
        "agents": both["agents"],
        "dispositions": [{"id": d["id"], "title": d[title]} for d in both["dispositions"]],
    }


def forget() -> None:
    """Read anew at the next use."""
    _kept()["at"] = 0.0


def _kept() -> dict[str, Any]:
    kept: dict[str, Any] = current_app.extensions["uckefu"].setdefault("names", {"at": 0.0, "value": NOTHING})
    return kept


def _both() -> dict[str, Any]:
    kept = _kept()
    if kept["at"] and time.monotonic() - kept["at"] < FRESH_SECONDS:
        return dict(kept["value"])
    try:
        kept["value"], kept["at"] = _read(), time.monotonic()
    except SQLAlchemyError as error:
        db.session.rollback()
        log.warning("names_not_read", error=str(error))
    return dict(kept["value"])


def _read() -> dict[str, Any]:
    queues = db.session.execute(select(Queue.name, Queue.title_zh, Queue.title_en).order_by(Queue.id))
    agents = db.session.execute(
        select(Agent.id, User.name, Agent.extension, User.picture)
        .join(User, User.id == Agent.user_id)
        .where(User.active)
    )
    outcomes = db.session.execute(
        select(Disposition.id, Disposition.title_zh, Disposition.title_en)
        .where(Disposition.active)
        .order_by(Disposition.position)
    )
    return {
        "queues": {name: {"title_zh": zh, "title_en": en} for name, zh, en in queues},
        "agents": {
            str(id_): {"name": name, "extension": extension, "picture": picture}
            for id_, name, extension, picture in agents
        },
        "dispositions": [{"id": id_, "title_zh": zh, "title_en": en} for id_, zh, en in outcomes],
    }
