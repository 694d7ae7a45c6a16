"""The web app: pages and socket for agents, supervisors and administrators.

`create_app` is all the wiring. A request goes: `security` (ids, headers) -> `limits` -> `permissions` (deny by
default) -> the blueprint of its subject (`accounts`, `desk`, `calls`, `users`) -> `sql.models` and `acd.contract`.
What the ACD publishes comes in through `live`, which draws each agent's slice and sends it over Socket.IO.
"""

from typing import Any

import redis
from flask import Flask
from flask_wtf.csrf import CSRFProtect
from redis.backoff import NoBackoff
from redis.retry import Retry
from werkzeug.middleware.proxy_fix import ProxyFix

from acd.contract import AcdClient
from admin import (
    accounts,
    calls,
    chat,
    contacts,
    desk,
    errors,
    flows,
    health,
    i18n,
    inbox,
    knowledge,
    limits,
    live,
    mail,
    permissions,
    planning,
    prompts,
    queues,
    security,
    shell,
    supervision,
    tickets,
    users,
)
from admin.db import db
from admin.sockets import App, TextPacket, socketio
from admin.throttle import LoginThrottle
from uckefu.settings import Settings

csrf = CSRFProtect()


def create_app(settings: Settings, *, async_mode: str = "threading", **overrides: Any) -> Flask:
    """Build the app.

    Args:
        settings: where everything is.
        async_mode: `eventlet` or `gevent` in production (after `admin.server.patch()`), `threading` in tests.
        overrides: Flask configuration that wins, for tests.
    """
    app = App("admin")
    app.config.update(_configuration(settings) | overrides)
    bus = connect_bus(settings)
    app.extensions["uckefu"] = {
        "settings": settings,
        "bus": bus,
        "acd": AcdClient(bus),
        "throttle": LoginThrottle(bus),
    }
    db.init_app(app)
    i18n.init_app(app)
    accounts.init_app(app)
    security.init_app(app)
    limits.init_app(app)
    permissions.init_app(app)
    csrf.init_app(app)
    errors.init_app(app)
    shell.init_app(app)
    for room in (
        accounts,
        desk,
        calls,
        contacts,
        tickets,
        knowledge,
        supervision,
        queues,
        planning,
        flows,
        prompts,
        inbox,
        mail,
        users,
        health,
        chat,
    ):
        app.register_blueprint(room.blueprint)
    app.register_blueprint(chat.sites_blueprint)
    app.register_blueprint(chat.visitor_list_blueprint)
    app.register_blueprint(chat.blocks_blueprint)
    app.register_blueprint(users.pictures_blueprint)
    app.register_blueprint(chat.visitors_blueprint)
    csrf.exempt(chat.visitors_blueprint)
    _start_sockets(app, async_mode)
    contacts.init_app(app)
    if settings.https:  # one proxy of ours stands in front: its word about the client counts
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)  # type: ignore[method-assign]
    return app


def connect_bus(settings: Settings) -> redis.Redis:
    """A client of the bus whose every wait has an end: a page opens without Redis too."""
    return redis.Redis.from_url(
        settings.bus_url, decode_responses=True, socket_connect_timeout=2, socket_timeout=6,
        retry=Retry(NoBackoff(), 1), health_check_interval=15,
    )  # fmt: skip


def _start_sockets(app: Flask, async_mode: str) -> None:
    socketio.init_app(
        app,
        async_mode=async_mode,
        async_handlers=False,  # with True one sender's events overtake each other
        ping_interval=25,
        ping_timeout=20,
        max_http_buffer_size=64_000,
        logger=False,
        serializer=TextPacket,
    )
    app.extensions["live"] = live.Live(app)
    if not app.testing:
        app.extensions["live"].start()
    chat.init_app(app)


def _configuration(settings: Settings) -> dict[str, Any]:
    return {
        "SECRET_KEY": settings.secrets["flask_secret_key"],
        "SQLALCHEMY_DATABASE_URI": settings.sql_url,
        "SESSION_COOKIE_NAME": "uckefu",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": settings.https,
        "PERMANENT_SESSION_LIFETIME": 12 * 3600,
        "WTF_CSRF_TIME_LIMIT": None,  # as long as the session: an agent's page stays open all day
        "MAX_CONTENT_LENGTH": 1024 * 1024,
        "TEMPLATES_AUTO_RELOAD": False,
        **limits.configuration(settings.bus_url),
    }
