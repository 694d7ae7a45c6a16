"""One connection of the event socket: reads commands, answers them, sends the events that are wanted.

`softswitch.eventsocket` makes one for each controller that connects (inbound) and for each call that the
`socket` application hands out (outbound). All of it runs on the event socket's own loop; API commands and
sync-mode applications run on other threads. Order of checks and reply texts: mod_event_socket's parse_command.
"""

import asyncio
import hmac
import logging
import threading
import uuid as uuids
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Literal

from esl.errors import ProtocolViolation
from esl.event import Event, to_bytes
from esl.names import EVENT_NAMES
from esl.protocol import Command, CommandParser, encode_event, encode_message
from softswitch.dialplan import is_true
from softswitch.events import new_event
from softswitch.ports import Channel
from softswitch.subscription import Subscription

if TYPE_CHECKING:
    from softswitch.eventsocket import EventSocket

log = logging.getLogger(__name__)

MAX_QUEUED_EVENTS = 100_000  # MAX_QUEUE_LEN
MAX_MISSED_EVENTS = 500  # MAX_MISSED
LOGIN_SECONDS = 25.0
FALLBACK_NOTICE_SECONDS = 2.0  # when CHANNEL_HANGUP_COMPLETE does not come after the hangup
_CLOSE_SECONDS = 1.0
_LOGIN_LIMITS = {"max_header_bytes": 8 << 10, "max_body_bytes": 0}
_LIMITS = {"max_header_bytes": 10 << 20, "max_body_bytes": 16 << 20}  # FreeSWITCH's own
_GOODBYE = b"Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n"
_LOG_LEVELS = ("console", "alert", "crit", "err", "warning", "notice", "info", "debug")


class Rendered:
    """An event and its wire forms, made once for all listeners."""

    __slots__ = ("_bytes", "event")

    def __init__(self, event: Event) -> None:
        self.event = event
        self._bytes: dict[str, bytes] = {}

    def wire(self, form: str) -> bytes:
        """The event as it is sent."""
        if form not in self._bytes:
            self._bytes[form] = encode_event(self.event, form)
        return self._bytes[form]


