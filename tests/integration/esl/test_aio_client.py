"""The asyncio client against a scripted switch on a real socket."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import pytest

from esl import AuthenticationRefused, CallGone, CommandFailed, ConnectionLost, Event, ReplyTimeout
from esl.aio import Client, OutboundCall, connect, serve
from esl.protocol import Command, CommandParser, encode_event, encode_message

DEADLINE_SECONDS = 5


class Peer:
    """The switch's end of one connection, driven by the test."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.parser = CommandParser()
        self.ready: list[Command] = []

    async def next(self) -> Command:
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not self.ready:
                data = await self.reader.read(65536)
                if not data:
                    raise EOFError
                self.ready += self.parser.feed(data)
        return self.ready.pop(0)

    def reply(self, text: str, **headers: str) -> None:
        self.writer.write(encode_message({"Content-Type": "command/reply", "Reply-Text": text, **headers}))

    def event(self, name: str, body: str = "", **headers: str) -> None:
        fields = {"Event-Name": name} | {key.replace("_", "-"): value for key, value in headers.items()}
        self.writer.write(encode_event(Event(fields, body), "json"))

    def notice(self, **headers: str) -> None:
        self.writer.write(
            encode_message(
                {"Content-Type": "text/disconnect-notice"}
                | {key.replace("_", "-"): value for key, value in headers.items()},
                b"",
            )
        )

    async def expect(self, line: str, reply: str = "+OK") -> Command:
        command = await self.next()
        assert command.line == line
        self.reply(reply)
        return command


Script = Callable[[Peer], Awaitable[None]]
Switch = Callable[[Script], Awaitable[int]]


@pytest.fixture
async def switch() -> AsyncIterator[Switch]:
    """Start a scripted switch; at the end its script must have run through without an error."""
    servers: list[asyncio.Server] = []
    tasks: list[asyncio.Task[None]] = []

    async def start(script: Script) -> int:
        async def on_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            tasks.append(asyncio.current_task())  # type: ignore[arg-type]
            peer = Peer(reader, writer)
            try:
                peer.writer.write(b"Content-Type: auth/request\n\n")
                command = await peer.next()
                good = command.line == "auth secret"
                peer.reply("+OK accepted" if good else "-ERR invalid")
                if good:
                    await script(peer)
            finally:
                writer.close()
                with suppress(ConnectionError):
                    await writer.wait_closed()

        server = await asyncio.start_server(on_connection, "127.0.0.1", 0)
        servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    yield start
    async with asyncio.timeout(DEADLINE_SECONDS):
        await asyncio.gather(*tasks)
    for server in servers:
        server.close()


async def read_until_closed(peer: Peer) -> None:
    with pytest.raises(EOFError):
        await peer.next()


async def test_a_wrong_password_is_refused(switch: Switch) -> None:
    port = await switch(read_until_closed)
    with pytest.raises(AuthenticationRefused, match="invalid"):
        await connect("127.0.0.1", port, "wrong")


