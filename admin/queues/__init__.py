"""The administrator's pages of queues, of who serves them, and of the outcomes that agents choose."""

from admin.queues import dispositions, views
from admin.queues.blueprint import blueprint

__all__ = ["blueprint", "dispositions", "views"]
