"""Who serves chats now, and where a waiting visitor stands: read from the ACD's view, never counted here."""

import time
from typing import Any

from flask import current_app
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from acd.contract import AcdView
from admin import view as views
from admin.db import db
from sql.models import Conversation, Queue, Tier

RECENT = 10
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
    """`{position, waiting, seconds}` of a waiting conversation; None when it does not wait. `seconds` may be None."""
    members = view.get("members", [])
    mine = next((m for m in members if m.get("interaction_id") == conversation_id), None)
    if mine is None:
        return None
    position = int(mine.get("position") or 1)
    gap = _gap_seconds(str(mine["queue"]))
    seconds = None if gap is None else min(LONGEST_ESTIMATE_SECONDS, max(10, round(gap * position)))
    return {"conversation_id": conversation_id, "position": position, "seconds": seconds,
            "waiting": sum(m["queue"] == mine["queue"] for m in members)}  # fmt: skip


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


def _gap_seconds(queue_name: str) -> float | None:
    """The mean time between the last assignments in this queue."""
    gap: float | None = _kept(f"gap:{queue_name}", lambda: _read_gap(queue_name))
    return gap


def _read_gap(queue_name: str) -> float | None:
    wanted = (
        select(Conversation.assigned_at)
        .where(Conversation.queue_name == queue_name, Conversation.assigned_at.is_not(None))
        .order_by(Conversation.opened_at.desc())
        .limit(RECENT)
    )
    instants = sorted(instant for instant in db.session.scalars(wanted) if instant)
    if len(instants) < 3:
        return None
    return float((instants[-1] - instants[0]).total_seconds() / (len(instants) - 1))
