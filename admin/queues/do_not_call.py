"""Numbers that are never called back."""

import re

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from admin.audit import audit
from admin.db import db
from admin.permissions import requires
from admin.queues.blueprint import blueprint
from admin.queues.telling import tell
from sql.models import DoNotCall
from uckefu.times import now

NUMBER = re.compile(r"\+?[0-9]{3,31}")
LONGEST_REASON = 255


@blueprint.route("/do-not-call", methods=["GET", "POST"])
@requires("queues.manage")
def do_not_call() -> ResponseReturnValue:
    """The list, with a form for a new number above."""
    if request.method == "GET":
        return _page({}, {})
    number = re.sub(r"[\s()-]", "", request.form.get("number", ""))
    reason = request.form.get("reason", "").strip()[:LONGEST_REASON]
    errors = {}
    if not NUMBER.fullmatch(number):
        errors["number"] = _("Enter a number of 3 to 31 digits, with or without a leading +.")
    elif db.session.get(DoNotCall, number):
        errors["number"] = _("The number is in the list already.")
    if errors:
        return _page({"number": request.form.get("number", ""), "reason": reason}, errors), 400
    db.session.add(DoNotCall(number=number, reason=reason, created_at=now()))
    db.session.commit()
    audit("do-not-call-added", subject=number, reason=reason)
    tell()
    return redirect(url_for("queues.do_not_call"))


@blueprint.post("/do-not-call/remove")
@requires("queues.manage")
def remove_do_not_call() -> ResponseReturnValue:
    """The number may be called again."""
    row = db.session.get(DoNotCall, request.form.get("number", ""))
    if row is not None:
        db.session.delete(row)
        db.session.commit()
        audit("do-not-call-removed", subject=row.number)
        tell()
    return redirect(url_for("queues.do_not_call"))


def _page(given: dict[str, str], errors: dict[str, str]) -> str:
    rows = db.session.scalars(select(DoNotCall).order_by(DoNotCall.created_at.desc())).all()
    return render_template("queues/do_not_call.html", rows=rows, given=given, errors=errors)
