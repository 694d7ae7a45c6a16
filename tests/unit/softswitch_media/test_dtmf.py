"""RFC 4733 digits, received under loss and sent without upsetting the stream."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softswitch.media.dtmf import DIGITS, Digit, DigitReceiver, DigitSender
from softswitch.media.rtp import RtpSender, parse
from tests.unit.softswitch_media.phone import event_payload, packet

EVENT = 101


def press(code: int, timestamp: int, packets: int = 5, **fields: int) -> list[object]:
    """The packets of one key: `packets` of them, then three with the end bit."""
    durations = [160 * n for n in range(1, packets + 1)]
    payloads = [event_payload(code, end=False, duration=d) for d in durations]
    payloads += [event_payload(code, end=True, duration=durations[-1])] * 3
    return [
        packet(timestamp + n, payload, payload_type=EVENT, timestamp=timestamp, **fields)
        for n, payload in enumerate(payloads)
    ]


def received(packets: list[object]) -> list[Digit]:
    """What a receiver makes of packets, one a tick, and of the quiet after them."""
    receiver = DigitReceiver()
    digits: list[Digit] = []
    for tick, parsed in enumerate(packets):
        digits += receiver.put(parsed, tick)  # type: ignore[arg-type]
        digits += receiver.check(tick)
    return digits + receiver.check(len(packets) + 50)


@pytest.mark.parametrize("code", range(16))
def test_a_key_is_one_digit_with_its_length(code: int) -> None:
    assert received(press(code, 1000)) == [Digit(DIGITS[code], 100)]


def test_the_same_key_twice_is_two_digits() -> None:
    assert [d.digit for d in received(press(5, 1000) + press(5, 3000))] == ["5", "5"]


@given(st.lists(st.booleans(), min_size=8, max_size=8).filter(any))
def test_whichever_packets_are_lost_the_key_counts_once(arrives: list[bool]) -> None:
    packets = [parsed for parsed, comes in zip(press(7, 1000), arrives, strict=True) if comes]
    assert [d.digit for d in received(packets)] == ["7"]


def test_when_all_ends_are_lost_the_next_key_ends_it() -> None:
    assert [d.digit for d in received(press(1, 1000)[:5] + press(2, 3000))] == ["1", "2"]


def test_late_end_packets_of_the_last_key_are_not_a_new_one() -> None:
    first, second = press(1, 1000), press(2, 3000)
    mixed = first[:6] + second[:2] + first[6:] + second[2:]
    assert [d.digit for d in received(mixed)] == ["1", "2"]


def test_a_sender_that_begins_anew_with_the_same_timestamp_is_heard() -> None:
    assert [d.digit for d in received(press(1, 1000) + press(2, 1000, ssrc=77))] == ["1", "2"]


def test_a_capture_that_is_played_again_later_is_a_new_key() -> None:
    receiver = DigitReceiver()
    ends = [
        receiver.put(parsed, tick)  # type: ignore[arg-type]
        for start in (0, 300)
        for tick, parsed in enumerate(press(4, 1000), start)
    ]
    assert [digit.digit for digits in ends for digit in digits] == ["4", "4"]


@given(st.lists(st.binary(min_size=1, max_size=12), max_size=40))
def test_garbage_gives_only_real_digits(payloads: list[bytes]) -> None:
    digits = received([packet(n, payload, payload_type=EVENT) for n, payload in enumerate(payloads)])
    assert all(digit.digit in DIGITS for digit in digits)


def sent(digits: str, milliseconds: int, ticks: int) -> list[bytes]:
    """What goes out in `ticks` while digits are queued."""
    sender, digit_sender = RtpSender(), DigitSender()
    digit_sender.queue(digits, milliseconds)
    out: list[bytes] = []
    for _ in range(ticks):
        events = digit_sender.tick(sender, EVENT) if digit_sender else None
        out += [sender.audio(0, b"\xff" * 160)] if events is None else events
    return out


def test_a_sent_digit_has_a_marker_growing_durations_and_three_ends() -> None:
    events = [(data, parse(data)) for data in sent("5", 100, 20) if data[1] & 0x7F == EVENT]
    payloads = [parsed.payload for _, parsed in events if parsed]
    assert [bool(data[1] & 0x80) for data, _ in events] == [True] + [False] * 6
    assert len({parsed.timestamp for _, parsed in events if parsed}) == 1
    assert (
        payloads
        == [event_payload(5, end=False, duration=160 * n) for n in range(1, 5)]
        + [event_payload(5, end=True, duration=800)] * 3
    )


def test_the_voice_clock_runs_on_behind_a_sent_digit() -> None:
    packets = [parsed for data in sent("12", 100, 40) if (parsed := parse(data))]
    sequences = [parsed.sequence for parsed in packets]
    assert all((b - a) & 0xFFFF == 1 for a, b in pairwise(sequences))
    voice = [parsed for parsed in packets if parsed.payload_type == 0]
    assert (voice[-1].timestamp - packets[0].timestamp) & 0xFFFFFFFF == 39 * 160


def test_what_is_sent_is_received_as_it_was_keyed() -> None:
    keyed = "0123456789*#ABCD"
    events = [
        parsed for data in sent(keyed, 60, 300) if (parsed := parse(data)) and parsed.payload_type == EVENT
    ]
    digits = received(list(events))
    assert "".join(d.digit for d in digits) == keyed and {d.milliseconds for d in digits} == {60}


def test_a_pause_keeps_the_voice_going() -> None:
    packets = sent("w1", 100, 60)
    first_event = next(n for n, data in enumerate(packets) if data[1] & 0x7F == EVENT)
    assert first_event == 25
