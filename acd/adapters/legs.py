"""Whose phone a leg is, read from an event or from a row of `show channels`; and the switch's own name.

FreeSWITCH names a leg by its contact, which a softphone may choose freely; the presence id and `dialed_user` carry
the extension, so they come first.
"""

import re
from typing import Any

from esl import Event

_NAME = re.compile(r"sofia/internal/(?:sips?:)?([^@/]+)@")
_CORE = re.compile(r"[0-9A-Fa-f-]{8,64}")


def extension_of_event(event: Event) -> str:
    """The extension of the phone that this leg belongs to, or "" for a trunk's."""
    name = event.get("Channel-Name") or ""
    if not name.startswith("sofia/internal/"):
        return ""
    presence = (event.get("Channel-Presence-ID") or "").partition("@")[0]
    if event.get("Call-Direction") == "outbound":
        return event.variable("dialed_user") or presence or _user(name)
    return event.variable("sip_auth_username") or event.variable("user_name") or presence or _user(name)


def extension_of_row(row: dict[str, Any]) -> str:
    """The same for a row of `show channels as json`."""
    name = str(row.get("name") or "")
    if not name.startswith("sofia/internal/"):
        return ""
    return str(row.get("presence_id") or "").partition("@")[0] or _user(name)


def core_of(text: str) -> str:
    """The name that a switch gives itself at its start; "" when it is none."""
    text = text.strip()
    return text if _CORE.fullmatch(text) else ""


def _user(name: str) -> str:
    found = _NAME.match(name)
    return found[1] if found else ""
