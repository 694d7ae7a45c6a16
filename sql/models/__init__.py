"""All tables, so that `from sql.models import User` and `Base.metadata` are complete."""

from sql.models.base import Base, UtcDateTime
from sql.models.chat import (
    Attachment,
    Conversation,
    Draft,
    Invitation,
    LeftMessage,
    Message,
    PageView,
    QuickReply,
    Site,
    Visit,
    Visitor,
    VisitorBlock,
)
from sql.models.contacts import (
    FIELD_KINDS,
    TAG_COLOURS,
    BlacklistEntry,
    ContactField,
    ContactNote,
    ContactTag,
    ContactTagging,
)
from sql.models.history import CallLeg, HistoryPosition, Interaction, Offer, QueueVisit, StatusChange, Talk
from sql.models.people import ROLES, Agent, AuditEntry, Contact, ContactNumber, User
from sql.models.queues import Disposition, Queue, Tier

__all__ = [
    "FIELD_KINDS",
    "ROLES",
    "TAG_COLOURS",
    "Agent",
    "Attachment",
    "AuditEntry",
    "Base",
    "BlacklistEntry",
    "CallLeg",
    "Contact",
    "ContactField",
    "ContactNote",
    "ContactNumber",
    "ContactTag",
    "ContactTagging",
    "Conversation",
    "Disposition",
    "Draft",
    "HistoryPosition",
    "Interaction",
    "Invitation",
    "LeftMessage",
    "Message",
    "Offer",
    "PageView",
    "Queue",
    "QueueVisit",
    "QuickReply",
    "Site",
    "StatusChange",
    "Talk",
    "Tier",
    "User",
    "UtcDateTime",
    "Visit",
    "Visitor",
    "VisitorBlock",
]
