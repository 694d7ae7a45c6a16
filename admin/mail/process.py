"""The sender's process: an app with the record, the catalogues and the templates, and no pages, sockets or keepers.

It is a process of its own so that a mail server that hangs never slows a chat. While there is no account it does
nothing; the pages say so.
"""

import threading

import redis
import structlog
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from admin import i18n
from admin.app import connect_bus
from admin.db import db
from admin.mail import account, collector, health
from admin.mail.sender import Sender
from uckefu.settings import Settings

log = structlog.get_logger(__name__)
STEP_SECONDS = 1.0
COLLECT_EVERY = 10
"""Steps between two looks at what visitors have missed."""


def mail_app(settings: Settings) -> Flask:
    """What letters need of the app."""
    app = Flask("admin")
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.sql_url
    app.config["SECRET_KEY"] = settings.secrets["flask_secret_key"]
    app.extensions["uckefu"] = {"settings": settings, "bus": connect_bus(settings)}
    db.init_app(app)
    i18n.init_app(app)
    return app


def run(settings: Settings, stopping: threading.Event) -> None:
    """Send until `stopping`; whatever is away, try again a little later."""
    app = mail_app(settings)
    sender, bus, steps = Sender(app), app.extensions["uckefu"]["bus"], 0
    while not stopping.wait(STEP_SECONDS):
        present = account.load(settings)
        try:
            if steps % COLLECT_EVERY == 0:
                health.say_alive(bus)
                if present is not None:
                    collector.collect(app, present)
        except (redis.RedisError, SQLAlchemyError) as error:
            log.warning("mail_collector_waits", error=_first_line(error))
        steps += 1
        try:
            if present is not None:
                sender.step(present)
        except SQLAlchemyError as error:
            log.warning("mail_sender_waits", error=_first_line(error))
            stopping.wait(5 * STEP_SECONDS)
    bus.close()
    with app.app_context():
        db.engine.dispose()


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
