"""All tables, so that `from sql.models import User` and `Base.metadata` are complete."""

from sql.models.base import Base, UtcDateTime
from sql.models.history import CallLeg, HistoryPosition, Interaction, Offer, QueueVisit, StatusChange, Talk
from sql.models.people import ROLES, Agent, AuditEntry, Contact, ContactNumber, User
from sql.models.queues import Disposition, Queue, Tier

__all__ = [
    "ROLES", "Agent", "AuditEntry", "Base", "CallLeg", "Contact", "ContactNumber", "Disposition", "HistoryPosition", "Interaction",
    "Offer", "Queue", "QueueVisit", "StatusChange", "Talk", "Tier", "User", "UtcDateTime",
]  # fmt: skip
