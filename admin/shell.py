"""What every page of the shell shows: the rail by role, language, theme, and values that templates share."""

from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app
from flask_babel import lazy_gettext as _l

from admin.i18n import LANGUAGE_NAMES, language
from admin.permissions import allowed, number_sight
from uckefu.centre import Centre, load_centre
from uckefu.times import clock, hms, shown


@dataclass(frozen=True)
class Entry:
    """One place in the rail."""

    endpoint: str
    icon: str
    title: Any
    permission: str


RAIL = (
    Entry("desk.page", "headset", _l("Workbench"), "desk.use"),
    Entry("calls.page", "history", _l("Calls"), "calls.view"),
    Entry("supervision.live", "eye", _l("Live"), "supervise"),
    Entry("contacts.page", "address-book", _l("Contacts"), "contacts.view"),
    Entry("tickets.page", "ticket", _l("Tickets"), "tickets.use"),
    Entry("knowledge.page", "book", _l("Knowledge"), "knowledge.view"),
    Entry("planning.page", "chart-histogram", _l("Staffing"), "planning.use"),
    Entry("queues.page", "stack-2", _l("Queues"), "queues.manage"),
    Entry("flows.page", "sitemap", _l("Voice flows"), "flows.manage"),
    Entry("prompts.page", "volume", _l("Prompts"), "prompts.manage"),
    Entry("visitors.page", "user-search", _l("Visitors"), "visitors.view"),
    Entry("sites.page", "world", _l("Sites"), "sites.manage"),
    Entry("inbox.page", "message-2", _l("Left messages"), "voicemail.use"),
    Entry("mail.page", "mail", _l("Outgoing mail"), "mail.manage"),
    Entry("users.page", "users", _l("Users"), "users.manage"),
)


def centre() -> Centre:
    """The centre's settings, read anew when the file changes."""
    return load_centre(current_app.extensions["uckefu"]["settings"].centre_file)


def init_app(app: Flask) -> None:
    """Give templates what they share."""
    from admin.numbers import words_seen  # it asks this module for the centre

    @app.context_processor
    def shared() -> dict[str, Any]:
        return {
            "rail": [entry for entry in RAIL if allowed(entry.permission)],
            "language": language(),
            "languages": LANGUAGE_NAMES,
            "centre": centre(),
            "allowed": allowed,
            "number_sight": number_sight,
        }

    app.jinja_env.filters["local"] = lambda instant: shown(instant, centre().timezone)
    app.jinja_env.filters["person"] = lambda name: words_seen(name or "", centre().region)
    app.jinja_env.filters["clock"] = clock
    app.jinja_env.filters["hms"] = hms
