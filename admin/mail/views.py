"""The administrator's pages about mail: what is not sent and why, try again, drop; the account, and a test mail."""

import secrets
import time
from typing import Any

import redis
from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from sqlalchemy import func, select

from admin.audit import audit
from admin.db import db
from admin.i18n import language
from admin.mail import account
from admin.mail.forms import TLS_WORDS, AccountForm
from admin.mail.health import SILENT_SECONDS, age_of_sender
from admin.permissions import requires
from sql.models import OutgoingMail
from sql.outbox import BadAddress, put
from uckefu.times import now

blueprint = Blueprint("mail", __name__, url_prefix="/mail")
MOST = 200
VIEWS = {"unsent": _l("Not sent"), "sent": _l("Sent")}
KIND_WORDS = {
    "transcript": _l("Transcript"), "missed": _l("Unread messages"), "voicemail": _l("Voicemail"), "left": _l("Message left"),
    "test": _l("Test"),
}  # fmt: skip
REASONS = {
    "unreachable": _l("The mail server can't be reached"), "tls-failed": _l("No encrypted connection"),
    "login-refused": _l("The mail server refused the login"), "refused": _l("The mail server refused the mail"),
    "bad-header": _l("A line break in the subject or an address"), "not-written": _l("The mail could not be written"),
}  # fmt: skip


@blueprint.get("/")
@requires("mail.manage")
def page() -> ResponseReturnValue:
    """What waits and what failed, the oldest first; or what was sent, the latest first."""
    view = request.args.get("view", "unsent")
    states = ("sent", "dropped") if view == "sent" else ("waiting", "failed")
    order = OutgoingMail.created_at.desc() if view == "sent" else OutgoingMail.created_at
    rows = db.session.scalars(
        select(OutgoingMail).where(OutgoingMail.state.in_(states)).order_by(order).limit(MOST)
    )
    counts = db.session.execute(select(OutgoingMail.state, func.count()).group_by(OutgoingMail.state)).all()
    return render_template(
        "mail/page.html", rows=[(row, *_reason(row)) for row in rows], counts=dict(counts), view=view, views=VIEWS,
        kinds=KIND_WORDS, account=account.present(), is_silent=_is_silent(),
    )  # fmt: skip


@blueprint.post("/<int:mail_id>/again")
@requires("mail.manage")
def again(mail_id: int) -> ResponseReturnValue:
    """Try one now; its tries count anew."""
    row = _unsent(mail_id)
    row.state, row.attempts, row.due_at = "waiting", 0, now()
    audit("mail-again", subject=row.key)
    flash(_("It is tried again now."))
    return redirect(url_for("mail.page"))


@blueprint.post("/<int:mail_id>/drop")
@requires("mail.manage")
def drop(mail_id: int) -> ResponseReturnValue:
    """Give one up."""
    row = _unsent(mail_id)
    row.state = "dropped"
    audit("mail-dropped", subject=row.key)
    return redirect(url_for("mail.page"))


@blueprint.route("/settings", methods=["GET", "POST"])
@requires("mail.manage")
def settings() -> ResponseReturnValue:
    """The account. The password never leaves the server again."""
    before = account.present()
    given: dict[str, Any] = (
        before.model_dump(exclude={"password"}) if before else {"port": 587, "missed_after_minutes": 5}
    )
    form = AccountForm(data=given)
    if form.validate_on_submit():
        account.store(_settings(), form.account(before))
        audit("mail-account-changed", subject=form.host.data)
        flash(_("Saved. Send a test mail to see that it works."))
        return redirect(url_for("mail.settings"))
    status = 400 if form.is_submitted() else 200
    has_password = bool(before and before.password)
    return render_template(
        "mail/settings.html", form=form, tls=TLS_WORDS, account=before, has_password=has_password
    ), status


@blueprint.post("/settings/off")
@requires("mail.manage")
def switch_off() -> ResponseReturnValue:
    """No mail leaves any more; what waits goes on waiting."""
    account.store(_settings(), None)
    audit("mail-account-removed")
    flash(_("No mail leaves any more. What waits is kept."))
    return redirect(url_for("mail.settings"))


@blueprint.post("/test")
@requires("mail.manage")
def test() -> ResponseReturnValue:
    """A mail that shows that the account works."""
    if account.present() is None:
        abort(409)
    try:
        put(
            db.session, "test", request.form.get("to", ""), key=secrets.token_hex(8), language=language(), by=current_user.name
        )  # fmt: skip
    except BadAddress:
        flash(_("Not sent: enter a mail address like name@example.com"))
        return redirect(url_for("mail.settings"))
    audit("mail-test", subject=request.form.get("to", ""))
    flash(_("On its way. If it does not leave, it stands here with the reason."))
    return redirect(url_for("mail.page"))


def _settings() -> Any:
    return current_app.extensions["uckefu"]["settings"]


def _unsent(mail_id: int) -> OutgoingMail:
    row = db.session.get(OutgoingMail, mail_id)
    if row is None or row.state not in ("waiting", "failed"):
        abort(404)
    return row


def _reason(row: OutgoingMail) -> tuple[str, str]:
    """The reason in words, and what the server said."""
    code, _colon, said = row.reason.partition(": ")
    return (str(REASONS[code]), said) if code in REASONS else (row.reason, "")


def _is_silent() -> bool:
    try:
        age = age_of_sender(current_app.extensions["uckefu"]["bus"])
    except redis.RedisError:
        return False
    if age is None:  # it begins when there is an account: give it a moment
        file = _settings().mail_file
        return file.exists() and time.time() - file.stat().st_mtime > SILENT_SECONDS
    return age > SILENT_SECONDS
