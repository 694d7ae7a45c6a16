"""The words of tickets, in the reader's language."""

from flask_babel import gettext as _


def status_words() -> dict[str, tuple[str, str, str]]:
    """Status -> state class, icon, word."""
    return {
        "open": ("ring", "progress-alert", _("open")),
        "pending": ("wrap", "clock-pause", _("pending")),
        "solved": ("ready", "circle-check", _("solved")),
        "closed": ("offline", "lock", _("closed")),
    }


def priority_words() -> dict[str, str]:
    """Priority -> word, the most pressing first."""
    return {"urgent": _("Urgent"), "high": _("High"), "normal": _("Normal"), "low": _("Low")}


def field_words() -> dict[str, str]:
    """What may change -> its name in the history."""
    return {
        "title": _("Title"), "text": _("What is to be done"), "status": _("Status"), "priority": _("Priority"),
        "agent": _("Agent"), "contact": _("Contact"),
    }  # fmt: skip
