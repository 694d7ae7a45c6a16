"""The benches' own reading of packets and files; the benches themselves take a minute and are not part of `make test`."""

import os
import socket
import subprocess
import sys

import pytest
import yaml

from tests.bench import load
from tests.bench.capture import Capture, Packet
from tests.bench.freed import freed_to_offer_ms
from tests.bench.meter import percentile
from tests.bench.offers import read_times
from tests.bench.office import menu_flow
from tests.support.ports import free_port
from tests.support.servers import temporary_folder
from tests.support.waiting import wait_until
from uckefu.settings import PROJECT_ROOT

GATEWAY, PHONES, ACD, CALLER = 5080, 6000, 8084, 7000


def sip(first_line: str, number: str) -> bytes:
    return f"{first_line}\r\nFrom: <sip:{number}@127.0.0.1>;tag=1\r\nCSeq: 1 INVITE\r\n\r\n".encode()


def test_an_offer_is_timed_from_the_sockets_syn_to_the_phones_first_invite() -> None:
    packets = [
        Packet(1.000, False, GATEWAY, CALLER, False, sip("SIP/2.0 200 OK", "13800000001")),
        Packet(1.010, True, 40_000, ACD, True, b""),
        Packet(1.012, True, 40_000, ACD, False, b"Event-Name: CHANNEL_DATA\nCaller-Caller-ID-Number: 13800000001\n"),
        Packet(1.030, False, GATEWAY + 20, PHONES, False, sip("INVITE sip:1101@127.0.0.1 SIP/2.0", "13800000001")),
        Packet(1.530, False, GATEWAY + 20, PHONES, False, sip("INVITE sip:1101@127.0.0.1 SIP/2.0", "13800000001")),
    ]  # fmt: skip
    times = read_times(packets, gateway=GATEWAY, phones=PHONES, acd=ACD)
    assert times.latencies_ms(times.arrived) == [pytest.approx(20)]
    assert times.latencies_ms(times.answered) == [pytest.approx(30)]


def test_a_freed_agent_is_timed_from_its_phones_bye_to_the_next_invite_of_the_same_extension() -> None:
    def said(seconds: float, first_line: str, call: str, *, by_phone: bool = False) -> Packet:
        source, target = (PHONES, GATEWAY) if by_phone else (GATEWAY, PHONES)
        return Packet(
            seconds, False, source, target, False, f"{first_line}\r\nCall-ID: {call}\r\n\r\n".encode()
        )

    packets = [
        said(1.00, "INVITE sip:1101@127.0.0.1 SIP/2.0", "a"),
        said(1.01, "INVITE sip:1102@127.0.0.1 SIP/2.0", "b"),
        said(2.00, "BYE sip:x@127.0.0.1 SIP/2.0", "a", by_phone=True),
        said(2.50, "BYE sip:x@127.0.0.1 SIP/2.0", "a", by_phone=True),
        said(2.51, "INVITE sip:1101@127.0.0.1 SIP/2.0", "c"),
        said(3.01, "INVITE sip:1101@127.0.0.1 SIP/2.0", "c"),
    ]
    assert freed_to_offer_ms(packets, phones=PHONES) == [pytest.approx(510)]


@pytest.mark.skipif(os.geteuid() != 0, reason="listening on the loopback needs root")
def test_the_capture_sees_the_ports_that_it_was_asked_for_and_no_others() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wanted,
        socket.socket(type=socket.SOCK_DGRAM) as other,
    ):
        for each in (wanted, other):
            each.bind(("127.0.0.1", 0))
        port = wanted.getsockname()[1]
        with Capture([port, 9]) as capture:
            for target in (other, wanted):
                other.sendto(b"hello", target.getsockname())
            wait_until(lambda: capture.packets, what="a packet")
    assert [(p.target, p.is_tcp, p.payload) for p in capture.packets] == [(port, False, b"hello")]


def test_the_flow_that_is_measured_is_the_main_line_with_a_hangup_for_each_queue() -> None:
    flow = yaml.safe_load(menu_flow())
    assert {node["type"] for node in flow["nodes"].values()} == {"hours", "play", "menu", "hangup"}
    with temporary_folder() as folder:
        (folder / "menu.yml").write_text(menu_flow(), encoding="utf-8")
        command = [sys.executable, "-m", "ivr", "check", str(folder / "menu.yml")]
        checked = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=60)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_far_end_answers_and_counts_the_gaps_between_packets() -> None:
    port = free_port()
    command = [sys.executable, str(load.RTP), str(port), "1"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with (
        subprocess.Popen(command, text=True, **pipes) as end,
        socket.socket(type=socket.SOCK_DGRAM) as switch,
    ):
        assert end.stdout is not None and end.stdin is not None
        assert end.stdout.readline() == "ready\n"
        end.stdin.write("measure\n")
        end.stdin.flush()
        switch.settimeout(10)
        switch.sendto(b"\x80\x08" + bytes(170), ("127.0.0.1", port))
        for _ in range(5):  # each answer paces the next packet
            assert len(switch.recv(2048)) == 172
            switch.sendto(b"\x80\x08" + bytes(170), ("127.0.0.1", port))
        end.terminate()
        assert '"streams": 1' in end.stdout.read()


def test_a_percentile_is_one_of_the_values() -> None:
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile([3.0, 1.0, 2.0], 1.0) == 3.0
