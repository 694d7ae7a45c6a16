"""A contact's files: checked by their content as those of chats are, kept outside of what is served, handed out with a
safe type to whoever may see contacts. Names are shown and never used as a path."""

import secrets

from flask import abort, flash, redirect, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from admin.audit import audit
from admin.chat import uploads
from admin.chat.refusals import ChatRefused
from admin.contacts import queries, service
from admin.contacts.views import blueprint, contact_or_404
from admin.db import db
from admin.limits import takes_up_to
from admin.permissions import requires
from admin.server import off_the_loop
from sql.models import ContactAttachment
from uckefu.times import now

LARGEST_BYTES = 10 * 1024 * 1024
MOST_FILES = 50


@blueprint.post("/<int:contact_id>/attachments")
@requires("contacts.edit")
@takes_up_to(LARGEST_BYTES + 65_536)
def attach(contact_id: int) -> ResponseReturnValue:
    """Keep a file with the contact."""
    contact, given = contact_or_404(contact_id), request.files.get("file")
    back = redirect(url_for("contacts.detail", contact_id=contact.id, _anchor="attachments"))
    content = given.stream.read(LARGEST_BYTES + 1) if given else b""
    if (
        given is None
        or not content
        or len(content) > LARGEST_BYTES
        or len(queries.files_of(contact.id)) >= MOST_FILES
    ):
        flash(_("Not kept: choose a file of at most 10 MB; a contact has at most 50."))
        return back
    try:
        kept, content_type, ending, _width, _height = off_the_loop(
            uploads.examine, content, given.filename or ""
        )
    except ChatRefused:
        flash(_("Not kept: only pictures, PDF, office files, ZIP and plain text are taken, and whole ones."))
        return back
    row = ContactAttachment(
        id=secrets.token_urlsafe(24), contact_id=contact.id, name=uploads.shown_name(given.filename or "", ending),
        content_type=content_type, size_bytes=len(kept), user_id=current_user.id, created_at=now(), path="",
    )  # fmt: skip
    row.path = f"contacts/{row.created_at:%Y/%m}/{row.id}"
    service.path_of(row).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with service.path_of(row).open("xb") as stream:
        stream.write(kept)
    db.session.add(row)
    audit("contact-file-kept", subject=str(contact.id), name=row.name)
    return back


def _row(contact_id: int, attachment_id: str) -> ContactAttachment:
    row = db.session.get(ContactAttachment, attachment_id)
    if row is None or row.contact_id != contact_or_404(contact_id).id:
        abort(404)
    return row


@blueprint.get("/<int:contact_id>/attachments/<attachment_id>")
@requires("contacts.view")
def attachment(contact_id: int, attachment_id: str) -> ResponseReturnValue:
    """A file. Only pictures are shown; the rest is saved, and nothing in it runs."""
    row = _row(contact_id, attachment_id)
    if not service.path_of(row).is_file():
        abort(404)
    is_picture = row.content_type in ("image/png", "image/jpeg")
    answer = send_file(
        service.path_of(row), row.content_type, as_attachment=not is_picture, download_name=row.name
    )
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


@blueprint.post("/<int:contact_id>/attachments/<attachment_id>/delete")
@requires("contacts.edit")
def drop_attachment(contact_id: int, attachment_id: str) -> ResponseReturnValue:
    """Delete a file."""
    row = _row(contact_id, attachment_id)
    path = service.path_of(row)
    db.session.delete(row)
    if audit("contact-file-deleted", subject=str(contact_id), name=row.name):
        service.remove_files([path])
    return redirect(url_for("contacts.detail", contact_id=contact_id, _anchor="attachments"))
