"""Asyncio clients of the event socket: `connect` to a switch, or `serve` the calls that it hands to us.

acd's adapters and the tools use it. Events are asked for as JSON, so that no header value can pass for another.
"""

import asyncio
import logging
import uuid as uuids
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

from esl.connection import MAX_QUEUED_EVENTS, Connection
from esl.errors import AuthenticationRefused, CallGone, CommandFailed, ConnectionLost, EslError, ReplyTimeout
from esl.event import Event
from esl.protocol import Message, checked_line, encode_command

log = logging.getLogger(__name__)

REPLY_SECONDS = 10.0
API_SECONDS = 60.0

Handler = Callable[["OutboundCall"], Awaitable[None]]


class Client:
    """A connection that is logged in; made by `connect`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._jobs: dict[str, asyncio.Future[Event]] = {}
        self._hears_jobs = False
        self._is_filtered = False
        connection.watchers.append(self._watch_jobs)

    @property
    def closed(self) -> asyncio.Event:
        """Set when the connection is gone, for whatever reason."""
        return self._connection.closed

    async def command(self, line: str, *, timeout_seconds: float | None = REPLY_SECONDS) -> Message:
        """Send a command line such as `noevents`. Raises CommandFailed for `-ERR`, ReplyTimeout, ConnectionLost."""
        if line.lower().startswith("filter "):
            self._is_filtered = True
        return await self._request(encode_command(line), timeout_seconds)

    async def api(self, line: str, *, timeout_seconds: float | None = API_SECONDS) -> str:
        """Run an API command and return its text as it is, `-ERR ...` included (FreeSWITCH has no common form)."""
        message = await self._request(encode_command(f"api {line}"), timeout_seconds)
        return message.text

    async def bgapi(self, line: str, *, timeout_seconds: float | None = None) -> str:
        """Run an API command in the background of the switch and return its text when its BACKGROUND_JOB comes.

        The connection stays free meanwhile. Raises CommandFailed when that text is `-ERR …`, ReplyTimeout after
        `timeout_seconds`.
        """
        job, done = str(uuids.uuid4()), asyncio.get_running_loop().create_future()
        if not self._hears_jobs:
            await self.subscribe("BACKGROUND_JOB")
        if self._is_filtered:
            await self.command(f"filter Job-UUID {job}")
        self._jobs[job] = done
        try:
            await self._request(encode_command(f"bgapi {line}", {"Job-UUID": job}), REPLY_SECONDS)
            event: Event = await self._until(done, timeout_seconds, f"bgapi {line}")
        finally:
            del self._jobs[job]
            if self._is_filtered and not self.closed.is_set():
                with suppress(EslError):
                    await self.command(f"filter delete Job-UUID {job}")
        if event.body.startswith("-ERR"):
            raise CommandFailed(event.body.strip())
        return event.body

    async def subscribe(self, *names: str) -> None:
        """Ask for events by name, `"CHANNEL_ANSWER", "CUSTOM sofia::register"`; adds to what was asked before."""
        plain = [name for name in names if not name.startswith("CUSTOM ")]
        custom = [name.removeprefix("CUSTOM ") for name in names if name.startswith("CUSTOM ")]
        # Everything behind the word CUSTOM is a subclass, so it goes last.
        await self.command(" ".join(["event json", *plain, *(["CUSTOM", *custom] if custom else [])]))
        self._hears_jobs = self._hears_jobs or "BACKGROUND_JOB" in plain or "ALL" in plain

    def events(self) -> AsyncIterator[Event]:
        """The events asked for, in order; ends with the connection. One reader at a time."""
        return self._connection.events()

    async def execute(
        self,
        uuid: str,
        app: str,
        arg: str = "",
        *,
        event_uuid: str | None = None,
        lock: bool = False,
        loops: int = 1,
    ) -> None:
        """Queue an application on a leg (`sendmsg`); returns when it is queued, not when it is done.

        `event_uuid` comes back as `Application-UUID`; `lock` waits for what was queued before.
        Raises CommandFailed when there is no such leg.
        """
        headers = {"call-command": "execute", "execute-app-name": app}
        body = None
        if event_uuid:
            headers["Event-UUID"] = event_uuid
        if lock:
            headers["event-lock"] = "true"
        if loops != 1:
            headers["loops"] = str(loops)
        if "\n" in arg or "\r" in arg:
            headers["content-type"], body = "text/plain", arg
        else:
            headers["execute-app-arg"] = arg
        await self._request(encode_command(f"sendmsg {uuid}", headers, body), REPLY_SECONDS)

    async def hangup(self, uuid: str, cause: str = "NORMAL_CLEARING") -> None:
        """End a leg (`sendmsg` hangup). Raises CommandFailed when there is no such leg."""
        headers = {"call-command": "hangup", "hangup-cause": cause}
        await self._request(encode_command(f"sendmsg {uuid}", headers), REPLY_SECONDS)

    async def send_event(self, event: Event) -> None:
        """Fire an event inside the switch (`sendevent`)."""
        headers = {name: checked_line(value) for name, value in event.headers.items() if name != "Event-Name"}
        await self._request(
            encode_command(f"sendevent {event.name}", headers, event.body or None), REPLY_SECONDS
        )

    async def close(self) -> None:
        """Close the connection; whoever waits gets ConnectionLost, `events()` ends."""
        await self._connection.close()

    async def _request(self, data: bytes, timeout_seconds: float | None) -> Message:
        message = await self._connection.request(data, timeout_seconds)
        if message.reply_text.startswith("-ERR"):
            raise CommandFailed(message.reply_text)
        return message

    async def _until(self, done: asyncio.Future[Event], timeout_seconds: float | None, what: str) -> Event:
        """Wait for an event that a watcher puts into `done`, or for the end of the connection."""
        lost = asyncio.create_task(self.closed.wait())
        try:
            either: set[asyncio.Future[Any]] = {done, lost}
            finished, _ = await asyncio.wait(
                either, timeout=timeout_seconds, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            lost.cancel()
        if done in finished:
            return done.result()
        if lost in finished:
            raise ConnectionLost(self._connection.reason)
        raise ReplyTimeout(f"{what} did not end within {timeout_seconds} s")

    def _watch_jobs(self, event: Event) -> bool:
        waiting = self._jobs.get(event.get("Job-UUID") or "") if event.name == "BACKGROUND_JOB" else None
        if waiting is None:
            return False
        if not waiting.done():
            waiting.set_result(event)
        return True


class OutboundCall(Client):
    """A call that the switch's `socket` application handed to us. `uuid` is its leg, `data` the channel data.

    `hung_up` is set as soon as its hangup is known (event or disconnect notice), `hangup_cause` with it.
    """

    def __init__(self, connection: Connection, data: Event) -> None:
        super().__init__(connection)
        self.data = data
        self.uuid = data.uuid
        self.hung_up = asyncio.Event()
        self.hangup_cause: str | None = None
        self._hears_own_events = False
        self._gone: str | None = None
        self._running: dict[str, asyncio.Future[Event]] = {}
        connection.watchers.append(self._watch_leg)
        connection.on_notice = self._on_notice

    async def linger(self, seconds: int) -> None:
        """Keep the connection for `seconds` after the hangup, so that the last events still come."""
        await self.command(f"linger {seconds}")

    async def my_events(self) -> None:
        """Ask for the events of this leg, as JSON. A second call does nothing."""
        if not self._hears_own_events:
            await self.command("myevents json")
            self._hears_own_events = True

    async def execute_and_wait(self, app: str, arg: str = "", timeout_seconds: float | None = None) -> Event:
        """Run an application on this leg and return its CHANNEL_EXECUTE_COMPLETE (asks for `my_events` when needed).

        Raises CallGone when the leg hangs up, or leaves for another dialplan, before the application has run;
        one that is running at the hangup still completes and is returned. Raises ReplyTimeout, ConnectionLost.
        """
        await self.my_events()
        if self._gone:
            raise CallGone(self._gone, self.hangup_cause)
        event_uuid, done = str(uuids.uuid4()), asyncio.get_running_loop().create_future()
        self._running[event_uuid] = done
        try:
            await self.execute(self.uuid, app, arg, event_uuid=event_uuid)
            return await self._until(done, timeout_seconds, app)
        except (CommandFailed, ConnectionLost) as error:
            if self.hung_up.is_set():
                raise CallGone(f"{self.uuid} hung up", self.hangup_cause) from error
            raise
        finally:
            del self._running[event_uuid]

    def _watch_leg(self, event: Event) -> bool:
        if event.uuid != self.uuid:
            return False
        if event.name == "CHANNEL_EXECUTE_COMPLETE":
            waiting = self._running.get(event.get("Application-UUID") or "")
            if waiting is not None and not waiting.done():
                waiting.set_result(event)
            if event.get("Application") == "socket":
                self._leave("it left the socket application")
        elif event.name in ("CHANNEL_HANGUP", "CHANNEL_HANGUP_COMPLETE"):
            self.hangup_cause = event.get("Hangup-Cause") or self.hangup_cause
            self.hung_up.set()
            if event.name == "CHANNEL_HANGUP_COMPLETE":
                self._leave("it hung up")
        return False

    def _on_notice(self, message: Message) -> None:
        if message.get("Content-Disposition") == "linger":
            self.hung_up.set()
            self._leave("it hung up")

    def _leave(self, why: str) -> None:
        """No queued application will run here any more; what ran has completed before this."""
        self._gone = self._gone or f"{self.uuid}: {why}"
        for waiting in self._running.values():
            if not waiting.done():
                waiting.set_exception(CallGone(self._gone, self.hangup_cause))
                waiting.exception()  # seen: its waiter may have left for another reason


class OutboundServer:
    """Listens for the switch's `socket` application; made by `serve`."""

    def __init__(
        self, server: asyncio.Server, calls: set[asyncio.Task[None]], is_closing: asyncio.Event
    ) -> None:
        self._server, self._calls, self._is_closing = server, calls, is_closing
        self.host: str
        self.port: int
        self.host, self.port = server.sockets[0].getsockname()[:2]

    async def close(self) -> None:
        """Stop listening and end every handler (cancelled); the switch goes on with each call's next action."""
        self._is_closing.set()
        self._server.close()
        for task in tuple(self._calls):
            task.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)
        await self._server.wait_closed()


