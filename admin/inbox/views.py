"""The page of messages, spoken and written: what waits, listen, mark done with a note, open again.

Also the sound of a survey's comment.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import (
    Blueprint,
    abort,
    current_app,
    flash,
    jsonify,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from admin import directory
from admin.audit import audit
from admin.calls import queries as calls
from admin.calls.views import only_agent
from admin.db import db
from admin.i18n import language
from admin.inbox import voicemails, written
from admin.numbers import seen
from admin.permissions import allowed, requires
from admin.shell import centre
from admin.telephone import place
from sql.models import LeftMessage, Voicemail
from uckefu.times import as_utc, now, to_us

blueprint = Blueprint("inbox", __name__, url_prefix="/voicemail")
LONGEST_NOTE = 1000
FOLDERS = ("voicemail", "survey")


@blueprint.get("/")
@requires("voicemail.use")
def page() -> ResponseReturnValue:
    """The messages that wait for somebody, or those that are done."""
    done, region = request.args.get("view") == "done", centre().region
    return render_template(
        "inbox/page.html", rows=voicemails.messages(current_user, done=done, region=region), done=done,
        written=written.messages(current_user, done=done), waiting=_waiting(), queues=directory.names(language())["queues"], today=now(),
        masked=lambda number: seen(number, region), place=lambda number: place(number, language(), region),
        lasting=lambda seconds: timedelta(seconds=seconds), longest=LONGEST_NOTE,
        unsent_mails=voicemails.unsent_mails() if allowed("mail.manage") else 0,
    )  # fmt: skip


@blueprint.get("/count")
@requires("voicemail.use")
def count() -> ResponseReturnValue:
    """How many wait, for the number on the rail; and the newest, to be announced once by each browser."""
    spoken, left = voicemails.newest(current_user), written.newest(current_user)
    news = [*([_news(spoken)] if spoken else []), *([_news_of_left(left)] if left else [])]
    return jsonify(count=_waiting(), newest=max(news, key=lambda each: each["at_us"], default=None))


def _waiting() -> int:
    return voicemails.open_count(current_user) + written.open_count(current_user)


def _news_of_left(message: LeftMessage) -> dict[str, Any]:
    queue = directory.names(language())["queues"].get(message.queue_name, message.queue_name)
    return {
        "id": str(message.id),
        "at_us": to_us(as_utc(message.created_at)),
        "words": _(
            "New message left: %(visitor)s, %(queue)s", visitor=message.name or _("Visitor"), queue=queue
        ),
    }


def _news(message: Voicemail) -> dict[str, Any]:
    queue = directory.names(language())["queues"].get(message.queue_name, message.queue_name)
    caller = seen(message.number, centre().region) or _("Unknown")
    words = _("New voicemail: %(caller)s, %(queue)s", caller=caller, queue=queue) if queue else ""
    return {
        "id": message.id,
        "at_us": to_us(as_utc(message.at)),
        "words": words or _("New voicemail: %(caller)s", caller=caller),
    }


def _message(message_id: str) -> Voicemail:
    return voicemails.message(current_user, message_id) or abort(404)


def _written(message_id: int) -> LeftMessage:
    return written.message(current_user, message_id) or abort(404)


@blueprint.post("/<message_id>/done")
@requires("voicemail.use")
def done(message_id: str) -> ResponseReturnValue:
    """Mark a message done, with a word on what was done."""
    return _done(_message(message_id), "voicemail-done")


@blueprint.post("/written/<int:message_id>/done")
@requires("voicemail.use")
def written_done(message_id: int) -> ResponseReturnValue:
    """Mark a message that a visitor wrote done, with a word on what was done."""
    return _done(_written(message_id), "left-message-done")


def _done(message: Voicemail | LeftMessage, action: str) -> ResponseReturnValue:
    message.note = request.form.get("note", "").strip()[:LONGEST_NOTE]
    message.done_at, message.done_by_id = now(), current_user.id
    audit(action, subject=str(message.id))
    flash(_("Marked done."))
    return redirect(url_for("inbox.page"))


@blueprint.post("/<message_id>/open")
@requires("voicemail.use")
def reopen(message_id: str) -> ResponseReturnValue:
    """Let a message wait again; its note stays."""
    return _reopened(_message(message_id), "voicemail-reopened")


@blueprint.post("/written/<int:message_id>/open")
@requires("voicemail.use")
def reopen_written(message_id: int) -> ResponseReturnValue:
    """Let a message that a visitor wrote wait again; its note stays."""
    return _reopened(_written(message_id), "left-message-reopened")


def _reopened(message: Voicemail | LeftMessage, action: str) -> ResponseReturnValue:
    message.done_at = message.done_by_id = None
    audit(action, subject=str(message.id))
    return redirect(url_for("inbox.page"))


@blueprint.get("/<message_id>/sound")
@requires("voicemail.use")
def sound(message_id: str) -> ResponseReturnValue:
    """The message."""
    message = _message(message_id)
    path = _below(message.path) or abort(404)
    if message.heard_at is None:
        message.heard_at = now()
        db.session.commit()
    _note_playing("voicemail-played", message_id)
    return send_file(path, mimetype="audio/wav", conditional=True, download_name=f"{message_id}.wav")


@blueprint.get("/comments/<message_id>/sound")
@requires("calls.view")
def comment(message_id: str) -> ResponseReturnValue:
    """The comment that belongs to a rating, for whoever may see the call."""
    answer = voicemails.answer(message_id) or abort(404)
    if calls.visible(answer.interaction_id, only_agent()) is None:
        abort(404)
    path = _below(answer.comment) or abort(404)
    _note_playing("survey-comment-played", answer.interaction_id)
    return send_file(path, mimetype="audio/wav", conditional=True, download_name="comment.wav")


def _note_playing(action: str, subject: str) -> None:
    if request.range is None or request.range.ranges[0][0] == 0:
        audit(action, subject=subject)


def _below(relative: str) -> Path | None:
    """The file, if it lies in a folder of messages; whatever the record says, nothing else is served."""
    instance = current_app.extensions["uckefu"]["settings"].instance.resolve()
    path = (instance / relative).resolve() if relative and "\0" not in relative else None
    inside = path is not None and any(path.is_relative_to(instance / folder) for folder in FOLDERS)
    return path if path and inside and path.is_file() else None
