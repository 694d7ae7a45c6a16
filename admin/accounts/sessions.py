"""Sessions that were ended by a logout: a copied cookie, or another window's socket, must not go on with them.

The session itself is a signed cookie. Each login gives it an id; a logout notes the id in Redis (and in this
process) for as long as the cookie could live.
"""

import secrets
import time

import redis
from flask import current_app, request, session

from admin.sockets import socketio

LIFETIME_SECONDS = 12 * 3600
ASKED_AGAIN_SECONDS = 2.0
MOST_ASKED = 10_000
_KEY = "uckefu:session:ended:"


def begin() -> None:
    """Give the new session its id."""
    session["id"] = secrets.token_urlsafe(16)
    session.permanent = True


def end() -> None:
    """End the present session in all its windows."""
    id_ = session.get("id", "")
    session.clear()
    if not id_:
        return
    _ended_here().add(id_)
    try:
        current_app.extensions["uckefu"]["bus"].set(_KEY + id_, "1", ex=LIFETIME_SECONDS)
    except redis.RedisError:
        current_app.logger.warning("session_end_not_shared")
    socketio.emit("signed-out", to=room(id_))


def is_ended() -> bool:
    """Whether a logout has ended the present session. Redis away: only this process's own logouts count.

    A socket's event, of which there are many, asks Redis only every `ASKED_AGAIN_SECONDS`.
    """
    id_ = session.get("id", "")
    if id_ in _ended_here():
        return True
    asked: dict[str, float] = current_app.extensions["uckefu"].setdefault("asked_sessions", {})
    if hasattr(request, "sid") and time.monotonic() - asked.get(id_, 0.0) < ASKED_AGAIN_SECONDS:
        return False
    try:
        ended = bool(id_) and bool(current_app.extensions["uckefu"]["bus"].exists(_KEY + id_))
    except redis.RedisError:
        return False
    if len(asked) > MOST_ASKED:
        asked.clear()
    asked[id_] = 0.0 if ended else time.monotonic()
    return ended


def room(id_: str | None = None) -> str:
    """The socket room of the present session's windows."""
    return f"session:{id_ or session.get('id', '')}"


def _ended_here() -> set[str]:
    ended: set[str] = current_app.extensions["uckefu"].setdefault("ended_sessions", set())
    return ended
