"""Who is on the sites now, for the staff: the list, the day's figures, and an invitation by hand."""

from datetime import timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from admin.audit import audit
from admin.chat import inviting
from admin.chat.refusals import ChatRefused
from admin.desk.queries import day_begin
from admin.i18n import language
from admin.permissions import requires
from admin.shell import centre
from uckefu.times import clock

blueprint = Blueprint("visitors", __name__, url_prefix="/visitors")


@blueprint.get("/")
@requires("visitors.view")
def page() -> ResponseReturnValue:
    """The list; the page's script fetches it again every ten seconds."""
    rows = inviting.on_the_sites(language())
    for row in rows:
        row["stay"] = clock(timedelta(seconds=row["stay_seconds"]))
    return render_template(
        "chat/visitors.html", rows=rows, day=inviting.of_the_day(day_begin(centre().timezone))
    )


@blueprint.post("/<visitor_id>/invite")
@requires("visitors.view")
def invite(visitor_id: str) -> ResponseReturnValue:
    """Invite one visitor; the invitation shows within seconds."""
    try:
        inviting.invite(visitor_id[:36], current_user.agent_id, request.form.get("text", ""))
    except ChatRefused as refused:
        words = {
            "in-conversation": _("This visitor is in a conversation already."),
            "too-long": _("The invitation has at most 200 characters."),
        }
        flash(words.get(refused.code) or _("This visitor has left the site."))
    else:
        audit("visitor-invited", subject=visitor_id[:36])
        flash(_("Invited. It shows on the visitor's page within 20 seconds."))
    return redirect(url_for("visitors.page"))
