"""What every answer carries: a request id, a strict content security policy, and the usual headers."""

import time
import uuid

import structlog
from flask import Flask, Response, g, request
from prometheus_client import Histogram

log = structlog.get_logger(__name__)
POLICY = (
    "default-src 'self'; img-src 'self' data:; connect-src 'self'; media-src 'self' blob:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
latency = Histogram(
    "uckefu_http_request_seconds", "Time to answer, by endpoint and status", ["endpoint", "status"]
)


def init_app(app: Flask) -> None:
    """Install the hooks."""

    @app.before_request
    def begin() -> None:
        g.request_id = uuid.uuid4().hex
        g.begun = time.perf_counter()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=g.request_id)

    @app.after_request
    def finish(response: Response) -> Response:
        response.headers["X-Request-Id"] = g.get("request_id", "")
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["X-Frame-Options"] = "DENY"
        response.headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
        if request.endpoint != "static":
            response.headers.setdefault("Cache-Control", "no-store")
            latency.labels(request.endpoint or "none", response.status_code).observe(
                time.perf_counter() - g.get("begun", time.perf_counter())
            )
        return response
