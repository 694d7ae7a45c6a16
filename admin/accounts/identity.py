"""Who is signed in: a snapshot of the user that outlives a database outage, so that an agent can still hang up."""

import hashlib
import time
from dataclasses import dataclass

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, UserMixin
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import Unauthorized

from admin.accounts import sessions
from admin.db import db
from sql.models import Agent, User

FRESH_SECONDS = 5
"""A changed role or a deactivated user takes effect within this time."""
KEPT_SECONDS = 3600
"""How long a snapshot serves while the database is away."""

login_manager = LoginManager()
login_manager.session_protection = "basic"


@dataclass(frozen=True)
class SignedIn(UserMixin):  # type: ignore[misc]
    """The signed-in user as every request needs it."""

    id: int
    login: str
    name: str
    role: str
    locale: str
    agent_id: int | None
    extension: str
    picture: str  # an attachment's id
    stamp: str  # changes with the password, so that old sessions end

    def get_id(self) -> str:
        """The session's key: user and password stamp."""
        return f"{self.id}:{self.stamp}"


_kept: dict[str, tuple[float, SignedIn]] = {}


def snapshot(user: User, agent: Agent | None) -> SignedIn:
    """The snapshot of a user row."""
    stamp = hashlib.sha256(user.password_hash.encode()).hexdigest()[:16]
    return SignedIn(
        user.id, user.login, user.name, user.role, user.locale,
        agent.id if agent else None, agent.extension if agent else "", user.picture, stamp,
    )  # fmt: skip


def forget(user_id: int) -> None:
    """Read this user anew at the next request."""
    for key in [k for k in _kept if k.startswith(f"{user_id}:")]:
        _kept.pop(key, None)


@login_manager.user_loader
def load(key: str) -> SignedIn | None:
    """The user of a session, or None when it ended (logged out, unknown, deactivated, password changed)."""
    if sessions.is_ended():
        return None
    at, kept = _kept.get(key, (0.0, None))
    age = time.monotonic() - at
    if kept and age < FRESH_SECONDS:
        return kept
    try:
        row = db.session.execute(
            select(User, Agent)
            .outerjoin(Agent, Agent.user_id == User.id)
            .where(User.id == int(key.split(":")[0]), User.active)
        ).first()
    except SQLAlchemyError:
        db.session.rollback()
        return kept if kept and age < KEPT_SECONDS else None
    except ValueError:
        return None
    user = snapshot(*row) if row else None
    if user is None or user.get_id() != key:
        _kept.pop(key, None)
        return None
    _kept[key] = (time.monotonic(), user)
    return user


@login_manager.unauthorized_handler
def send_to_login() -> ResponseReturnValue:
    """A page leads to the login; a script gets 401."""
    if request.method != "GET" or request.accept_mimetypes.best == "application/json":
        raise Unauthorized
    return redirect(url_for("accounts.login", next=request.full_path.rstrip("?")))
