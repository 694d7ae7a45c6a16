"""Every route and socket event declares its permission, and each role gets what it may and nothing else."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import IntegerConverter

from admin.permissions import PERMISSIONS, PUBLIC
from admin.sockets import socketio

EXAMPLES = {
    "code": "en",
    "prompt": "welcome",
    "lang": "zh",
    "flow": "main",
    "version": 1,
    "filename": "js/shell.js",
}
"""What a route's variables are here; any other is 1 where it is a whole number, else `none`."""


def _views(app: Flask) -> list[tuple[str, str, str, str]]:
    found = []
    adapter = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "static":
            continue
        permission = getattr(app.view_functions[rule.endpoint], "permission", "")
        values = {
            k: EXAMPLES.get(k, 1 if isinstance(c, IntegerConverter) else "none")
            for k, c in rule._converters.items()
        }
        address = adapter.build(rule.endpoint, values)
        found += [
            (rule.endpoint, method, address, permission)
            for method in sorted((rule.methods or set()) & {"GET", "POST", "PUT", "DELETE", "PATCH"})
        ]
    return found


def test_every_route_declares_a_permission_that_exists(app: Flask) -> None:
    undeclared = [view for view in _views(app) if view[3] != PUBLIC and view[3] not in PERMISSIONS]
    assert undeclared == []


def test_every_socket_event_declares_a_permission_that_exists(app: Flask) -> None:
    handlers = socketio.server.handlers["/"]
    assert set(handlers) >= {
        "connect",
        "disconnect",
        "status",
        "decline",
        "hold",
        "hangup",
        "transfer",
        "finish",
    }
    public = {"disconnect", "here"}  # whoever is out may leave; `here` puts out who lost the right
    for event, handler in handlers.items():
        inner = handler
        while not hasattr(inner, "permission") and hasattr(inner, "__wrapped__"):
            inner = inner.__wrapped__
        permission = getattr(inner, "permission", "")
        assert permission == PUBLIC if event in public else permission in PERMISSIONS, event


@pytest.mark.parametrize("role", ["administrator", "supervisor", "agent"])
def test_each_role_gets_403_exactly_where_its_permissions_end(
    app: Flask, sign_in: Callable[[str], FlaskClient], role: str
) -> None:
    wrong = []
    app.extensions["uckefu"]["acd"].reply_timeout_seconds = 1
    for endpoint, method, address, permission in _views(app):
        if permission == PUBLIC or endpoint == "accounts.logout":
            continue
        with sign_in(role).open(address, method=method) as answer:
            status = answer.status_code
        if (status == 403) != (role not in PERMISSIONS[permission]):
            wrong.append((endpoint, method, status))
    assert wrong == []


def test_without_login_every_page_leads_to_the_login_and_every_act_is_refused(app: Flask) -> None:
    wrong = []
    for endpoint, method, address, permission in _views(app):
        if permission == PUBLIC:
            continue
        answer = app.test_client().open(address, method=method)
        expected = (302, "/login") if method == "GET" else (401, "")
        location = answer.headers.get("Location", "").split("?")[0]
        if (answer.status_code, location) != expected:
            wrong.append((endpoint, method, answer.status_code, location))
    assert wrong == []


def test_a_socket_without_login_is_refused_at_the_handshake(app: Flask) -> None:
    client = socketio.test_client(app, flask_test_client=app.test_client())
    assert not client.is_connected()
    assert app.extensions["live"].windows == {}
