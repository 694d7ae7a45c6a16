"""Every call and conversation of this moment, from the ACD's view and, for what was said, from the record."""

from typing import Any

import redis
from sqlalchemy import select

from acd.contract import AcdView
from admin import view as views
from admin.chat import shapes
from admin.db import db
from admin.desk.talks import last_lines
from admin.numbers import seen
from sql.models import Conversation

MOST = 500


def everything(bus: redis.Redis, region: str) -> dict[str, Any]:
    """`{at_us, calls, talks}`; a call is as its agent sees it, with the agent's id."""
    view, true_at_us = views.latest(bus)
    return {"at_us": true_at_us, "calls": _calls(view or {}, region), "talks": _talks()}


def _calls(view: AcdView, region: str) -> list[dict[str, Any]]:
    found = [
        {**(views.for_page(agent[part], region, seen) or {}), "agent_id": int(agent_id), "part": part}
        for agent_id, agent in view.get("agents", {}).items()
        for part in ("offer", "call", "wrap_up")
        if agent.get(part)
    ]
    offered = {call["interaction_id"] for call in found}
    found += [
        {**views.as_seen(member, region, seen), "agent_id": None, "part": "waiting"}
        for member in view.get("members", [])
        if member.get("channel", "voice") == "voice" and member["interaction_id"] not in offered
    ]
    return found


def _talks() -> list[dict[str, Any]]:
    open_ones = select(Conversation).where(Conversation.ended_at.is_(None))
    rows = list(db.session.scalars(open_ones.order_by(Conversation.opened_at).limit(MOST)))
    last = last_lines([row.id for row in rows])
    return [{**shapes.conversation_for_agents(row), "last": last.get(row.id)} for row in rows]
