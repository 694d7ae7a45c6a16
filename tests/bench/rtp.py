"""Many RTP ends in one process, to measure how evenly a switch sends: the media of the bench's sipp calls.

Each port waits for the switch's first packet, then answers it with a tone every 20 ms. Arrivals are stamped by
the kernel (SO_TIMESTAMPNS), so this process's own delays don't count. At SIGTERM (or after `--seconds` from the
`measure` line on stdin) it prints one JSON object: packets, streams, gap percentiles in ms.

Started by the benches as `python tests/bench/rtp.py FIRST_PORT COUNT`.
"""

import json
import math
import select
import signal
import socket
import struct
import sys
import time
from dataclasses import dataclass, field

SO_TIMESTAMPNS = 35
HEADER = struct.Struct("!BBHII")
FRAME = 160


def _alaw(sample: int) -> int:
    """One 16-bit sample in ITU-T G.711 A-law (even bits inverted)."""
    sign = 0x80 if sample >= 0 else 0
    magnitude = min(abs(sample) >> 3, 4095)
    exponent = max(0, magnitude.bit_length() - 5)
    mantissa = (magnitude >> max(exponent, 1)) & 0x0F
    return (sign | exponent << 4 | mantissa) ^ 0x55


def tone(hertz: float) -> bytes:
    """One second of A-law tone, fifty frames."""
    return bytes(_alaw(int(8000 * math.sin(2 * math.pi * hertz * n / 8000))) for n in range(8000))


@dataclass
class End:
    """One RTP port: who to answer, and when packets came."""

    sock: socket.socket
    peer: tuple[str, int] | None = None
    sequence: int = 0
    last_ns: int = 0
    ssrc: bytes = b""
    gaps_ns: list[int] = field(default_factory=list)


def receive(end: End, *, measuring: bool) -> None:
    """Take one packet and note the gap since the one before in the same stream."""
    data, ancillary, _flags, peer = end.sock.recvmsg(2048, 64)
    stamp = next((c[2] for c in ancillary if c[1] == SO_TIMESTAMPNS), None)
    if stamp is None or len(data) < 12:
        return
    seconds, nanoseconds = struct.unpack("qq", stamp)
    now_ns = seconds * 1_000_000_000 + nanoseconds
    if data[8:12] != end.ssrc:
        end.ssrc, end.last_ns = data[8:12], 0
    if measuring and end.last_ns:
        end.gaps_ns.append(now_ns - end.last_ns)
    end.last_ns, end.peer = now_ns, peer


def percentile(values: list[int], share: float) -> float:
    """The value below which `share` of the sorted `values` (ns) lie, in ms."""
    return values[min(len(values) - 1, int(len(values) * share))] / 1e6 if values else math.nan


def main() -> None:
    """Serve until SIGTERM, then print the figures."""
    first, count = int(sys.argv[1]), int(sys.argv[2])
    ends: dict[int, End] = {}
    poll = select.epoll()
    for index in range(count):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        sock.bind(("127.0.0.1", first + 2 * index))
        ends[sock.fileno()] = End(sock)
        poll.register(sock.fileno(), select.EPOLLIN)
    poll.register(sys.stdin.fileno(), select.EPOLLIN)
    running, measuring = True, False

    def stop(*_: object) -> None:
        nonlocal running
        running = False

    signal.signal(signal.SIGTERM, stop)
    sound = tone(440)
    due, frame = time.monotonic(), 0
    print("ready", flush=True)
    while running:
        for descriptor, _event in poll.poll(max(0.0, due - time.monotonic())):
            if descriptor == sys.stdin.fileno():
                line = sys.stdin.readline()
                measuring = line.strip() == "measure"
                if not line:
                    running = False
            else:
                receive(ends[descriptor], measuring=measuring)
        if time.monotonic() >= due:
            payload = sound[frame * FRAME : (frame + 1) * FRAME]
            for end in ends.values():
                if end.peer:
                    end.sequence = (end.sequence + 1) & 0xFFFF
                    header = HEADER.pack(0x80, 8, end.sequence, end.sequence * FRAME, end.sock.fileno())
                    end.sock.sendto(header + payload, end.peer)
            frame = (frame + 1) % 50
            due += 0.02
    gaps = sorted(gap for end in ends.values() for gap in end.gaps_ns)
    print(
        json.dumps({
            "streams": sum(bool(e.gaps_ns) for e in ends.values()), "packets": len(gaps),
            "p50_ms": percentile(gaps, 0.5), "p99_ms": percentile(gaps, 0.99),
            "p999_ms": percentile(gaps, 0.999), "max_ms": gaps[-1] / 1e6 if gaps else math.nan,
        }),
        flush=True,
    )  # fmt: skip


if __name__ == "__main__":
    main()
