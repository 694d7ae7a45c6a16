"""The playout buffer under loss, reordering, bursts, new streams and a fast sender."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from softswitch.media.g711 import PCMA, PCMU, codec
from softswitch.media.playout import PlayoutBuffer
from softswitch.media.rtp import parse
from tests.unit.softswitch_media.phone import datagram, decode, encode, packet, tone

QUIET = codec(PCMU).silence


def frame(number: int) -> bytes:
    """20 ms that can be told from others."""
    return bytes([number]) * 160


def filled(*numbers: int, first: int = 0) -> PlayoutBuffer:
    """A buffer with these frames in sequence."""
    buffer = PlayoutBuffer(PCMU)
    for offset, number in enumerate(numbers):
        buffer.put(packet(first + offset, frame(number)))
    return buffer


def test_it_begins_when_two_frames_are_there() -> None:
    buffer = filled(1)
    assert buffer.take() == QUIET
    buffer.put(packet(1, frame(2)))
    assert [buffer.take(), buffer.take()] == [frame(1), frame(2)]


def test_packets_of_any_length_come_out_in_frames() -> None:
    buffer = PlayoutBuffer(PCMU)
    for sequence in range(8):
        buffer.put(packet(sequence, bytes([sequence]) * 80))
    assert buffer.take() == bytes([0]) * 80 + bytes([1]) * 80


def test_a_lost_packet_is_filled_with_the_fading_last_one() -> None:
    buffer = filled(10, 20)
    buffer.put(packet(3, frame(40)))
    frames = [buffer.take() for _ in range(4)]
    assert frames == [frame(10), frame(20), frame(20).translate(codec(PCMU).fade), frame(40)]
    assert buffer.lost_packets == 1


def test_a_packet_that_comes_late_still_finds_its_place() -> None:
    buffer = filled(1, 2)
    buffer.put(packet(3, frame(4)))
    buffer.put(packet(2, frame(3)))
    assert [buffer.take() for _ in range(4)] == [frame(n) for n in (1, 2, 3, 4)]


def test_repeated_packets_are_played_once() -> None:
    buffer = PlayoutBuffer(PCMU)
    for sequence in (0, 0, 1, 1, 2, 2):
        buffer.put(packet(sequence, frame(sequence)))
    assert buffer.depth_bytes == 480


def test_a_new_source_identifier_begins_a_new_stream() -> None:
    buffer = filled(1, 2, first=60000)
    buffer.put(packet(5, frame(3), ssrc=99))
    assert [buffer.take() for _ in range(3)] == [frame(1), frame(2), frame(3)]
    assert buffer.lost_packets == 0


def test_after_five_late_packets_in_a_row_the_sender_has_begun_anew() -> None:
    buffer = filled(1, 2, first=30000)
    for sequence in range(5):
        buffer.put(packet(sequence, frame(9)))
    assert buffer.depth_bytes == 3 * 160


def test_a_jump_ahead_is_no_loss_to_be_filled() -> None:
    buffer = filled(1, 2)
    buffer.put(packet(5000, frame(3)))
    assert buffer.depth_bytes == 3 * 160


def test_sequence_numbers_wrap_round() -> None:
    buffer = filled(1, 2, 3, first=65534)
    assert [buffer.take() for _ in range(3)] == [frame(1), frame(2), frame(3)]
    assert buffer.lost_packets == buffer.late_packets == 0


def test_digits_in_between_are_no_loss() -> None:
    buffer = filled(1, 2)
    for sequence in (2, 3, 4):
        buffer.pass_over(packet(sequence, b"\1\n\0\xa0", payload_type=101))
    buffer.put(packet(5, frame(3)))
    assert buffer.lost_packets == 0 and buffer.depth_bytes == 3 * 160


def test_when_nothing_comes_the_sound_fades_out_and_counts_one_underrun() -> None:
    buffer = PlayoutBuffer(PCMU)
    loud = encode(tone(400, 40))
    buffer.put(packet(0, loud[:160]))
    buffer.put(packet(1, loud[160:]))
    sounds = [np.abs(decode(buffer.take()).astype(int)).max() for _ in range(8)]
    assert sounds[1] > sounds[2] > sounds[3] > sounds[4] > 0 == sounds[5] == sounds[7]
    assert buffer.underruns == 1


def test_a_burst_leaves_no_lasting_delay() -> None:
    buffer = PlayoutBuffer(PCMU)
    sequence = 0
    for _ in range(9):
        buffer.put(packet(sequence, frame(1)))
        sequence += 1
    for _ in range(250):
        buffer.put(packet(sequence, frame(1)))
        sequence += 1
        buffer.take()
    assert buffer.depth_bytes <= 2 * 160


def test_a_sender_whose_clock_runs_fast_does_not_make_it_grow() -> None:
    buffer = PlayoutBuffer(PCMU)
    sequence = 0
    deepest = 0
    for tick in range(20_000):
        for _ in range(2 if tick % 50 == 0 else 1):  # 2 % fast, far more than any clock.
            buffer.put(packet(sequence, frame(1)))
            sequence += 1
        buffer.take()
        deepest = max(deepest, buffer.depth_bytes)
    assert deepest <= 6 * 160


def test_the_other_law_is_translated() -> None:
    buffer = PlayoutBuffer(PCMU)
    sound = tone(500, 40)
    for sequence in (0, 1):
        half = sound[sequence * 160 : sequence * 160 + 160]
        buffer.put(packet(sequence, encode(half, PCMA), payload_type=PCMA))
    assert np.abs(decode(buffer.take()).astype(int) - sound[:160]).max() < 700


@given(
    st.lists(
        st.tuples(
            st.integers(0, 65535), st.integers(0, 2), st.binary(min_size=1, max_size=400), st.booleans()
        ),
        max_size=80,
    )
)
def test_whatever_comes_it_gives_whole_frames_and_stays_small(
    arrivals: list[tuple[int, int, bytes, bool]],
) -> None:
    buffer = PlayoutBuffer(PCMA)
    for sequence, ssrc, payload, other_kind in arrivals:
        parsed = parse(datagram(sequence, payload, ssrc=ssrc))
        assert parsed is not None
        if other_kind:
            buffer.pass_over(parsed)
        else:
            buffer.put(parsed)
        assert len(buffer.take()) == 160
        assert buffer.depth_bytes <= 10 * 160
