"""The knowledge base: answers that agents find at the side of a conversation and put into their reply."""

from admin.knowledge.views import blueprint

__all__ = ["blueprint"]
