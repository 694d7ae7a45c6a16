"""The workbench: the page, calls and conversations over the socket, who it is, quick replies."""

from admin.desk import chat_events, consult, dialing, events, guest_events, replies, talk_views, ticket_views
from admin.desk.views import blueprint

__all__ = [
    "blueprint",
    "chat_events",
    "consult",
    "dialing",
    "events",
    "guest_events",
    "replies",
    "talk_views",
    "ticket_views",
]