async def connect(
    host: str,
    port: int,
    password: str,
    *,
    timeout_seconds: float = 5.0,
    max_queued_events: int = MAX_QUEUED_EVENTS,
) -> Client:
    """Open an inbound connection and log in.

    Raises ConnectionLost when nobody listens or answers within `timeout_seconds`, AuthenticationRefused for a
    wrong password or an address outside the switch's ACL.
    """
    try:
        async with asyncio.timeout(timeout_seconds):
            reader, writer = await asyncio.open_connection(host, port)
    except OSError as error:  # TimeoutError is one
        raise ConnectionLost(f"{host}:{port}: {str(error) or 'no answer'}") from error
    connection = Connection(reader, writer, max_queued_events=max_queued_events)
    try:
        await _log_in(connection, password, timeout_seconds)
    except BaseException:
        await connection.close()
        raise
    return Client(connection)


async def _log_in(connection: Connection, password: str, timeout_seconds: float) -> None:
    greeting = await connection.greeting(timeout_seconds)
    if greeting.content_type != "auth/request":
        raise AuthenticationRefused(greeting.text.strip() or f"unexpected greeting {greeting.content_type!r}")
    reply = await connection.request(encode_command(f"auth {password}"), timeout_seconds)
    if not reply.reply_text.startswith("+OK"):
        raise AuthenticationRefused(reply.reply_text)


