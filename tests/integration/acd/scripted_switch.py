"""A switch over real sockets, whose callers and phones do what the test says: the ACD's other end.

It speaks the event socket as FreeSWITCH does (order of events, texts, nested playback), holds channels, and runs the
part of `dialplan/20_queue.xml` that matters: `socket`, after it two beats of music, and round again.
"""

import asyncio
import contextlib
import json
import re
import uuid
from typing import Any

from esl.event import Event
from esl.protocol import Command, CommandParser, encode_event, encode_message

PASSWORD = "secret"
BEAT_SECONDS = 0.02
ROUND_SECONDS = 0.1


class Channel:
    """One leg. A caller's leg runs a dialplan; a phone's leg rings until somebody acts."""

    def __init__(self, switch: "ScriptedSwitch", name: str, direction: str, **variables: str) -> None:
        self.uuid = variables.pop("uuid", "") or str(uuid.uuid4())
        self.switch, self.name, self.direction = switch, name, direction
        self.variables = variables
        self.headers: dict[str, str] = {}
        self.presence = variables.get("presence_id", "")
        self.state = "RINGING"
        self.cause = ""
        self.bridged: Channel | None = None
        self.heard: list[str] = []  # what the caller's channel executed, in order
        self.nested = 0
        self.running: asyncio.Task[None] | None = None
        self.ended = asyncio.Event()
        self.answered = asyncio.Event()
        self.broken = asyncio.Event()
        self.transferred_to: str | None = None
        self.queue: asyncio.Queue[tuple[str, str, str]] = asyncio.Queue()
        self.listeners: list[Connection] = []

    def event(self, name: str, **headers: str) -> Event:
        answer = "hangup" if self.cause else "answered" if self.state == "ACTIVE" else "ringing"
        values = {
            "Event-Name": name,
            "Unique-ID": self.uuid,
            "Channel-Name": self.name,
            "Call-Direction": self.direction,
            "Answer-State": answer,
            "Channel-Presence-ID": self.presence,
            **self.headers,
            **{f"variable_{key}": value for key, value in self.variables.items()},
        }
        if self.cause:
            values["Hangup-Cause"] = self.cause
        return Event({**values, **headers})

    def tell(self, name: str, **headers: str) -> None:
        event = self.event(name, **headers)
        for connection in [*self.listeners, *self.switch.inbound]:
            connection.send_event(event)

    def hang_up(self, cause: str = "NORMAL_CLEARING") -> None:
        if self.cause:
            return
        self.cause = cause
        self.switch.channels.pop(self.uuid, None)
        self.tell("CHANNEL_HANGUP")
        self.ended.set()
        self.broken.set()
        self.tell("CHANNEL_HANGUP_COMPLETE")

    def answer(self) -> None:
        self.state = "ACTIVE"
        self.tell("CHANNEL_ANSWER")
        self.answered.set()


