"""Tells waiting visitors of this process where they stand, from each new view of the ACD, at most once a second."""

import json
import time

import structlog
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from acd.contract import AcdView
from admin.chat import presence
from admin.chat.guests import Guest, lobby
from admin.chat.keeper import in_view
from admin.sockets import socketio

log = structlog.get_logger(__name__)
MOST_OFTEN_SECONDS = 1.0


class Positions:
    """Fed by the relay's listener.

    Args:
        app: whose visitors are told.
    """

    def __init__(self, app: Flask) -> None:
        self.app = app
        self._newest: str | None = None
        self._sent_at = 0.0

    def heard(self, text: str | None) -> None:
        """A new view, or a moment without one (None); what came too soon is sent at the next call."""
        self._newest = text or self._newest
        if self._newest is None or time.monotonic() - self._sent_at < MOST_OFTEN_SECONDS:
            return
        text, self._newest, self._sent_at = self._newest, None, time.monotonic()
        with self.app.app_context():
            if not lobby().guests:
                return
            try:
                self.publish(json.loads(text))
            except (ValueError, KeyError, TypeError, SQLAlchemyError) as error:
                log.warning("positions_not_sent", error=repr(error))

    def publish(self, view: AcdView) -> None:
        """Send each waiting visitor's position where it has changed."""
        served, waiting = in_view(view)
        for guest in list(lobby().guests.values()):
            id_ = guest.conversation_id
            guest.agent_id = served[id_]["agent_id"] if id_ in served else guest.agent_id
            if id_ in waiting:
                self._tell(guest, view, id_)
            else:
                guest.position = None

    def _tell(self, guest: Guest, view: AcdView, conversation_id: str) -> None:
        position = presence.position_of(view, conversation_id)
        if position != guest.position:
            guest.position = position
            socketio.emit("position", position, to=guest.sid, namespace="/visitor")
