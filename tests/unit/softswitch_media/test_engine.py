"""The engine as a whole: garbage on its ports, ports running out, nothing left behind, and its pace."""

import os
import socket

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from softswitch.media.engine import Engine
from softswitch.media.errors import MediaError, NoRtpPort
from softswitch.media.loop import Pacer
from tests.support.ports import free_port
from tests.unit.softswitch_media.phone import Studio, datagram, encode, event_payload, tone

SHARED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
rtp_like = st.builds(
    datagram,
    st.integers(0, 65535),
    st.binary(max_size=400),
    payload_type=st.sampled_from([0, 8, 13, 101, 72, 127]),
    timestamp=st.integers(0, 2**32 - 1),
    ssrc=st.integers(0, 3),
)


@SHARED
@given(st.lists(st.one_of(st.binary(max_size=200), rtp_like), max_size=30))
def test_whatever_arrives_the_stream_to_the_other_leg_goes_on(studio: Studio, garbage: list[bytes]) -> None:
    for leg_id in studio.phones.keys() - {"a", "b"}:
        studio.engine.close(leg_id)
    if "a" not in studio.phones:
        studio.phone("a")
        studio.phone("b")
        studio.bridge("a", "b")
    before = len(studio.phones["b"].packets)
    for data in garbage:
        studio.phones["a"].send_raw(data)
        studio.run(1)
    assert len(studio.phones["b"].packets) == before + len(garbage)
    assert all(len(p.payload) == 160 for p in studio.phones["b"].packets)


def test_after_garbage_voice_and_digits_still_arrive(studio: Studio) -> None:
    phone, peer = studio.phone("a"), studio.phone("b")
    studio.bridge("a", "b")
    for number in range(200):
        phone.send_raw(os.urandom(number))
    studio.receive()
    phone.send(event_payload(7, end=True, duration=800), payload_type=101)
    for _ in range(20):
        phone.send(encode(tone(400, 20)))
        studio.run(1)
    assert studio.event("dtmf") == {"digit": "7", "milliseconds": 100}
    assert peer.heard(10).max() > 6000


def test_sippss_digits_with_sequence_numbers_of_their_own_do_not_deafen_the_leg(studio: Studio) -> None:
    """sipp plays a capture in between: other sequence numbers, the same or another source identifier."""
    phone, peer = studio.phone("a", 400), studio.phone("b")
    studio.bridge("a", "b")
    studio.run(20)
    for number in range(8):
        phone.send_raw(
            datagram(
                40_000 + number, event_payload(3, end=number > 4, duration=160 * number), payload_type=101
            )
        )
    studio.run(40)
    assert studio.event("dtmf")["digit"] == "3"
    assert peer.heard(20).max() > 7000


def test_packets_before_the_remote_is_known_are_not_played(studio: Studio) -> None:
    port = studio.engine.open("early")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(datagram(1, encode(tone(400, 20))), ("127.0.0.1", port))
    studio.run(2)
    assert studio.engine.stats()["by_leg"]["early"]["packets_refused"] == 1


def test_ports_are_even_and_taken_in_turn(studio: Studio) -> None:
    ports = []
    for number in range(5):
        ports.append(studio.engine.open(str(number)))
        studio.engine.close(str(number))
    assert len(set(ports)) == 5 and not any(port % 2 for port in ports)


def test_a_port_that_somebody_else_has_is_passed_over() -> None:
    first = free_port()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", first))
        engine = Engine(lambda *_: None, lambda job: job(), "127.0.0.1", range(first, first + 20, 2), 0)
        assert engine.open("a") > first
        engine.shut_down()


def test_when_all_ports_are_taken_the_reason_says_so() -> None:
    first = free_port()
    engine = Engine(lambda *_: None, lambda job: job(), "127.0.0.1", range(first, first + 2, 2), 0)
    engine.open("a")
    with pytest.raises(NoRtpPort, match=f"no free RTP port on 127.0.0.1 in {first}"):
        engine.open("b")
    engine.shut_down()


def test_a_leg_is_opened_once(studio: Studio) -> None:
    studio.engine.open("a")
    with pytest.raises(MediaError, match="open already"):
        studio.engine.open("a")


def test_commands_for_legs_that_are_gone_do_nothing(studio: Studio) -> None:
    engine = studio.engine
    engine.close("x")
    engine.set_remote("x", "127.0.0.1", 9, 0, 101)
    engine.set_direction("x", "inactive")
    engine.set_rtp_timeout("x", 1)
    engine.stop_play("x", None)
    engine.connect("x", "y", 1.0)
    engine.disconnect("x", "y")
    engine.stop_recording("x", "/x")
    engine.mask_recording("x", "/x", True)
    engine.send_dtmf("x", "1", 100)
    engine.mute("x", True)
    assert engine.stats()["legs"] == 0 and studio.events.empty()


def test_300_calls_leave_no_descriptor_behind(studio: Studio, tmp_path: object) -> None:
    def descriptors() -> int:
        return len(os.listdir("/proc/self/fd"))

    before = descriptors()
    for number in range(300):
        one, other = f"{number}a", f"{number}b"
        for leg_id in (one, other):
            studio.engine.open(leg_id)
            studio.engine.set_remote(leg_id, "127.0.0.1", 9, 0, 101)
        studio.bridge(one, other)
        studio.engine.start_recording(one, f"{tmp_path}/{number % 10}.wav", True, None, False)
        studio.engine.play(other, "tone_stream://%(100,0,400)", "p", True, False)
        studio.run(1)
        studio.engine.close(one)
        studio.engine.close(other)
        assert studio.event("recorded")["status"] == "done"
    studio.run(1)
    assert descriptors() == before and studio.engine.stats()["legs"] == 0


def test_the_pace_is_kept_from_the_start_and_not_from_the_last_tick() -> None:
    pacer = Pacer(100.0)
    lateness = [0.001, 0.004, 0.0, 0.019]
    for number, late in enumerate(lateness, 1):
        now = 100 + number * 0.02 + late
        assert pacer.wait_seconds(now) == 0
        told, skipped = pacer.begin_tick(now)
        assert told == pytest.approx(late) and not skipped
    assert pacer.wait_seconds(100.085) == pytest.approx(0.015)


def test_a_short_stop_is_caught_up_and_a_long_one_is_skipped() -> None:
    pacer = Pacer(0.0)
    pacer.begin_tick(0.1)
    assert pacer.wait_seconds(0.1) == 0
    pacer = Pacer(0.0)
    _, skipped = pacer.begin_tick(1.025)
    assert skipped == 50 and pacer.wait_seconds(1.025) == pytest.approx(0.015)
