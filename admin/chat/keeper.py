"""What keeps conversations and call routing in step: one process at a time, by a lease in Redis.

It reads the ACD's events from their stream (so none is missed while nobody ran), and every few seconds compares the
open conversations with the view: one that the view lacks is asked for again, an agent that the record lacks is noted,
one that has ended is taken out of routing, one that nobody writes in any more is ended. Every step is idempotent.
"""

import json
import secrets
import time
from datetime import timedelta
from typing import Any

import redis
import structlog
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from acd.contract import EVENTS, LEASE, AcdView
from admin import directory
from admin import view as views
from admin.chat import routing, service, sites
from admin.db import db
from admin.sockets import socketio
from sql.models import Conversation, Site, Visitor
from uckefu.times import as_utc, now

log = structlog.get_logger(__name__)
KEEPER, POSITION = "uckefu:chat:keeper", "uckefu:chat:position"
LEASE_SECONDS = 10
ROUND_SECONDS = 3.0
GRACE_SECONDS = 5
"""A conversation this young may be on its way to the ACD."""
MOST_A_ROUND = 500


class Keeper:
    """One process's keeper; it works only while it holds the lease.

    Args:
        app: whose bus and database are used.
    """

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.bus: redis.Redis = app.extensions["uckefu"]["bus"]
        self.name = secrets.token_hex(8)
        self._round_at = 0.0

    def start(self) -> None:
        """Work in the background for as long as the process lives."""
        socketio.start_background_task(self._work)

    def _work(self) -> None:
        while True:
            try:
                with self.app.app_context():
                    if not self._holds():
                        socketio.sleep(LEASE_SECONDS / 4)
                        continue
                    self.read_events()
                    if time.monotonic() - self._round_at > ROUND_SECONDS:
                        self._round_at = time.monotonic()
                        self.compare()
                        self.end_idle()
            except (redis.RedisError, SQLAlchemyError) as error:
                log.warning("chat_keeper_waits", error=str(error))
                socketio.sleep(1)
            except Exception:  # whatever it was: the next round must come
                log.exception("chat_keeper_failed")
                socketio.sleep(1)

    def _holds(self) -> bool:
        if self.bus.set(KEEPER, self.name, nx=True, ex=LEASE_SECONDS):
            return True
        if self.bus.get(KEEPER) != self.name:
            return False
        self.bus.expire(KEEPER, LEASE_SECONDS)
        return True

    def read_events(self, *, wait_milliseconds: int = 500) -> None:
        """Take what the ACD has said since the last time."""
        since = self.bus.get(POSITION)
        if since is None:  # the first start, or an emptied Redis: `compare` brings it into step
            newest = self.bus.xrevrange(EVENTS, count=1)
            since = newest[0][0] if newest else "0"
            self.bus.set(POSITION, since)
        answer = self.bus.xread({EVENTS: since}, count=200, block=wait_milliseconds)
        for _stream, entries in answer or ():
            for id_, fields in entries:
                try:
                    self.take(json.loads(fields["data"]))
                except (ValueError, KeyError, TypeError) as error:
                    log.warning("chat_event_refused", entry=id_, error=repr(error))
                self.bus.set(POSITION, id_)

    def take(self, event: dict[str, Any]) -> None:
        """One event of the ACD."""
        kind = event.get("type")
        if kind == "ConversationAssigned":
            self._assigned(event["interaction_id"], event)
        elif kind == "ConversationEnded":
            id_, agent_id = event["interaction_id"], int(event["agent_id"])
            if event["by"] == "agent":
                author = service.an_agent(agent_id, name_of(agent_id))
                if _is_open(id_):
                    service.end_conversation(id_, "agent", author=author)
            elif event["by"] != "visitor":
                service.unassigned(id_, agent_id, offer_id=event["offer_id"])

    def compare(self) -> None:
        """Bring open conversations and the ACD's view into step; nothing while there is no ACD."""
        view, _at = views.latest(self.bus)
        if view is None or not self.bus.exists(LEASE):
            return
        served, waiting = in_view(view)
        known = served.keys() | waiting
        grace = now() - timedelta(seconds=GRACE_SECONDS)
        rows = db.session.execute(
            select(Conversation, Visitor)
            .join(Visitor, Visitor.id == Conversation.visitor_id)
            .where(Conversation.ended_at.is_(None), Conversation.opened_at < grace)
            .order_by(Conversation.opened_at)
            .limit(MOST_A_ROUND)
        ).all()
        still_open = {conversation.id for conversation, _visitor in rows}
        for conversation, visitor in rows:
            if conversation.id not in known:
                routing.enter(conversation, number=visitor.phone, contact_id=visitor.contact_id)
        for id_, part in served.items():
            self._assigned(id_, part)
        self._leave_behind(known - still_open)

    def _leave_behind(self, ids: set[str]) -> None:
        """What routing still has and the record has ended (its leave was lost)."""
        grace = now() - timedelta(seconds=GRACE_SECONDS)
        wanted = select(Conversation.id).where(Conversation.id.in_(ids), Conversation.ended_at < grace)
        for id_ in db.session.scalars(wanted) if ids else ():
            routing.leave(id_, by="system")

    def _assigned(self, conversation_id: str, part: dict[str, Any]) -> None:
        agent_id = int(part["agent_id"])
        serves = select(Conversation.agent_id).where(Conversation.id == conversation_id)
        if db.session.scalar(serves) == agent_id:
            return
        service.assigned(
            conversation_id, agent_id, offer_id=part["offer_id"], name=name_of(agent_id), queue=part.get("queue", "")
        )  # fmt: skip

    def end_idle(self) -> None:
        """End conversations in which nobody has written for as long as their site allows."""
        instant = now()
        for row in db.session.scalars(select(Site)).all():
            minutes = sites.of(row).settings.idle_minutes
            if not minutes:
                continue
            wanted = select(Conversation.id, Conversation.last_message_at).where(
                Conversation.site_id == row.id, Conversation.ended_at.is_(None),
                Conversation.last_message_at < instant - timedelta(minutes=minutes),
            )  # fmt: skip
            for id_, last in db.session.execute(wanted.limit(MOST_A_ROUND)).all():
                log.info("conversation_idle", interaction_id=id_, since=as_utc(last).isoformat())
                service.end_conversation(id_, "system", reason="idle")


def in_view(view: AcdView) -> tuple[dict[str, dict[str, Any]], set[str]]:
    """Conversations that agents have, with agent and offer; and those that wait."""
    served = {
        part["interaction_id"]: {**part, "agent_id": int(id_)}
        for id_, agent in view.get("agents", {}).items()
        for part in agent.get("conversations") or ()
    }
    return served, {member["interaction_id"] for member in view.get("members", [])}


def name_of(agent_id: int) -> str:
    """The agent's name as visitors see it."""
    return str(directory.names("zh")["agents"].get(str(agent_id), {}).get("name", ""))


def _is_open(conversation_id: str) -> bool:
    wanted = select(Conversation.ended_at, Conversation.id).where(Conversation.id == conversation_id)
    found = db.session.execute(wanted).first()
    return found is not None and found[0] is None
