"""Reading along: the transcript of a conversation for who took part in it, and the supervisor's live view."""

from admin.supervision import acts, calls, events
from admin.supervision.views import blueprint

__all__ = ["acts", "blueprint", "calls", "events"]
