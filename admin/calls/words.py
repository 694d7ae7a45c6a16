"""The words of the calls page for results, parties and outcomes."""

from flask_babel import gettext as _


def result_words() -> dict[str, tuple[str, str, str]]:
    """Result -> state class ('' for a plain one), icon, word. Only the exception gets a pill."""
    return {
        "answered": ("", "circle-check", _("Answered")),
        "abandoned": ("alert", "phone-off", _("Abandoned")),
        "talking": ("talk", "phone-call", _("On a call")),
        "waiting": ("ring", "hourglass", _("Waiting")),
        "flow": ("", "sitemap", _("Ended in the menu")),
    }


def parties() -> dict[str, str]:
    """Who hung up, in words."""
    return {"caller": _("Customer"), "agent": _("Agent"), "system": _("System")}


def outcome_words() -> dict[str, str]:
    """Outcome of an offer or result of a queue visit -> words."""
    return {
        "accepted": _("answered"), "declined": _("declined"), "expired": _("no answer"),
        "withdrawn": _("caller left"), "failed": _("phone not reached"), "": _("ringing"),
        "answered": _("answered"), "abandoned": _("caller left"), "timeout": _("waited too long"),
        "transferred": _("transferred"),
    }  # fmt: skip
