"""How many requests one user or address may send; the counters are in Redis, or in memory while it is away.

`accounts.login` has a limit of its own, against trying many logins from one address (`throttle` slows one login).
"""

from typing import Any

from flask import Flask, request
from flask_limiter import Limiter
from flask_login import current_user

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


def init_app(app: Flask) -> None:
    """Install it."""
    limiter.init_app(app)
