"""The event socket of the built-in switch: the listener that applications log in to, and the calls handed out.

`softswitch.__main__` starts it; the `socket` application calls `run_outbound` on the channel's thread.
One thread with an asyncio loop serves all connections. Events come from the bus on any thread and are handed
to the loop, so a slow listener never holds up the switch; API commands run on a pool of threads.
"""

import asyncio
import logging
import threading
import uuid as uuids
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Protocol

from esl.event import Event
from esl.protocol import Command, encode_message
from softswitch.audience import Audience
from softswitch.dialplan import is_true
from softswitch.events import new_event
from softswitch.listener import MAX_QUEUED_EVENTS, Control, Listener, Rendered
from softswitch.ports import Channel, Switch

log = logging.getLogger(__name__)

CONNECT_SECONDS = 5.0
START_SECONDS = 10.0
MOST_LISTENERS = 2000  # each call that waits in a queue holds one
_LOOK_SECONDS = 0.05  # how soon a hangup is seen while a controller has not said `connect` yet
_DEFAULT_PORT = 8084
_MOST_REMEMBERED = 10_000


class RunsCommands(Protocol):
    """`softswitch.commands.Commands`."""

    def run(self, line: str) -> str:
        """Run an API command and return its text."""


def refusal_seconds(failures: int) -> float:
    """How long an address waits for its n-th refusal."""
    return float(min(0.25 * 2 ** min(failures - 1, 10), 5.0))


