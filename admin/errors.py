"""Refusals and failures, said once: a page in the reader's language, or a JSON problem (RFC 9457) for a script."""

import structlog
from flask import Flask, g, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException, InternalServerError

from admin.db import db

log = structlog.get_logger(__name__)


def _texts(code: int) -> tuple[str, str]:
    return {
        400: (_("This request can't be read"), _("Go back, check what you entered, and send it again.")),
        401: (_("You are not logged in"), _("Log in, then try again.")),
        403: (
            _("Not permitted"),
            _("Your role has no access to this page. Ask an administrator if you need it."),
        ),
        404: (_("Nothing here"), _("The page was moved or never existed. The link below leads on.")),
        405: (_("This address doesn't take that"), _("Go back and use the page's own buttons.")),
        413: (_("Too large"), _("Send less at once.")),
        416: (_("There is no such part"), _("Load the page again.")),
        429: (_("Too many tries"), _("Wait a moment, then try again.")),
        503: (
            _("The record can't be read at the moment"),
            _("Calls go on meanwhile. Try again in a minute."),
        ),
    }.get(code, (_("Something failed on our side"), _("It was recorded. Try again; calls go on meanwhile.")))


def wants_json() -> bool:
    """Whether the asker is a script that wants JSON; a page is the default."""
    best = request.accept_mimetypes.best_match(["text/html", "application/json", "application/problem+json"])
    return best is not None and best != "text/html"


def _answer(code: int, headers: dict[str, str] | None = None) -> ResponseReturnValue:
    title, advice = _texts(code)
    if wants_json():
        body = jsonify(
            type="about:blank", status=code, title=title, detail=advice, request_id=g.get("request_id")
        )
        return body, code, {"Content-Type": "application/problem+json", **(headers or {})}
    return render_template("errors/page.html", code=code, title=title, advice=advice), code, headers or {}


def init_app(app: Flask) -> None:
    """Install the handlers."""

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> ResponseReturnValue:
        if error.response is not None:  # e.g. a redirect: it is its own answer
            return error.response  # type: ignore[return-value]
        if error.code is not None and error.code < 400:
            return error.get_response()  # type: ignore[return-value]
        kept = {k: v for k, v in error.get_headers() if k in ("Allow", "Content-Range", "Retry-After")}
        return _answer(error.code or 500, kept)

    @app.errorhandler(CSRFError)
    def forged(_error: CSRFError) -> ResponseReturnValue:
        return _answer(400)

    @app.errorhandler(SQLAlchemyError)
    def record_away(error: SQLAlchemyError) -> ResponseReturnValue:
        db.session.rollback()
        log.error("record_away", path=request.path, exc_info=error)
        return _answer(503, {"Retry-After": "10"})

    @app.errorhandler(InternalServerError)
    def failed(error: InternalServerError) -> ResponseReturnValue:
        log.error("request_failed", path=request.path, exc_info=error.original_exception)
        return _answer(500)
