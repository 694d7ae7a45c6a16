"""Signing in and out, and one's own settings (language, theme, password)."""

import secrets
from functools import cache

from flask import Flask

from admin.accounts.identity import login_manager
from admin.accounts.views import blueprint, hasher

__all__ = ["blueprint", "init_app"]


def init_app(app: Flask) -> None:
    """Install Flask-Login. An unknown login is checked against a hash as costly as anybody's."""
    app.extensions["uckefu"]["nobody"] = _nobodys_hash()
    login_manager.init_app(app)


@cache
def _nobodys_hash() -> str:
    """One a process, made before the first login: how long it takes tells nothing."""
    return hasher.hash(secrets.token_urlsafe(12))
