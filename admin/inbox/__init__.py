"""What callers leave while nobody answers: voicemails to listen to and mark done, comments of surveys."""

from admin.inbox.views import blueprint

__all__ = ["blueprint"]
