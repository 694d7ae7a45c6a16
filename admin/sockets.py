"""The one Socket.IO server; handlers are registered where their subject is (`desk.events`), `app` serves with it."""

import json
from typing import Any

from flask import Flask
from flask.ctx import RequestContext
from flask_socketio import SocketIO
from pydantic_core import PydanticSerializationError, from_json, to_json
from socketio.packet import Packet
from werkzeug.exceptions import NotFound

PATH = "/socket.io"
socketio = SocketIO()


class Json:
    """The library's JSON, quicker; what pydantic's refuses (half a surrogate pair) goes the library's own way."""

    @staticmethod
    def dumps(data: Any, **options: Any) -> str:
        """As `json.dumps`."""
        try:
            return to_json(data).decode()
        except PydanticSerializationError:
            return json.dumps(data, **options)

    @staticmethod
    def loads(text: str) -> Any:
        """As `json.loads`."""
        try:
            return from_json(text)
        except ValueError:
            return json.loads(text)


class TextPacket(Packet):  # type: ignore[misc]
    """Socket.IO without looking for bytes in everything that is sent: nothing here sends any."""

    uses_binary_events = False
    json = Json


def is_anybody(namespace: str, rooms: list[str]) -> bool:
    """Whether a page of this process is in one of them."""
    return any(True for _ in socketio.server.manager.get_participants(namespace, rooms))


class EventContext(RequestContext):
    """The context of a socket's event, which has no route: to look for one and fail cost 66 objects in a cycle an event,
    and collecting them stopped the process for up to 0.3 s."""

    def match_request(self) -> None:
        """What the search would find, without its traceback."""
        self.request.routing_exception = NotFound()


class App(Flask):
    """Flask, whose events of sockets are cheap."""

    def request_context(self, environ: dict[str, Any]) -> RequestContext:
        """The context of a request, or of an event; Flask-SocketIO keeps the session of a socket in its environment."""
        if environ.get("PATH_INFO", "").startswith(PATH):
            return EventContext(self, environ, session=environ.get("saved_session"))
        return super().request_context(environ)