class Connection:
    """One event socket connection, either way."""

    def __init__(
        self, switch: "ScriptedSwitch", reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.switch, self.reader, self.writer = switch, reader, writer
        self.names: set[str] = set()
        self.channel: Channel | None = None
        self.parser = CommandParser()

    def send(self, headers: dict[str, str], body: str | None = None) -> None:
        with contextlib.suppress(OSError):
            self.writer.write(encode_message(headers, body))

    def send_event(self, event: Event) -> None:
        wanted = event.get("Event-Subclass") or event.name
        if self.channel is not None or wanted in self.names:
            with contextlib.suppress(OSError):
                self.writer.write(encode_event(event, "json"))

    def reply(self, text: str) -> None:
        self.send({"Content-Type": "command/reply", "Reply-Text": text})

    async def serve(self) -> None:
        with contextlib.suppress(OSError):
            while data := await self.reader.read(65536):
                for command in self.parser.feed(data):
                    self.take(command)

    def take(self, command: Command) -> None:
        word, _, rest = command.line.partition(" ")
        if word == "auth":
            self.reply("+OK accepted" if rest == PASSWORD else "-ERR invalid")
        elif word == "connect" and self.channel:
            data = self.channel.event("CHANNEL_DATA").headers
            lines = {"Content-Type": "command/reply", "Reply-Text": "%2BOK%0A"}
            self.send({**lines, **{key: value for key, value in data.items() if value}})
        elif word == "event":
            self.names |= set(rest.removeprefix("json ").replace("CUSTOM ", "").split())
            self.reply("+OK event listener enabled json")
        elif word == "myevents" and self.channel:
            self.channel.listeners.append(self)
            self.reply("+OK Events Enabled")
        elif word == "api":
            self.send({"Content-Type": "api/response"}, self.switch.api(rest))
        elif word == "bgapi":
            job = command.get("Job-UUID")
            self.reply(f"+OK Job-UUID: {job}")
            self.switch.spawn(self.switch.originate(rest, self, job))
        elif word == "sendmsg":
            self.sendmsg(command, rest)
        else:
            self.reply("+OK")

    def sendmsg(self, command: Command, target: str) -> None:
        channel = self.switch.channels.get(target) if target else self.channel
        if channel is None:
            self.reply(f"-ERR invalid session id [{target}]")
            return
        channel.queue.put_nowait(
            (command.get("execute-app-name"), command.get("execute-app-arg"), command.get("Event-UUID"))
        )
        self.reply("+OK")


class ScriptedSwitch:
    """See the module. `acd_ports` are tried in turn by each caller, as the dialplan does."""

    def __init__(self, *acd_ports: int) -> None:
        self.acd_ports = list(acd_ports)
        self.channels: dict[str, Channel] = {}
        self.inbound: list[Connection] = []
        self.registered: set[str] = set()
        self.behaviour: dict[str, str] = {}  # extension -> cause with which its phone refuses
        self.commands: list[str] = []
        self.customers: set[str] = set()  # numbers that answer when they are called back
        self.rings: list[tuple[str, str]] = []  # (extension, caller's uuid), in order
        self.tasks: set[asyncio.Task[Any]] = set()
        self.port = 0
        self.core = str(uuid.uuid4())

    async def __aenter__(self) -> "ScriptedSwitch":
        self.server = await asyncio.start_server(self._inbound, "127.0.0.1", self.port)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.server.close()
        for connection in self.inbound:
            connection.writer.close()
        for task in tuple(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    def spawn(self, work: Any) -> "asyncio.Task[Any]":
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    async def _inbound(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(self, reader, writer)
        self.tasks.add(asyncio.current_task())  # type: ignore[arg-type]
        connection.send({"Content-Type": "auth/request"})
        self.inbound.append(connection)
        try:
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await connection.serve()
        finally:
            self.inbound.remove(connection)
            writer.close()

    # ---- what a test does ----------------------------------------------------------------------------

    def register(self, *extensions: str) -> None:
        for extension in extensions:
            self.registered.add(extension)
            event = Event(
                {"Event-Name": "CUSTOM", "Event-Subclass": "sofia::register", "from-user": extension}
            )
            for connection in self.inbound:
                connection.send_event(event)

    def call(self, queue: str = "service", number: str = "13800138000", **variables: str) -> Channel:
        """A caller who is in the dialplan's extension `join`."""
        channel = Channel(self, "sofia/external/caller@gateway", "inbound", uckefu_queue=queue, **variables)
        channel.headers = {"Caller-Caller-ID-Number": number, "Caller-Caller-ID-Name": 'O\'Brien, {x=1}"hi"'}
        channel.state = "ACTIVE"
        channel.variables |= {
            "interaction_id": channel.uuid,
            "hangup_after_bridge": "true",
            "continue_on_fail": "true",
        }
        self.channels[channel.uuid] = channel
        channel.tell("CHANNEL_CREATE")
        channel.running = self.spawn(self._dialplan(channel))
        return channel

    async def originate(self, line: str, asker: Connection, job: str) -> None:
        """A customer is called back: who is in `customers` answers and is in the dialplan's `queue`."""
        self.commands.append(line)
        found = re.fullmatch(r"originate \{(.*)\}sofia/gateway/(\w+)/(\d+) queue XML uckefu", line)
        assert found, line
        variables = dict(part.split("=", 1) for part in found[1].split(","))
        channel = Channel(self, f"sofia/external/{found[3]}@{found[2]}", "outbound",
                          uuid=variables.pop("origination_uuid"), **variables)  # fmt: skip
        self.channels[channel.uuid] = channel
        channel.tell("CHANNEL_CREATE")
        text = "+OK " + channel.uuid
        if found[3] in self.customers:
            channel.headers, channel.state = {"Caller-Caller-ID-Number": found[3]}, "ACTIVE"
            channel.variables["hangup_after_bridge"] = "true"
            channel.running = self.spawn(self._dialplan(channel))
        else:
            channel.hang_up("NO_ANSWER")
            text = "-ERR NO_ANSWER"
        event = Event({"Event-Name": "BACKGROUND_JOB", "Job-UUID": job}, text + "\n")
        asker.send_event(event)

    def phone(self, extension: str) -> Channel | None:
        """The leg that rings or talks at this phone."""
        found = [c for c in self.channels.values() if c.variables.get("dialed_user") == extension]
        return found[-1] if found else None

    def dial_out(self, extension: str) -> Channel:
        """The agent's phone calls somebody itself."""
        channel = Channel(self, f"sofia/internal/{extension}@host", "inbound", sip_auth_username=extension)
        self.channels[channel.uuid] = channel
        channel.tell("CHANNEL_CREATE")
        return channel

    def crash(self) -> None:
        """The process is gone: every connection ends and nothing is said."""
        gone = list(self.channels.values())
        self.server.close()
        self.channels.clear()
        self.registered.clear()
        for connection in self.inbound:
            connection.names.clear()
            connection.writer.close()
        for channel in gone:
            channel.listeners.clear()
            channel.broken.set()
            if channel.running:
                channel.running.cancel()

    def restart(self, recovered: list[Channel]) -> None:
        """It is back, with these calls (as `sofia recover` brings them), each at the dialplan's `join`."""
        for channel in recovered:
            channel.broken.clear()
            self.channels[channel.uuid] = channel
            channel.running = self.spawn(self._dialplan(channel))
        self.core = str(uuid.uuid4())
        self.spawn(self._listen())

    async def _listen(self) -> None:
        self.server = await asyncio.start_server(self._inbound, "127.0.0.1", self.port)

    # ---- the dialplan --------------------------------------------------------------------------------

    async def _dialplan(self, channel: Channel) -> None:
        while not channel.cause and channel.transferred_to in (None, "queue", "join"):
            channel.transferred_to = None
            for port in self.acd_ports:
                await self._socket(channel, port)
                if channel.cause or channel.transferred_to:
                    break
            else:
                await asyncio.sleep(ROUND_SECONDS)

    async def _socket(self, channel: Channel, port: int) -> None:
        """The application `socket … async full`: runs what is queued until the far end goes or the call does."""
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return
        connection = Connection(self, reader, writer)
        connection.channel = channel
        channel.queue = asyncio.Queue()
        listening = self.spawn(connection.serve())
        leaving = self.spawn(channel.ended.wait())
        application: asyncio.Task[Any] | None = None
        try:
            while not (channel.cause or channel.transferred_to):
                following = self.spawn(channel.queue.get())
                waited = {listening, leaving, following} | ({application} if application else set())
                await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
                if application and application.done():
                    application = None
                if following.done():
                    if application and not application.done():
                        channel.nested += (
                            not channel.broken.is_set()
                        )  # FreeSWITCH runs it inside the one that plays
                        channel.broken.set()
                        await application
                    channel.broken.clear()
                    application = self.spawn(self._execute(channel, *following.result()))
                else:
                    following.cancel()
                if listening.done():
                    break
            if application:
                await application  # what runs outlives the socket, music too, as in FreeSWITCH
            channel.tell("CHANNEL_EXECUTE_COMPLETE", Application="socket")
            if channel.cause:
                connection.send({"Content-Type": "text/disconnect-notice", "Content-Disposition": "linger"})
        finally:
            if connection in channel.listeners:
                channel.listeners.remove(connection)
            writer.close()
            leaving.cancel()

    async def _execute(self, channel: Channel, application: str, argument: str, event_uuid: str) -> None:
        channel.heard.append(f"{application} {argument}")
        about = {"Application": application, "Application-Data": argument, "Application-UUID": event_uuid}
        channel.tell("CHANNEL_EXECUTE", **about)
        extra: dict[str, str] = {}
        if application == "playback":
            await channel.broken.wait()
        elif application == "bridge":
            extra = await self._bridge(channel, argument)
        await asyncio.sleep(BEAT_SECONDS / 4)
        channel.tell("CHANNEL_EXECUTE_COMPLETE", **about, **extra)

    async def _bridge(self, caller: Channel, argument: str) -> dict[str, str]:
        found = re.fullmatch(r"\{(.*)\}user/(\w+)@([\w.]+)", argument)
        assert found, argument
        variables = dict(part.split("=", 1) for part in found[1].split(","))
        extension = found[2]
        self.rings.append((extension, caller.uuid))
        if extension not in self.registered:
            return {"variable_originate_disposition": "USER_NOT_REGISTERED"}
        leg = Channel(self, f"sofia/internal/{extension}@contact", "outbound", uuid=variables.pop("origination_uuid"),
                      dialed_user=extension, presence_id=f"{extension}@{found[3]}", **variables)  # fmt: skip
        self.channels[leg.uuid] = leg
        leg.tell("CHANNEL_CREATE")
        if cause := self.behaviour.get(extension):
            leg.hang_up(cause)
        ringing = [self.spawn(event.wait()) for event in (leg.answered, leg.ended, caller.ended)]
        await asyncio.wait(
            ringing, timeout=float(variables["leg_timeout"]), return_when=asyncio.FIRST_COMPLETED
        )
        if not leg.answered.is_set() or leg.cause:
            leg.hang_up("ORIGINATOR_CANCEL" if caller.cause else "NO_ANSWER")
            return {"variable_originate_disposition": leg.cause}
        caller.bridged, leg.bridged = leg, caller
        caller.tell("CHANNEL_BRIDGE", **{"Bridge-A-Unique-ID": caller.uuid, "Bridge-B-Unique-ID": leg.uuid})
        moving = self.spawn(self._transferred(caller))
        talking = [self.spawn(event.wait()) for event in (leg.ended, caller.ended)]
        await asyncio.wait([*talking, moving], return_when=asyncio.FIRST_COMPLETED)
        moving.cancel()
        leg.hang_up()
        caller.bridged = None
        caller.tell("CHANNEL_UNBRIDGE", **{"Bridge-B-Unique-ID": leg.uuid})
        if not caller.transferred_to and caller.variables.get("hangup_after_bridge") == "true":
            caller.hang_up()
        return {"variable_originate_disposition": "SUCCESS", "variable_bridge_hangup_cause": leg.cause}

    async def _transferred(self, channel: Channel) -> None:
        while not channel.transferred_to:
            await asyncio.sleep(BEAT_SECONDS / 4)

    # ---- API -----------------------------------------------------------------------------------------

    def api(self, line: str) -> str:
        self.commands.append(line)
        word, _, rest = line.partition(" ")
        if line == "show channels as json":
            return _table([self._row(channel) for channel in self.channels.values()])
        if line == "show registrations as json":
            return _table([{"reg_user": extension} for extension in sorted(self.registered)])
        if line == "global_getvar core_uuid":
            return self.core
        arguments = rest.split(" ")
        channel = self.channels.get(arguments[0])
        if word == "uuid_hold":
            channel = self.channels.get(arguments[-1])
            if channel:
                channel.tell("CHANNEL_UNHOLD" if arguments[0] == "off" else "CHANNEL_HOLD")
            return "+OK Success\n"
        if word not in ("uuid_kill", "uuid_break", "uuid_setvar", "uuid_transfer"):
            return f"-ERR {word} Command not found!\n"
        if channel is None:
            return "-ERR No such channel!\n"
        if word == "uuid_kill":
            asyncio.get_running_loop().call_later(
                BEAT_SECONDS, channel.hang_up, (arguments[1:] or ["NORMAL_CLEARING"])[0]
            )
        elif word == "uuid_break":
            channel.broken.set()
        elif word == "uuid_setvar":
            channel.variables[arguments[1]] = " ".join(arguments[2:])
        else:
            channel.transferred_to = arguments[1]
            channel.broken.set()
            if not channel.bridged:
                channel.queue.put_nowait(("set", "left=true", ""))
        return "+OK\n"

    def _row(self, channel: Channel) -> dict[str, str]:
        return {
            "uuid": channel.uuid,
            "name": channel.name,
            "callstate": channel.state,
            "presence_id": channel.presence,
        }


def _table(rows: list[dict[str, str]]) -> str:
    return json.dumps({"row_count": len(rows), **({"rows": rows} if rows else {})}) + "\n\n"
