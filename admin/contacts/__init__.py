"""Contacts: the list, one contact, tags and fields, the blacklist, import and export; and the flows' contact files."""

from flask import Flask

from admin.contacts import attachment_views, exchange_views, keeping_views, lookup
from admin.contacts.views import blueprint

__all__ = ["attachment_views", "blueprint", "exchange_views", "init_app", "keeping_views"]


def init_app(app: Flask) -> None:
    """Install what the room needs beside its pages."""
    lookup.init_app(app)
