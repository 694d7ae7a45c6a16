"""Monkey-patching and serving, in one place, so that changing the async library is one setting.

`admin.__main__` imports this first and calls `patch()` before anything else is imported; a library that is
patched late leaves unpatched locks behind. The settings that made the difference are in docs/decisions.md.
"""

import gc
import os
import socket
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask

BACKLOG = 2048
MOST_CONNECTIONS = 20_000


def async_mode() -> str:
    """`eventlet` (default) or `gevent`, from UCKEFU_ASYNC_MODE."""
    return os.environ.get("UCKEFU_ASYNC_MODE", "eventlet")


def patch() -> None:
    """Make blocking calls of this process cooperative; must run before other imports."""
    if async_mode() == "gevent":
        from gevent import monkey

        monkey.patch_all()
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # eventlet announces its retirement; docs/decisions.md knows
            import eventlet

            eventlet.monkey_patch()


def serve(app: "Flask", host: str, port: int) -> None:
    """Serve `app` until the process is told to end."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    if async_mode() == "gevent":
        _serve_gevent(app, host, port)
    else:
        _serve_eventlet(app, host, port)


def _serve_eventlet(app: "Flask", host: str, port: int) -> None:
    import eventlet
    import eventlet.wsgi

    listener = eventlet.listen((host, port), backlog=BACKLOG)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    eventlet.wsgi.server(listener, app, max_size=MOST_CONNECTIONS, log_output=False, keepalive=True)


def _serve_gevent(app: "Flask", host: str, port: int) -> None:
    from gevent.pywsgi import WSGIServer
    from geventwebsocket.handler import WebSocketHandler

    class Handler(WebSocketHandler):  # type: ignore[misc]
        """Sets TCP_NODELAY on each accepted connection."""

        def __init__(self, sock: Any, *arguments: Any) -> None:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            super().__init__(sock, *arguments)

    WSGIServer((host, port), app, handler_class=Handler, backlog=BACKLOG, log=None).serve_forever()
