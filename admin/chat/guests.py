"""The visitors' sockets of this process: who each one is. `events` fills it, `positions` reads it."""

from dataclasses import dataclass, field
from typing import Any

from flask import current_app

from admin.chat.throttling import Buckets, SharedBuckets


@dataclass
class Guest:
    """One open window of a visitor."""

    sid: str
    site_key: str
    visitor_id: str
    address: str
    language: str
    name: str = ""
    queue: str = ""  # what the visitor chose
    page_url: str = ""
    page_title: str = ""
    prechat: dict[str, object] = field(default_factory=dict)
    conversation_id: str | None = None
    agent_id: int | None = None
    position: dict[str, Any] | None = None  # the last that was sent


@dataclass
class Lobby:
    """All of them, and how fast they write."""

    guests: dict[str, Guest] = field(default_factory=dict)
    buckets: Buckets = field(default_factory=Buckets)
    limits: SharedBuckets = field(default_factory=SharedBuckets)  # of all web processes together


def lobby() -> Lobby:
    """This process's."""
    kept: Lobby = current_app.extensions.setdefault("chat_lobby", Lobby())
    return kept
