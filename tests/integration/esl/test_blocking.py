"""python-ESL's classes against the built-in event socket: a FreeSWITCH engineer's script, unchanged but for the import."""

import socket
import threading
from collections.abc import Iterator

import pytest

from esl import HeaderInjection
from esl.blocking import ESLconnection, ESLevent
from softswitch.eventsocket import EventSocket
from tests.integration.esl.fake_switch import Echo, FakeSwitch, event

DEADLINE_MS = 10_000
PASSWORD = "a-generated-password"
OWN = "11111111-1111-1111-1111-111111111111"


@pytest.fixture
def switch() -> FakeSwitch:
    return FakeSwitch()


@pytest.fixture
def server(switch: FakeSwitch) -> Iterator[EventSocket]:
    made = EventSocket(switch, Echo(), "127.0.0.1", 0, PASSWORD, refusal_seconds=lambda failures: 0.0)
    made.start()
    switch.run_outbound = made.run_outbound
    yield made
    for channel in switch.channels():
        channel.hangup()
    made.stop()


@pytest.fixture
def con(server: EventSocket) -> Iterator[ESLconnection]:
    made = ESLconnection("127.0.0.1", str(server.port), PASSWORD)
    assert made.connected()
    yield made
    made.disconnect()


def test_a_wrong_password_leaves_it_unconnected(server: EventSocket) -> None:
    refused = ESLconnection("127.0.0.1", server.port, "wrong")
    assert refused.connected() == 0
    assert refused.api("status") is None
    assert refused.recvEvent().getType() == "SERVER_DISCONNECTED"
    assert refused.recvEventTimed(1) is None
    assert refused.send("x") == 1
    assert refused.disconnect() == 1
    assert refused.socketDescriptor() == -1


def test_nobody_listening_leaves_it_unconnected() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        assert not ESLconnection("127.0.0.1", str(unused.getsockname()[1]), "x").connected()


def test_api_and_send_recv(con: ESLconnection) -> None:
    reply = con.api("echo", "hello")
    assert reply is not None and reply.getBody() == "ran echo hello"
    reply = con.sendRecv("filter Event-Name X")
    assert reply is not None and reply.getHeader("Reply-Text") == "+OK filter added. [Event-Name]=[X]"
    assert reply.getType() == "SOCKET_DATA"


def test_events_are_kept_while_a_reply_is_awaited(con: ESLconnection, switch: FakeSwitch) -> None:
    assert con.events("plain", "CHANNEL_ANSWER") == 0
    switch.publish(event("CHANNEL_ANSWER", Unique_ID="leg1"))
    con.api("status")
    received = con.recvEventTimed(DEADLINE_MS)
    assert received is not None
    assert (received.getType(), received.getHeader("unique-id")) == ("CHANNEL_ANSWER", "leg1")
    assert con.recvEventTimed(1) is None


@pytest.mark.parametrize("form", ["plain", "json"])
def test_bgapi_gives_its_result_as_an_event(con: ESLconnection, form: str) -> None:
    con.events(form, "BACKGROUND_JOB")
    reply = con.bgapi("status", "", "my-job")
    assert reply is not None and reply.getHeader("Job-UUID") == "my-job"
    job = con.recvEvent()
    assert (job.getType(), job.getHeader("Job-UUID"), job.getBody()) == (
        "BACKGROUND_JOB",
        "my-job",
        "ran status",
    )


def test_an_event_is_sent_in_and_comes_back(con: ESLconnection) -> None:
    con.events("json", "CUSTOM my::event")
    made = ESLevent("CUSTOM", "my::event")
    made.addHeader("Colour", "red")
    made.addBody("body")
    assert (con.sendEvent(made).getHeader("Reply-Text") or "").startswith("+OK ")
    received = con.recvEvent()
    assert (received.getHeader("Colour"), received.getBody()) == ("red", "body")


def test_a_filter_keeps_other_events_away(con: ESLconnection, switch: FakeSwitch) -> None:
    con.events("plain", "ALL")
    con.filter("Unique-ID", "leg2")
    for leg in ("leg1", "leg2"):
        switch.publish(event("CHANNEL_ANSWER", Unique_ID=leg))
    assert con.recvEvent().getHeader("Unique-ID") == "leg2"


