"""For machines: `/healthz` (alive), `/readyz` (database, Redis and the ACD are there), `/metrics`."""

import hmac
import ipaddress
from contextlib import suppress

import redis
from flask import Blueprint, Response, abort, current_app, jsonify, request
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from admin import view
from admin.db import db
from admin.limits import limiter
from admin.mail import health as mail_health
from admin.permissions import public
from uckefu.times import now, to_us

blueprint = Blueprint("health", __name__)
limiter.exempt(blueprint)


@blueprint.get("/healthz")
@public
def healthz() -> ResponseReturnValue:
    """The process answers."""
    return jsonify(ok=True)


@blueprint.get("/readyz")
@public
def readyz() -> ResponseReturnValue:
    """What this process needs is there; 503 with what is missing otherwise."""
    _, true_at_us = view.latest(current_app.extensions["uckefu"]["bus"])
    parts = {
        "database": _database_answers(),
        "redis": _redis_answers(),
        "acd": true_at_us is not None and to_us(now()) - true_at_us < view.OLDEST_SECONDS * 1_000_000,
    }
    return jsonify(parts), 200 if all(parts.values()) else 503


@blueprint.get("/metrics")
@public
def metrics() -> ResponseReturnValue:
    """Prometheus text, for this machine itself and for whoever has the token in `instance/secrets.json`."""
    token = current_app.extensions["uckefu"]["settings"].secrets["metrics_token"]
    given = request.headers.get("Authorization", "").encode()
    if not _from_this_machine() and not hmac.compare_digest(given, f"Bearer {token}".encode()):
        abort(403)
    with suppress(SQLAlchemyError):  # the figures that are kept in this process are worth having alone
        mail_health.count(current_app)
    return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)


def _from_this_machine() -> bool:
    """Whether the asker is on loopback itself, and not behind a proxy that is."""
    if request.headers.get("X-Forwarded-For") or request.headers.get("Forwarded"):
        return False
    try:
        return ipaddress.ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False


def _database_answers() -> bool:
    try:
        db.session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        db.session.rollback()
        return False
    return True


def _redis_answers() -> bool:
    try:
        return bool(current_app.extensions["uckefu"]["bus"].ping())
    except redis.RedisError:
        return False
