"""Login, logout, profile. A refused login never says which part was wrong, and takes the same time."""

from typing import Any

import argon2
import structlog
from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user, login_user, logout_user
from flask_wtf import FlaskForm
from sqlalchemy import select
from wtforms import PasswordField, StringField
from wtforms.validators import EqualTo, InputRequired, Length

from admin import shortcuts
from admin.accounts import sessions
from admin.accounts.identity import forget, snapshot
from admin.audit import audit
from admin.db import db
from admin.i18n import LANGUAGES
from admin.limits import LOGIN, address, limiter
from admin.permissions import public, requires
from admin.server import off_the_loop
from admin.throttle import refused_logins
from sql.models import Agent, User

log = structlog.get_logger(__name__)
blueprint = Blueprint("accounts", __name__)
hasher = argon2.PasswordHasher()
SHORTEST_PASSWORD = 10


class LoginForm(FlaskForm):  # type: ignore[misc]
    """Login and password."""

    login = StringField(validators=[InputRequired(), Length(max=64)])
    password = PasswordField(validators=[InputRequired(), Length(max=256)])


class PasswordForm(FlaskForm):  # type: ignore[misc]
    """One's own new password."""

    present = PasswordField(validators=[InputRequired(_l("Enter your present password.")), Length(max=256)])
    new = PasswordField(
        validators=[
            InputRequired(_l("Enter a new password.")),
            Length(SHORTEST_PASSWORD, 256, _l("The new password is too short.")),
        ]
    )
    again = PasswordField(validators=[EqualTo("new", _l("Both must be the same."))])


def verified(password_hash: str, password: str) -> bool:
    """Whether the password fits; the same work for every hash of ours."""
    try:
        return off_the_loop(hasher.verify, password_hash, password)
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False


@blueprint.route("/login", methods=["GET", "POST"])
@public
@limiter.limit(LOGIN, key_func=address, methods=["POST"])
def login() -> ResponseReturnValue:
    """The login page."""
    if current_user.is_authenticated:
        return redirect(url_for("desk.page"))
    form = LoginForm()
    refused = ""
    if form.validate_on_submit():
        refused = _try_login(form.login.data.strip(), form.password.data)
        if not refused:
            return redirect(_safe_next())
    return render_template("accounts/login.html", form=form, refused=refused), (401 if refused else 200)


def _try_login(name: str, password: str) -> str:
    throttle = current_app.extensions["uckefu"]["throttle"]
    if wait := throttle.try_now(name, address()):
        refused_logins.labels("slowed").inc()
        return str(_("Too many failed tries. Try again in %(seconds)s seconds.", seconds=wait))
    row = db.session.execute(
        select(User, Agent).outerjoin(Agent, Agent.user_id == User.id).where(User.login == name)
    ).first()
    fits = verified(row[0].password_hash if row else current_app.extensions["uckefu"]["nobody"], password)
    if not row or not fits or not row[0].active:
        refused_logins.labels("wrong").inc()
        log.warning("login_refused", login=name, address=address())
        return str(_("Login or password is wrong."))
    throttle.succeeded(name, address())
    session.clear()
    sessions.begin()
    login_user(snapshot(*row))
    audit("login", subject=name)
    return ""


def _safe_next() -> str:
    """Where to go on: a path of ours, never another site (browsers drop tabs and read a backslash as a slash)."""
    target = request.args.get("next", "")
    local = target.startswith("/") and not target.startswith("//") and target.isprintable()
    return target if local and "\\" not in target else url_for("desk.page")


@blueprint.post("/logout")
@requires("account.own")
def logout() -> ResponseReturnValue:
    """End the session."""
    audit("logout", subject=current_user.login)
    logout_user()
    sessions.end()
    return redirect(url_for("accounts.login"))


@blueprint.post("/language/<code>")
@public
def language(code: str) -> ResponseReturnValue:
    """Choose the language before or after login."""
    if code in LANGUAGES:
        session["language"] = code
        if current_user.is_authenticated:
            user = db.session.get(User, current_user.id)
            if user:
                user.locale = code
                db.session.commit()
                forget(user.id)
    return redirect(_safe_next())


@blueprint.route("/profile", methods=["GET", "POST"])
@requires("account.own")
def profile() -> ResponseReturnValue:
    """One's own settings: language, theme, password."""
    form = PasswordForm()
    refused = ""
    if form.validate_on_submit():
        refused = _change_password(form.present.data, form.new.data)
        if not refused:
            flash(_("The password is changed. Other sessions of yours have ended."))
            return redirect(url_for("accounts.profile"))
    status = 400 if form.errors or refused else 200
    return _profile_page(form, refused), status


def _profile_page(form: PasswordForm, refused: str = "", **given: Any) -> str:
    keys, enter_sends = shortcuts.of_user(current_user.id)
    values = {"keys": keys, "enter_sends": enter_sends, "clashes": set(), **given}
    return render_template(
        "accounts/profile.html",
        form=form,
        refused=refused,
        shortest=SHORTEST_PASSWORD,
        all=shortcuts,
        **values,
    )


@blueprint.post("/profile/shortcuts")
@requires("account.own")
def save_shortcuts() -> ResponseReturnValue:
    """Choose one's own keys; two things on one key are refused, with what was chosen still in the form."""
    given = request.form
    if "defaults" in given:
        keys = shortcuts.keys_of(None)
    else:
        keys = {name: given.get(name, "") for name in shortcuts.SHORTCUTS}
    if any(key and key not in shortcuts.choices(name) for name, key in keys.items()):
        abort(400)
    enter_sends = given.get("enter_sends", "y") == "y"
    if clashes := shortcuts.clashes(keys):
        return _profile_page(
            PasswordForm(formdata=None), keys=keys, enter_sends=enter_sends, clashes=clashes
        ), 400
    shortcuts.save(current_user.id, keys, enter_sends=enter_sends)
    flash(_("The shortcuts are saved. An open workbench has them after it is loaded anew."))
    return redirect(url_for("accounts.profile") + "#shortcuts")


def _change_password(present: str, new: str) -> str:
    """Change one's own password. Returns why not, or ''; guesses are slowed down as at the login."""
    throttle = current_app.extensions["uckefu"]["throttle"]
    if wait := throttle.try_now(current_user.login, address()):
        refused_logins.labels("slowed").inc()
        return str(_("Too many failed tries. Try again in %(seconds)s seconds.", seconds=wait))
    user = db.session.get(User, current_user.id)
    if user is None or not verified(user.password_hash, present):
        refused_logins.labels("wrong").inc()
        return str(_("This is not your present password."))
    throttle.succeeded(current_user.login, address())
    user.password_hash = off_the_loop(hasher.hash, new)
    db.session.commit()
    audit("password-changed", subject=user.login)
    forget(user.id)
    login_user(snapshot(user, user.agent))
    return ""