class EventSocket:
    """See the module's docstring."""

    def __init__(
        self,
        switch: Switch,
        commands: RunsCommands,
        host: str,
        port: int,
        password: str,
        *,
        max_queued_events: int = MAX_QUEUED_EVENTS,
        refusal_seconds: Callable[[int], float] = refusal_seconds,
    ) -> None:
        """`port` 0 takes a free one (see `self.port` after `start`). Raises ValueError for an empty password."""
        if not password:
            raise ValueError("the event socket needs a password")
        self.switch, self.password = switch, password
        self.host, self.port = host, port
        self.max_queued_events = max_queued_events
        self.loop = asyncio.new_event_loop()
        self._commands = commands
        self._refusal_seconds = refusal_seconds
        self._thread = threading.Thread(target=self._run_loop, name="event-socket", daemon=True)
        self.audience = Audience()
        self._tasks: set[asyncio.Task[None]] = set()
        self._failures: dict[str, int] = {}
        self._inbox: deque[Rendered] = deque()
        self._is_woken = self._is_closing = False
        self._completions: dict[str, tuple[str, asyncio.Future[None]]] = {}  # sync mode: channel and waiter
        self._api_pool = ThreadPoolExecutor(64, "event-socket-api")
        self._job_pool = ThreadPoolExecutor(256, "event-socket-job")
        self._server: asyncio.Server | None = None
        self._unsubscribe: Callable[[], None] = lambda: None

    # --- life, from any thread ---

    def start(self) -> None:
        """Listen. Raises OSError when the port is taken."""
        self._thread.start()
        try:
            asyncio.run_coroutine_threadsafe(self._listen(), self.loop).result(START_SECONDS)
        except OSError:
            self._end_loop()
            raise
        self._unsubscribe = self.switch.subscribe(self._on_event, self._wants)

    def stop(self) -> None:
        """Say goodbye to every controller and end the thread."""
        self._unsubscribe()
        asyncio.run_coroutine_threadsafe(self._close(), self.loop).result(START_SECONDS)
        self._end_loop()

    def _end_loop(self) -> None:
        for pool in (self._api_pool, self._job_pool):
            pool.shutdown(wait=False, cancel_futures=True)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(START_SECONDS)

    def _run_loop(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
            self.loop.run_until_complete(_let_end(asyncio.all_tasks(self.loop)))
        finally:
            self.loop.close()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, self.host, self.port, backlog=128)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def _close(self) -> None:
        self._is_closing = True
        if self._server is not None:
            self._server.close()
        for listener in self.audience.everybody():
            listener.end()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=START_SECONDS / 2)

    # --- connections, on the loop ---

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_closing:
            writer.close()
            return
        if len(self.audience) >= MOST_LISTENERS:
            log.error("event socket: more than %d connections", MOST_LISTENERS)
            writer.write(encode_message({"Content-Type": "text/rude-rejection"}, b"Too many connections.\n"))
            writer.close()
            return
        await self._serve(Listener(self, reader, writer))

    async def _serve(self, listener: Listener) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self.audience.place(listener)
        try:
            await listener.run()
        finally:
            self.audience.remove(listener)

    def note_login(self, peer: str, *, is_good: bool) -> float:
        """Count logins of an address; returns how long a refusal is to be held back, in seconds."""
        if is_good:
            self._failures.pop(peer, None)
            return 0.0
        if len(self._failures) >= _MOST_REMEMBERED:
            self._failures.clear()
        self._failures[peer] = failures = self._failures.get(peer, 0) + 1
        log.warning("event socket: wrong password from %s (%d in a row)", peer, failures)
        return self._refusal_seconds(failures)

    # --- events ---

    def _wants(self, name: str, uuid: str) -> bool:
        """On any thread: whether a channel's event is to be made for somebody here."""
        if self._completions and name in ("CHANNEL_EXECUTE_COMPLETE", "CHANNEL_HANGUP_COMPLETE"):
            return True
        return self.audience.wants(name, uuid)

    def _on_event(self, event: Event) -> None:
        """On the publisher's thread."""
        self._inbox.append(Rendered(event))
        if not self._is_woken:
            self._is_woken = True
            self.loop.call_soon_threadsafe(self._dispatch)

    def _dispatch(self) -> None:
        self._is_woken = False
        while self._inbox:
            rendered = self._inbox.popleft()
            self._note_completion(rendered.event)
            for listener in self.audience.of(rendered.event):
                listener.offer(rendered)

    def _note_completion(self, event: Event) -> None:
        if not self._completions:
            return
        if event.name == "CHANNEL_EXECUTE_COMPLETE":
            done = [event.get("Application-UUID") or ""]
        elif event.name == "CHANNEL_HANGUP_COMPLETE":
            done = [key for key, (uuid, _) in self._completions.items() if uuid == event.uuid]
        else:
            return
        for key in done:
            if key in self._completions and not self._completions[key][1].done():
                self._completions[key][1].set_result(None)

    # --- what listeners ask for ---

    async def run_api(self, line: str) -> str:
        """Run an API command without holding up the loop."""
        return await self.loop.run_in_executor(self._api_pool, self._run_command, line)

    def start_job(self, line: str, job: str, owner: str) -> None:
        """`bgapi`: run it in the background; its text comes as the body of BACKGROUND_JOB."""
        self._job_pool.submit(self._run_job, line, job, owner)

    def _run_job(self, line: str, job: str, owner: str) -> None:
        name, _, arguments = line.partition(" ")
        event = new_event("BACKGROUND_JOB", body=self._run_command(line), Job_UUID=job, Job_Command=name)
        if arguments:
            event.headers["Job-Command-Arg"] = arguments
        if owner:
            event.headers["Job-Owner-UUID"] = owner
        self.switch.publish(event)

    def _run_command(self, line: str) -> str:
        try:
            return self._commands.run(line)
        except Exception:
            log.exception("API command failed: %s", line.split(" ")[0])
            return "-ERR internal error, see the log of the switch\n"

    async def send_to_channel(self, channel: Channel, command: Command, *, is_queued: bool) -> str:
        """`sendmsg`: queue what it says on the channel; without `is_queued` (sync mode) wait until it is done."""
        what = command.get("call-command").lower()
        if what == "execute":
            await self._execute(channel, command, is_queued=is_queued)
        elif what == "hangup":
            channel.hangup(command.get("hangup-cause") or "NORMAL_CLEARING")
        elif what in ("unicast", "xferext"):
            return f"-ERR {what} is not supported by the built-in switch"
        elif what != "nomedia":  # our media always flows through the switch
            log.warning("sendmsg with call-command %r does nothing", what[:40])
        return "+OK"

    async def _execute(self, channel: Channel, command: Command, *, is_queued: bool) -> None:
        application = command.get("execute-app-name")
        argument = command.get("execute-app-arg")
        if not argument and command.get("content-type").lower() == "text/plain":
            argument = command.text
        event_uuid = command.get("event-uuid") or str(uuids.uuid4())
        done = self.loop.create_future()
        if not is_queued:
            self._completions[event_uuid] = (channel.uuid, done)
        try:
            channel.queue_execute(
                application,
                argument,
                event_uuid,
                loops=_integer(command.get("loops"), 1),
                lock=is_true(command.get("event-lock")),
            )
            if not is_queued and channel.is_up:
                await done
        finally:
            self._completions.pop(event_uuid, None)

    # --- outbound, on the channel's thread ---

    def run_outbound(self, channel: Channel, data: str) -> None:
        """The `socket` application: `host:port[|host:port...] [async] [full]`.

        Hands the call to the first controller that answers and returns when the controller leaves, or the
        channel hangs up or is transferred; when nobody answers it returns at once. In each case the dialplan
        goes on with the next action. The connection itself may outlive this (`linger`).
        """
        words = data.split()
        if not words:
            log.error("socket: no address", extra={"call_uuid": channel.uuid})
            return
        control = Control(channel)
        listener = self._reach(control, words[0].split("|"), frozenset(word.lower() for word in words[1:]))
        if listener is None:
            log.error("socket: nobody answers at %s", words[0], extra={"call_uuid": channel.uuid})
            return
        while channel.is_up and not control.changed.is_set():
            control.changed.wait(_LOOK_SECONDS)
        if control.connected.is_set() and not control.finished.is_set():
            channel.park(control.finished.is_set)
        if not channel.is_up:
            self.loop.call_soon_threadsafe(listener.expect_hangup)

    def _reach(self, control: Control, addresses: list[str], options: frozenset[str]) -> Listener | None:
        for address in addresses:
            host, _, path = address.partition("/")
            name, colon, port = host.rpartition(":")
            name, port = (name, port) if colon else (host, str(_DEFAULT_PORT))
            control.channel.set_variable("socket_host", name)
            if path:
                control.channel.set_variable("socket_path", path)
            opening = asyncio.run_coroutine_threadsafe(
                self._open(control, name, _integer(port, _DEFAULT_PORT), options), self.loop
            )
            if (listener := _wait_while_up(opening, control.channel)) is not None:
                return listener
        return None

    async def _open(self, control: Control, host: str, port: int, options: frozenset[str]) -> Listener | None:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                reader, writer = await asyncio.open_connection(host.strip("[]"), port)
        except OSError as error:  # TimeoutError is one
            log.warning(
                "socket %s:%d: %s",
                host,
                port,
                str(error) or "no answer",
                extra={"call_uuid": control.channel.uuid},
            )
            return None
        listener = Listener(self, reader, writer, control=control, options=options)
        task = self.loop.create_task(self._serve(listener))
        self._tasks.add(task)
        return listener


async def _let_end(tasks: set[asyncio.Task[object]]) -> None:
    """Connections that came in at the last moment close their sockets."""
    if tasks:
        await asyncio.wait(tasks, timeout=CONNECT_SECONDS)
    await asyncio.sleep(0)


def _wait_while_up(opening: "Future[Listener | None]", channel: Channel) -> Listener | None:
    """The result, or None when the channel hangs up meanwhile."""
    while channel.is_up:
        with suppress(TimeoutError):
            return opening.result(_LOOK_SECONDS)
    opening.cancel()
    return None


def _integer(text: str, default: int) -> int:
    text = text.strip()
    return int(text) if text.lstrip("+-").isdecimal() and text.isascii() and len(text) < 12 else default
