"""The built-in switch gives the events that a real FreeSWITCH 1.10.12 gave in the same calls, leg by leg.

`transcripts.json` has, for each recorded scenario, the events of each leg in order (name, channel state, call state,
answer state, application or cause) and the variables of its CHANNEL_HANGUP_COMPLETE. The order between two legs is
not fixed in FreeSWITCH, so it is not compared.
"""

import contextlib
import json
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from esl.event import Event
from esl.protocol import EventSocketParser
from tests.support import sipp as s
from tests.support.ports import free_port

TRANSCRIPTS = json.loads((Path(__file__).parent / "transcripts.json").read_text(encoding="utf-8"))
PHONE, CONTROLLER, NOBODY = free_port(), free_port(), free_port()
DIAL = f"sofia/external/1001@127.0.0.1:{PHONE}"
IGNORED = {"CALL_UPDATE", "MEDIA_BUG_START", "MEDIA_BUG_STOP"}
HANDLER = """
def handler(session, args):
    session.answer()
    session.execute("playback", "silence_stream://300")
    session.hangup()
"""


@pytest.fixture(scope="module")
def switch(make_switch, ext):
    return make_switch(
        "\n".join(
            [
                ext("7002", ("answer", ""), ("playback", "silence_stream://300"), ("hangup", "")),
                ext("7003", ("socket", f"127.0.0.1:{CONTROLLER} async full")),
                ext("7005", ("python", "pb")),
            ]
        ),
        scripts={"pb.py": HANDLER},
    )


def execute(application: str, argument: str = "") -> str:
    return f"sendmsg\ncall-command: execute\nexecute-app-name: {application}\nexecute-app-arg: {argument}"