class Control:
    """What the channel's thread (in `run_outbound`) and its listener (on the loop) share."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.connected = threading.Event()
        self.finished = threading.Event()
        self.changed = threading.Event()  # either of them

    def connect(self) -> None:
        """The controller said `connect`: the channel may park."""
        self.connected.set()
        self.changed.set()

    def finish(self) -> None:
        """The controller has left."""
        self.finished.set()
        self.changed.set()
        self.channel.wake()


class Listener:
    """See the module's docstring. `control` is there for an outbound connection; an inbound one may get a channel by `myevents`."""

    def __init__(
        self,
        hub: "EventSocket",
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        control: Control | None = None,
        options: frozenset[str] = frozenset(),
    ) -> None:
        self.subscription = Subscription()
        self.channel = control.channel if control else None
        self._control = control
        self._hub, self._reader, self._writer = hub, reader, writer
        self._is_outbound = control is not None
        self._is_full = "full" in options
        self._is_async = "async" in options
        self._is_authed = self._is_outbound
        self._linger_seconds: float | None = None  # None: no linger; inf: until the controller leaves
        self._logs = False
        self._is_over = False  # the channel is gone
        self._is_told = False  # ... and the controller knows
        self._running = True
        self._busy = False  # a reply is being made; events wait behind it, as they do in FreeSWITCH
        self._queue: deque[Rendered] = deque()
        self._missed = 0
        self._has_output = asyncio.Event()
        self._ended = asyncio.Event()
        self._parser = CommandParser(**(_LIMITS if self._is_outbound else _LOGIN_LIMITS))
        self._ready: deque[Command] = deque()
        self._timers: list[asyncio.TimerHandle] = []

    # --- life ---

    async def run(self) -> None:
        """Serve the connection until either side ends it."""
        tasks = [
            asyncio.create_task(each) for each in (self._serve(), self._send_events(), self._ended.wait())
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            self._report(results)
            for timer in self._timers:
                timer.cancel()
            await self._disconnect()
            if self._control is not None:
                self._control.finish()

    def end(self) -> None:
        """End the connection soon."""
        self._ended.set()

    def _report(self, results: Sequence[object]) -> None:
        for result in results:
            if isinstance(result, ProtocolViolation):
                log.warning("event socket: %s", result)
            elif isinstance(result, OSError):
                log.debug("event socket: %s", result)
            elif isinstance(result, Exception):
                log.error("event socket listener failed", exc_info=result)

    async def _disconnect(self) -> None:
        headers = {"Content-Type": "text/disconnect-notice"}
        if self.channel is not None:
            headers |= {"Controlled-Session-UUID": self.channel.uuid, "Content-Disposition": "disconnect"}
        with suppress(OSError):
            self._writer.write(encode_message(headers, _GOODBYE))
            self._writer.close()
            try:
                async with asyncio.timeout(_CLOSE_SECONDS):
                    await self._writer.wait_closed()
            except TimeoutError:
                self._writer.transport.abort()

    # --- events out ---

    def offer(self, rendered: Rendered) -> None:
        """Queue an event when it is wanted; a listener that does not keep up loses some and is then ended."""
        event = rendered.event
        if self.subscription.wants(event):
            self._push(rendered)
        if (
            self.channel is not None
            and event.name == "CHANNEL_HANGUP_COMPLETE"
            and event.uuid == self.channel.uuid
        ):
            self.channel_is_down()

    def _push(self, rendered: Rendered) -> None:
        if len(self._queue) < self._hub.max_queued_events:
            if self._missed:
                log.error("event socket listener lost %d events", self._missed)
                self._missed = 0
            self._queue.append(rendered)
            self._has_output.set()
            return
        self._missed += 1
        if self._missed > MAX_MISSED_EVENTS and not self._ended.is_set():
            log.error("event socket listener ended: it lost %d events", self._missed)
            self._queue.clear()
            self._writer.transport.abort()  # nothing that is written would arrive
            self.end()

    async def _send_events(self) -> None:
        while True:
            await self._has_output.wait()
            while self._queue and not self._busy:
                self._writer.write(self._queue.popleft().wire(self.subscription.form))
                await self._writer.drain()
            self._has_output.clear()
            if self._is_over and not self._is_told and not self._busy and not self._queue:
                self._is_told = True
                self._tell_hangup()

    # --- the channel's end ---

    def expect_hangup(self) -> None:
        """The channel's thread has left the `socket` application with the channel down."""
        self._timers.append(self._hub.loop.call_later(FALLBACK_NOTICE_SECONDS, self.channel_is_down))

    def channel_is_down(self) -> None:
        """Tell the controller behind the last events: linger, or the end."""
        self._is_over = True
        self._has_output.set()

    def _tell_hangup(self) -> None:
        if self._linger_seconds is None or self.channel is None:
            self.end()
            return
        forever = self._linger_seconds == float("inf")
        self._writer.write(
            encode_message(
                {
                    "Content-Type": "text/disconnect-notice",
                    "Controlled-Session-UUID": self.channel.uuid,
                    "Content-Disposition": "linger",
                    "Channel-Name": _one_line(self.channel.name),
                    "Linger-Time": "-1" if forever else str(int(self._linger_seconds)),
                },
                b"",
            )
        )
        if not forever:
            self._timers.append(self._hub.loop.call_later(self._linger_seconds, self.end))

    # --- commands in ---

    async def _serve(self) -> None:
        if not self._is_outbound:
            self._writer.write(encode_message({"Content-Type": "auth/request"}))
        try:
            async with asyncio.timeout(LOGIN_SECONDS):
                while not (self._control.connected.is_set() if self._control else self._is_authed):
                    await self._serve_one()
        except TimeoutError:
            log.warning(
                "event socket: no %s in %s s", "connect" if self._is_outbound else "login", LOGIN_SECONDS
            )
            return
        self._parser.allow(**_LIMITS)
        while self._running:
            await self._serve_one()

    async def _serve_one(self) -> None:
        command = await self._next_command()
        if command is None:
            self._running = False
            raise ConnectionError("closed by the controller")
        self._busy = True
        try:
            await self._answer(command)
            await self._writer.drain()
        finally:
            self._busy = False
            self._has_output.set()
        if not self._running:
            raise ConnectionError("ended")

    async def _next_command(self) -> Command | None:
        while not self._ready:
            data = await self._reader.read(64 << 10)
            if not data:
                return None
            self._ready.extend(self._parser.feed(data))
        return self._ready.popleft()

    async def _answer(self, command: Command) -> None:
        lowered = command.line.lower()
        reply: str | None = ""
        for prefix, handler, gate in _COMMANDS:
            if lowered.startswith(prefix) and self._may(gate):
                reply = await handler(self, command, command.line[len(prefix) :].strip(" "))
                break
        if reply is not None:
            self._reply(reply or "-ERR command not found")

    def _reply(self, text: str, **headers: str) -> None:
        fields = {"Content-Type": "command/reply", "Reply-Text": _one_line(text)}
        self._writer.write(
            encode_message(fields | {name.replace("_", "-"): value for name, value in headers.items()})
        )

    def _may(self, gate: str) -> bool:
        if gate == "full":
            return self._is_authed and (self._is_full or not self._is_outbound)
        if gate == "controlling":
            return self._is_authed and self.channel is not None
        return gate == "always" or (gate == "authed") == self._is_authed

    async def _exit(self, command: Command, arguments: str) -> str:
        self._running = False
        return "+OK bye"

    async def _auth(self, command: Command, password: str) -> str:
        if hmac.compare_digest(to_bytes(password), to_bytes(self._hub.password)):
            self._is_authed = True
            self._hub.note_login(self._peer(), is_good=True)
            return "+OK accepted"
        return await self._refuse()

    async def _userauth(self, command: Command, arguments: str) -> str:
        return await self._refuse()

    async def _refuse(self) -> str:
        await asyncio.sleep(self._hub.note_login(self._peer(), is_good=False))
        self._running = False
        return "-ERR invalid"

    def _peer(self) -> str:
        name = self._writer.get_extra_info("peername")
        return str(name[0]) if name else ""

    async def _filter(self, command: Command, arguments: str) -> str:
        return self.subscription.filter(arguments)

    async def _resume(self, command: Command, arguments: str) -> str:
        if self.channel is not None:
            self.channel.set_variable("socket_resume", "true")
        return "+OK"

    async def _connect(self, command: Command, arguments: str) -> None:
        if self.channel is None:
            return
        event = new_event("CHANNEL_DATA")
        event.headers |= self.channel.event_data()
        event.headers |= {
            "Content-Type": "command/reply",
            "Reply-Text": "+OK\n",
            "Socket-Mode": "async" if self._is_async else "static",
            "Control": "full" if self._is_full else "single-channel",
        }
        self._writer.write(to_bytes(event.to_plain()))
        if self._control is not None:
            self._control.connect()

    async def _getvar(self, command: Command, name: str) -> str:
        return (self.channel.get_variable(name) or "") if self.channel is not None else ""

    async def _myevents(self, command: Command, arguments: str) -> str:
        words = arguments.split()
        form = next((word.lower() for word in words if word.lower() in ("plain", "json")), "")
        uuid = next((word for word in words if word.lower() not in ("plain", "json")), "")
        if self.channel is None:
            self.channel = self._hub.switch.channel(uuid)
            self._is_async = True
        if self.channel is None:
            return "-ERR invalid uuid"
        return self._subscribed(self.subscription.my_events(self.channel.uuid, form))

    async def _divert_events(self, command: Command, arguments: str) -> str:
        # Every event of the channel comes through the bus here, so there is nothing to divert.
        if self.channel is None:
            return "-ERR not controlling a session."
        if not arguments:
            return "-ERR missing value."
        return "+OK events diverted" if arguments.lower() == "on" else "+OK events not diverted"

    async def _sendmsg(self, command: Command, uuid: str) -> str:
        uuid = uuid or command.get("session-id")
        own = self.channel
        if own is not None and uuid in ("", own.uuid):
            is_queued = self._is_async or is_true(command.get("async"))
            return await self._hub.send_to_channel(own, command, is_queued=is_queued)
        channel = self._hub.switch.channel(uuid) if uuid else None
        if channel is None:
            return f"-ERR invalid session id [{uuid}]"
        return await self._hub.send_to_channel(channel, command, is_queued=True)

    async def _sendevent(self, command: Command, name: str) -> str:
        known = name.upper() if name.upper() in EVENT_NAMES else "CUSTOM"
        event_uuid = str(uuids.uuid4())
        event = new_event(known, body=command.text)
        reserved = {"content-length", *(header.lower() for header in event.headers)}
        event.headers |= {key: value for key, value in command.headers.items() if key.lower() not in reserved}
        event.headers["Event-UUID"] = event_uuid
        self._hub.switch.publish(event)
        return f"+OK {event_uuid}"

    async def _api(self, command: Command, line: str) -> None:
        text = await self._hub.run_api(line) or "-ERR no reply\n"
        self._writer.write(encode_message({"Content-Type": "api/response"}, text))

    async def _bgapi(self, command: Command, line: str) -> None:
        job = command.get("job-uuid").strip() or str(uuids.uuid4())
        self._reply(f"+OK Job-UUID: {job}", Job_UUID=job)
        self._hub.start_job(line, job, self.channel.uuid if self.channel is not None else "")

    async def _log(self, command: Command, level: str) -> str:
        word = level.split(" ")[0].lower() or "debug"
        number = int(word) if word.isdecimal() else _LOG_LEVELS.index(word) if word in _LOG_LEVELS else -1
        if not 0 <= number < len(_LOG_LEVELS):
            return "-ERR invalid log level"
        self._logs = True  # accepted; the built-in switch logs to its own file only
        return f"+OK log level {level} [{number}]"

    async def _nolog(self, command: Command, arguments: str) -> str:
        had, self._logs = self._logs, False
        return "+OK no longer logging" if had else "-ERR not loging"  # FreeSWITCH's own spelling

    async def _linger(self, command: Command, seconds: str) -> str:
        if self.channel is None:
            return "-ERR not controlling a session"
        if not seconds:
            self._linger_seconds = float("inf")
            return "+OK will linger"
        self._linger_seconds = int(seconds) if seconds.isdecimal() else 0
        return f"+OK will linger {int(self._linger_seconds)} seconds"

    async def _nolinger(self, command: Command, arguments: str) -> str:
        if self.channel is None:
            return "-ERR not controlling a session"
        self._linger_seconds = None
        return "+OK will not linger"

    async def _event(self, command: Command, arguments: str) -> str:
        return self._subscribed(self.subscription.event(arguments))

    async def _nixevent(self, command: Command, arguments: str) -> str:
        return self._subscribed(self.subscription.nixevent(arguments))

    async def _noevents(self, command: Command, arguments: str) -> str:
        self._queue.clear()
        return self._subscribed(self.subscription.noevents())

    def _subscribed(self, reply: str) -> str:
        self._hub.audience.place(self)
        return reply


_Handler = Callable[[Listener, Command, str], Awaitable[str | None]]

# FreeSWITCH compares beginnings, in this order; a handler that gives None has answered by itself.
_COMMANDS: tuple[
    tuple[str, _Handler, Literal["always", "unauthed", "authed", "controlling", "full"]], ...
] = (
    ("exit", Listener._exit, "always"),
    ("...", Listener._exit, "always"),
    ("auth ", Listener._auth, "unauthed"),
    ("userauth ", Listener._userauth, "unauthed"),
    ("filter ", Listener._filter, "authed"),
    ("resume", Listener._resume, "controlling"),
    ("connect", Listener._connect, "controlling"),
    ("getvar", Listener._getvar, "controlling"),
    ("myevents ", Listener._myevents, "authed"),
    ("myevents", Listener._myevents, "controlling"),
    ("divert_events", Listener._divert_events, "authed"),
    ("sendmsg", Listener._sendmsg, "authed"),
    ("sendevent", Listener._sendevent, "full"),
    ("api ", Listener._api, "full"),
    ("bgapi ", Listener._bgapi, "full"),
    ("log", Listener._log, "full"),
    ("linger", Listener._linger, "full"),
    ("nolinger", Listener._nolinger, "full"),
    ("nolog", Listener._nolog, "full"),
    ("event", Listener._event, "full"),
    ("nixevent", Listener._nixevent, "full"),
    ("noevents", Listener._noevents, "full"),
)


def _one_line(text: str) -> str:
    """FreeSWITCH would let a variable's line end begin a header of the reply; here it stays coded."""
    return text.replace("\r", "%0D").replace("\n", "%0A").replace("\0", "%00")
