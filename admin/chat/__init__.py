"""Web chat: the message service that both sides use, and the visitor's side (widget, page, socket, uploads)."""

from flask import Flask

from admin.chat.relay import Relay

__all__ = ["init_app"]


def init_app(app: Flask) -> None:
    """Make this process's relay; Socket.IO must be there."""
    app.extensions["chat_relay"] = Relay(app)
    if not app.testing:
        app.extensions["chat_relay"].start()
