"""Who may do what: every route and socket event names the permission that it needs; without one it is refused.

`@requires("calls.view")` on a view, `@requires_on_socket` on a socket event; `@public` for the few that need no login.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import Flask, abort, current_app, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_socketio import ConnectionRefusedError as SocketRefused

from uckefu.centre import load_centre

Function = TypeVar("Function", bound=Callable[..., Any])

PUBLIC = "public"
REVEAL = "numbers.reveal"
"""Also needs a role whose numbers are shown by a click: `numbers` in `centre.yml`."""
PERMISSIONS: dict[str, frozenset[str]] = {
    "account.own": frozenset({"administrator", "supervisor", "agent"}),
    "desk.use": frozenset({"administrator", "supervisor", "agent"}),
    "calls.view": frozenset({"administrator", "supervisor", "agent"}),
    "calls.view-all": frozenset({"administrator", "supervisor"}),
    "calls.export": frozenset({"administrator", "supervisor"}),
    REVEAL: frozenset({"administrator", "supervisor", "agent"}),
    "users.manage": frozenset({"administrator"}),
    "voicemail.use": frozenset({"administrator", "supervisor", "agent"}),
    "prompts.manage": frozenset({"administrator"}),
    "flows.manage": frozenset({"administrator"}),
    "queues.manage": frozenset({"administrator"}),
    "mail.manage": frozenset({"administrator"}),
    "sites.manage": frozenset({"administrator"}),
    "visitors.view": frozenset({"administrator", "supervisor", "agent"}),
    "visitors.block": frozenset({"administrator", "supervisor"}),
    "planning.use": frozenset({"administrator", "supervisor"}),
    "supervise": frozenset({"administrator", "supervisor"}),
    "replies.share": frozenset({"administrator", "supervisor"}),
    "tickets.use": frozenset({"administrator", "supervisor", "agent"}),
    "knowledge.view": frozenset({"administrator", "supervisor", "agent"}),
    "knowledge.edit": frozenset({"administrator", "supervisor"}),
    "contacts.view": frozenset({"administrator", "supervisor", "agent"}),
    "contacts.edit": frozenset({"administrator", "supervisor", "agent"}),
    "contacts.block": frozenset({"administrator", "supervisor", "agent"}),
    "contacts.manage": frozenset({"administrator", "supervisor"}),
    "contacts.export": frozenset({"administrator", "supervisor"}),
}
"""Permission -> roles that have it. An agent with `calls.view` sees the calls that the agent took part in."""


def requires(permission: str) -> Callable[[Function], Function]:
    """Declare the permission of a view.

    Raises:
        KeyError: at import, when no such permission exists.
    """
    _ = PERMISSIONS[permission]

    def mark(view: Function) -> Function:
        view.permission = permission  # type: ignore[attr-defined]
        return view

    return mark


def public(view: Function) -> Function:
    """Declare that a view needs no login."""
    view.permission = PUBLIC  # type: ignore[attr-defined]
    return view


def allowed(permission: str) -> bool:
    """Whether the present user has it."""
    if not current_user.is_authenticated or current_user.role not in PERMISSIONS[permission]:
        return False
    return permission != REVEAL or number_sight() == "click"


def number_sight() -> str:
    """How the present user sees numbers: `whole`, `click` (masked, shown by a click that is noted) or `never`."""
    settings = current_app.extensions["uckefu"]["settings"]
    return load_centre(settings.centre_file).numbers_for(current_user.role)


def requires_on_socket(permission: str, *, connecting: bool = False) -> Callable[[Function], Function]:
    """Declare and check the permission of a socket event; a refusal is an answer with a code, not a silence.

    Args:
        permission: which.
        connecting: the event is `connect`, which is refused by an exception (any other answer lets the socket in).
    """
    _ = PERMISSIONS[permission]

    def wrap(handler: Function) -> Function:
        @wraps(handler)
        def checked(*arguments: Any) -> Any:
            if not allowed(permission):
                if connecting:
                    raise SocketRefused("forbidden")
                return {"ok": False, "code": "forbidden"}
            return handler(*arguments)

        checked.permission = permission  # type: ignore[attr-defined]
        return checked  # type: ignore[return-value]

    return wrap


def init_app(app: Flask) -> None:
    """Check each request before its view runs."""

    @app.before_request
    def check() -> ResponseReturnValue | None:
        if request.endpoint is None or request.endpoint == "static":
            return None
        permission = getattr(app.view_functions[request.endpoint], "permission", None)
        if permission == PUBLIC:
            return None
        if not current_user.is_authenticated:
            return current_app.login_manager.unauthorized()  # type: ignore[attr-defined,no-any-return]
        if permission is None or not allowed(permission):
            abort(403)
        return None
