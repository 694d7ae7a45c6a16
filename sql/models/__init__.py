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
from sql.models.flows import FlowCount, FlowRun, SurveyAnswer, Voicemail
from sql.models.history import CallLeg, HistoryPosition, Interaction, Offer, QueueVisit, StatusChange, Talk
from sql.models.mail import MAIL_STATES, OutgoingMail
from sql.models.people import ROLES, Agent, AuditEntry, Contact, ContactNumber, User
from sql.models.queues import Disposition, Queue, Tier
from sql.models.routing import AgentRouting, AgentSkill, DoNotCall, QueueRouting, RoutingRule

__all__ = [
    "FIELD_KINDS",
    "MAIL_STATES",
    "ROLES",
    "TAG_COLOURS",
    "Agent",
    "AgentRouting",
    "AgentSkill",
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
    "DoNotCall",
    "Draft",
    "FlowCount",
    "FlowRun",
    "HistoryPosition",
    "Interaction",
    "Invitation",
    "LeftMessage",
    "Message",
    "Offer",
    "OutgoingMail",
    "PageView",
    "Queue",
    "QueueRouting",
    "QueueVisit",
    "QuickReply",
    "RoutingRule",
    "Site",
    "StatusChange",
    "SurveyAnswer",
    "Talk",
    "Tier",
    "User",
    "UtcDateTime",
    "Visit",
    "Visitor",
    "VisitorBlock",
    "Voicemail",
]
