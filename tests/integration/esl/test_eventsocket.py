"""The built-in switch's event socket over real sockets, with our own client and by hand."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from esl import AuthenticationRefused, CallGone, CommandFailed, ConnectionLost
from esl.aio import Client, OutboundCall, connect, serve
from esl.protocol import EventSocketParser, Message
from softswitch.eventsocket import EventSocket
from tests.integration.esl.fake_switch import Echo, FakeSwitch, event

DEADLINE_SECONDS = 10
PASSWORD = "a-generated-password"
OWN = "11111111-1111-1111-1111-111111111111"


@pytest.fixture
def switch() -> FakeSwitch:
    return FakeSwitch()


@pytest.fixture
def commands() -> Iterator[Echo]:
    echo = Echo()
    yield echo
    echo.release.set()


@pytest.fixture
def event_socket(switch: FakeSwitch, commands: Echo) -> Iterator[EventSocket]:
    server = EventSocket(
        switch, commands, "127.0.0.1", 0, PASSWORD, max_queued_events=50, refusal_seconds=lambda failures: 0.0
    )
    server.start()
    switch.run_outbound = server.run_outbound
    yield server
    for channel in switch.channels():
        channel.hangup()
    server.stop()
    assert switch.errors == []


@pytest.fixture
async def client(event_socket: EventSocket) -> AsyncIterator[Client]:
    connected = await connect("127.0.0.1", event_socket.port, PASSWORD)
    yield connected
    await connected.close()


@pytest.fixture(autouse=True)
async def deadline() -> AsyncIterator[None]:
    async with asyncio.timeout(DEADLINE_SECONDS):
        yield


class Raw:
    """A socket that says exactly what it is told."""

    def __init__(self, port: int) -> None:
        self.sock = socket.socket()
        self.sock.settimeout(DEADLINE_SECONDS)
        self.sock.setsockopt(
            socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 10
        )  # so that a slow reader shows soon
        self.sock.connect(("127.0.0.1", port))
        self.parser = EventSocketParser()
        self.ready: list[Message] = []

    def say(self, text: str) -> None:
        self.sock.sendall(text.encode())

    def next(self) -> Message:
        while not self.ready:
            data = self.sock.recv(65536)
            if not data:
                raise EOFError
            self.ready += self.parser.feed(data)
        return self.ready.pop(0)

    def ask(self, text: str) -> str:
        self.say(text + "\n\n")
        return self.next().reply_text

    def count_until_closed(self) -> int:
        count = 0
        try:
            while self.next():
                count += 1
        except (EOFError, ConnectionError):
            pass
        return count

    def is_closed(self) -> bool:
        try:
            return self.sock.recv(1) == b""
        except ConnectionError:
            return True


@pytest.fixture
def raw(event_socket: EventSocket) -> Iterator[Callable[[], Raw]]:
    opened: list[Raw] = []

    def open_raw(*, login: bool = True) -> Raw:
        connection = Raw(event_socket.port)
        opened.append(connection)
        assert connection.next().content_type == "auth/request"
        if login:
            assert connection.ask(f"auth {PASSWORD}") == "+OK accepted"
        return connection

    yield open_raw
    for connection in opened:
        connection.sock.close()


def test_a_wrong_password_is_answered_as_freeswitch_does(raw: Callable[..., Raw]) -> None:
    connection = raw(login=False)
    assert connection.ask("auth wrong") == "-ERR invalid"
    notice = connection.next()
    assert notice.headers == {"Content-Type": "text/disconnect-notice", "Content-Length": "67"}
    assert notice.text == "Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n"
    assert connection.is_closed()


async def test_refusals_take_longer_each_time(switch: FakeSwitch) -> None:
    counts: list[int] = []
    server = EventSocket(
        switch,
        Echo(),
        "127.0.0.1",
        0,
        PASSWORD,
        refusal_seconds=lambda failures: counts.append(failures) or 0.0,
    )
    server.start()
    try:
        for _ in range(3):
            with pytest.raises(AuthenticationRefused):
                await connect("127.0.0.1", server.port, "wrong")
        await (await connect("127.0.0.1", server.port, PASSWORD)).close()
        with pytest.raises(AuthenticationRefused):
            await connect("127.0.0.1", server.port, "wrong")
    finally:
        server.stop()
    assert counts == [1, 2, 3, 1]


def test_nothing_works_before_the_login(raw: Callable[..., Raw]) -> None:
    connection = raw(login=False)
    for line in (
        "api status",
        "event plain ALL",
        "sendmsg x\ncall-command: hangup",
        "filter a b",
        "bgapi status",
    ):
        assert connection.ask(line) == "-ERR command not found"


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("event plain BOGUS", "-ERR no keywords supplied"),
        ("event plain CHANNEL_ANSWER", "+OK event listener enabled plain"),
        ("event json channel_answer CUSTOM a::b", "+OK event listener enabled json"),
        ("filter Event-Name X", "+OK filter added. [Event-Name]=[X]"),
        ("filter delete Event-Name X", "+OK filter deleted. [Event-Name][X]"),
        ("filter delete all", "+OK filter deleted. [all][]"),
        ("filter X", "-ERR invalid syntax"),
        ("nixevent BOGUS", "-ERR no keywords supplied"),
        ("nixevent CHANNEL_ANSWER", "+OK events nixed"),
        ("noevents", "-ERR not listening for events"),
        ("nonsense", "-ERR command not found"),
        (f"sendmsg {OWN}\ncall-command: execute\nexecute-app-name: park", f"-ERR invalid session id [{OWN}]"),
        ("sendmsg\ncall-command: execute", "-ERR invalid session id []"),
        ("linger", "-ERR not controlling a session"),
        ("nolinger", "-ERR not controlling a session"),
        ("divert_events on", "-ERR not controlling a session."),
        ("getvar x", "-ERR command not found"),
        ("connect", "-ERR command not found"),
        (f"myevents {OWN}", "-ERR invalid uuid"),
        ("log debug", "+OK log level debug [7]"),
        ("log silly", "-ERR invalid log level"),
        ("nolog", "-ERR not loging"),
        ("exit", "+OK bye"),
    ],
)
def test_reply_texts(raw: Callable[..., Raw], line: str, reply: str) -> None:
    assert raw().ask(line) == reply


def test_exit_says_goodbye_and_closes(raw: Callable[..., Raw]) -> None:
    connection = raw()
    assert connection.ask("exit") == "+OK bye"
    assert connection.next().content_type == "text/disconnect-notice"
    assert connection.is_closed()


async def test_api_gives_the_text_and_an_empty_one_is_named(client: Client) -> None:
    assert await client.api("status") == "ran status"
    assert await client.api("nothing") == "-ERR no reply\n"
    assert (await client.api("fail")).startswith("-ERR internal error")


async def test_a_command_that_blocks_holds_up_only_its_own_connection(
    client: Client, event_socket: EventSocket, commands: Echo
) -> None:
    blocked = asyncio.create_task(client.api("block"))
    other = await connect("127.0.0.1", event_socket.port, PASSWORD)
    assert await other.api("status") == "ran status"
    commands.release.set()
    assert await blocked == "ran block"
    await other.close()


async def test_bgapi_answers_at_once_and_the_result_is_an_event(client: Client, commands: Echo) -> None:
    job = asyncio.create_task(client.bgapi("block"))
    assert await client.api("status") == "ran status"
    commands.release.set()
    assert await job == "ran block"


async def test_events_come_as_they_were_asked_for(client: Client, switch: FakeSwitch) -> None:
    await client.subscribe("CHANNEL_ANSWER", "CUSTOM sofia::register")
    switch.publish(event("CHANNEL_HANGUP"))
    switch.publish(event("CUSTOM"))
    answer = event("CHANNEL_ANSWER", Caller_Caller_ID_Name="a\nUnique-ID: forged")
    switch.publish(answer)
    other = event("CUSTOM")
    other.headers["Event-Subclass"] = "sofia::expire"
    switch.publish(other)
    registered = event("CUSTOM")
    registered.headers["Event-Subclass"] = "sofia::register"
    switch.publish(registered)
    events = client.events()
    first = await anext(events)
    assert first.name == "CUSTOM" and first.subclass == ""
    assert (await anext(events)).headers == answer.headers
    assert (await anext(events)).subclass == "sofia::register"


async def test_plain_events_carry_the_same_and_no_value_forges_a_header(
    raw: Callable[..., Raw], switch: FakeSwitch
) -> None:
    connection = raw()
    connection.ask("event plain ALL")
    sent = event("CHANNEL_ANSWER", Name="x\r\nUnique-ID: forged", Empty="")
    switch.publish(sent)
    received = connection.next().event()
    assert received is not None and received.headers == sent.headers


async def test_filters_choose_events_by_header(raw: Callable[..., Raw], switch: FakeSwitch) -> None:
    connection = raw()
    connection.ask("event plain ALL")
    connection.ask("filter Unique-ID leg1")
    connection.ask("filter Event-Name -HEARTBEAT")
    for name, uuid in (("A", "leg2"), ("HEARTBEAT", "leg1"), ("B", "leg1")):
        switch.publish(event(name, Unique_ID=uuid))
    received = connection.next().event()
    assert received is not None and received.name == "B"


async def test_an_event_sent_in_reaches_the_others(client: Client, raw: Callable[..., Raw]) -> None:
    connection = raw()
    connection.ask("event json CUSTOM uckefu::note")
    from esl import Event

    await client.send_event(
        Event({"Event-Name": "CUSTOM", "Event-Subclass": "uckefu::note", "Note-Id": "7"}, "text")
    )
    received = connection.next().event()
    assert received is not None
    assert (received.subclass, received.get("Note-Id"), received.body) == ("uckefu::note", "7", "text")


async def test_events_of_a_command_come_after_its_reply(
    raw: Callable[..., Raw], switch: FakeSwitch, commands: Echo
) -> None:
    connection = raw()
    connection.ask("event plain ALL")
    connection.say("api block\n\n")
    other = raw()
    other.ask("event plain ALL")
    switch.publish(event("HEARTBEAT"))
    other.next()  # so the event has been handed to the listeners
    commands.release.set()
    assert connection.next().content_type == "api/response"
    assert connection.next().content_type == "text/event-plain"


async def test_a_listener_that_does_not_read_is_ended_and_the_others_lose_nothing(
    raw: Callable[..., Raw], client: Client, switch: FakeSwitch
) -> None:
    slow = raw()
    slow.ask("event json HEARTBEAT")
    await client.subscribe("CHANNEL_ANSWER")
    filler = "x" * 200_000
    for number in range(3000):
        switch.publish(event("HEARTBEAT", Filler=filler, n=str(number)))
    switch.publish(event("CHANNEL_ANSWER"))
    assert (await anext(client.events())).name == "CHANNEL_ANSWER"
    received = await asyncio.to_thread(slow.count_until_closed)
    assert received < 3000


@pytest.mark.parametrize("garbage", ["GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\0\0\0\n\n", ": : :\n: \n\n"])
def test_garbage_is_answered_and_does_no_harm(raw: Callable[..., Raw], garbage: str) -> None:
    connection = raw()
    connection.say(garbage)
    assert connection.next().reply_text == "-ERR command not found"
    assert connection.ask("filter a b") == "+OK filter added. [a]=[b]"


@pytest.mark.parametrize(
    "flood", ["x" * 10_000, "auth x\nContent-Length: 1\n\ny", "auth x\nContent-Length: -1\n\n"]
)
def test_a_stranger_can_send_only_little_before_the_login(raw: Callable[..., Raw], flood: str) -> None:
    connection = raw(login=False)
    connection.say(flood)
    assert connection.next().content_type == "text/disconnect-notice"
    assert connection.is_closed()


def test_an_empty_password_is_refused(switch: FakeSwitch) -> None:
    with pytest.raises(ValueError, match="password"):
        EventSocket(switch, Echo(), "127.0.0.1", 0, "")


def test_a_port_that_is_taken_is_an_error(switch: FakeSwitch, event_socket: EventSocket) -> None:
    second = EventSocket(switch, Echo(), "127.0.0.1", event_socket.port, PASSWORD)
    with pytest.raises(OSError, match="in use"):
        second.start()


async def controlled(
    switch: FakeSwitch,
    handler: Callable[[OutboundCall], object],
    *after: tuple[str, str],
    options: str = "async full",
) -> list[str]:
    """Hand a call to `handler`; returns the channel's events in order when the channel is gone."""
    order: list[str] = []

    def note(each: object) -> None:
        order.append(" ".join(filter(None, (each.name, each.get("Application")))))  # type: ignore[attr-defined]

    switch.subscribe(note)

    async def watched(call: OutboundCall) -> None:
        try:
            await handler(call)  # type: ignore[misc]
        finally:
            ended.set()

    ended = asyncio.Event()
    server = await serve(watched, "127.0.0.1", 0)
    channel = switch.add(OWN)
    channel.run_dialplan(("socket", f"127.0.0.1:{server.port} {options}"), *after)
    await asyncio.to_thread(channel.finished.wait, DEADLINE_SECONDS)
    await ended.wait()
    await server.close()
    return order


