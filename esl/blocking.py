"""python-ESL's classes and names on our own protocol: a script written for `import ESL` runs with `from esl.blocking import *`.

Tools, tests and scripts of FreeSWITCH engineers use it. As in python-ESL, a lost connection is no exception:
`connected()` turns 0, replies are None and `recvEvent` gives an event named SERVER_DISCONNECTED.
"""

import logging
import os
import socket
import time
from collections import deque
from contextlib import suppress
from typing import overload

from esl.errors import HeaderInjection, ProtocolViolation
from esl.event import Event, from_json, to_bytes
from esl.names import EVENT_NAMES
from esl.protocol import EventSocketParser, Message, checked_line

__all__ = ["ESLconnection", "ESLevent", "eslSetLogLevel"]

log = logging.getLogger(__name__)

CONNECT_SECONDS = 10.0
_READ_BYTES = 64 << 10
_SHORTEST_SECONDS = 0.001
_REPLIES = frozenset({"command/reply", "api/response"})
_TRUE = frozenset({"yes", "on", "true", "enabled", "active", "allow", "1"})


class ESLevent:
    """An event or a reply. `ESLevent("CUSTOM", "sub::class")`, `ESLevent("json", text)`, or from an `Event`."""

    def __init__(self, type: "str | Event", subclass_name: str | None = None) -> None:
        if isinstance(type, Event):
            self.event = type
        elif type.lower() == "json" and subclass_name:
            self.event = from_json(subclass_name)
        else:
            name = type.upper() if type.upper() in EVENT_NAMES else "MESSAGE"
            self.event = Event({"Event-Name": "CUSTOM" if subclass_name else name})
            if subclass_name:
                self.event.headers["Event-Subclass"] = subclass_name
        self._names: deque[str] = deque()

    def getHeader(self, header_name: str, idx: int = -1) -> str | None:
        """A header's value, or the `idx`-th value of an array; None when it is not there."""
        value = self.event.get(header_name)
        if value is None or idx < 0 or not value.startswith("ARRAY::"):
            return value
        parts = value.removeprefix("ARRAY::").split("|:")
        return parts[idx] if idx < len(parts) else None

    def addHeader(self, header_name: str, value: str) -> bool:
        """Set a header."""
        self.event.headers[header_name] = str(value)
        return True

    def pushHeader(self, header_name: str, value: str) -> bool:
        """Append a value to a header, which becomes an array."""
        return self.addHeader(header_name, "|:".join([self._array(header_name), value]).removeprefix("|:"))

    def unshiftHeader(self, header_name: str, value: str) -> bool:
        """Put a value before those of a header, which becomes an array."""
        known = self._array(header_name).removeprefix("ARRAY::")
        return self.addHeader(header_name, f"ARRAY::{value}|:{known}" if known else value)

    def _array(self, header_name: str) -> str:
        known = self.event.get(header_name)
        if not known:
            return ""
        return known if known.startswith("ARRAY::") else f"ARRAY::{known}"

    def delHeader(self, header_name: str) -> bool:
        """Remove a header."""
        wanted = header_name.lower()
        found = [name for name in self.event.headers if name.lower() == wanted]
        for name in found:
            del self.event.headers[name]
        return bool(found)

    def firstHeader(self) -> str | None:
        """The first header's name; `nextHeader` gives the others."""
        self._names = deque(self.event.headers)
        return self.nextHeader()

    def nextHeader(self) -> str | None:
        """The next header's name; None at the end."""
        return self._names.popleft() if self._names else None

    def getBody(self) -> str | None:
        """The body; None when there is none."""
        return self.event.body or None

    def addBody(self, value: str) -> bool:
        """Set the body."""
        self.event.body = str(value)
        return True

    def getType(self) -> str:
        """The event's name; a reply is a SOCKET_DATA."""
        return self.event.name or "SOCKET_DATA"

    def serialize(self, format: str | None = None) -> str:
        """The plain form, or JSON with `serialize("json")`."""
        return self.event.to_json() if (format or "").lower() == "json" else self.event.to_plain()

    def setPriority(self, priority: int = 0) -> bool:
        """0 NORMAL, 1 LOW, 2 HIGH; travels as the header `priority`."""
        self.event.headers["priority"] = ("NORMAL", "LOW", "HIGH")[priority]
        return True


