"""Shortcuts of the workbench: their names and default keys, what a user made of them, and the form in the profile.

`desk/views.py` gives them to the page, where `static/js/shortcuts.js` listens; `accounts/views.py` shows the form.
A key is written as the browser names it: `Alt+KeyA`, `Alt+Shift+KeyA`, `Ctrl+KeyK`; "" is switched off.
"""

from collections.abc import Mapping
from string import ascii_uppercase
from typing import Any

import structlog
from flask_babel import lazy_gettext as _l
from sqlalchemy.exc import SQLAlchemyError

from admin.db import db
from sql.models import UserPreference

log = structlog.get_logger(__name__)
SHORTCUTS: dict[str, tuple[str, Any]] = {
    "answer": ("Alt+KeyA", _l("Answer")),
    "decline": ("Alt+KeyQ", _l("Decline or hang up")),
    "mute": ("Alt+KeyM", _l("Mute or unmute")),
    "hold": ("Alt+KeyP", _l("Hold or resume")),
    "transfer": ("Alt+KeyX", _l("Transfer")),
    "conference": ("Alt+KeyC", _l("Conference")),
    "keypad": ("Alt+KeyK", _l("Keypad")),
    "recording": ("Alt+KeyR", _l("Pause or resume the recording")),
    "ready": ("Alt+KeyY", _l("Ready; in wrap-up: done")),
    "break": ("Alt+KeyO", _l("Break")),
    "next": ("Alt+KeyJ", _l("Next that waits for me")),
    "previous": ("Alt+KeyU", _l("The one before")),
    "note": ("Alt+KeyN", _l("Internal note or reply")),
    "give": ("Alt+KeyG", _l("Transfer the chat")),
    "invite": ("Alt+KeyV", _l("Invite a colleague into the chat")),
    "ticket": ("Alt+KeyI", _l("Make a ticket")),
    "knowledge": ("Alt+KeyB", _l("Search the knowledge base")),
    "later": ("Alt+KeyL", _l("Put off, or take up again")),
    "end": ("Alt+KeyZ", _l("End the chat")),
    "search": ("Ctrl+KeyK", _l("Search in the list")),
}
"""Name -> default key and words. The browser keeps Alt with D, E, F and digits for itself."""

LETTERS = [letter for letter in ascii_uppercase if letter not in "DEF"]
KEYS = [f"Alt+Key{letter}" for letter in LETTERS] + [f"Alt+Shift+Key{letter}" for letter in LETTERS]


def shown(key: str) -> str:
    """A key for people: `Alt A`."""
    return key.replace("+Key", " ").replace("+", " ")


def choices(name: str) -> list[str]:
    """The keys that may be chosen for a shortcut."""
    default = SHORTCUTS[name][0]
    return KEYS if default in KEYS else [default, *KEYS]


def keys_of(preference: UserPreference | None) -> dict[str, str]:
    """Name -> key, of a user's preference."""
    own = preference.shortcuts if preference else {}
    return {name: own.get(name, default) for name, (default, _words) in SHORTCUTS.items()}


def of_user(user_id: int) -> tuple[dict[str, str], bool]:
    """A user's keys and whether Enter sends; the defaults while the record is away."""
    try:
        preference = db.session.get(UserPreference, user_id)
        return keys_of(preference), preference.enter_sends if preference else True
    except SQLAlchemyError as error:
        db.session.rollback()
        log.warning("preferences_not_read", user_id=user_id, error=str(error))
        return keys_of(None), True


def clashes(keys: Mapping[str, str]) -> set[str]:
    """The names whose key another one has too."""
    used = [key for key in keys.values() if key]
    return {name for name, key in keys.items() if key and used.count(key) > 1}


def save(user_id: int, keys: Mapping[str, str], *, enter_sends: bool) -> None:
    """Keep what differs from the defaults."""
    preference = db.session.get(UserPreference, user_id) or UserPreference(user_id=user_id)
    preference.shortcuts = {name: key for name, key in keys.items() if key != SHORTCUTS[name][0]}
    preference.enter_sends = enter_sends
    db.session.add(preference)
    db.session.commit()