async def test_a_call_is_controlled_to_its_end_as_in_transcript_05(
    switch: FakeSwitch, event_socket: EventSocket
) -> None:
    said: list[str | None] = []

    async def handler(call: OutboundCall) -> None:
        said.append(call.data.get("Reply-Text"))
        said.append(call.data.get("Socket-Mode"))
        said.append((await call.command("linger 5")).reply_text)
        said.append((await call.command("myevents json")).reply_text)
        call._hears_own_events = True
        await call.execute_and_wait("answer")
        await call.execute_and_wait("set", "hello=world")
        said.append((await call.command("getvar hello")).reply_text)
        await call.execute_and_wait("hangup", "NORMAL_CLEARING")
        said.extend([each.name async for each in call.events() if each.name.startswith("CHANNEL_HANGUP")][:1])
        await call.hung_up.wait()

    async def reads_until_complete(call: OutboundCall) -> None:
        reading = asyncio.create_task(handler(call))
        await call.hung_up.wait()
        await call.close()
        await reading

    order = await controlled(switch, reads_until_complete)
    assert said[:5] == ["+OK\n", "async", "+OK will linger 5 seconds", "+OK Events Enabled", "world"]
    assert order == [
        "CHANNEL_EXECUTE socket",
        "CHANNEL_PARK",
        "CHANNEL_EXECUTE answer",
        "CHANNEL_ANSWER",
        "CHANNEL_EXECUTE_COMPLETE answer",
        "CHANNEL_EXECUTE set",
        "CHANNEL_EXECUTE_COMPLETE set",
        "CHANNEL_EXECUTE hangup",
        "CHANNEL_HANGUP",
        "CHANNEL_EXECUTE_COMPLETE hangup",
        "CHANNEL_UNPARK",
        "CHANNEL_EXECUTE_COMPLETE socket",
        "CHANNEL_HANGUP_COMPLETE",
        "CHANNEL_DESTROY",
    ]


