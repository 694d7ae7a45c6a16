"""Tickets: what is to be done for a customer after the talk; list, detail with its history, made from the workbench."""

from admin.tickets.views import blueprint

__all__ = ["blueprint"]
