"""List, create, change and deactivate users; passwords are generated here and shown once."""

import secrets

from flask import Blueprint, abort, current_app, flash, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf import FlaskForm
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from wtforms import BooleanField, SelectField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional, Regexp

from acd.contract import ReloadConfiguration
from admin import directory
from admin.accounts.identity import forget
from admin.accounts.views import hasher
from admin.audit import audit
from admin.db import db
from admin.i18n import language
from admin.permissions import requires
from sql.models import ROLES, Agent, Queue, Tier, User
from sql.seed import sip_a1_hash
from uckefu.times import now

blueprint = Blueprint("users", __name__, url_prefix="/users")


def role_words() -> dict[str, str]:
    """Role -> word."""
    return {"administrator": _("Administrator"), "supervisor": _("Supervisor"), "agent": _("Agent")}


class UserForm(FlaskForm):  # type: ignore[misc]
    """A user and, with an extension, its agent."""

    login = StringField(
        validators=[
            InputRequired(_l("Enter a login.")),
            Length(max=64),
            Regexp(r"^[A-Za-z0-9._@-]+$", message=_l("Letters, digits and . _ @ - only.")),
        ]
    )
    name = StringField(validators=[InputRequired(_l("Enter a name.")), Length(max=64)])
    role = SelectField(choices=list(ROLES))
    extension = StringField(
        validators=[
            Optional(),
            Regexp(r"^1\d{3}$", message=_l("An extension is four digits and begins with 1.")),
        ]
    )
    queues = SelectMultipleField(coerce=int)
    active = BooleanField(default=True)


@blueprint.get("/")
@requires("users.manage")
def page() -> ResponseReturnValue:
    """The list."""
    rows = db.session.execute(
        select(User, Agent)
        .outerjoin(Agent, Agent.user_id == User.id)
        .order_by(User.active.desc(), User.login)
    ).all()
    memberships: dict[int, list[str]] = {}
    title = "title_zh" if language() == "zh" else "title_en"
    for tier, queue in db.session.execute(select(Tier, Queue).join(Queue, Queue.id == Tier.queue_id)):
        memberships.setdefault(tier.agent_id, []).append(getattr(queue, title))
    return render_template(
        "users/page.html",
        rows=rows,
        memberships=memberships,
        roles=role_words(),
        fresh=session.pop("fresh", None),
    )


@blueprint.route("/new", methods=["GET", "POST"])
@requires("users.manage")
def create() -> ResponseReturnValue:
    """A new user."""
    form = _form(UserForm())
    if form.validate_on_submit():
        password = secrets.token_urlsafe(12)
        user = User(login="", name="", role="agent", password_hash=hasher.hash(password), created_at=now())
        db.session.add(user)
        if _save(user, form, {"login": form.login.data, "password": password}):
            audit("user-created", subject=user.login, role=user.role)
            return redirect(url_for("users.page"))
    return _render(form, None)


@blueprint.route("/<int:user_id>", methods=["GET", "POST"])
@requires("users.manage")
def edit(user_id: int) -> ResponseReturnValue:
    """Change a user."""
    user = db.session.get(User, user_id) or abort(404)
    form = _form(UserForm(obj=user))
    if form.validate_on_submit():
        if user.id == current_user.id and (form.role.data != user.role or not form.active.data):
            form.role.errors = [_("You can't take away your own rights; ask another administrator.")]
        elif _save(user, form, {"login": form.login.data}):
            audit("user-changed", subject=user.login, role=user.role, active=user.active)
            return redirect(url_for("users.page"))
    elif user.agent and not form.is_submitted():
        form.extension.data = user.agent.extension
        form.queues.data = list(
            db.session.scalars(select(Tier.queue_id).where(Tier.agent_id == user.agent.id))
        )
    return _render(form, user)


@blueprint.post("/<int:user_id>/password")
@requires("users.manage")
def new_password(user_id: int) -> ResponseReturnValue:
    """A new password for the pages and a new one for the phone, shown once."""
    user = db.session.get(User, user_id) or abort(404)
    password = secrets.token_urlsafe(12)
    user.password_hash = hasher.hash(password)
    shown = {"login": user.login, "password": password}
    if user.agent:
        shown |= {"extension": user.agent.extension, "sip_password": _new_sip_password(user.agent)}
    db.session.commit()
    audit("password-reset", subject=user.login)
    session["fresh"] = shown
    forget(user.id)
    return redirect(url_for("users.page"))


def _form(form: UserForm) -> UserForm:
    title = Queue.title_zh if language() == "zh" else Queue.title_en
    form.queues.choices = [
        (id_, name) for id_, name in db.session.execute(select(Queue.id, title).order_by(Queue.id))
    ]
    form.role.choices = [SelectChoice(role, word) for role, word in role_words().items()]
    return form


def _render(form: UserForm, user: User | None) -> ResponseReturnValue:
    return render_template("users/edit.html", form=form, user=user), (400 if form.is_submitted() else 200)


def _save(user: User, form: UserForm, fresh: dict[str, str]) -> bool:
    user.login, user.name = form.login.data.strip(), form.name.data.strip()
    user.role, user.active = form.role.data, form.active.data
    try:
        db.session.flush()
        fresh |= _save_agent(user, form)
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        taken = db.session.scalar(
            select(User.id).where(User.login == form.login.data.strip(), User.id != user.id)
        )
        field = form.login if taken else form.extension
        field.errors = [_("Already taken; choose another.")]
        return False
    forget(user.id)
    directory.forget()
    reply = current_app.extensions["uckefu"]["acd"].send(ReloadConfiguration())
    if not reply.ok:
        flash(_("Saved. Call routing doesn't answer at the moment; it reads this when it is back."))
    if len(fresh) > 1:
        session["fresh"] = fresh
    return True


def _save_agent(user: User, form: UserForm) -> dict[str, str]:
    agent, shown = user.agent, {}
    if not form.extension.data:
        return {}  # an agent with history keeps its row; without queues it gets no calls
    if agent is None:
        agent = Agent(user_id=user.id, extension=form.extension.data, a1_hash="")
        db.session.add(agent)
    if agent.extension != form.extension.data or not agent.a1_hash:
        agent.extension = form.extension.data
        shown = {"extension": agent.extension, "sip_password": _new_sip_password(agent)}
    db.session.flush()
    wanted = set(form.queues.data or []) if user.active else set()
    for tier in db.session.scalars(select(Tier).where(Tier.agent_id == agent.id)):
        if tier.queue_id not in wanted:
            db.session.delete(tier)
        wanted.discard(tier.queue_id)
    db.session.add_all(Tier(queue_id=queue_id, agent_id=agent.id) for queue_id in wanted)
    return shown


def _new_sip_password(agent: Agent) -> str:
    password = secrets.token_urlsafe(12)
    domain = current_app.extensions["uckefu"]["settings"].domain
    agent.a1_hash = sip_a1_hash(agent.extension, domain, password)
    return password
