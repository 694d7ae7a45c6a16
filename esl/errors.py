"""What can go wrong on an event socket, one class a fact; all are `EslError` and carry a stable `code`."""

from collections.abc import Sequence
from typing import Any


class EslError(Exception):
    """Anything that the event socket refuses or loses."""

    code = "esl_error"


class AuthenticationRefused(EslError):
    """The switch did not accept the password (or its ACL refused this address)."""

    code = "esl_authentication_refused"


class ConnectionLost(EslError):
    """The connection is closed; every waiting call ends with this."""

    code = "esl_connection_lost"


class CommandFailed(EslError):
    """The switch answered `-ERR ...`; `reply` is its text."""

    code = "esl_command_failed"

    def __init__(self, reply: str) -> None:
        super().__init__(reply)
        self.reply = reply


class CallGone(EslError):
    """The leg hung up before the application that was waited for had completed; a normal end of a call."""

    code = "esl_call_gone"

    def __init__(self, message: str, cause: str | None = None) -> None:
        super().__init__(message)
        self.cause = cause


class ReplyTimeout(EslError, TimeoutError):
    """The switch did not answer, or an application did not end, in the time that the caller allows."""

    code = "esl_reply_timeout"


class HeaderInjection(EslError):
    """A command line, header name or header value holds a character that would start another header."""

    code = "esl_header_injection"


class ProtocolViolation(EslError):
    """The peer sent what is no event socket message, or more than the limits allow.

    `messages` are those that were complete before it, so that nothing which arrived whole is lost.
    """

    code = "esl_protocol_violation"

    def __init__(self, reason: str, messages: Sequence[Any] = ()) -> None:
        super().__init__(reason)
        self.messages = list(messages)
