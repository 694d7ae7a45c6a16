"""Refusals and failures, said once: a page in the reader's language, or a JSON problem for a script."""

import structlog
from flask import Flask, g, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, InternalServerError

log = structlog.get_logger(__name__)


def _texts(code: int) -> tuple[str, str]:
    return {
        400: (_("This request can't be read"), _("Go back, check what you entered, and send it again.")),
        403: (
            _("Not permitted"),
            _("Your role has no access to this page. Ask an administrator if you need it."),
        ),
        404: (_("Nothing here"), _("The page was moved or never existed. The menu on the left leads on.")),
        405: (_("This address doesn't take that"), _("Go back and use the page's own buttons.")),
        413: (_("Too large"), _("Send less at once.")),
        429: (_("Too many tries"), _("Wait a moment, then try again.")),
    }.get(code, (_("Something failed on our side"), _("It was recorded. Try again; calls go on meanwhile.")))


def _answer(code: int) -> ResponseReturnValue:
    title, advice = _texts(code)
    if request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json":
        body = jsonify(
            type="about:blank", status=code, title=title, detail=advice, request_id=g.get("request_id")
        )
        return body, code, {"Content-Type": "application/problem+json"}
    return render_template("errors/page.html", code=code, title=title, advice=advice), code


def init_app(app: Flask) -> None:
    """Install the handlers."""

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> ResponseReturnValue:
        return _answer(error.code or 500)

    @app.errorhandler(CSRFError)
    def forged(_error: CSRFError) -> ResponseReturnValue:
        return _answer(400)

    @app.errorhandler(InternalServerError)
    def failed(error: InternalServerError) -> ResponseReturnValue:
        log.error("request_failed", path=request.path, exc_info=error.original_exception)
        return _answer(500)
