"""Every conversation of the scripts as a real call: SIP, RTP and real DTMF (RFC 4733), on the built-in switch, and on
FreeSWITCH where it is. Events and sounds must be those of the terminal runner.

The flows are published into the running stack; the business system is a real HTTP server. Several conversations run at
once, as callers do; who waits, waits for the flow's real timeout, who leaves hangs up.
"""

import json
import os
import shutil
import threading
import wave
from array import array
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from ivr.contacts import write as write_contacts
from ivr.conversations import Replay
from ivr.library import FlowLibrary
from ivr.speech import Speech
from ivr.spreading import Spreader
from ivr.versions import FlowStore
from tests.conformance.hearing import write_tone
from tests.conformance.journal import Journal, Loop, open_journal
from tests.support.real_conversations import (
    PATHS,
    PROMPTS,
    RealConversation,
    every_conversation,
    sound,
    text_of,
)
from tests.support.stack import Stack
from tests.support.waiting import wait_until
from uckefu.centre import Centre
from uckefu.demo.phone import Phone

CASES = every_conversation()
DIDS = {
    flow: str(4100 + index) for index, flow in enumerate(sorted(PATHS.keys() | {c.published for c in CASES}))
}
AT_ONCE = 12
BLOCKED = "13900139009"  # on the blacklist
SPOKEN_BYTES = 24_000
PATIENCE_SECONDS = 90
# What differs between two runs of the same conversation: instants, durations, ids, the names and versions of flows.
VARYING = ("at_us", "milliseconds", "seconds", "flow", "reason", "entered")


def freeswitch() -> str | None:
    return shutil.which(os.environ.get("FREESWITCH") or "freeswitch")


class Crm(BaseHTTPRequestHandler):
    """Gives each call its conversation's answers in turn."""

    answers: dict[str, list[dict[str, Any]]] = {}

    def do_GET(self):
        waiting = self.answers.get(self.headers["X-Call"]) or [{"fails": "nothing"}]
        answer = waiting.pop(0)
        if "fails" in answer:
            self.connection.close()
            return
        body = json.dumps(answer.get("data")).encode()
        self.send_response(answer.get("status", 200))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments):
        """Not to the test's output."""

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except (OSError, ValueError):
            self.close_connection = True  # closed above


@pytest.fixture(scope="module")
def crm():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Crm)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@dataclass
class Played:
    """What came of a real call, and what the terminal says of it."""

    record: dict[str, Any]
    heard: list[str]
    expected: Replay


