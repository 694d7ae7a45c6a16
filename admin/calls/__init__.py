"""The record of calls: list with filters, the story of one, its recording."""

from admin.calls.views import blueprint

__all__ = ["blueprint"]
