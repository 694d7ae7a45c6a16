"""The one Socket.IO server; handlers are registered where their subject is (`desk.events`)."""

from flask_socketio import SocketIO

socketio = SocketIO()
