"""The agent's desktop: the page, the caller's details, and the socket events of the phone strip."""

from admin.desk import events
from admin.desk.views import blueprint

__all__ = ["blueprint", "events"]
