"""Monkey-patching and serving, in one place, so that changing the async library is one setting.

`admin.__main__` imports this first and calls `patch()` before anything else is imported; a library that is
patched late leaves unpatched locks behind. The settings that made the difference are in docs/decisions.md.
"""

import gc
import logging
import os
import select
import signal
import socket
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from flask import Flask

BACKLOG = 2048
MOST_CONNECTIONS = 20_000
MODES = ("eventlet", "gevent")
GRACE_SECONDS = 1.0
"""What short requests have to finish in when the process is told to end."""
Value = TypeVar("Value")
_patched = ""


def async_mode() -> str:
    """`eventlet` (default) or `gevent`: UCKEFU_ASYNC_MODE of the environment, else of `instance/settings.env`.

    Read by hand: `uckefu.settings` brings libraries that must not be imported before the patch.
    """
    project = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    instance = os.environ.get("UCKEFU_INSTANCE") or os.path.join(project, "instance")
    mode = os.environ.get("UCKEFU_ASYNC_MODE") or _from_file(os.path.join(instance, "settings.env"))
    if mode not in MODES:
        raise SystemExit(f"UCKEFU_ASYNC_MODE: {mode!r} is not one of {', '.join(MODES)}")
    return mode


def _from_file(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as stream:
            lines = [line.partition("=") for line in stream]
    except OSError:
        return MODES[0]
    found = [value.strip().strip("\"'") for name, _, value in lines if name.strip() == "UCKEFU_ASYNC_MODE"]
    return found[-1] if found else MODES[0]


def patch() -> str:
    """Make blocking calls of this process cooperative; must run before other imports. Returns the mode."""
    global _patched
    _patched = async_mode()
    if _patched == "gevent":
        from gevent import monkey

        monkey.patch_all()
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # eventlet announces its retirement; docs/decisions.md knows
            import eventlet

            eventlet.monkey_patch()
    return _patched


def off_the_loop(function: Callable[..., Value], *arguments: Any) -> Value:
    """Run what computes for long (a password hash, a waveform) in a real thread, so that other clients go on."""
    if _patched == "eventlet":
        from eventlet import tpool

        return tpool.execute(function, *arguments)  # type: ignore[no-any-return]
    if _patched == "gevent":
        import gevent

        return gevent.get_hub().threadpool.apply(function, arguments)  # type: ignore[no-any-return]
    return function(*arguments)


def wait_briefly(descriptor: int, milliseconds: int) -> None:
    """Wait until it can be read, letting no other green thread run: for an answer that is quicker than their turns."""
    if _patched == "eventlet":
        from eventlet import patcher

        poll = patcher.original("select").poll()
    elif _patched == "gevent":
        from gevent import monkey

        poll = monkey.get_original("select", "poll")()
    else:
        poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    poll.poll(milliseconds)


def end_when_told() -> None:
    """End on SIGTERM and Ctrl-C, with code 0, after a moment for the requests that are being answered.

    An exception raised by the handler would land in whatever green thread runs: a library may swallow it, and
    eventlet's server, if it gets it, waits for open websockets for ever. So a timer of the system ends the process;
    pages reconnect by themselves, and an unfinished transaction is rolled back by the database.
    """

    def leave(*_: object) -> None:
        logging.shutdown()
        os._exit(0)

    def begin_to_leave(*_: object) -> None:
        signal.signal(signal.SIGALRM, leave)
        signal.setitimer(signal.ITIMER_REAL, GRACE_SECONDS)

    signal.signal(signal.SIGTERM, begin_to_leave)
    signal.signal(signal.SIGINT, begin_to_leave)


def serve(app: "Flask", host: str, port: int) -> None:
    """Serve `app` until the process is told to end."""
    gc.freeze()
    gc.set_threshold(
        5_000, 5, 100
    )  # short pauses: 50,000 young objects took 100 ms, 100,000 of middle age 300
    if _patched == "gevent":
        _serve_gevent(app, host, port)
    else:
        _serve_eventlet(app, host, port)


def _serve_eventlet(app: "Flask", host: str, port: int) -> None:
    import eventlet
    import eventlet.wsgi

    listener = eventlet.listen((host, port), backlog=BACKLOG)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # accepted sockets inherit it
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