async def test_a_port_where_nobody_listens_is_a_lost_connection() -> None:
    server = await asyncio.start_server(lambda r, w: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    with pytest.raises(ConnectionLost, match=str(port)):
        await connect("127.0.0.1", port, "secret")


async def test_replies_go_to_their_commands_with_events_between_them(switch: Switch) -> None:
    async def script(peer: Peer) -> None:
        first, second = await peer.next(), await peer.next()
        assert (first.line, second.line) == ("api status", "api version")
        peer.event("HEARTBEAT")
        peer.writer.write(encode_message({"Content-Type": "api/response"}, b"UP"))
        peer.event("HEARTBEAT")
        peer.writer.write(encode_message({"Content-Type": "api/response"}, b"1.10"))
        await read_until_closed(peer)

    client = await connect("127.0.0.1", await switch(script), "secret")
    assert await asyncio.gather(client.api("status"), client.api("version")) == ["UP", "1.10"]
    await client.close()


async def test_a_reply_that_comes_too_late_does_not_answer_the_next_command(switch: Switch) -> None:
    async def script(peer: Peer) -> None:
        await peer.next()
        assert (await peer.next()).line == "api second"
        peer.writer.write(encode_message({"Content-Type": "api/response"}, b"1"))
        peer.writer.write(encode_message({"Content-Type": "api/response"}, b"2"))
        await read_until_closed(peer)

    client = await connect("127.0.0.1", await switch(script), "secret")
    with pytest.raises(ReplyTimeout):
        await client.api("first", timeout_seconds=0.01)
    assert await client.api("second") == "2"
    await client.close()


async def test_a_refused_command_raises_with_the_reply(switch: Switch) -> None:
    async def script(peer: Peer) -> None:
        await peer.expect("nixevent BOGUS", "-ERR no keywords supplied")
        await read_until_closed(peer)

    client = await connect("127.0.0.1", await switch(script), "secret")
    with pytest.raises(CommandFailed) as refused:
        await client.command("nixevent BOGUS")
    assert refused.value.reply == "-ERR no keywords supplied"
    await client.close()


async def test_bgapi_waits_for_its_own_job_and_others_stay_events(switch: Switch) -> None:
    async def script(peer: Peer) -> None:
        await peer.expect("event json BACKGROUND_JOB")
        command = await peer.next()
        assert command.line == "bgapi originate x"
        job = command.get("job-uuid")
        peer.reply(f"+OK Job-UUID: {job}", **{"Job-UUID": job})
        peer.event("BACKGROUND_JOB", "other", Job_UUID="somebody-else")
        peer.event("BACKGROUND_JOB", "+OK leg", Job_UUID=job)
        await read_until_closed(peer)

    client = await connect("127.0.0.1", await switch(script), "secret")
    assert await client.bgapi("originate x") == "+OK leg"
    event = await anext(client.events())
    assert event.body == "other"
    await client.close()


async def test_bgapi_raises_what_the_job_answered_with_err(switch: Switch) -> None:
    async def script(peer: Peer) -> None:
        await peer.expect("event json BACKGROUND_JOB")
        job = (await peer.next()).get("job-uuid")
        peer.reply(f"+OK Job-UUID: {job}", **{"Job-UUID": job})
        peer.event("BACKGROUND_JOB", "-ERR NO_ANSWER\n", Job_UUID=job)
        await read_until_closed(peer)

    client = await connect("127.0.0.1", await switch(script), "secret")
    with pytest.raises(CommandFailed) as failed:
        await client.bgapi("originate x")
    assert failed.value.reply == "-ERR NO_ANSWER"
    await client.close()


async def test_bgapi_passes_the_filters_that_were_set(switch: Switch) -> None:
    async def script(peer: Peer) -> None:
        await peer.expect("filter Unique-ID leg1")
        await peer.expect("event json BACKGROUND_JOB")
        added = await peer.next()
        peer.reply("+OK filter added.")
        command = await peer.next()
        job = command.get("job-uuid")
        assert added.line == f"filter Job-UUID {job}"
        peer.reply("+OK Job-UUID")
        peer.event("BACKGROUND_JOB", "done", Job_UUID=job)
        await peer.expect(f"filter delete Job-UUID {job}")
        await read_until_closed(peer)

    client = await connect("127.0.0.1", await switch(script), "secret")
    await client.command("filter Unique-ID leg1")
    assert await client.bgapi("status") == "done"
    await client.close()


async def test_when_the_connection_breaks_everybody_who_waits_hears_of_it(switch: Switch) -> None:
    async def script(peer: Peer) -> None:
        await peer.expect("event json BACKGROUND_JOB")
        await peer.next()
        peer.reply("+OK Job-UUID")
        job_runs.set()
        await peer.next()  # the api command stays without a reply
        peer.event("HEARTBEAT")

    job_runs = asyncio.Event()
    client = await connect("127.0.0.1", await switch(script), "secret")
    job = asyncio.create_task(client.bgapi("status"))
    await job_runs.wait()

    async def read_events() -> list[str]:
        return [event.name async for event in client.events()]

    reader = asyncio.create_task(read_events())
    api = asyncio.create_task(client.api("status"))
    async with asyncio.timeout(DEADLINE_SECONDS):
        for waiting in (job, api):
            with pytest.raises(ConnectionLost):
                await waiting
        assert await reader == ["HEARTBEAT"]
        await client.closed.wait()
    with pytest.raises(ConnectionLost):
        await client.api("status")


async def test_garbage_ends_the_connection_with_the_reason(switch: Switch) -> None:
    async def script(peer: Peer) -> None:
        await peer.next()
        peer.writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await read_until_closed(peer)

    client = await connect("127.0.0.1", await switch(script), "secret")
    with pytest.raises(ConnectionLost, match=r"HTTP/1\.1"):
        await client.api("status")
    await client.close()


async def test_a_reader_that_falls_behind_loses_the_connection_not_single_events(switch: Switch) -> None:
    async def script(peer: Peer) -> None:
        peer.event("E", n="0")
        await peer.next()
        for number in range(1, 9):
            peer.event("E", n=str(number))
        await read_until_closed(peer)

    client = await connect("127.0.0.1", await switch(script), "secret", max_queued_events=3)
    events = client.events()
    assert (await anext(events)).get("n") == "0"
    with pytest.raises(ConnectionLost, match="behind"):
        await client.api("flood")
    assert [event.get("n") async for event in events] == ["1", "2", "3"]


async def outbound(
    handler: Callable[[OutboundCall], Awaitable[None]], script: Script, *, ends_by_itself: bool = True
) -> None:
    """Play the switch's part of one outbound connection against `serve(handler)`."""
    ended = asyncio.Event()

    async def watched(call: OutboundCall) -> None:
        try:
            await handler(call)
        finally:
            ended.set()

    server = await serve(watched, "127.0.0.1", 0)
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            peer = Peer(reader, writer)
            assert (await peer.next()).line == "connect"
            writer.write(
                b"Event-Name: CHANNEL_DATA\nUnique-ID: leg1\nCaller-Caller-ID-Name: a%0AUnique-ID%3A%20forged\n"
                b"Content-Type: command/reply\nReply-Text: %2BOK%0A\n\n"
            )
            await script(peer)
            if ends_by_itself:
                await ended.wait()
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
    finally:
        await server.close()


async def test_an_application_is_paired_with_its_completion_by_uuid() -> None:
    results: list[str | None] = []

    async def handler(call: OutboundCall) -> None:
        assert call.uuid == "leg1"
        assert call.data.get("Caller-Caller-ID-Name") == "a\nUnique-ID: forged"
        done = await call.execute_and_wait("playback", "a.wav")
        results.append(done.get("Application-Response"))

    async def script(peer: Peer) -> None:
        await peer.expect("myevents json")
        command = await peer.expect("sendmsg leg1")
        assert command.get("execute-app-name") == "playback"
        peer.event(
            "CHANNEL_EXECUTE_COMPLETE", Unique_ID="leg1", Application_UUID="old", Application_Response="no"
        )
        peer.event(
            "CHANNEL_EXECUTE_COMPLETE",
            Unique_ID="leg1",
            Application_UUID=command.get("event-uuid"),
            Application_Response="FILE PLAYED",
        )
        await read_until_closed(peer)

    await outbound(handler, script)
    assert results == ["FILE PLAYED"]


async def test_a_running_application_completes_at_the_hangup_and_a_queued_one_is_gone() -> None:
    results: list[object] = []

    async def handler(call: OutboundCall) -> None:
        await call.linger(5)
        await call.my_events()
        running = asyncio.create_task(call.execute_and_wait("playback", "a.wav"))
        queued = asyncio.create_task(call.execute_and_wait("playback", "b.wav"))
        results.append((await running).get("Application-Response"))
        with pytest.raises(CallGone) as gone:
            await queued
        results.append(gone.value.cause)
        with pytest.raises(CallGone):
            await call.execute_and_wait("playback", "c.wav")
        results.append(call.hung_up.is_set())

    async def script(peer: Peer) -> None:
        await peer.expect("linger 5", "+OK will linger 5 seconds")
        await peer.expect("myevents json", "+OK Events Enabled")
        running = await peer.expect("sendmsg leg1")
        await peer.expect("sendmsg leg1")
        peer.event("CHANNEL_HANGUP", Unique_ID="leg1", Hangup_Cause="ORIGINATOR_CANCEL")
        peer.event(
            "CHANNEL_EXECUTE_COMPLETE",
            Unique_ID="leg1",
            Application_UUID=running.get("event-uuid"),
            Application_Response="FILE PLAYED",
        )
        peer.event("CHANNEL_HANGUP_COMPLETE", Unique_ID="leg1", Hangup_Cause="ORIGINATOR_CANCEL")
        peer.notice(Content_Disposition="linger", Linger_Time="5")
        await read_until_closed(peer)

    await outbound(handler, script)
    assert results == ["FILE PLAYED", "ORIGINATOR_CANCEL", True]


async def test_the_disconnect_notice_alone_ends_what_waits() -> None:
    results: list[str] = []

    async def handler(call: OutboundCall) -> None:
        with pytest.raises(CallGone):
            await call.execute_and_wait("playback", "a.wav")
        results.append("gone")

    async def script(peer: Peer) -> None:
        await peer.expect("myevents json")
        await peer.expect("sendmsg leg1")
        peer.notice(Content_Disposition="linger", Linger_Time="5")
        await read_until_closed(peer)

    await outbound(handler, script)
    assert results == ["gone"]


async def test_a_switch_that_dies_under_an_application_is_a_lost_connection() -> None:
    results: list[str] = []

    async def handler(call: OutboundCall) -> None:
        with pytest.raises(ConnectionLost):
            await call.execute_and_wait("playback", "a.wav")
        results.append("lost")

    async def script(peer: Peer) -> None:
        await peer.expect("myevents json")
        await peer.expect("sendmsg leg1")
        peer.writer.close()

    await outbound(handler, script)
    assert results == ["lost"]


async def test_an_argument_with_line_ends_goes_as_a_body(switch: Switch) -> None:
    async def script(peer: Peer) -> None:
        command = await peer.next()
        assert command.get("content-type") == "text/plain"
        assert command.text == "a\nb"
        peer.reply("+OK")
        await read_until_closed(peer)

    client: Client = await connect("127.0.0.1", await switch(script), "secret")
    await client.execute("leg1", "log", "a\nb")
    await client.close()


async def test_closing_the_server_ends_its_calls() -> None:
    started, ended = asyncio.Event(), asyncio.Event()

    async def handler(call: OutboundCall) -> None:
        started.set()
        try:
            await call.closed.wait()
        finally:
            ended.set()

    async def script(peer: Peer) -> None:
        await started.wait()

    await outbound(handler, script, ends_by_itself=False)
    async with asyncio.timeout(DEADLINE_SECONDS):
        await ended.wait()
