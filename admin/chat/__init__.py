"""Web chat: the message service that both sides use, and the visitor's side (widget, page, socket, uploads)."""

from flask import Flask

from admin.chat import events, windows
from admin.chat.blocks import blueprint as blocks_blueprint
from admin.chat.guests import lobby
from admin.chat.keeper import Keeper
from admin.chat.positions import Positions
from admin.chat.relay import Relay
from admin.chat.site_views import blueprint as sites_blueprint
from admin.chat.views import blueprint, visitors_blueprint
from admin.chat.visitor_views import blueprint as visitor_list_blueprint
from admin.chat.writer import Writer
from admin.sockets import socketio

__all__ = [
    "blocks_blueprint",
    "blueprint",
    "events",
    "init_app",
    "sites_blueprint",
    "visitor_list_blueprint",
    "visitors_blueprint",
]


def init_app(app: Flask) -> None:
    """Make this process's relay, writer and keeper, and start them; Socket.IO must be there."""
    relay = Relay(app)
    relay.on_view = Positions(app).heard
    app.extensions["chat_relay"] = relay
    app.extensions["chat_writer"] = writer = Writer(app)
    if not app.testing:
        relay.start()
        writer.start()
        Keeper(app).start()
        windows.start(app)
        with app.app_context():
            limits = lobby().limits
        bus = app.extensions["uckefu"]["bus"]
        socketio.start_background_task(limits.share_for_ever, bus, socketio.sleep)
