"""Between web processes: many pieces of news are one letter, and nobody reads his own or what no page of his asks for."""

import json
import time
from typing import Any

import pytest
from flask import Flask

from admin.chat import relay as relays
from admin.chat.relay import AGENTS, VISITORS, Relay
from admin.sockets import Json, TextPacket, is_anybody

NEWS = [
    [AGENTS, ["agent:1"], "message", {"text": "一"}],
    [VISITORS, ["visitor:x"], "message", {"text": "二"}],
]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the pages of this process were told; only the agent has one here."""
    told: list[Any] = []
    monkeypatch.setattr(
        relays.socketio, "emit", lambda event, content, **to: told.append((event, content, to))
    )
    monkeypatch.setattr(relays, "is_anybody", lambda namespace, _rooms: namespace == AGENTS)
    return told


def test_a_letter_of_another_process_reaches_the_pages_that_are_here(app: Flask, told: list[Any]) -> None:
    letter = Relay(app).letter([json.dumps(each) for each in NEWS])
    Relay(app).take(letter)
    assert told == [("message", {"text": "一"}, {"to": ["agent:1"], "namespace": AGENTS})]


def test_ones_own_letter_is_passed_over(app: Flask, told: list[Any]) -> None:
    relay = Relay(app)
    relay.take(relay.letter([json.dumps(each) for each in NEWS]))
    assert told == []


def test_a_letter_without_news_is_a_sign_of_life(
    app: Flask, told: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    relay = Relay(app)
    relay.take(Relay(app).letter([]))
    relay.miss_peers()
    assert told == []
    late = time.monotonic() + relays.SILENT_SECONDS + 1
    monkeypatch.setattr(time, "monotonic", lambda: late)
    relay.miss_peers()
    assert [event for event, _content, _to in told] == ["resync", "resync"]


def test_a_letter_that_makes_no_sense_stops_nobody(app: Flask, told: list[Any]) -> None:
    for letter in ("", "[", "{}", '{"by":1,"news":[1]}', '{"by":"x","news":[[1,2]]}'):
        Relay(app)._try(letter)
    assert told == []


def test_nobody_is_in_a_room_that_nobody_joined(app: Flask) -> None:
    assert not is_anybody(AGENTS, ["agent:1", "interaction:2"])


@pytest.mark.parametrize("text", ["你好 \u2028 <b>", "\ud83d", "\x00", "🙂"])
def test_every_text_that_the_library_could_carry_is_carried(text: str) -> None:
    assert Json.loads(Json.dumps(["say", {"text": text}])) == ["say", {"text": text}]
    packet = TextPacket(data=["say", {"text": text}], namespace="/visitor", id=7)
    back = TextPacket(encoded_packet=packet.encode())
    assert (back.data, back.namespace, back.id) == (["say", {"text": text}], "/visitor", 7)


@pytest.mark.parametrize("text", ["[1", "{'a': 1}", "", "[" * 200 + "]" * 199])
def test_what_is_no_json_is_refused_as_before(text: str) -> None:
    with pytest.raises(ValueError):
        Json.loads(text)
