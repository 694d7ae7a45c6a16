"""The conversation scripts as real calls: SIP, RTP and real DTMF (RFC 4733), on the built-in switch, and on FreeSWITCH
where it is. The events must be those of the terminal runner.

The flows are published into the running stack; the business system is a real HTTP server.
"""

import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ivr.contacts import write as write_contacts
from ivr.conversations import Conversation, Hears, read_script, replay
from ivr.flow_file import parse_flow
from ivr.library import PACKAGED
from ivr.prompts import Prompts
from ivr.speech import Speech
from ivr.versions import FlowStore
from tests.conformance.hearing import write_tone
from tests.support.stack import Stack
from tests.support.waiting import wait_until
from uckefu.centre import Centre, load_centre
from uckefu.demo.phone import Phone
from uckefu.settings import PROJECT_ROOT

SAMPLES = PACKAGED / "samples"
NUMBERS = {
    "4101": "order",
    "4102": "night",
    "4103": "satisfaction",
    "4104": "reception",
    "4105": "identify",
    "4001": "main",
}
CHOSEN = {
    "main": [
        "two is service",
        "a wrong key is explained, the menu comes again",
        "a key in the middle of the greeting",
    ],
    "order": [
        "an order is found and told from pieces",
        "an order that nobody knows",
        "the business system is away",
    ],
    "night": ["the guard", "a message"],
    "satisfaction": ["five"],
    "reception": [
        "a customer with an agent of her own",
        "a VIP goes before the others and is asked afterwards",
    ],
}
PROMPTS = Prompts(PROJECT_ROOT / "sounds")
# What differs between two runs of the same conversation: instants, durations, ids, the numbers of versions.
SPOKEN_BYTES = 24_000
VARYING = ("at_us", "milliseconds", "seconds", "flow", "reason", "entered")


def freeswitch() -> str | None:
    return shutil.which(os.environ.get("FREESWITCH") or "freeswitch")


class Crm(BaseHTTPRequestHandler):
    """Gives the conversation's answers in turn."""

    answers: list[dict] = []

    def do_GET(self):
        answer = self.answers.pop(0) if self.answers else {"fails": "nothing"}
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


@pytest.fixture(scope="module", params=["builtin", "freeswitch"])
def stack(request, crm):
    pytest.importorskip("pjsua2")
    if request.param == "freeswitch" and freeswitch() is None:
        pytest.skip("FreeSWITCH is not here (FREESWITCH names its binary, else PATH)")
    centre = {"flows": {"default": "main", **NUMBERS}, "http_hosts": {crm: {}}}
    environment = {"UCKEFU_SWITCH": request.param, "UCKEFU_DIDS": ",".join(NUMBERS)}
    with Stack(environment, files={"centre.yml": json.dumps(centre)}) as made:
        publish(made, crm)
        yield made


def publish(stack: Stack, crm: str) -> None:
    """Every sample, as an administrator does it, while the switch runs."""
    centre = load_centre(stack.instance / "centre.yml")
    store = FlowStore(stack.instance / "flows", PROMPTS, Speech(stack.instance / "speech"), centre.languages)
    for path in sorted(SAMPLES.glob("*.yml")):
        store.save_draft(path.stem, sample(path, crm), "test")
        store.publish(path.stem, "test")


def sample(path: Path, crm: str) -> str:
    return path.read_text(encoding="utf-8").replace("https://crm.example/", f"http://{crm}/")


CASES = [
    (name, conversation)
    for name, chosen in CHOSEN.items()
    for folder in (PACKAGED if name == "main" else SAMPLES,)
    for conversation in read_script(folder / "conversations" / f"{name}.yml").conversations
    if conversation.name in chosen
]


def test_every_chosen_conversation_is_there():
    assert len(CASES) == sum(map(len, CHOSEN.values()))


@pytest.fixture
def caller(stack, tmp_path) -> Iterator[Callable[[str], Phone]]:
    """A phone at the gateway that says a tone all the time, by its number."""
    with ExitStack() as phones:

        def make(number: str) -> Phone:
            phone = phones.enter_context(Phone(number, f"127.0.0.1:{stack.ports.gateway}"))
            phone.do("play", path=str(write_tone(tmp_path / "says.wav", 700)))
            return phone

        yield make


def talk(stack: Stack, phone: Phone, conversation: Conversation) -> None:
    """Do what the script says. Keys may come early: the switch keeps them for the next question."""
    before = set(messages(stack))
    keys = ""
    for entry in conversation.talk:
        if isinstance(entry, Hears):
            continue
        name, _, value = entry.partition("@")[0].partition(
            "="
        )  # every key comes at once here: at a moment, too
        if name in ("key", "keys"):
            keys += value
        elif name == "speak":
            phone.do("dtmf", digits=keys)
            keys = "#"
            wait_until(
                lambda: any(path.stat().st_size > SPOKEN_BYTES for path in set(messages(stack)) - before),
                seconds=40, what="the message to be recorded",
            )  # fmt: skip
        else:
            raise AssertionError(f"{entry} is not for real calls")
    if keys:
        phone.do("dtmf", digits=keys)


def messages(stack: Stack) -> list[Path]:
    return list((stack.instance / "voicemail").rglob("*.wav"))


def call(stack: Stack, phone: Phone, number: str, conversation: Conversation) -> dict:
    """Make the call until its flow has ended; gives the record of the run."""
    before = len(runs(stack))
    phone.call(number)
    phone.wait("confirmed")
    talk(stack, phone, conversation)
    wait_until(lambda: len(runs(stack)) > before, seconds=70, what="the flow to end", every=0.2)
    phone.hang_up()
    return runs(stack)[-1]


def runs(stack: Stack) -> list[dict]:
    found = [
        line
        for path in sorted((stack.instance / "spool" / "flow").glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    return [json.loads(line) for line in found]


def told(events: list[dict]) -> list[dict]:
    return [{k: v for k, v in event.items() if k not in VARYING} for event in events]


@pytest.mark.parametrize(("name", "conversation"), CASES, ids=[f"{n}: {c.name}" for n, c in CASES])
def test_a_real_call_has_the_events_of_the_terminal(stack, crm, name, conversation, caller):
    centre = load_centre(stack.instance / "centre.yml")
    paths = {path.stem: path for path in [*SAMPLES.glob("*.yml"), PACKAGED / "main.yml"]}
    flows = {stem: parse_flow(stem, stem, sample(path, crm).encode()).flow for stem, path in paths.items()}
    conversation = conversation.model_copy(
        update={"caller": conversation.caller.model_copy(update={"at": None, "language": None, "did": ""})}
    )
    expected = replay(conversation, flows[name], flows, PROMPTS, Centre.model_validate(centre.model_dump()))
    Crm.answers = list(conversation.http)
    write_contacts(stack.instance / "contacts", conversation.contacts, "CN")
    number = next(did for did, flow in NUMBERS.items() if flow == name)
    actual = call(stack, caller(conversation.caller.number), number, conversation)
    assert told(actual["events"]) == told([event.as_dict() for event in expected.outcome.events])
    assert (actual["next"], actual["queue"]) == (expected.outcome.next, expected.outcome.queue)
