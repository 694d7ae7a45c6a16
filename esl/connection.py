"""One asyncio connection to a switch: pairs replies with commands, sorts events to whoever waits for them.

`esl.aio` builds the client and the outbound call on it. Flow: bytes -> EventSocketParser -> a reply ends the
oldest waiting command; an event first meets the watchers, then the queue that `events()` reads.
"""

import asyncio
import logging
import socket
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

from esl.errors import ConnectionLost, EslError, ProtocolViolation, ReplyTimeout
from esl.event import Event
from esl.protocol import EventSocketParser, Message

log = logging.getLogger(__name__)

_READ_BYTES = 256 << 10
_REPLY_TYPES = frozenset({"command/reply", "api/response"})
_EVENT_TYPES = frozenset({"text/event-plain", "text/event-json"})
# How long a silent peer may stay unnoticed: 15 s + 3 x 5 s.
_KEEPALIVE = (("TCP_KEEPIDLE", 15), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3))
_FLUSH_SECONDS = 1.0

MAX_QUEUED_EVENTS = 20_000

Watcher = Callable[[Event], bool]
"""Sees each event as it arrives; True keeps it from `events()`."""


class Connection:
    """See the module's docstring. All methods belong to the loop that made it."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        max_queued_events: int = MAX_QUEUED_EVENTS,
    ) -> None:
        self.closed = asyncio.Event()
        self.on_notice: Callable[[Message], None] = lambda message: None
        self.watchers: list[Watcher] = []
        self._reader, self._writer = reader, writer
        self._parser = EventSocketParser()
        self._replies: deque[asyncio.Future[Message]] = deque()
        self._greeting: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._queue: deque[Event] = deque()
        self._max_queued = max_queued_events
        self._event_came = asyncio.Event()
        self._is_read = False  # somebody iterates over events()
        self._reason = "closed by us"
        _keep_alive(writer)
        self._task = asyncio.create_task(self._read(), name="esl-reader")

    @property
    def reason(self) -> str:
        """Why the connection is closed."""
        return self._reason

    async def greeting(self, timeout_seconds: float) -> Message:
        """The first message of the switch that is no reply: auth/request or text/rude-rejection."""
        return await self._wait(asyncio.shield(self._greeting), timeout_seconds, "no greeting")

    async def request(self, data: bytes, timeout_seconds: float | None) -> Message:
        """Send one command and wait for its reply. Replies come in the order of the commands.

        Raises ConnectionLost, and ReplyTimeout after `timeout_seconds` (the late reply is then dropped, so that
        the pairing stays right).
        """
        if self.closed.is_set():
            raise ConnectionLost(self._reason)
        reply: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._replies.append(reply)
        self._writer.write(data)
        return await self._wait(self._drained(reply), timeout_seconds, "no reply")

    async def _drained(self, reply: asyncio.Future[Message]) -> Message:
        with suppress(ConnectionError):  # the reader sees the loss too and fails the reply with its reason
            await self._writer.drain()
        return await reply

    async def _wait(self, what: Awaitable[Message], timeout_seconds: float | None, why: str) -> Message:
        try:
            async with asyncio.timeout(timeout_seconds):
                return await what
        except TimeoutError as error:
            raise ReplyTimeout(f"{why} within {timeout_seconds} s") from error

    async def events(self) -> AsyncIterator[Event]:
        """Events in order of arrival; ends when the connection is closed and all are read. For one reader at a time.

        A reader that falls more than `max_queued_events` behind loses the connection rather than events in
        the middle: it must reconcile anyway, as it must with FreeSWITCH.
        """
        self._is_read = True
        while True:
            while self._queue:
                yield self._queue.popleft()
            if self.closed.is_set():
                return
            self._event_came.clear()
            await self._event_came.wait()

    async def close(self) -> None:
        """Close; every waiting call ends with ConnectionLost. May be called more than once."""
        self._lose("closed by us")
        if self._task is not asyncio.current_task():
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        try:
            async with asyncio.timeout(_FLUSH_SECONDS):
                await self._writer.wait_closed()
        except TimeoutError:  # a peer that does not read must not keep us
            self._writer.transport.abort()
        except OSError as error:
            log.debug("closing: %s", error)

    async def _read(self) -> None:
        try:
            while data := await self._reader.read(_READ_BYTES):
                try:
                    messages = self._parser.feed(data)
                except ProtocolViolation as violation:
                    messages = violation.messages
                    self._take(messages)
                    raise
                self._take(messages)
            self._lose("the switch closed the connection")
        except (OSError, EslError) as error:
            self._lose(str(error) or type(error).__name__)
        except Exception as error:
            log.exception("the reader of an event socket failed")
            self._lose(f"our reader failed: {error}")
        finally:
            self._lose("our reader was cancelled")

    def _take(self, messages: list[Message]) -> None:
        for message in messages:
            kind = message.content_type
            if kind in _EVENT_TYPES:
                self._take_event(message)
            elif kind in _REPLY_TYPES:
                self._take_reply(message)
            elif kind == "text/disconnect-notice":
                self.on_notice(message)
            elif not self._greeting.done():
                self._greeting.set_result(message)

    def _take_reply(self, message: Message) -> None:
        if not self._replies:
            raise ProtocolViolation(f"a reply to nothing: {message.reply_text[:80]!r}")
        reply = self._replies.popleft()
        if not reply.done():
            reply.set_result(message)

    def _take_event(self, message: Message) -> None:
        event = message.event()
        if event is None or any(watcher(event) for watcher in tuple(self.watchers)):
            return
        if len(self._queue) >= self._max_queued:
            if self._is_read:
                raise ConnectionLost(f"our reader is {len(self._queue)} events behind")
            self._queue.popleft()  # nobody reads them (yet): keep the newest
        self._queue.append(event)
        self._event_came.set()

    def _lose(self, reason: str) -> None:
        if self.closed.is_set():
            return
        self._reason = reason
        self.closed.set()
        self._event_came.set()
        for waiting in (*self._replies, self._greeting):
            if not waiting.done():
                waiting.set_exception(ConnectionLost(reason))
                waiting.exception()  # seen: perhaps nobody waits for it any more
        self._replies.clear()
        self._writer.close()


def _keep_alive(writer: asyncio.StreamWriter) -> None:
    sock: socket.socket | None = writer.get_extra_info("socket")
    if sock is None or sock.family not in (socket.AF_INET, socket.AF_INET6):
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE:
        if hasattr(socket, name):  # not on every system
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