async def test_when_the_controller_leaves_the_dialplan_goes_on(
    switch: FakeSwitch, event_socket: EventSocket
) -> None:
    async def handler(call: OutboundCall) -> None:
        await call.execute_and_wait("answer")

    order = await controlled(switch, handler, ("set", "after=socket"))
    start = order.index("CHANNEL_UNPARK")
    assert order[start : start + 4] == [
        "CHANNEL_UNPARK",
        "CHANNEL_EXECUTE_COMPLETE socket",
        "CHANNEL_EXECUTE set",
        "CHANNEL_EXECUTE_COMPLETE set",
    ]


async def test_when_nobody_answers_the_dialplan_goes_on_at_once(
    switch: FakeSwitch, event_socket: EventSocket
) -> None:
    server = await serve(lambda call: asyncio.sleep(0), "127.0.0.1", 0)
    port = server.port
    await server.close()
    channel = switch.add(OWN)
    channel.run_dialplan(("socket", f"127.0.0.1:{port} async full"), ("set", "after=socket"))
    assert await asyncio.to_thread(channel.finished.wait, DEADLINE_SECONDS)
    assert channel.variables["after"] == "socket"
    assert channel.variables["socket_host"] == "127.0.0.1"


async def test_the_second_host_takes_over_when_the_first_refuses(
    switch: FakeSwitch, event_socket: EventSocket
) -> None:
    gone = await serve(lambda call: asyncio.sleep(0), "127.0.0.1", 0)
    await gone.close()
    taken = asyncio.Event()

    async def handler(call: OutboundCall) -> None:
        taken.set()

    server = await serve(handler, "127.0.0.1", 0)
    switch.add(OWN).run_dialplan(("socket", f"127.0.0.1:{gone.port}|127.0.0.1:{server.port} async full"))
    await taken.wait()
    await server.close()


