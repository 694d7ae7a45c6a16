"""The pages: a conversation as it was or is, message by message, and the supervisor's live view."""

from flask import Blueprint, abort, current_app, jsonify, render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user

from admin import directory
from admin.audit import audit
from admin.calls.why import told
from admin.chat import reading, service
from admin.db import db
from admin.desk.texts import js_texts
from admin.i18n import language
from admin.permissions import allowed, requires
from admin.shell import centre
from admin.supervision.now import everything
from admin.supervision.words import event_words
from sql.models import Conversation
from uckefu.times import from_us

blueprint = Blueprint("supervision", __name__)


def transcript(interaction_id: str) -> list[dict[str, object]]:
    """Every message, oldest first."""
    found: list[dict[str, object]] = []
    while page := reading.messages_since(interaction_id, int(str(found[-1]["sequence"])) if found else 0):
        found += page
    return found


@blueprint.get("/conversations/<interaction_id>")
@requires("calls.view")
def conversation(interaction_id: str) -> ResponseReturnValue:
    """One conversation, for who took part in it and for supervisors, whose reading is noted."""
    row = db.session.get(Conversation, interaction_id) or abort(404)
    mine = current_user.agent_id is not None and service.served_by(interaction_id, current_user.agent_id)
    if not mine:
        if not allowed("calls.view-all"):
            abort(404)
        audit("conversation-read", subject=interaction_id)
    return render_template(
        "supervision/conversation.html",
        row=row, messages=transcript(interaction_id), names=directory.names(language()), from_us=from_us,
        event_words=event_words, sentences=told(interaction_id, row.opened_at, row.ended_at),
    )  # fmt: skip


@blueprint.get("/supervision")
@requires("supervise")
def live() -> ResponseReturnValue:
    """The live view."""
    names = directory.names(language())
    return render_template("supervision/live.html", names=names, texts=js_texts(), timezone=centre().timezone)


@blueprint.get("/supervision/now")
@requires("supervise")
def live_now() -> ResponseReturnValue:
    """What the live view shows."""
    return jsonify(everything(current_app.extensions["uckefu"]["bus"], centre().region))
