"""What people leave while nobody is there: voicemails and written messages to deal with, comments of surveys."""

from admin.inbox.views import blueprint

__all__ = ["blueprint"]
