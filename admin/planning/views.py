"""The page: which day, which queue, how many agents more or fewer; and what came of it."""

from datetime import date, timedelta
from typing import Any

import redis
from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from admin.audit import audit
from admin.db import db
from admin.i18n import language
from admin.permissions import requires
from admin.planning import runs
from admin.shell import centre
from sql.models import Queue
from uckefu.times import now, shown

blueprint = Blueprint("planning", __name__, url_prefix="/planning")

FEWEST, MOST = -10, 10
MOST_CASES = 7


def error_words() -> dict[str, str]:
    """Why a run gave nothing -> a sentence that says what to do."""
    return {
        "no-calls": _("No call came into this queue on that day; choose another day."),
        "no-agents": _("Nobody of this queue was ready on that day; choose another day."),
        "too-long": _("The simulation took longer than %(n)s minutes; choose fewer cases.", n=runs.LIMIT_SECONDS // 60),
        "failed": _("The simulation failed; the log of the web process says why."),
    }  # fmt: skip


@blueprint.get("/")
@requires("planning.use")
def page() -> ResponseReturnValue:
    """The form alone, for yesterday."""
    return _page(_asked({}), {})


@blueprint.post("/")
@requires("planning.use")
def begin() -> ResponseReturnValue:
    """Begin a simulation."""
    asked = _asked(request.form)
    errors = _wrong(asked)
    if errors:
        return _page(asked, errors), 400
    bus, settings = current_app.extensions["uckefu"]["bus"], current_app.extensions["uckefu"]["settings"]
    more = sorted({0, *range(asked["fewer"], asked["more"] + 1)})
    try:
        run_id = runs.start(bus, settings, date.fromisoformat(asked["day"]), asked["queue"], more)
    except runs.Busy:
        return _page(asked, {"": _("Another simulation runs; try again when it is done.")}), 409
    except redis.RedisError:
        return _page(asked, {"": _("The bus doesn't answer; try again in a moment.")}), 503
    audit("staffing-simulated", subject=asked["queue"], day=asked["day"], more=more)
    return redirect(url_for("planning.run", run_id=run_id))


@blueprint.get("/<run_id>")
@requires("planning.use")
def run(run_id: str) -> ResponseReturnValue:
    """What came of it; while it runs the page looks again by itself."""
    try:
        found = runs.look(current_app.extensions["uckefu"]["bus"], run_id)
    except redis.RedisError:
        abort(503)
    if found is None:
        abort(404)
    asked = found["asked"]
    cases = asked["more"]
    form = {"day": asked["day"], "queue": asked["queue"], "fewer": min(cases), "more": max(cases)}
    return _page(form, {}, found)


def _asked(given: Any) -> dict[str, Any]:
    yesterday = shown(now(), centre().timezone).date() - timedelta(days=1)  # type: ignore[union-attr]
    return {
        "day": given.get("day", yesterday.isoformat()),
        "queue": given.get("queue", ""),
        "fewer": _number(given.get("fewer", "-2")),
        "more": _number(given.get("more", "2")),
    }


def _number(text: str) -> int | str:
    try:
        return int(text)
    except ValueError:
        return text


def _wrong(asked: dict[str, Any]) -> dict[str, str]:
    """Field -> what to do."""
    errors = {}
    try:
        if date.fromisoformat(asked["day"]) > shown(now(), centre().timezone).date():  # type: ignore[union-attr]
            errors["day"] = _("Choose a day that has been.")
    except ValueError:
        errors["day"] = _("Choose a day.")
    if asked["queue"] not in {name for name, _title in _queues()}:
        errors["queue"] = _("Choose a queue.")
    for name, low, high in (("fewer", FEWEST, 0), ("more", 0, MOST)):
        if not isinstance(asked[name], int) or not low <= asked[name] <= high:
            errors[name] = _("Enter a whole number from %(low)s to %(high)s.", low=low, high=high)
    if not errors and asked["more"] - asked["fewer"] + 1 > MOST_CASES:
        errors["more"] = _("At most %(n)s cases at once; choose a smaller range.", n=MOST_CASES)
    return errors


def _queues() -> list[tuple[str, str]]:
    title = Queue.title_zh if language() == "zh" else Queue.title_en
    rows = db.session.execute(select(Queue.name, title).where(Queue.channel == "voice").order_by(Queue.id))
    return [(name, words) for name, words in rows]


def _page(asked: dict[str, Any], errors: dict[str, str], found: runs.Run | None = None) -> str:
    return render_template(
        "planning/page.html", asked=asked, errors=errors, run=found, queues=_queues(), words=error_words(),
        fewest=FEWEST, most=MOST,
    )  # fmt: skip
