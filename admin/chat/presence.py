"""Who serves chats now, and where a waiting visitor stands: read from the ACD's view, never counted here."""

import time
from math import ceil
from typing import Any

from flask import current_app
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from acd.contract import AcdView
from admin import view as views
from admin.db import db
from sql.models import Queue, Tier

FRESH_SECONDS = 30
LONGEST_ESTIMATE_SECONDS = 3600


def latest() -> AcdView:
    """The ACD's latest view; empty without one."""
    view, _true_at = views.latest(current_app.extensions["uckefu"]["bus"])
    return view or {}


def is_staffed(queue_name: str, view: AcdView | None = None) -> bool:
    """Whether somebody who serves this queue is signed in. An ACD that can't be seen is no reason to send people away."""
    shown = latest() if view is None else view
    agents = shown.get("agents")
    if not agents:
        return not shown
    serving = _members().get(queue_name)
    return any(
        agent.get("status") != "offline"
        and agent.get("present", True)
        and (serving is None or int(id_) in serving)
        for id_, agent in agents.items()
    )


def position_of(view: AcdView, conversation_id: str) -> dict[str, Any] | None:
    """`{position, waiting, seconds}` of a waiting conversation; None when it does not wait.

    `seconds` is what is left of the middle of the ACD's own estimate; None while the ACD knows none.
    """
    members = view.get("members", [])
    mine = next((m for m in members if m.get("interaction_id") == conversation_id), None)
    if mine is None:
        return None
    return {"conversation_id": conversation_id, "position": int(mine.get("position") or 1), "seconds": _left_seconds(view, mine),
            "waiting": sum(m["queue"] == mine["queue"] for m in members)}  # fmt: skip


def _left_seconds(view: AcdView, member: dict[str, Any]) -> int | None:
    expected = member.get("expected_us")
    if not expected:
        return None
    waited_us = int(view.get("at_us", 0)) - int(member["entered_at_us"])
    left_seconds = (sum(expected) / 2 - waited_us) / 1_000_000
    step = 10 if left_seconds <= 60 else 60  # as the window says it, so that not each second is news
    return min(LONGEST_ESTIMATE_SECONDS, max(10, ceil(left_seconds / step) * step))


def _kept(name: str, read: Any) -> Any:
    store = current_app.extensions["uckefu"].setdefault("chat_presence", {})
    at, value = store.get(name, (0.0, None))
    if not at or time.monotonic() - at > FRESH_SECONDS:
        try:
            value = read()
            store[name] = (time.monotonic(), value)
        except SQLAlchemyError:
            db.session.rollback()
    return value


def _members() -> dict[str, set[int]]:
    """Queue name -> agents who serve it; empty while that is not known."""
    return _kept("members", _read_members) or {}


def _read_members() -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for name, agent_id in db.session.execute(select(Queue.name, Tier.agent_id).join(Tier)):
        found.setdefault(name, set()).add(agent_id)
    return found
