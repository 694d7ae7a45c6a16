"""RTP parsing, building and latching."""

import struct

from hypothesis import given
from hypothesis import strategies as st

from softswitch.media.latching import Latch
from softswitch.media.rtp import RtpSender, parse
from tests.unit.softswitch_media.phone import datagram, packet

PHONE, ELSEWHERE, STRANGER = ("10.0.0.1", 4000), ("10.0.0.1", 4444), ("10.9.9.9", 4000)


@given(st.binary(max_size=300))
def test_any_datagram_is_a_packet_with_a_payload_or_nothing(data: bytes) -> None:
    parsed = parse(data)
    assert parsed is None or (parsed.payload and parsed.payload in data)


def test_a_header_extension_contributors_and_padding_are_cut_off() -> None:
    header = struct.pack("!BBHII", 0x80 | 0x20 | 0x10 | 2, 0, 5, 6, 7)
    parsed = parse(header + b"csrccsrc" + struct.pack("!HH", 0xBEDE, 1) + b"exte" + b"voice" + b"\0\0\3")
    assert parsed is not None and (parsed.sequence, parsed.timestamp, parsed.ssrc, parsed.payload) == (
        *(5, 6, 7),
        b"voice",
    )


def test_an_extension_that_is_longer_than_the_datagram_is_refused() -> None:
    assert parse(struct.pack("!BBHIIHH", 0x90, 0, 5, 6, 7, 0, 999) + b"abc") is None


def test_padding_longer_than_the_payload_is_refused() -> None:
    assert parse(struct.pack("!BBHII", 0xA0, 0, 5, 6, 7) + b"ab\xff") is None


def test_rtcp_stun_and_sip_are_not_rtp() -> None:
    assert parse(b"OPTIONS sip:a@b SIP/2.0\r\n") is None
    assert parse(b"\x00\x01\x00\x00\x21\x12\xa4\x42" + b"x" * 12) is None


def test_a_sender_counts_on_and_marks_only_its_first_packet() -> None:
    sender = RtpSender()
    packets = [sender.audio(8, b"x" * 160) for _ in range(3)]
    first, second, third = (parse(data) for data in packets)
    assert first and second and third
    assert [data[1] for data in packets] == [0x88, 8, 8]
    assert (second.sequence - first.sequence) & 0xFFFF == (third.sequence - second.sequence) & 0xFFFF == 1
    assert (third.timestamp - first.timestamp) & 0xFFFFFFFF == 320


def test_sequence_and_timestamp_wrap_round() -> None:
    sender = RtpSender()
    sender.sequence, sender.timestamp = 0xFFFF, 0xFFFFFFFF
    sender.audio(0, b"x")
    assert (sender.sequence, sender.timestamp) == (0, 159)


def test_the_negotiated_source_is_believed_at_once() -> None:
    latch = Latch(PHONE)
    assert latch.accepts(PHONE, packet(1, b"a")) and latch.current == PHONE


def test_another_port_of_the_negotiated_host_is_where_we_send_from_then_on() -> None:
    latch = Latch(PHONE)
    assert latch.accepts(ELSEWHERE, packet(1, b"a")) and latch.current == ELSEWHERE


def test_a_stranger_must_send_a_stream_before_it_is_believed() -> None:
    latch = Latch(PHONE)
    believed = [latch.accepts(STRANGER, packet(sequence, b"a")) for sequence in range(5)]
    assert believed == [False] * 4 + [True] and latch.current == STRANGER


def test_single_packets_of_a_stranger_never_add_up() -> None:
    latch = Latch(PHONE)
    assert not any(latch.accepts(STRANGER, packet(sequence, b"a")) for sequence in range(0, 100, 2))


def test_nobody_takes_over_a_stream_that_runs() -> None:
    latch = Latch(PHONE)
    latch.accepts(PHONE, packet(1, b"a"))
    assert not any(latch.accepts(STRANGER, packet(sequence, b"a")) for sequence in range(50))
    assert not latch.accepts(ELSEWHERE, packet(1, b"a")) and latch.current == PHONE


def test_the_negotiated_source_wins_back_a_stream_from_a_stranger() -> None:
    latch = Latch(PHONE)
    for sequence in range(6):
        latch.accepts(STRANGER, packet(sequence, b"a"))
    assert latch.accepts(PHONE, packet(9, b"a")) and latch.current == PHONE


def test_after_a_long_silence_a_phone_is_found_at_its_new_port() -> None:
    latch = Latch(PHONE)
    latch.accepts(PHONE, packet(1, b"a"))
    latch.release()
    assert latch.accepts(ELSEWHERE, packet(2, b"a")) and latch.current == ELSEWHERE


def test_the_helper_builds_what_the_parser_reads() -> None:
    parsed = parse(datagram(3, b"abc", ssrc=9, payload_type=8))
    assert parsed is not None and parsed[:1] == (8,) and parsed.ssrc == 9