async def serve(
    handler: Handler, host: str, port: int, *, connect_seconds: float = REPLY_SECONDS
) -> OutboundServer:
    """Listen for calls and run `handler(call)` for each in a task of its own.

    The connection is closed when the handler returns, and the switch goes on with the call's next dialplan
    action. CallGone and ConnectionLost that leave the handler are a call's normal end; other errors are logged.
    """
    calls: set[asyncio.Task[None]] = set()
    is_closing = asyncio.Event()

    async def on_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or is_closing.is_set():  # accepted at the last moment
            writer.close()
            return
        calls.add(task)
        try:
            await _run_call(Connection(reader, writer), handler, connect_seconds)
        finally:
            calls.discard(task)

    return OutboundServer(
        await asyncio.start_server(on_connection, host, port, backlog=512), calls, is_closing
    )


async def _run_call(connection: Connection, handler: Handler, connect_seconds: float) -> None:
    uuid = ""
    try:
        reply = await connection.request(encode_command("connect"), connect_seconds)
        data = reply.event()
        if data is None or not data.uuid:
            log.warning("outbound connection without channel data: %s", reply.reply_text[:80])
            return
        uuid = data.uuid
        await handler(OutboundCall(connection, data))
    except (CallGone, ConnectionLost) as end:
        log.info("call ended: %s", end, extra={"call_uuid": uuid})
    except asyncio.CancelledError:
        log.info("call handler cancelled", extra={"call_uuid": uuid})
    except Exception:
        log.exception("call handler failed", extra={"call_uuid": uuid})
    finally:
        await connection.close()
