"""Staffing what-if: a recorded day with more or fewer agents, simulated by the ACD's own routing."""

from admin.planning.views import blueprint

__all__ = ["blueprint"]
