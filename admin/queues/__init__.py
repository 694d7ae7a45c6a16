"""The administrator's pages of queues, of who serves them, and of the outcomes that agents choose."""

from admin.queues import agents, dispositions, do_not_call, rules, views
from admin.queues.blueprint import blueprint

__all__ = ["agents", "blueprint", "dispositions", "do_not_call", "rules", "views"]
