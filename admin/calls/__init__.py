"""The record of calls: list with filters, its export, the story of one, its recording."""

from admin.calls import export
from admin.calls.views import blueprint

__all__ = ["blueprint", "export"]
