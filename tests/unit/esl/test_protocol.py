"""The event socket protocol: any cut of the stream, no forged headers, limits."""

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esl import Event, HeaderInjection, ProtocolViolation
from esl.event import from_json, from_plain, to_bytes
from esl.protocol import (
    Command,
    CommandParser,
    EventSocketParser,
    Message,
    encode_command,
    encode_event,
    encode_message,
)

names = st.from_regex(r"[A-Za-z][A-Za-z0-9_.-]{0,20}", fullmatch=True).filter(
    lambda name: name.lower() != "content-length"
)
events = st.builds(
    Event,
    st.dictionaries(names, st.text(st.characters(exclude_categories=["Cs"]), max_size=40), max_size=8),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=200),
)
lines = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=40)
messages = st.one_of(
    st.builds(encode_event, events, st.sampled_from(["plain", "json"])),
    st.builds(lambda text: encode_message({"Content-Type": "command/reply", "Reply-Text": text}), lines),
    st.builds(lambda body: encode_message({"Content-Type": "api/response"}, body), st.binary(max_size=200)),
)


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    edges = sorted({0, len(stream), *(place % (len(stream) + 1) for place in places)})
    return [stream[a:b] for a, b in itertools.pairwise(edges)]


def read(stream: bytes, places: list[int]) -> tuple[list[Message], str]:
    parser = EventSocketParser(max_header_bytes=500, max_body_bytes=500)
    found: list[Message] = []
    for piece in cut(stream, places):
        try:
            found += parser.feed(piece)
        except ProtocolViolation as violation:
            return found + violation.messages, str(violation)
    return found, ""


@given(st.lists(messages, max_size=5), st.lists(st.integers(0, 100_000), max_size=12))
def test_any_cut_of_the_stream_gives_the_same_messages(parts: list[bytes], places: list[int]) -> None:
    stream = b"".join(parts)
    whole = EventSocketParser()
    parser = EventSocketParser()
    pieces = [parser.feed(piece) for piece in cut(stream, places)]
    assert list(itertools.chain.from_iterable(pieces)) == whole.feed(stream)
    assert parser.is_between_messages


@given(st.binary(max_size=600), st.lists(st.integers(0, 600), max_size=12))
def test_garbage_gives_the_same_however_it_is_cut_and_no_other_error(
    garbage: bytes, places: list[int]
) -> None:
    assert read(garbage, places) == read(garbage, [])


@given(
    st.text(alphabet="aC:\r\n 09-entLghT", max_size=300).map(str.encode),
    st.lists(st.integers(0, 300), max_size=12),
)
def test_nearly_right_input_gives_the_same_however_it_is_cut(garbage: bytes, places: list[int]) -> None:
    assert read(garbage, places) == read(garbage, [])
    parser, whole = CommandParser(max_header_bytes=50), CommandParser(max_header_bytes=50)

    def feed(each: CommandParser, pieces: list[bytes]) -> tuple[list[Command], bool]:
        found: list[Command] = []
        for piece in pieces:
            try:
                found += each.feed(piece)
            except ProtocolViolation as violation:
                return found + violation.messages, True
        return found, False

    assert feed(parser, cut(garbage, places)) == feed(whole, [garbage])


@given(events)
def test_plain_and_json_hold_the_same_event(event: Event) -> None:
    assert from_plain(event.to_plain()) == event
    assert from_json(event.to_json()) == event
    for form in ("plain", "json"):
        (message,) = EventSocketParser().feed(encode_event(event, form))
        assert message.event() == event


@given(st.text(), names)
def test_no_value_forges_a_header(value: str, name: str) -> None:
    event = Event({"Event-Name": "E", name: value, "Unique-ID": "true"})
    expected = set(event.headers)
    (message,) = EventSocketParser().feed(encode_event(event, "plain"))
    received = message.event()
    assert received is not None
    assert set(received.headers) == expected
    assert received.uuid == event.headers["Unique-ID"]


@given(st.text(min_size=1))
def test_not_even_a_header_name_forges_a_header(name: str) -> None:
    event = Event({"Unique-ID": "true", name + "\nUnique-ID: forged": "x", "Last": "y"})
    received = from_plain(event.to_plain())
    assert received.uuid == "true"
    assert received.get("Last") == "y"


