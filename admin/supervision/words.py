"""The words of what happened in a conversation, for the transcript."""

from typing import Any

from flask_babel import gettext as _


def event_words(detail: dict[str, Any]) -> str:
    """A line of kind `event` in words; an unknown one by its code."""
    code = str(detail.get("code", ""))
    parties = {"visitor": _("the customer"), "agent": _("the agent"), "system": _("the system")}
    known = {
        "assigned": _("given to %(name)s", name=detail.get("name", "")),
        "transferred": _("transferred"),
        "ended": _("ended by %(who)s", who=parties.get(str(detail.get("by", "")), "")),
        "rated": _("rated %(n)s of 5", n=detail.get("stars", "")),
        "taken": _("taken over by %(name)s", name=detail.get("name", "")),
    }
    return str(known.get(code, code))
