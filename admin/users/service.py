"""What saving a user does: rows, memberships, fresh passwords, and telling call routing."""

import secrets

from flask import current_app
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from acd.contract import ReloadConfiguration
from admin import directory
from admin.accounts.identity import forget
from admin.accounts.views import hasher
from admin.db import db
from admin.users.forms import UserForm
from sql.models import Agent, Tier, User
from sql.seed import sip_a1_hash
from uckefu.times import now

PASSWORD_BYTES = 12


class Taken(Exception):
    """The login or the extension belongs to somebody else; `field` says which."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


def new_user() -> tuple[User, str]:
    """A user to be filled from a form, and its password, which is kept nowhere."""
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    user = User(login="", name="", role="agent", password_hash=hasher.hash(password), created_at=now())
    return user, password


def save(user: User, form: UserForm) -> dict[str, str]:
    """Write the form into the user, its agent and its queues.

    Returns:
        `{"extension", "sip_password"}` when the phone has a new password, else nothing.

    Raises:
        Taken: nothing was changed.
    """
    user.login, user.name = form.login.data, form.name.data
    user.role, user.active, user.email = form.role.data, form.active.data, form.email.data or ""
    field = "login"
    try:
        db.session.add(user)
        db.session.flush()
        field = "extension"
        fresh = _save_agent(user, form)
        db.session.commit()
    except IntegrityError as error:
        db.session.rollback()
        raise Taken(field) from error
    forget(user.id)
    directory.forget()
    return fresh


def tell_acd() -> bool:
    """Ask call routing to read the configuration anew; False when it doesn't answer (it reads it when it starts)."""
    return bool(current_app.extensions["uckefu"]["acd"].send(ReloadConfiguration()).ok)


def new_login_password(user: User) -> str:
    """A new password for the pages; the old one and its sessions end."""
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    user.password_hash = hasher.hash(password)
    db.session.commit()
    forget(user.id)
    return password


def new_phone_password(agent: Agent) -> str:
    """A new SIP password; the phone must be given it before its registration ends."""
    password = _set_sip_password(agent)
    db.session.commit()
    return password


def levels_of(agent: Agent | None) -> dict[int, int]:
    """Queue id -> level."""
    if agent is None:
        return {}
    rows = db.session.execute(select(Tier.queue_id, Tier.level).where(Tier.agent_id == agent.id))
    return dict(rows.all())


def _save_agent(user: User, form: UserForm) -> dict[str, str]:
    agent, shown = user.agent, {}
    if not form.extension.data:
        return {}
    if agent is None:
        agent = Agent(user_id=user.id, extension=form.extension.data, a1_hash="")
        db.session.add(agent)
    if agent.extension != form.extension.data or not agent.a1_hash:
        agent.extension = form.extension.data
        shown = {"extension": agent.extension, "sip_password": _set_sip_password(agent)}
    db.session.flush()
    wanted = dict(form.levels) if user.active else {}
    for tier in db.session.scalars(select(Tier).where(Tier.agent_id == agent.id)):
        if tier.queue_id not in wanted:
            db.session.delete(tier)
        else:
            tier.level = wanted.pop(tier.queue_id)
    db.session.add_all(Tier(queue_id=id_, agent_id=agent.id, level=level) for id_, level in wanted.items())
    return shown


def _set_sip_password(agent: Agent) -> str:
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    domain = current_app.extensions["uckefu"]["settings"].domain
    agent.a1_hash = sip_a1_hash(agent.extension, domain, password)
    return password
