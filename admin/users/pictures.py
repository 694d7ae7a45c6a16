"""Agents' pictures: decoded and written anew as a small square, kept as attachments, shown to visitors and colleagues.

Staff get one from `/users/picture/<agent>`; visitors by a signed link, as they get every file.
"""

import io

from flask import Blueprint, abort, flash, redirect, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from PIL import Image, ImageOps
from werkzeug.datastructures import FileStorage

from admin import directory
from admin.accounts.identity import forget
from admin.audit import audit
from admin.chat import uploads
from admin.chat.refusals import ChatRefused
from admin.chat.service import SYSTEM
from admin.db import db
from admin.limits import takes_up_to
from admin.permissions import requires
from sql.models import Agent, Attachment, User

blueprint = Blueprint("pictures", __name__, url_prefix="/users/picture")
MOST_BYTES = 5_000_000
SIDE = 256
SECONDS = 3600


class NoPicture(Exception):
    """What was sent is no picture, or too large."""

    code = "no-picture"


def take(user: User, given: FileStorage | None, *, removed: bool = False) -> None:
    """Give the user a new picture, or none; the caller commits.

    Raises:
        NoPicture: nothing was changed.
    """
    if removed:
        user.picture = ""
    elif given is not None and given.filename:
        user.picture = _stored(given.stream.read(MOST_BYTES + 1))
    forget(user.id)
    directory.forget()


def _stored(content: bytes) -> str:
    try:
        if len(content) > MOST_BYTES:
            raise ChatRefused("too-large")
        kept, _type, _ending, width, _height = uploads.examine(content, "picture")
        if not width:
            raise ChatRefused("bad-attachment")
        square, out = ImageOps.fit(Image.open(io.BytesIO(kept)).convert("RGB"), (SIDE, SIDE)), io.BytesIO()
        square.save(out, "JPEG", quality=88)
        return uploads.store(out.getvalue(), "picture.jpg", SYSTEM, most_bytes=MOST_BYTES).id
    except ChatRefused as error:
        raise NoPicture from error


@blueprint.get("/<int:agent_id>")
@requires("desk.use")
def show(agent_id: int) -> ResponseReturnValue:
    """An agent's picture, for the staff."""
    agent = db.session.get(Agent, agent_id) or abort(404)
    return _answer(agent.user)


@blueprint.get("/mine")
@requires("account.own")
def mine() -> ResponseReturnValue:
    """One's own."""
    return _answer(db.session.get(User, current_user.id) or abort(404))


@blueprint.post("/mine")
@requires("account.own")
@takes_up_to(MOST_BYTES + 10_000)
def change() -> ResponseReturnValue:
    """One's own new picture, or none."""
    user = db.session.get(User, current_user.id) or abort(404)
    try:
        take(user, request.files.get("picture"), removed=bool(request.form.get("no_picture")))
    except NoPicture:
        flash(_("Not saved: the picture must be a PNG, JPEG, GIF or WebP of at most 5 MB."))
    else:
        audit("picture-changed", subject=user.login)
        flash(_("The picture is saved."))
    return redirect(url_for("accounts.profile", _anchor="picture"))


def _answer(user: User) -> ResponseReturnValue:
    row = db.session.get(Attachment, user.picture) if user.picture else None
    path = uploads.folder() / row.path if row is not None else None
    if row is None or path is None or not path.is_file():
        abort(404)
    answer = send_file(path, row.content_type, conditional=True, max_age=SECONDS)
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer
