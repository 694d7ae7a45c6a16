"""The event socket protocol (sans-I/O), its asyncio client and server, and python-ESL's blocking classes.

`acd` and the tools talk to FreeSWITCH or the built-in switch through it; `softswitch` speaks the other end.
"""

from esl.errors import (
    AuthenticationRefused,
    CallGone,
    CommandFailed,
    ConnectionLost,
    EslError,
    HeaderInjection,
    ProtocolViolation,
    ReplyTimeout,
)
from esl.event import Event

__all__ = [
    "AuthenticationRefused",
    "CallGone",
    "CommandFailed",
    "ConnectionLost",
    "EslError",
    "Event",
    "HeaderInjection",
    "ProtocolViolation",
    "ReplyTimeout",
]
