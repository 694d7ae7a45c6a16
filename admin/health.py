"""For machines: `/healthz` (alive), `/readyz` (database, Redis and the ACD's view are there), `/metrics`."""

import hmac

import redis
from flask import Blueprint, Response, abort, current_app, jsonify, request
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from admin.db import db
from admin.permissions import public
from uckefu.times import now, to_us

blueprint = Blueprint("health", __name__)
OLDEST_VIEW_SECONDS = 10


@blueprint.get("/healthz")
@public
def healthz() -> ResponseReturnValue:
    """The process answers."""
    return jsonify(ok=True)


@blueprint.get("/readyz")
@public
def readyz() -> ResponseReturnValue:
    """What this process needs is there; 503 with what is missing otherwise."""
    view = current_app.extensions["uckefu"]["acd"].view()
    parts = {
        "database": _database_answers(),
        "redis": _redis_answers(),
        "acd": bool(view) and to_us(now()) - view["at_us"] < OLDEST_VIEW_SECONDS * 1_000_000,
    }
    return jsonify(parts), 200 if all(parts.values()) else 503


@blueprint.get("/metrics")
@public
def metrics() -> ResponseReturnValue:
    """Prometheus text, for whoever has the token in `instance/secrets.json`."""
    token = current_app.extensions["uckefu"]["settings"].secrets["metrics_token"]
    if not hmac.compare_digest(request.headers.get("Authorization", ""), f"Bearer {token}"):
        abort(403)
    return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)


def _database_answers() -> bool:
    try:
        db.session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return False
    return True


def _redis_answers() -> bool:
    try:
        return bool(current_app.extensions["uckefu"]["bus"].ping())
    except redis.RedisError:
        return False
