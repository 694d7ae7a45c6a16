"""The event socket protocol without I/O: bytes in, messages out, and back.

`EventSocketParser` reads what a switch sends (client side); `CommandParser` reads what an application sends
(the built-in switch's side). Feed them any pieces: the messages are the same however the stream was cut.
Format: header lines, a blank line, then `Content-Length` bytes when that header is there (FreeSWITCH's mod_event_socket).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from esl.errors import HeaderInjection, ProtocolViolation
from esl.event import Event, from_json, from_plain, to_bytes, to_text, url_decode

_BLANK_LINE = re.compile(rb"\n\r?\n")
_LINE_ENDS = re.compile(rb"[\r\n]+")
_HEADER_NAME = re.compile(r"[!-9;-~]+")
_LINE_BREAKING = re.compile(r"[\r\n\0]")
_MOST_DIGITS = 12  # of a Content-Length; int() of a huge number would cost time

DEFAULT_HEADER_BYTES = 4 << 20
DEFAULT_BODY_BYTES = 64 << 20


@dataclass(slots=True)
class Message:
    """What the switch sent: outer headers and a body (empty for most replies)."""

    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def get(self, name: str, default: str = "") -> str:
        """An outer header, whatever its case."""
        wanted = name.lower()
        return next((value for key, value in self.headers.items() if key.lower() == wanted), default)

    @property
    def content_type(self) -> str:
        """command/reply, api/response, auth/request, text/event-plain, text/event-json, text/disconnect-notice..."""
        return self.get("Content-Type")

    @property
    def reply_text(self) -> str:
        """`Reply-Text`; the reply to `connect` has it URL-encoded (`%2BOK%0A`), all others plain."""
        text = self.get("Reply-Text")
        return (url_decode(text) if "Event-Name" in self.headers else text).strip()

    @property
    def text(self) -> str:
        """The body as text."""
        return to_text(self.body)

    def event(self) -> Event | None:
        """The event inside, or None. The reply to `connect` counts as one: it is the channel's data.

        Raises ProtocolViolation for a JSON event that is no JSON object.
        """
        kind = self.content_type
        if kind == "text/event-plain":
            return from_plain(self.text)
        if kind == "text/event-json":
            try:
                return from_json(self.text)
            except (ValueError, RecursionError) as error:
                raise ProtocolViolation(f"event is not a JSON object: {error}") from error
        if "Event-Name" in self.headers:
            return Event({name: url_decode(value) for name, value in self.headers.items()}, self.text)
        return None


@dataclass(slots=True)
class Command:
    """What an application sent: the command line, its headers and a body."""

    line: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def get(self, name: str, default: str = "") -> str:
        """A header, whatever its case."""
        wanted = name.lower()
        return next((value for key, value in self.headers.items() if key.lower() == wanted), default)

    @property
    def text(self) -> str:
        """The body as text."""
        return to_text(self.body)


T = TypeVar("T", Message, Command)


class _Framer(Generic[T]):
    """Cuts a byte stream into header block and body; a subclass reads the block."""

    def __init__(
        self, *, max_header_bytes: int = DEFAULT_HEADER_BYTES, max_body_bytes: int = DEFAULT_BODY_BYTES
    ) -> None:
        self._max_header = max_header_bytes
        self._max_body = max_body_bytes
        self._buffer = bytearray()
        self._scanned = 0  # the blank line is not before this
        self._waiting: T | None = None  # its headers are in, its body is not
        self._body_bytes = 0
        self._violation: str | None = None

    def allow(self, *, max_header_bytes: int, max_body_bytes: int) -> None:
        """Other limits from here on (a peer that has logged in may send more)."""
        self._max_header, self._max_body = max_header_bytes, max_body_bytes

    def feed(self, data: bytes) -> list[T]:
        """Take bytes, give the messages that are complete. Raises ProtocolViolation (and again at each later call)."""
        if self._violation is not None:
            raise ProtocolViolation(self._violation)
        self._buffer += data
        messages: list[T] = []
        try:
            while (message := self._next()) is not None:
                messages.append(message)
        except ProtocolViolation as violation:
            self._violation = str(violation)
            self._buffer.clear()
            raise ProtocolViolation(self._violation, messages) from None
        return messages

    @property
    def is_between_messages(self) -> bool:
        """Nothing is half read: a connection that ends now has lost nothing."""
        return self._waiting is None and not self._buffer

    def _next(self) -> T | None:
        if self._waiting is None and not self._take_head():
            return None
        message = self._waiting
        if message is None or len(self._buffer) < self._body_bytes:
            return None
        message.body = bytes(self._buffer[: self._body_bytes])
        del self._buffer[: self._body_bytes]
        self._waiting, self._body_bytes = None, 0
        return message

    def _take_head(self) -> bool:
        # FreeSWITCH skips line ends before a message, and so must we.
        if self._scanned == 0 and (leading := _LINE_ENDS.match(self._buffer)):
            del self._buffer[: leading.end()]
        end = _BLANK_LINE.search(self._buffer, self._scanned)
        # Without its end, the last two bytes may belong to the blank line: the limit must not depend on the cut.
        if (end.start() if end else len(self._buffer) - 2) > self._max_header:
            raise ProtocolViolation(f"headers are longer than {self._max_header} bytes")
        if end is None:
            self._scanned = max(0, len(self._buffer) - 2)
            return False
        lines = to_text(self._buffer[: end.start()]).replace("\r", "").split("\n")
        del self._buffer[: end.end()]
        self._scanned = 0
        self._waiting, length = self._read_head(lines)
        self._body_bytes = self._checked_length(length)
        return True

    def _checked_length(self, length: str) -> int:
        if not length:
            return 0
        if not (length.isascii() and length.isdecimal() and len(length) <= _MOST_DIGITS):
            raise ProtocolViolation(f"Content-Length is not a number: {length[:40]!r}")
        if int(length) > self._max_body:
            raise ProtocolViolation(f"Content-Length {length} is over the limit of {self._max_body}")
        return int(length)

    def _read_head(self, lines: list[str]) -> tuple[T, str]:
        raise NotImplementedError


class EventSocketParser(_Framer[Message]):
    """Reads what a switch sends."""

    def _read_head(self, lines: list[str]) -> tuple[Message, str]:
        if ":" not in lines[0]:
            raise ProtocolViolation(f"not an event socket header: {lines[0][:80]!r}")
        message = Message()
        for line in lines:
            # A later line without a colon is the rest of a variable with line ends (`getvar`); FreeSWITCH
            # does not escape it, and its own library skips it too.
            name, colon, value = line.partition(":")
            if colon:
                message.headers.setdefault(name.strip(), value.strip(" \t"))
        return message, message.get("Content-Length")


class CommandParser(_Framer[Command]):
    """Reads what an application sends to the switch."""

    def _read_head(self, lines: list[str]) -> tuple[Command, str]:
        command = Command(lines[0])
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if colon:
                command.headers.setdefault(name.strip(), value.lstrip(" \t"))
        return command, command.get("Content-Length").strip()


def encode_command(
    line: str, headers: Mapping[str, str] | None = None, body: bytes | str | None = None
) -> bytes:
    """A command for the switch. Raises HeaderInjection when the line, a name or a value would start a new line."""
    return _encode(checked_line(line) + "\n", headers or {}, body)


def encode_message(headers: Mapping[str, str], body: bytes | str | None = None) -> bytes:
    """A message of the switch; `Content-Length` is added when there is a body, be it an empty one."""
    return _encode("", headers, body)


def encode_event(event: Event, form: str) -> bytes:
    """An event as the switch sends it; `form` is plain or json."""
    body = to_bytes(event.to_json() if form == "json" else event.to_plain())
    return b"Content-Length: %d\nContent-Type: text/event-%s\n\n%s" % (len(body), form.encode(), body)


def checked_line(text: str) -> str:
    """`text`, or HeaderInjection when it holds a line end or NUL."""
    if _LINE_BREAKING.search(text):
        raise HeaderInjection(f"line break in {text[:80]!r}")
    return text


def _encode(first_line: str, headers: Mapping[str, str], body: bytes | str | None) -> bytes:
    lines = [first_line] if first_line else []
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name):
            raise HeaderInjection(f"not a header name: {name[:80]!r}")
        lines.append(f"{name}: {checked_line(value)}\n")
    data = to_bytes(body) if isinstance(body, str) else body
    if data is not None:
        lines.append(f"Content-Length: {len(data)}\n")
    return to_bytes("".join(lines)) + b"\n" + (data or b"")
