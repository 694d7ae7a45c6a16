"""What every answer carries: a request id, a strict content security policy, and the usual headers."""

import secrets
import time
import uuid

import structlog
from flask import Flask, Response, g, request
from prometheus_client import Histogram

log = structlog.get_logger(__name__)
POLICY = (
    "default-src 'self'; img-src 'self' data:; connect-src 'self'; media-src 'self'; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
latency = Histogram(
    "uckefu_http_request_seconds", "Time to answer, by endpoint and status", ["endpoint", "status"]
)
QUIET = frozenset({"static", "health.healthz", "health.readyz", "health.metrics"})
"""Endpoints that machines ask all the time: measured, but not a line in the log each."""


def style_nonce() -> str:
    """Allow one `<style nonce=…>` on this page: for a library that brings its own (wavesurfer's shadow root)."""
    if "style_nonce" not in g:
        g.style_nonce = secrets.token_urlsafe(16)
    return str(g.style_nonce)


def policy() -> str:
    """The content security policy of this answer."""
    nonce, ancestors = g.get("style_nonce"), g.get("frame_ancestors")
    whole = POLICY.replace("frame-ancestors 'none'", f"frame-ancestors {ancestors}") if ancestors else POLICY
    return f"{whole}; style-src 'self' 'nonce-{nonce}'" if nonce else whole


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
        response.headers.setdefault("Content-Security-Policy", policy())
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"
        if "frame_ancestors" not in g:  # the visitor's window says who may embed it
            response.headers["X-Frame-Options"] = "DENY"
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        if request.is_secure:
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
        if "public_seconds" in g and response.status_code == 200:
            response.headers["Cache-Control"] = f"public, max-age={g.public_seconds}"
        elif request.endpoint != "static":
            response.headers["Cache-Control"] = "no-store"
        if request.endpoint != "static":
            _measure(response)
        return response


def _measure(response: Response) -> None:
    seconds = time.perf_counter() - g.get("begun", time.perf_counter())
    latency.labels(request.endpoint or "none", response.status_code).observe(seconds)
    if request.endpoint not in QUIET:
        log.info(
            "request", method=request.method, path=request.path, status=response.status_code,
            milliseconds=round(seconds * 1000, 1),
        )  # fmt: skip