@given(st.binary(max_size=100))
def test_bytes_that_are_not_utf8_come_through_unchanged(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    assert to_bytes(from_plain(Event({"Name": text}).to_plain()).headers["Name"]) == data
    (message,) = EventSocketParser().feed(encode_event(Event({"Name": text}), "json"))
    received = message.event()
    assert received is not None and to_bytes(received.headers["Name"]) == data


def test_a_value_is_decoded_only_after_the_lines_are_split() -> None:
    received = from_plain("Caller-Name: a%0AUnique-ID%3A%20forged\nUnique-ID: true\n\n")
    assert received.headers == {"Caller-Name": "a\nUnique-ID: forged", "Unique-ID": "true"}


def test_the_first_of_two_equal_headers_counts() -> None:
    assert from_plain("Unique-ID: true\nUnique-ID: forged\n\n").uuid == "true"


def test_freeswitchs_empty_and_array_values_are_understood() -> None:
    assert from_plain("A: _undef_\nB: %5Fundef_\n\n").headers == {"A": "", "B": "_undef_"}
    assert from_json('{"A":["x","y"],"B":1}').headers == {"A": "ARRAY::x|:y", "B": "1"}


def test_the_reply_to_connect_is_the_channel_data() -> None:
    stream = (
        b"Event-Name: CHANNEL_DATA\nUnique-ID: leg1\nContent-Type: command/reply\nReply-Text: %2BOK%0A\n\n"
    )
    (message,) = EventSocketParser().feed(stream)
    assert message.reply_text == "+OK"
    event = message.event()
    assert event is not None and event.uuid == "leg1"


def test_headers_are_found_whatever_their_case() -> None:
    event = Event({"Unique-ID": "a"})
    assert event.get("unique-id") == "a"
    assert event.get("other", "b") == "b"
    assert event.variable("x") is None
    (message,) = EventSocketParser().feed(b"content-type: api/response\ncontent-length: 2\n\nhi")
    assert (message.content_type, message.text) == ("api/response", "hi")


def test_a_second_message_may_follow_blank_lines_and_carriage_returns() -> None:
    found = EventSocketParser().feed(b"\n\nContent-Type: auth/request\r\n\r\n\r\nContent-Type: a/b\n\n")
    assert [each.content_type for each in found] == ["auth/request", "a/b"]


@pytest.mark.parametrize(
    ("stream", "reason"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "not an event socket header"),
        (b"A: b\nContent-Length: -1\n\n", "not a number"),
        (b"A: b\nContent-Length: 1_0\n\n", "not a number"),
        (b"A: b\nContent-Length: 9999999999999999999999\n\n", "not a number"),
        (b"A: b\nContent-Length: 101\n\n", "over the limit"),
        (b"A: " + b"b" * 200, "longer than"),
        (b"A: " + b"b" * 200 + b"\n\n", "longer than"),
    ],
)
def test_what_breaks_the_protocol_is_refused_for_good(stream: bytes, reason: str) -> None:
    parser = EventSocketParser(max_header_bytes=100, max_body_bytes=100)
    with pytest.raises(ProtocolViolation, match=reason) as violation:
        parser.feed(b"Content-Type: auth/request\n\n" + stream)
    assert [each.content_type for each in violation.value.messages] == ["auth/request"]
    with pytest.raises(ProtocolViolation, match=reason):
        parser.feed(b"Content-Type: auth/request\n\n")


@pytest.mark.parametrize("body", ["[1]", "{", '"x"', "[" * 100_000])
def test_a_json_event_that_is_no_object_is_refused(body: str) -> None:
    (message,) = EventSocketParser().feed(encode_message({"Content-Type": "text/event-json"}, body))
    with pytest.raises(ProtocolViolation, match="JSON"):
        message.event()


@given(
    lines.filter(bool),
    st.dictionaries(names, lines, max_size=4),
    st.none() | st.binary(min_size=1, max_size=50),
)
def test_a_command_arrives_as_it_was_sent(line: str, headers: dict[str, str], body: bytes | None) -> None:
    if line.strip() != line or any(value != value.strip() for value in headers.values()):
        return
    (command,) = CommandParser().feed(encode_command(line, headers, body))
    assert command.line == line
    assert {key: value for key, value in command.headers.items() if key != "Content-Length"} == headers
    assert command.body == (body or b"")


@given(st.text(max_size=20), st.sampled_from("\r\n\0"), st.text(max_size=20))
def test_no_command_smuggles_a_line(before: str, breaking: str, after: str) -> None:
    text = before + breaking + after
    for attempt in (
        lambda: encode_command(text),
        lambda: encode_command("api x", {"Name": text}),
        lambda: encode_command("api x", {text: "value"}),
    ):
        with pytest.raises(HeaderInjection):
            attempt()


@pytest.mark.parametrize("name", ["", "a b", "a:b", "ä"])
def test_a_header_name_must_be_a_token(name: str) -> None:
    with pytest.raises(HeaderInjection):
        encode_command("api x", {name: "value"})


def test_the_json_form_has_the_length_and_the_body() -> None:
    assert json.loads(Event({"A": "b"}, "ü").to_json()) == {"A": "b", "Content-Length": "2", "_body": "ü"}
    assert Event({"A": "b c"}, "ü").to_plain() == "A: b%20c\nContent-Length: 2\n\nü"
