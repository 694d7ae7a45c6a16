"""How many requests one user or address may send, and how large; the counters are in Redis, or in memory while it is away.

`accounts.login` has a limit of its own, against trying many logins from one address (`throttle` slows one login).
"""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, request
from flask_limiter import Limiter
from flask_login import current_user

Function = TypeVar("Function", bound=Callable[..., Any])
ANYBODY = "1200 per minute"
LOGIN = "60 per minute"


def _who() -> str:
    return f"user:{current_user.id}" if current_user.is_authenticated else f"at:{request.remote_addr}"


def address() -> str:
    """Whom the limit of the login counts: an address, whoever it says it is."""
    return request.remote_addr or ""


limiter = Limiter(_who, default_limits=[ANYBODY])


def configuration(bus_url: str) -> dict[str, Any]:
    """Flask configuration of the limiter for this Redis URL."""
    storage = bus_url.replace("unix://", "redis+unix://", 1) if bus_url.startswith("unix://") else bus_url
    return {
        "RATELIMIT_STORAGE_URI": storage,
        "RATELIMIT_STORAGE_OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
        "RATELIMIT_KEY_PREFIX": "uckefu:limit",
        "RATELIMIT_IN_MEMORY_FALLBACK_ENABLED": True,
        "RATELIMIT_SWALLOW_ERRORS": True,
    }


def takes_up_to(size_bytes: int) -> Callable[[Function], Function]:
    """Let a view take a larger body than the rest. (Inside the view it is too late: the CSRF check has read the form.)"""

    def mark(view: Function) -> Function:
        view.largest_bytes = size_bytes  # type: ignore[attr-defined]
        return view

    return mark


def init_app(app: Flask) -> None:
    """Install it; before whatever reads a request's form."""
    limiter.init_app(app)

    @app.before_request
    def measure() -> None:
        size = getattr(app.view_functions.get(request.endpoint or ""), "largest_bytes", None)
        if size is not None:
            request.max_content_length = size