def test_execute_reaches_the_leg(con: ESLconnection, switch: FakeSwitch) -> None:
    channel = switch.add(OWN)
    con.setEventLock("1")
    reply = con.execute("playback", "a.wav", OWN)
    assert reply is not None and reply.getHeader("Reply-Text") == "+OK"
    assert channel.calls == [("queue_execute", "playback", "a.wav", 1, True)]
    message = ESLevent("MESSAGE")
    message.addHeader("call-command", "hangup")
    message.addHeader("hangup-cause", "USER_BUSY")
    assert con.sendMSG(message, OWN) == 0
    assert channel.cause == "USER_BUSY"


@pytest.mark.parametrize("attack", ["x\nUnique-ID: y", "x\r\n\r\napi hupall"])
def test_an_argument_cannot_start_another_command(con: ESLconnection, attack: str) -> None:
    for attempt in (
        lambda: con.api("echo", attack),
        lambda: con.execute("log", attack, OWN),
        lambda: con.bgapi("echo", "", attack),
        lambda: con.filter("a", attack),
    ):
        with pytest.raises(HeaderInjection):
            attempt()
    event_with_it = ESLevent("CUSTOM", "a::b")
    event_with_it.addHeader("x", attack)
    with pytest.raises(HeaderInjection):
        con.sendEvent(event_with_it)


def test_the_loss_of_the_connection_is_an_event(con: ESLconnection, server: EventSocket) -> None:
    con.send("exit")
    kinds = [con.recvEvent().getType() for _ in range(2)]
    assert kinds == ["SOCKET_DATA", "SERVER_DISCONNECTED"]
    assert con.connected() == 0


def test_a_call_is_controlled_from_its_descriptor(switch: FakeSwitch, server: EventSocket) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        channel = switch.add(OWN)
        channel.run_dialplan(("socket", f"127.0.0.1:{listening.getsockname()[1]} async full"))
        accepted, _ = listening.accept()
        with accepted:
            con = ESLconnection(accepted.fileno())
            info = con.getInfo()
            assert info is not None and info.getHeader("Unique-ID") == OWN
            con.sendRecv("myevents")
            con.execute("set", "a=b")
            names = []
            while "CHANNEL_EXECUTE_COMPLETE" not in names:
                names.append(con.recvEvent().getType())
            assert channel.variables["a"] == "b"
            con.execute("hangup")
            assert channel.finished.wait(DEADLINE_MS / 1000)
            con.disconnect()


def test_one_thread_may_wait_while_the_switch_stops(con: ESLconnection, server: EventSocket) -> None:
    received: list[str] = []
    waiting = threading.Thread(target=lambda: received.extend(con.recvEvent().getType() for _ in range(2)))
    waiting.start()
    server.loop.call_soon_threadsafe(lambda: [each.end() for each in server.audience.everybody()])
    waiting.join(DEADLINE_MS / 1000)
    assert received[-1] == "SERVER_DISCONNECTED"


def test_an_events_headers_are_walked_changed_and_written() -> None:
    made = ESLevent("CUSTOM", "a::b")
    made.addHeader("One", "1 & 2")
    made.pushHeader("List", "a")
    made.pushHeader("List", "b")
    made.unshiftHeader("List", "z")
    assert made.getHeader("List") == "ARRAY::z|:a|:b"
    assert [made.getHeader("list", index) for index in (0, 2, 3)] == ["z", "b", None]
    names, name = [], made.firstHeader()
    while name:
        names.append(name)
        name = made.nextHeader()
    assert names == ["Event-Name", "Event-Subclass", "One", "List"]
    assert "One: 1%20%26%202\n" in made.serialize()
    assert '"One":"1 & 2"' in made.serialize("json")
    assert made.delHeader("ONE") and not made.delHeader("One")
    assert made.setPriority(2) and made.getHeader("priority") == "HIGH"
    assert ESLevent("json", '{"Event-Name":"HEARTBEAT","_body":"x"}').getBody() == "x"
    assert ESLevent("nonsense").getType() == "MESSAGE"
    assert ESLevent("HEARTBEAT").getBody() is None
