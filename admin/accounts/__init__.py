"""Signing in and out, and one's own settings (language, theme, password)."""

from flask import Flask

from admin.accounts.identity import login_manager
from admin.accounts.views import blueprint

__all__ = ["blueprint", "init_app"]


def init_app(app: Flask) -> None:
    """Install Flask-Login."""
    login_manager.init_app(app)