async def test_a_controller_that_says_nothing_before_the_hangup_lets_the_call_go(
    switch: FakeSwitch, event_socket: EventSocket
) -> None:
    accepted = asyncio.Event()

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted.set()
        await reader.read()
        writer.close()
        await writer.wait_closed()
        closed.set()

    closed = asyncio.Event()
    server = await asyncio.start_server(mute, "127.0.0.1", 0)
    channel = switch.add(OWN)
    channel.run_dialplan(("socket", f"127.0.0.1:{server.sockets[0].getsockname()[1]} async full"))
    await accepted.wait()
    channel.hangup("ORIGINATOR_CANCEL")
    assert await asyncio.to_thread(channel.finished.wait, DEADLINE_SECONDS)
    await closed.wait()
    server.close()


async def test_when_the_caller_hangs_up_a_lingering_controller_gets_the_last_events_and_the_notice(
    switch: FakeSwitch, event_socket: EventSocket
) -> None:
    messages: list[Message] = []

    async def controller(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        parser = EventSocketParser()
        writer.write(b"connect\n\nlinger 1\n\nmyevents\n\n")
        while data := await reader.read(65536):
            messages.extend(parser.feed(data))
            if len(messages) == 4:
                switch.live[OWN].hangup("ORIGINATOR_CANCEL")
        writer.close()
        await writer.wait_closed()
        done.set()

    done = asyncio.Event()
    server = await asyncio.start_server(controller, "127.0.0.1", 0)
    switch.add(OWN).run_dialplan(("socket", f"127.0.0.1:{server.sockets[0].getsockname()[1]} async full"))
    await done.wait()
    server.close()
    events = [each.event().name for each in messages if each.content_type == "text/event-plain"]  # type: ignore[union-attr]
    assert events == [
        "CHANNEL_PARK",
        "CHANNEL_HANGUP",
        "CHANNEL_UNPARK",
        "CHANNEL_EXECUTE_COMPLETE",
        "CHANNEL_HANGUP_COMPLETE",
        "CHANNEL_DESTROY",
    ]
    linger, goodbye = [each for each in messages if each.content_type == "text/disconnect-notice"]
    assert linger.headers == {
        "Content-Type": "text/disconnect-notice",
        "Controlled-Session-UUID": OWN,
        "Content-Disposition": "linger",
        "Channel-Name": f"sofia/internal/{OWN}@127.0.0.1",
        "Linger-Time": "1",
        "Content-Length": "0",
    }
    assert goodbye.get("Content-Disposition") == "disconnect"
    assert goodbye.get("Controlled-Session-UUID") == OWN
    names = [each.event().name if each.event() else each.content_type for each in messages]  # type: ignore[union-attr]
    assert names.index("CHANNEL_HANGUP_COMPLETE") < names.index("text/disconnect-notice")


async def test_without_linger_the_hangup_closes_the_connection(
    switch: FakeSwitch, event_socket: EventSocket
) -> None:
    outcome: list[str] = []

    async def handler(call: OutboundCall) -> None:
        waiting = asyncio.create_task(call.execute_and_wait("wait"))
        async for each in call.events():
            if each.name == "CHANNEL_EXECUTE" and each.get("Application") == "wait":
                switch.live[OWN].hangup("NORMAL_CLEARING")
        outcome.append((await waiting).name)
        with pytest.raises((CallGone, ConnectionLost)):
            await call.execute_and_wait("playback", "late.wav")
        outcome.append("closed")

    await controlled(switch, handler)
    assert outcome == ["CHANNEL_EXECUTE_COMPLETE", "closed"]


async def test_a_transferred_call_leaves_the_controller(
    switch: FakeSwitch, event_socket: EventSocket
) -> None:
    left = asyncio.Event()

    async def handler(call: OutboundCall) -> None:
        await call.execute_and_wait("answer")
        switch.live[OWN].transfer("7002")
        async for each in call.events():
            if each.get("Application") == "socket":
                break
        with pytest.raises(CallGone, match="left the socket"):
            await call.execute_and_wait("playback", "x")
        left.set()

    await controlled(switch, handler, ("set", "a=b"))
    assert left.is_set()


async def test_in_sync_mode_the_reply_comes_when_the_application_is_done(
    switch: FakeSwitch, event_socket: EventSocket
) -> None:
    seen: list[str | None] = []

    async def handler(call: OutboundCall) -> None:
        await call.execute(call.uuid, "set", "a=b")
        seen.append(switch.live[OWN].get_variable("a"))
        with pytest.raises(CommandFailed):  # linger needs `full`, as in FreeSWITCH
            await call.linger(5)

    await controlled(switch, handler, options="")
    assert seen == ["b"]


async def test_sendmsg_reaches_any_channel_from_an_inbound_connection(
    client: Client, switch: FakeSwitch, raw: Callable[..., Raw]
) -> None:
    channel = switch.add(OWN)
    await client.execute(OWN, "playback", "a.wav", lock=True, loops=3)
    assert channel.calls == [("queue_execute", "playback", "a.wav", 3, True)]
    await client.execute(OWN, "log", "two\nlines")
    assert channel.calls[-1] == ("queue_execute", "log", "two\nlines", 1, False)
    await client.hangup(OWN, "USER_BUSY")
    assert channel.cause == "USER_BUSY"
    assert raw().ask(f"sendmsg {OWN}\ncall-command: unicast").startswith("-ERR unicast is not supported")


async def test_an_inbound_connection_can_follow_one_channel(
    raw: Callable[..., Raw], switch: FakeSwitch
) -> None:
    channel = switch.add(OWN)
    connection = raw()
    assert connection.ask(f"myevents {OWN} json") == "+OK Events Enabled"
    assert connection.ask(f"myevents {OWN} json") == "-ERR aready enabled."
    switch.publish(event("CHANNEL_ANSWER", Unique_ID="another"))
    channel.publish("CHANNEL_ANSWER")
    received = connection.next()
    assert received.content_type == "text/event-json"
    assert received.event().uuid == OWN  # type: ignore[union-attr]


async def test_stopping_says_goodbye(switch: FakeSwitch) -> None:
    server = EventSocket(switch, Echo(), "127.0.0.1", 0, PASSWORD)
    server.start()
    client = await connect("127.0.0.1", server.port, PASSWORD)
    await asyncio.to_thread(server.stop)
    await client.closed.wait()
