"""The one Socket.IO server; handlers are registered where their subject is (`desk.events`), `app` serves with it."""

from typing import Any

from flask import Flask
from flask.ctx import RequestContext
from flask_socketio import SocketIO
from werkzeug.exceptions import NotFound

PATH = "/socket.io"
socketio = SocketIO()


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
