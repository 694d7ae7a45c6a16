"""List, create, change and deactivate users; passwords are generated here and shown once, on the answer itself.

They never go into the session: its cookie is signed, not secret.
"""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import select

from admin.audit import audit
from admin.db import db
from admin.i18n import language
from admin.limits import takes_up_to
from admin.permissions import requires
from admin.users import pictures, service
from admin.users.forms import LEVELS, UserForm, role_words
from sql.models import Agent, Queue, Tier, User

blueprint = Blueprint("users", __name__, url_prefix="/users")


@blueprint.get("/")
@requires("users.manage")
def page() -> ResponseReturnValue:
    """The list."""
    rows = db.session.execute(
        select(User, Agent)
        .outerjoin(Agent, Agent.user_id == User.id)
        .order_by(User.active.desc(), User.login)
    ).all()
    titles, memberships = dict(_queues()), {}
    for tier in db.session.scalars(select(Tier).order_by(Tier.queue_id)):
        memberships.setdefault(tier.agent_id, []).append(titles[tier.queue_id])
    return render_template("users/page.html", rows=rows, memberships=memberships, roles=role_words())


@blueprint.route("/new", methods=["GET", "POST"])
@requires("users.manage")
def create() -> ResponseReturnValue:
    """A new user."""
    form = UserForm()
    if _fits(form, None):
        user, password = service.new_user()
        fresh = _save(user, form)
        if fresh is not None:
            audit("user-created", subject=user.login, role=user.role)
            return _show(user, {"password": password, **fresh})
    return _edit_page(form, None)


@blueprint.route("/<int:user_id>", methods=["GET", "POST"])
@requires("users.manage")
@takes_up_to(pictures.MOST_BYTES + 10_000)
def edit(user_id: int) -> ResponseReturnValue:
    """Change a user."""
    user = _user(user_id)
    extension = user.agent.extension if user.agent else ""
    form = UserForm(obj=user, extension=extension, levels=service.levels_of(user.agent))
    if _fits(form, user):
        fresh = _save(user, form)
        if fresh is not None:
            audit("user-changed", subject=user.login, role=user.role, active=user.active)
            if fresh:
                return _show(user, fresh)
            return redirect(url_for("users.page"))
        user = _user(user_id)
    return _edit_page(form, user)


@blueprint.post("/<int:user_id>/password")
@requires("users.manage")
def new_password(user_id: int) -> ResponseReturnValue:
    """A new password for the pages, shown once."""
    user = _user(user_id)
    password = service.new_login_password(user)
    audit("password-reset", subject=user.login)
    return _show(user, {"password": password})


@blueprint.post("/<int:user_id>/phone-password")
@requires("users.manage")
def new_phone_password(user_id: int) -> ResponseReturnValue:
    """A new password for the phone, shown once."""
    user = _user(user_id)
    agent = user.agent or abort(404)
    password = service.new_phone_password(agent)
    audit("phone-password-reset", subject=user.login, extension=agent.extension)
    return _show(user, {"extension": agent.extension, "sip_password": password})


def _user(user_id: int) -> User:
    return db.session.get(User, user_id) or abort(404)


def _queues() -> list[tuple[int, str]]:
    title = Queue.title_zh if language() == "zh" else Queue.title_en
    return [(id_, name) for id_, name in db.session.execute(select(Queue.id, title).order_by(Queue.id))]


def _fits(form: UserForm, user: User | None) -> bool:
    """Whether a form was sent and may be saved; what is wrong stands at its fields."""
    if not form.is_submitted():
        return False
    levels_fit = form.read_levels(request.form, [id_ for id_, _title in _queues()])
    fits = form.validate() and _takes_picture(form, user)
    if not levels_fit:
        form.form_errors.append(_("A level is a whole number from 1 to 9."))
    if user and user.id == current_user.id and (form.role.data != user.role or not form.active.data):
        _refuse(form.role, _("You can't take away your own rights; ask another administrator."))
        fits = False
    if user and user.agent and not form.extension.data:
        _refuse(
            form.extension,
            _("An agent with a history keeps its extension. Take away its queues, or change the extension."),
        )
        fits = False
    return fits and levels_fit


def _takes_picture(form: UserForm, user: User | None) -> bool:
    """The picture that was sent with an existing user; committed with the rest."""
    if user is None:
        return True
    try:
        pictures.take(user, request.files.get("picture"), removed=bool(request.form.get("no_picture")))
    except pictures.NoPicture:
        form.form_errors.append(_("Not saved: the picture must be a PNG, JPEG, GIF or WebP of at most 5 MB."))
        return False
    return True


def _refuse(field: object, message: str) -> None:
    field.errors = [*field.errors, message]  # type: ignore[attr-defined]


def _save(user: User, form: UserForm) -> dict[str, str] | None:
    try:
        fresh = service.save(user, form)
    except service.Taken as taken:
        _refuse(getattr(form, taken.field), _("Already taken; choose another."))
        return None
    if not service.tell_acd():
        flash(_("Saved. Call routing doesn't answer at the moment; it reads this when it is back."))
    return fresh


def _edit_page(form: UserForm, user: User | None) -> ResponseReturnValue:
    status = 400 if form.is_submitted() else 200
    return render_template(
        "users/edit.html", form=form, user=user, queues=_queues(), levels=LEVELS, roles=role_words()
    ), status


def _show(user: User, fresh: dict[str, str]) -> ResponseReturnValue:
    return render_template("users/secrets.html", user=user, fresh=fresh)
