"""The administrator's pages of sites: list, settings with a live preview, and the access code to copy."""

import re
import secrets

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from werkzeug.datastructures import FileStorage

from admin.audit import audit
from admin.chat import links, sites, uploads
from admin.chat.refusals import ChatRefused
from admin.chat.service import SYSTEM
from admin.chat.site_form import OF_THE_SITE, PLACES, STYLE_WORDS, SiteForm, filled
from admin.db import db
from admin.i18n import language
from admin.permissions import requires
from sql.models import Queue, Site, User
from uckefu.times import now

blueprint = Blueprint("sites", __name__, url_prefix="/sites")
MOST_LOGO_BYTES = 900_000
PICTURES = {
    "logo": _l("The logo must be a picture of at most 900 kB."),
    "invite_picture": _l("The picture of the invitation must be a picture of at most 900 kB."),
}
"""Settings that are pictures, and what is said when a file is none."""


@blueprint.get("/")
@requires("sites.manage")
def page() -> ResponseReturnValue:
    """The list."""
    rows = db.session.scalars(select(Site).order_by(Site.active.desc(), Site.id)).all()
    shown = [(row, sites.read_settings(row.settings)) for row in rows]
    return render_template(
        "chat/sites.html", rows=shown, queues=dict(_queues()), styles=STYLE_WORDS, places=PLACES
    )


@blueprint.route("/new", methods=["GET", "POST"])
@requires("sites.manage")
def create() -> ResponseReturnValue:
    """A new site; its key is made here and stays."""
    form = SiteForm(
        chat_queues=_queues(), logins=_logins(), data=None if request.form else filled(sites.SiteSettings())
    )
    row = Site(
        key=_new_key(),
        name="",
        secret=secrets.token_urlsafe(32),
        queue_name="",
        settings={},
        created_at=now(),
    )
    if form.validate_on_submit() and _save(row, form):
        audit("site-created", subject=row.key)
        return redirect(url_for("sites.edit", site_id=row.id, _anchor="code"))
    return _edit_page(form, None)


@blueprint.route("/<int:site_id>", methods=["GET", "POST"])
@requires("sites.manage")
def edit(site_id: int) -> ResponseReturnValue:
    """Change a site."""
    row = _site(site_id)
    values = {
        **filled(sites.read_settings(row.settings)),
        **{name: getattr(row, name) for name in OF_THE_SITE},
    }
    form = SiteForm(chat_queues=_queues(), logins=_logins(), data=values)
    if form.validate_on_submit() and _save(row, form):
        audit("site-changed", subject=row.key)
        return redirect(url_for("sites.page"))
    return _edit_page(form, row)


@blueprint.post("/<int:site_id>/secret")
@requires("sites.manage")
def new_secret(site_id: int) -> ResponseReturnValue:
    """A new secret; what was signed with the old one counts no more."""
    row = _site(site_id)
    row.secret = secrets.token_urlsafe(32)
    db.session.commit()
    sites.forget()
    audit("site-secret-changed", subject=row.key)
    return redirect(url_for("sites.edit", site_id=row.id, _anchor="code"))


def _site(site_id: int) -> Site:
    return db.session.get(Site, site_id) or abort(404)


def _queues() -> list[tuple[str, str]]:
    """Queues for what is written."""
    title = Queue.title_zh if language() == "zh" else Queue.title_en
    rows = db.session.execute(select(Queue.name, title).where(Queue.channel != "voice").order_by(Queue.id))
    return [(name, shown) for name, shown in rows]


def _logins() -> set[str]:
    return set(db.session.scalars(select(User.login).where(User.active)))


def _new_key() -> str:
    return re.sub(r"[^a-z0-9]", "", secrets.token_urlsafe(16).lower())[:12] or secrets.token_hex(6)


def _save(row: Site, form: SiteForm) -> bool:
    """Write the form into the row; False with an error at the logo when that is none."""
    settings, before = form.settings(), sites.read_settings(row.settings)
    for name, message in PICTURES.items():
        try:
            setattr(settings, name, _picture(name, getattr(before, name)))
        except ChatRefused:
            form.form_errors.append(str(message))
            return False
    row.name, row.active, row.queue_name = form.name.data, form.active.data, form.queue_name.data
    row.settings = settings.model_dump()
    db.session.add(row)
    db.session.commit()
    sites.forget()
    return True


def _picture(name: str, before: str) -> str:
    """The attachment of a picture of the form: a new one, the one before, or none.

    Raises:
        ChatRefused: what was sent is no picture, or too large.
    """
    given: FileStorage | None = request.files.get(name)
    if request.form.get(f"no_{name}"):
        return ""
    if given is None or not given.filename:
        return before
    file = uploads.store(
        given.stream.read(MOST_LOGO_BYTES + 1), given.filename, SYSTEM, most_bytes=MOST_LOGO_BYTES
    )
    if not file.width:
        raise ChatRefused("bad-attachment")
    return file.id


def _edit_page(form: SiteForm, row: Site | None) -> ResponseReturnValue:
    settings = sites.read_settings(row.settings if row else None)
    pictures = {name: links.file_link(id_) if (id_ := getattr(settings, name)) else "" for name in PICTURES}
    host = request.host_url.rstrip("/")
    code = f'<script src="{host}/im/{row.key}.js" async></script>' if row else ""
    status = 400 if form.is_submitted() else 200
    return render_template(
        "chat/site.html",
        form=form,
        site=row,
        code=code,
        host=host,
        pictures=pictures,
        policy=f"script-src {host}; connect-src {host}; frame-src {host}",
    ), status