class ESLconnection:
    """`ESLconnection(host, port, password)` or, in an outbound server, `ESLconnection(socket.fileno())`."""

    @overload
    def __init__(self, host: int, /) -> None: ...
    @overload
    def __init__(self, host: str, port: str | int, password: str, /) -> None: ...
    @overload
    def __init__(self, host: str, port: str | int, user: str, password: str, /) -> None: ...

    def __init__(self, host: str | int, port: str | int = 0, *secrets: str) -> None:
        self._sock: socket.socket | None = None
        self._parser = EventSocketParser()
        self._replies: deque[Message] = deque()
        self._events: deque[Message] = deque()
        self._others: deque[Message] = deque()
        self._info: ESLevent | None = None
        self._is_locked = self._is_async = False
        if isinstance(host, int):
            self._attach(host)
        else:
            self._log_in(host, int(port), *secrets)

    # --- state ---

    def connected(self) -> int:
        """1 while the connection stands."""
        return int(self._sock is not None)

    def socketDescriptor(self) -> int:
        """The descriptor, for select; -1 when closed."""
        return self._sock.fileno() if self._sock is not None else -1

    def getInfo(self) -> ESLevent | None:
        """Outbound: the channel data that came with `connect`."""
        return self._info

    def disconnect(self) -> int:
        """Close the connection."""
        if self._sock is None:
            return 1
        self._drop()
        return 0

    def setAsyncExecute(self, val: str | int) -> int:
        """`execute` no longer waits in sync mode."""
        self._is_async = str(val).lower() in _TRUE
        return int(self._is_async)

    def setEventLock(self, val: str | int) -> int:
        """Each `execute` waits until the one before is done."""
        self._is_locked = str(val).lower() in _TRUE
        return int(self._is_locked)

    # --- commands ---

    def send(self, cmd: str) -> int:
        """Send a command without waiting for its reply; 0 when it went out."""
        return 0 if self._send(to_bytes(cmd.rstrip("\r\n") + "\n\n")) else 1

    def sendRecv(self, cmd: str) -> ESLevent | None:
        """Send a command and wait for its reply; events meanwhile are kept. None when the connection is lost."""
        return self._request(to_bytes(cmd.rstrip("\r\n") + "\n\n"))

    def api(self, cmd: str, arg: str | None = None) -> ESLevent | None:
        """Run an API command; its text is the reply's body."""
        return self.sendRecv(checked_line(f"api {cmd} {arg or ''}".rstrip()))

    def bgapi(self, cmd: str, arg: str | None = None, job_uuid: str | None = None) -> ESLevent | None:
        """Run an API command in the background; the reply has `Job-UUID`, the result comes as BACKGROUND_JOB."""
        line = checked_line(f"bgapi {cmd} {arg or ''}".rstrip())
        return self.sendRecv(f"{line}\nJob-UUID: {checked_line(job_uuid)}" if job_uuid else line)

    def events(self, etype: str, value: str) -> int:
        """`events("json", "CHANNEL_ANSWER CUSTOM sofia::register")`; 0 when it was sent."""
        form = "json" if etype == "json" else "plain"
        return 0 if self.sendRecv(checked_line(f"event {form} {value}")) is not None else 1

    def filter(self, header: str, value: str) -> ESLevent | None:
        """Only events with this header's value, too."""
        return self.sendRecv(checked_line(f"filter {header} {value}"))

    def execute(self, app: str, arg: str | None = None, uuid: str | None = None) -> ESLevent | None:
        """Run an application on a leg; in sync mode the reply comes when it is done."""
        return self._execute(app, arg, uuid, is_async=self._is_async)

    def executeAsync(self, app: str, arg: str | None = None, uuid: str | None = None) -> ESLevent | None:
        """`execute` that never waits."""
        return self._execute(app, arg, uuid, is_async=True)

    def sendEvent(self, send_me: ESLevent) -> ESLevent:
        """Fire an event inside the switch."""
        return self._request(_with_headers(f"sendevent {send_me.getType()}", send_me)) or _lost()

    def sendMSG(self, send_me: ESLevent, uuid: str | None = None) -> int:
        """Send a message to a leg (`call-command` and the like as headers); 0 when it was answered."""
        reply = self._request(_with_headers(f"sendmsg {uuid}" if uuid else "sendmsg", send_me))
        return 0 if reply is not None else 1

    def _execute(self, app: str, arg: str | None, uuid: str | None, *, is_async: bool) -> ESLevent | None:
        lines = [
            f"sendmsg {uuid}" if uuid else "sendmsg",
            "call-command: execute",
            f"execute-app-name: {app}",
        ]
        lines += [f"execute-app-arg: {arg}"] if arg else []
        lines += ["event-lock: true"] if self._is_locked else []
        lines += ["async: true"] if is_async else []
        return self.sendRecv("\n".join(map(checked_line, lines)))

    # --- events ---

    def recvEvent(self) -> ESLevent:
        """Wait for the next event; SERVER_DISCONNECTED when the connection is lost."""
        while not self._has_event():
            if not self._read(None):
                return _lost()
        return self._next_event()

    def recvEventTimed(self, ms: int) -> ESLevent | None:
        """Wait up to `ms` milliseconds for the next event; None when there is none."""
        deadline = time.monotonic() + ms / 1000
        while not self._has_event():
            left = deadline - time.monotonic()
            if not self._read(max(left, 0.0)) or (left <= 0 and not self._has_event()):
                return None
        return self._next_event()

    def _has_event(self) -> bool:
        return bool(self._events or self._others)

    def _next_event(self) -> ESLevent:
        if not self._events:
            return _as_event(self._others.popleft())
        message = self._events.popleft()
        event = message.event()
        return ESLevent(event) if event is not None else _as_event(message)

    # --- the wire ---

    def _log_in(self, host: str, port: int, *secrets: str) -> None:
        try:
            self._sock = socket.create_connection((host, port), CONNECT_SECONDS)
        except OSError as error:
            log.warning("%s:%d: %s", host, port, error)
            return
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        deadline = time.monotonic() + CONNECT_SECONDS
        while not self._others and self._read(max(0.0, deadline - time.monotonic())):
            if time.monotonic() >= deadline:
                break
        if not self._others or self._others.popleft().content_type != "auth/request":
            self._drop()
            return
        line = f"userauth {secrets[0]}:{secrets[1]}" if len(secrets) > 1 else f"auth {secrets[0]}"
        reply = self.sendRecv(checked_line(line))
        if reply is None or not (reply.getHeader("Reply-Text") or "").startswith("+OK"):
            self._drop()
            self._others.clear()

    def _attach(self, descriptor: int) -> None:
        # A copy: the caller's own socket object (of a socketserver, say) may close the descriptor that it holds.
        self._sock = socket.socket(fileno=os.dup(descriptor))
        self._info = self.sendRecv("connect")

    def _send(self, data: bytes) -> bool:
        if self._sock is None:
            return False
        try:
            self._sock.settimeout(None)
            self._sock.sendall(data)
        except OSError as error:
            log.debug("send: %s", error)
            self._drop()
        return self._sock is not None

    def _request(self, data: bytes) -> ESLevent | None:
        if not self._send(data):
            return None
        while not self._replies:
            if not self._read(None):
                return None
        return _as_event(self._replies.popleft())

    def _read(self, seconds: float | None) -> bool:
        """Take in what comes within `seconds`; False when the connection is lost."""
        if self._sock is None:
            return False
        try:
            self._sock.settimeout(seconds if seconds is None else max(seconds, _SHORTEST_SECONDS))
            data = self._sock.recv(_READ_BYTES)
            messages = self._parser.feed(data)
        except ProtocolViolation as violation:
            log.error("event socket: %s", violation)
            data, messages = b"", violation.messages
        except TimeoutError:
            return True
        except OSError as error:
            log.debug("receive: %s", error)
            data, messages = b"", []
        for message in messages:
            self._sort(message)
        if not data:
            self._drop()
        return bool(messages) or self._sock is not None

    def _sort(self, message: Message) -> None:
        kind = message.content_type
        if kind in _REPLIES:
            self._replies.append(message)
        elif kind.startswith("text/event-"):
            self._events.append(message)
        else:
            self._others.append(message)
            if kind == "text/disconnect-notice" and message.get("Content-Disposition") != "linger":
                self._drop()

    def _drop(self) -> None:
        if self._sock is not None:
            with suppress(OSError):  # not connected any more
                self._sock.shutdown(socket.SHUT_RDWR)
            self._sock.close()
            self._sock = None


def eslSetLogLevel(level: int) -> None:
    """python-ESL's: 0 to 7; from 7 on everything is logged."""
    log.setLevel(logging.DEBUG if level >= 7 else logging.WARNING)


def _as_event(message: Message) -> ESLevent:
    event = message.event()
    if event is None or event.name not in EVENT_NAMES:
        event = Event({"Event-Name": "SOCKET_DATA"} | message.headers, message.text)
    return ESLevent(event)


def _lost() -> ESLevent:
    return ESLevent("SERVER_DISCONNECTED")


def _with_headers(line: str, send_me: ESLevent) -> bytes:
    """An event as a command: its headers (but the name) and its body."""
    names = [name for name in send_me.event.headers if name.lower() not in ("event-name", "content-length")]
    if any(":" in name for name in names):
        raise HeaderInjection("a header name holds a colon")
    lines = [line, *(f"{name}: {send_me.event.headers[name]}" for name in names)]
    body = to_bytes(send_me.event.body)
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return to_bytes("\n".join(map(checked_line, lines)) + "\n\n") + body