class Controller:
    """Says its lines one after the other, waiting for each application's end; then stays or leaves."""

    def __init__(self, *applications: tuple[str, str], leaves: bool = False) -> None:
        self._lines = ["connect", "linger 5", "myevents", execute("answer")]
        self._lines += [execute(*each) for each in applications]
        self._leaves = leaves
        self._server = socket.create_server(("127.0.0.1", CONTROLLER))
        self._server.settimeout(15)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        connection, _ = self._server.accept()
        self._server.close()
        connection.settimeout(15)
        self._connection = connection
        parser = EventSocketParser()
        with connection:
            for line in self._lines:
                connection.sendall(f"{line}\n\n".encode())
                name = line.partition("execute-app-name: ")[2].partition("\n")[0]
                if name and name != "hangup" and not self._wait(connection, parser, name):
                    return
            with contextlib.suppress(OSError):  # `finish` ends it
                while not self._leaves and connection.recv(65536):
                    pass

    @staticmethod
    def _wait(connection: socket.socket, parser: EventSocketParser, application: str) -> bool:
        while data := connection.recv(65536):
            for message in parser.feed(data):
                event = message.event()
                if event is None or event.name != "CHANNEL_EXECUTE_COMPLETE":
                    continue
                if event.get("Application") == application:
                    return True
        return False

    def finish(self) -> None:
        """The call is over: don't wait for the end of the linger."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._thread.join(15)


def line_of(event: Event) -> str:
    states = [event.get(name) or "" for name in ("Channel-State", "Channel-Call-State", "Answer-State")]
    text = f"{event.name} {'/'.join(states).removeprefix('CS_')}"
    if event.name.startswith("CHANNEL_EXECUTE"):
        text += f" {event.get('Application')}"
    return text + (f" {event.get('Hangup-Cause')}" if event.name == "CHANNEL_HANGUP" else "")


def compare(switch, name: str, begin: int) -> None:
    scenario = next(value for key, value in TRANSCRIPTS.items() if key.startswith(name))
    switch.tap.wait(
        lambda e: e.get("Channel-State") == "CS_DESTROY" and e.get("Call-Direction") == "inbound", begin=begin
    )
    legs: dict[str, list[Event]] = {}

    def complete() -> bool:
        legs.clear()
        for event in switch.tap.events[begin:]:
            if event.uuid and event.name not in IGNORED:
                legs.setdefault(event.uuid, []).append(event)
        return all(events[-1].get("Channel-State") == "CS_DESTROY" for events in legs.values())

    switch.tap.wait(lambda _: complete(), begin=begin)
    assert len(legs) == len(scenario)
    for events, expected in zip(legs.values(), scenario, strict=True):
        # Some transcripts end with the disconnect of their listener, before the leg's last events.
        assert [line_of(event) for event in events][: len(expected["events"])] == expected["events"]
        done = next(event for event in events if event.name == "CHANNEL_HANGUP_COMPLETE")
        assert {key: done.variable(key) for key in expected["variables"]} == expected["variables"]


KEEP = (("set", "hangup_after_bridge=false"), ("set", "continue_on_fail=true"))
HANGUP = ("hangup", "")
STAYS = s.scenario(s.invite(), s.answered(), s.ack(), s.hung_up())
RINGS = s.phone(s.respond(180, "Ringing"), s.cancelled())
TALKS = s.phone(s.answer(), s.hung_up())


def leaves(milliseconds: int) -> str:
    return s.scenario(s.invite(), s.answered(), s.ack(), s.pause(milliseconds), s.bye())


@pytest.mark.parametrize(
    ("name", "number", "caller"),
    [
        ("01", "7002", STAYS),
        ("02", "7002", leaves(100)),
        ("03", "9999", s.scenario(s.invite(), s.may(100), s.refused(404))),
        ("04", "7005", STAYS),
    ],
)
def test_calls_without_a_controller(switch, name, number, caller):
    begin = switch.mark()
    switch.sipp(caller, "-s", number).finish()
    compare(switch, name, begin)


CONTROLLED: list[tuple[str, str, tuple[tuple[str, str], ...], str]] = [
    ("05", STAYS, (("set", "hello=world"), ("playback", "silence_stream://100"), ("hangup", "NORMAL_CLEARING")), ""),
    ("07", leaves(1000), (*KEEP, ("bridge", DIAL)), TALKS),
    ("08", STAYS, (*KEEP, ("bridge", DIAL), HANGUP), s.phone(s.respond(486, "Busy Here"), s.request("ACK"))),
    ("09", STAYS, (*KEEP, ("bridge", f"[leg_timeout=1]{DIAL}"), HANGUP), RINGS),
    ("10", leaves(500), (*KEEP, ("bridge", DIAL)), RINGS),
    ("11", STAYS, (*KEEP, ("bridge", "user/1999@test.invalid"), HANGUP), ""),
    ("12", STAYS, (*KEEP, ("bridge", f"sofia/external/1001@127.0.0.1:{NOBODY}"), HANGUP), ""),
    ("13", STAYS, (*KEEP, ("bridge", DIAL), HANGUP), s.phone(s.answer(9), s.hung_up())),
    ("14", leaves(1000), (("set", "RECORD_STEREO=true"), ("record_session", "t14.wav"), ("bridge", DIAL)), TALKS),
    ("16", STAYS, (("play_and_get_digits", "1 1 2 700 # silence_stream://60 silence_stream://40 digits [12] 500"), HANGUP), ""),
    ("23", leaves(1000), (("bridge", DIAL),), TALKS),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "caller", "applications", "phone"), CONTROLLED, ids=[each[0] for each in CONTROLLED]
)
def test_calls_with_a_controller(switch, name, caller, applications, phone):
    run(switch, name, caller, Controller(*applications), phone)


def test_a_controller_that_dies(switch):
    run(switch, "06", STAYS, Controller(leaves=True), "")


def test_the_caller_is_transferred(switch):
    def act(begin: int) -> None:
        bridged = switch.tap.wait(lambda e: e.name == "CHANNEL_BRIDGE", begin=begin)
        assert switch.tap.api(f"uuid_transfer {bridged.uuid} 7002 XML public") == "+OK\n"

    # In transcript 18 a hangup that the first controller had queued ended the playback; here it ends by itself.
    begin = switch.mark()
    controller = Controller(*KEEP, ("bridge", DIAL))
    phone = switch.sipp(TALKS, port=PHONE)
    caller = switch.sipp(STAYS, "-s", "7003")
    act(begin)
    phone.finish()
    caller.finish()
    controller.finish()
    expected = next(value for key, value in TRANSCRIPTS.items() if key.startswith("18"))[0]["events"]
    until = expected.index("PLAYBACK_START EXECUTE/ACTIVE/answered")
    a = switch.tap.named("CHANNEL_BRIDGE", begin=begin)[0].uuid
    ours = [line_of(e) for e in switch.tap.events[begin:] if e.uuid == a and e.name not in IGNORED]
    assert ours[: until + 1] == expected[: until + 1]


def test_the_phone_is_killed(switch):
    def act(begin: int) -> None:
        bridged = switch.tap.wait(lambda e: e.name == "CHANNEL_BRIDGE", begin=begin)
        assert switch.tap.api(f"uuid_kill {bridged.get('Bridge-B-Unique-ID')} USER_BUSY") == "+OK\n"

    run(switch, "19", STAYS, Controller(*KEEP, ("bridge", DIAL), HANGUP), TALKS, act)


def run(
    switch,
    name: str,
    caller: str,
    controller: Controller,
    phone: str,
    act: Callable[[int], None] | None = None,
) -> None:
    begin = switch.mark()
    called = switch.sipp(phone, port=PHONE) if phone else None
    calling = switch.sipp(caller, "-s", "7003")
    if act is not None:
        act(begin)
    calling.finish()
    if called is not None:
        called.finish()
    compare(switch, name, begin)
    controller.finish()
