"""The agents' side of chats for tests of the visitors' side: the message service itself, in the test's own process.

What it tells goes through Redis to the web processes under test, as from any other web process.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from sqlalchemy import select

from admin.app import create_app
from admin.chat import relay, service, shapes
from admin.db import db
from sql.models import Conversation, Message, Site
from uckefu.settings import Settings


class _Teller(relay.Relay):
    """Publishes at once, and has no pages of its own."""

    def send(self, namespace: str, rooms: list[str], event: str, content: Any) -> None:
        self.bus.publish(relay.CHANNEL, self.letter([json.dumps([namespace, rooms, event, content])]))


class Backstage:
    """Agent `agent_id` by hand.

    Args:
        settings: of the running web processes.
        agent_id: who speaks.
    """

    def __init__(self, settings: Settings, agent_id: int, name: str = "王芳") -> None:
        self.app: Flask = create_app(settings, TESTING=True)
        self.app.extensions["chat_relay"] = _Teller(self.app)
        self.agent = service.an_agent(agent_id, name)
        self._said = 0

    def close(self) -> None:
        """Give its connections back."""
        with self.app.app_context():
            db.engine.dispose()
        self.app.extensions["uckefu"]["bus"].close()

    @contextmanager
    def record(self) -> Iterator[Any]:
        """The database session."""
        with self.app.app_context():
            yield db.session

    def conversation(self, visitor_id: str = "") -> dict[str, Any] | None:
        """The newest conversation (of a visitor), as agents see it."""
        wanted = select(Conversation).order_by(Conversation.opened_at.desc()).limit(1)
        if visitor_id:
            wanted = wanted.where(Conversation.visitor_id == visitor_id)
        with self.record() as session:
            row = session.scalar(wanted)
            return row and shapes.conversation_for_agents(row)

    def says(self, conversation_id: str, text: str, **more: Any) -> int:
        """The agent writes; returns the sequence."""
        self._said += 1
        with self.record():
            posted = service.post_message(
                conversation_id, self.agent, client_id=f"agent-{self._said}", text=text, **more
            )
        return int(posted.message["sequence"])

    def reads(self, conversation_id: str, sequence: int) -> None:
        """The agent has seen everything up to here."""
        with self.record():
            service.mark_read(conversation_id, "agent", sequence)

    def types(self, conversation_id: str, visitor_id: str) -> None:
        """The agent types."""
        with self.record():
            service.typing(conversation_id, self.agent, visitor_id=visitor_id, agent_id=self.agent.agent_id)

    def ends(self, conversation_id: str) -> None:
        """The agent ends it."""
        with self.record():
            service.end_conversation(conversation_id, "agent", author=self.agent)

    def texts(self, conversation_id: str) -> list[str]:
        """Every text of it, in order."""
        with self.record() as session:
            wanted = select(Message.text).where(
                Message.conversation_id == conversation_id, Message.kind == "text"
            )
            return list(session.scalars(wanted.order_by(Message.sequence)))

    def set_up(self, key: str, **settings: object) -> None:
        """Change a site's settings."""
        with self.record() as session:
            row = session.scalar(select(Site).where(Site.key == key))
            row.settings = {**row.settings, **settings}
            session.commit()