@dataclass
class Centrale:
    """A running stack that the conversations call."""

    switch: str
    stack: Stack
    journal: Journal
    usual: dict[str, Any]
    tone: Path
    silence: Path
    beginning: threading.Lock = field(default_factory=threading.Lock)

    def play(self, case: RealConversation) -> Played:
        """One conversation, from the INVITE to the flow's end."""
        with Phone(case.number, f"127.0.0.1:{self.stack.ports.gateway}") as phone:
            # Who waits says nothing. (Without any sound at all a phone sends no keys either.)
            says_nothing = any(move in ("wait", "hangup") for move in case.script.talk)
            phone.do("play", path=str(self.silence if says_nothing else self.tone))
            with self.beginning:
                centre, uuid = self._begin(case, phone)
            expected = case.in_terminal(centre)
            self._talk(case, expected, phone, uuid)
            record = wait_until(
                lambda: self.record(uuid),
                seconds=PATIENCE_SECONDS,
                what=f"the flow of {case} to end",
                every=0.2,
            )
            heard = self.heard(uuid)
            phone.hang_up()
        return Played(record, heard[: len(expected.files)], expected)

    def _begin(self, case: RealConversation, phone: Phone) -> tuple[Centre, str]:
        """Set the centre, and call; the flow has its settings when the call is answered."""
        settings = self.usual | case.settings
        part = self.stack.instance / "centre.yml.part"
        part.write_text(json.dumps(settings), encoding="utf-8")
        part.replace(self.stack.instance / "centre.yml")
        before = len(self.journal.all)
        phone.call(DIDS[case.published])
        uuid = self.journal.wait(
            "CHANNEL_CREATE", after=before, fact=lambda e: e.get("Caller-Caller-ID-Number") == case.number
        ).uuid
        Crm.answers[uuid] = list(case.script.http)
        phone.wait("confirmed")
        return Centre.model_validate(settings), uuid

    def _talk(self, case: RealConversation, expected: Replay, phone: Phone, uuid: str) -> None:
        """Make each move when as much is heard as in the terminal; keys of one answer come in one go."""
        for (files, is_key), moves in groupby(expected.moves, lambda move: (move.files, len(move.word) == 1)):
            words = [move.word for move in moves]
            assert is_key or len(words) == 1, f"{case}: two waits for one question are not for real calls"
            self._wait_heard(uuid, files, case)
            if is_key:
                phone.do("dtmf", digits="".join(words))
            elif words == ["hangup"]:
                phone.hang_up()
            elif words != [""]:
                self._speak(phone, uuid)

    def _wait_heard(self, uuid: str, files: int, case: RealConversation) -> None:
        wait_until(
            lambda: len(self.heard(uuid)) >= files or self.record(uuid),
            seconds=PATIENCE_SECONDS, what=f"{case}: the caller to hear sound {files}", every=0.02,
        )  # fmt: skip

    def _speak(self, phone: Phone, uuid: str) -> None:
        """Speak into the recording, and end it with a key."""
        phone.do("play", path=str(self.tone))
        wait_until(
            lambda: any(path.stat().st_size > SPOKEN_BYTES for path in self._recordings(uuid)),
            seconds=PATIENCE_SECONDS, what="the message to be recorded",
        )  # fmt: skip
        phone.do("dtmf", digits="#")

    def _recordings(self, uuid: str) -> Iterator[Path]:
        for kind in ("voicemail", "survey"):
            yield from (self.stack.instance / kind).rglob(f"{uuid}*.wav")

    def heard(self, uuid: str) -> list[str]:
        """The sound files that the switch has begun to play to the caller."""
        played = [e.get("Playback-File-Path") or "" for e in self.journal.of(uuid, "PLAYBACK_START")]
        files = [path for each in played for path in each.removeprefix("file_string://").split("!")]
        return [sound(path) for path in files if path.endswith(".wav")]

    def loudness(self, uuid: str) -> list[int]:
        """The greatest sample of each tenth of a second of what the flow has recorded of a call."""
        (path,) = (self.stack.instance / "flow-recordings").rglob(f"{uuid}*.wav")
        with wave.open(str(path)) as file:
            tenth = file.getframerate() // 10
            pieces = iter(lambda: array("h", file.readframes(tenth)), array("h"))
            return [max(map(abs, piece)) for piece in pieces]

    def record(self, uuid: str) -> dict[str, Any] | None:
        """What the flow has filed of a call, when it has ended."""
        lines = (
            line
            for path in (self.stack.instance / "spool" / "flow").glob("*.jsonl")
            for line in path.read_text(encoding="utf-8").splitlines()
            if uuid in line
        )
        return next((record for record in map(json.loads, lines) if record["interaction_id"] == uuid), None)


@pytest.fixture(scope="module", params=["builtin", "freeswitch"])
def centrale(request, crm, tmp_path_factory) -> Iterator[Centrale]:
    pytest.importorskip("pjsua2")
    if request.param == "freeswitch" and freeswitch() is None:
        pytest.skip("FreeSWITCH is not here (FREESWITCH names its binary, else PATH)")
    usual = {
        "flows": {"default": "main"} | {did: flow for flow, did in DIDS.items()}, "http_hosts": {crm: {}},
    }  # fmt: skip
    environment = {"UCKEFU_SWITCH": request.param, "UCKEFU_DIDS": ",".join(DIDS.values())}
    folder = tmp_path_factory.mktemp("caller")
    sounds = write_tone(folder / "says.wav", 700), write_tone(folder / "silence.wav", 0)
    loop = Loop()
    with Stack(environment, files={"centre.yml": json.dumps(usual)}) as stack:
        publish(stack, crm)
        contacts = {number: contact for case in CASES for number, contact in case.script.contacts.items()}
        write_contacts(stack.instance / "contacts", contacts | {BLOCKED: {"blocked": True}}, "CN")
        password = stack.settings.secrets["event_socket_password"]
        journal = loop.run(open_journal(loop, stack.ports.event_socket, password))
        yield Centrale(request.param, stack, journal, usual, *sounds)
        loop.run(journal.client.close())
    loop.close()


