"""Reading along: the transcript of a conversation for who took part in it, and the supervisor's live view."""

from admin.supervision import calls, events
from admin.supervision.views import blueprint

__all__ = ["blueprint", "calls", "events"]
