"""What every message costs besides itself: a socket's event has no route, and leaves nothing for the collector."""

import gc
import socket
import time
import weakref

from flask import Flask, request
from werkzeug.exceptions import NotFound
from werkzeug.test import EnvironBuilder

from admin.server import wait_briefly


def test_an_event_of_a_socket_leaves_no_cycles_behind(app: Flask) -> None:
    environ = EnvironBuilder(path="/socket.io/").get_environ()
    gc.disable()
    try:
        context = app.request_context(environ)
        with context:
            assert isinstance(request.routing_exception, NotFound)
        gone = weakref.ref(context)
        del context
        assert gone() is None  # without the collector
    finally:
        gc.enable()


def test_the_session_of_a_socket_is_the_one_it_came_with(app: Flask) -> None:
    environ = EnvironBuilder(path="/socket.io/").get_environ()
    kept = app.session_interface.make_null_session(app)
    with app.request_context({**environ, "saved_session": kept}) as context:
        assert context.session is kept


def test_a_page_still_finds_its_route(app: Flask) -> None:
    with app.test_request_context("/healthz"):
        assert request.endpoint


def test_an_answer_that_is_there_is_not_waited_for() -> None:
    here, there = socket.socketpair()
    with here, there:
        there.send(b"answer")
        begun = time.monotonic()
        wait_briefly(here.fileno(), 60_000)
        assert time.monotonic() - begun < 30


def test_a_slow_answer_is_waited_for_as_always() -> None:
    here, there = socket.socketpair()
    with here, there:
        wait_briefly(here.fileno(), 1)  # comes back, with nothing to read