def publish(stack: Stack, crm: str) -> None:
    """Every flow, as an administrator does it, while the switch runs."""
    store = FlowStore(stack.instance / "flows", PROMPTS, Speech(stack.instance / "speech"), ["zh", "en"])
    for name in PATHS:
        variants = {name} | {case.published for case in CASES if case.flow == name}
        for variant in sorted(variants):
            store.save_draft(variant, text_of(name, variant, crm), "test")
            store.publish(variant, "test")


@pytest.fixture(scope="module")
def played(request, centrale) -> Iterator[Callable[[RealConversation], Played]]:
    """All conversations that this run wants of the switch, several at once; a test waits for its own."""
    wanted = {
        str(item.callspec.params["case"]): item.callspec.params["case"]
        for item in request.session.items
        if item.path == request.path
        and getattr(item, "callspec", None)
        and item.callspec.params.get("centrale") == centrale.switch
        and "case" in item.callspec.params
    }
    with ThreadPoolExecutor(AT_ONCE) as pool:
        calls: dict[str, Future[Played]] = {
            name: pool.submit(centrale.play, case) for name, case in wanted.items()
        }
        yield lambda case: calls[str(case)].result()
        for call in calls.values():
            call.cancel()


def told(events: list[dict]) -> list[dict]:
    return [{k: v for k, v in event.items() if k not in VARYING} for event in events]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_real_call_has_the_events_and_the_sounds_of_the_terminal(played, case):
    call = played(case)
    expected = call.expected
    assert expected.differences == []
    assert told(call.record["events"]) == told([event.as_dict() for event in expected.outcome.events])
    assert (call.record["next"], call.record["queue"]) == (expected.outcome.next, expected.outcome.queue)
    assert call.heard == [sound(path) for path in expected.files]


@pytest.mark.parametrize(
    "case", [case for case in CASES if "the card number is not recorded" in str(case)], ids=str
)
def test_while_a_card_number_is_keyed_the_recording_is_silent(centrale, played, case):
    call = played(case)
    events = [event for event in call.record["events"] if event["type"] == "RecordingChanged"]
    assert [(event["action"], event["done"]) for event in events] == [
        (action, True) for action in ("start", "pause", "resume")
    ]
    paused_seconds = (events[2]["at_us"] - events[1]["at_us"]) / 1e6
    heard = [loud > 1000 for loud in centrale.loudness(call.record["interaction_id"])]
    runs = [(is_loud, len(list(run)) / 10) for is_loud, run in groupby(heard)]
    # The caller says a tone all the time: the longest silence is the pause, with the tone before and after it.
    seconds, place = max((seconds, place) for place, (is_loud, seconds) in enumerate(runs) if not is_loud)
    assert seconds == pytest.approx(paused_seconds, abs=0.7)
    assert runs[place - 1][0] and runs[place + 1][0]


def test_a_caller_on_the_blacklist_hears_a_polite_end_whatever_number_it_dials(centrale):
    with Phone(BLOCKED, f"127.0.0.1:{centrale.stack.ports.gateway}") as phone:
        before = len(centrale.journal.all)
        phone.call(DIDS["main"])
        uuid = centrale.journal.wait(
            "CHANNEL_CREATE", after=before, fact=lambda e: e.get("Caller-Caller-ID-Number") == BLOCKED
        ).uuid
        phone.wait("confirmed")
        phone.wait("disconnected", seconds=PATIENCE_SECONDS)
    record = wait_until(lambda: centrale.record(uuid), seconds=PATIENCE_SECONDS, what="the flow to end")
    assert (record["flow"].partition("@")[0], record["next"]) == ("blocked", "hangup")
    assert [heard.rpartition("/")[2] for heard in centrale.heard(uuid)] == ["blocked"]


def test_what_is_published_here_is_served_on_a_second_server_too(centrale, tmp_path):
    engine = centrale.stack.engine()
    second = Spreader(engine, tmp_path)
    library = FlowLibrary([tmp_path / "flows"], None, PROMPTS, ["zh", "en"])
    wait_until(
        lambda: second.step() or (tmp_path / "flows" / "order" / "published.yml").exists(),
        seconds=20, what="the flow on the second server",
    )  # fmt: skip
    flow, others = library.take("order")
    assert (flow.label, set(others)) == ("order@1", {"identify"})
    assert Speech(tmp_path / "speech").path("订单", "zh") is not None
    engine.dispose()
