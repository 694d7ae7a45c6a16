"""`offer_latency_p99_ms`: from a caller's arrival at the ACD to the agent's INVITE on the wire.

The arrival is the SYN of the switch's outbound socket, the INVITE the agent's phone's first packet; both stamped by
the kernel. mod_callcenter has no such moment: there it is the 200 OK that the line before `callcenter` sends; ours is
given from that moment, too (`from_answer_*`), with the dialplan between.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from tests.bench import load
from tests.bench.capture import Capture, Packet
from tests.bench.meter import Meter, percentile
from tests.bench.office import CALLCENTER, OFFERS, Office
from tests.support.ports import free_port

TALK_MILLISECONDS = 1000
FIRST_NUMBER = 13_800_000_000
_FROM = re.compile(rb"^From:[^\n]*?sip:\+?(\d+)@", re.MULTILINE | re.IGNORECASE)
_CALLER = re.compile(rb"Caller-Caller-ID-Number: (\d+)")


@dataclass
class Times:
    """When each caller (by number) got the 200, arrived at the ACD, and rang an agent; seconds."""

    answered: dict[str, float] = field(default_factory=dict)
    arrived: dict[str, float] = field(default_factory=dict)
    offered: dict[str, float] = field(default_factory=dict)

    def latencies_ms(self, since: dict[str, float]) -> list[float]:
        """From `since` to the offer, of every caller that was offered."""
        return [(self.offered[n] - since[n]) * 1000 for n in self.offered if n in since]


def read_times(packets: list[Packet], *, gateway: int, phones: int, acd: int) -> Times:
    """Find the three moments of each call in what was captured."""
    times = Times()
    connected: dict[int, float] = {}
    for packet in packets:
        if packet.is_tcp:
            if packet.target != acd:
                continue
            if packet.first:
                connected[packet.source] = packet.seconds
            elif found := _CALLER.search(packet.payload):
                times.arrived.setdefault(
                    found.group(1).decode(), connected.get(packet.source, packet.seconds)
                )
        elif packet.target == phones and packet.payload.startswith(b"INVITE"):
            _note(times.offered, packet)
        elif (
            packet.source == gateway
            and packet.payload.startswith(b"SIP/2.0 200")
            and b" INVITE\r" in packet.payload
        ):
            _note(times.answered, packet)
    return times


def _note(moments: dict[str, float], packet: Packet) -> None:
    if found := _FROM.search(packet.payload):
        moments.setdefault(found.group(1).decode(), packet.seconds)


def dial(office: Office, number: str, *, calls: int, rate: float, first: int) -> Times:
    """Let `calls` callers dial and queue; each hangs up a second after it was answered."""
    acd = office.stack.ports.acd
    with load.silent_ear() as ear, load.phones(office.folder, office.phone_port, [ear]):
        rows: list[tuple[object, ...]] = [(first + n, ear) for n in range(calls)]
        options = ("-s", number, "-m", str(calls), "-r", str(rate), "-d", str(TALK_MILLISECONDS))
        with Capture([acd, office.gateway, office.phone_port]) as capture:
            failed = load.run(office.folder, "caller", free_port(), office.gateway, rows, *options)
        times = read_times(capture.packets, gateway=office.gateway, phones=office.phone_port, acd=acd)
    if failed:
        raise load.LoadFailed(f"{failed} of {calls} callers of {number} failed")
    office.wait_idle("bench", office.offer_agents)
    return times


def figures(values: list[float], prefix: str = "") -> dict[str, float]:
    """Percentiles in ms."""
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    return {f"{prefix}{name}_ms": round(percentile(values, share), 1) for name, share in shares.items()}


def measure(office: Office, *, calls: int, rate: float) -> dict[str, Any]:
    """The bench; the reference is mod_callcenter where there is FreeSWITCH."""
    dial(
        office, OFFERS, calls=max(2, calls // 20), rate=rate, first=FIRST_NUMBER
    )  # the first calls import Python
    meter, before = Meter(office.switch_pids), office.cpu_seconds()
    times = dial(office, OFFERS, calls=calls, rate=rate, first=FIRST_NUMBER + 100_000)
    used, after = meter.stop(), office.cpu_seconds()
    ours = times.latencies_ms(times.arrived)
    line = {
        "value": round(percentile(ours, 0.99), 1),
        "unit": "ms",
        "reference": None,
        "calls": calls,
        "offered": len(times.offered),
        "calls_per_second": rate,
        "agents": office.offer_agents,
        **figures(ours),
        **figures(times.latencies_ms(times.answered), "from_answer_"),
        **used.machine(),
        "cpu_ms_per_call": {name: round((after[name] - before[name]) / calls * 1000, 1) for name in after},
    }
    if office.switch == "freeswitch":
        dial(office, CALLCENTER, calls=max(2, calls // 20), rate=rate, first=FIRST_NUMBER + 200_000)
        times = dial(office, CALLCENTER, calls=calls, rate=rate, first=FIRST_NUMBER + 300_000)
        theirs = times.latencies_ms(times.answered)
        line["reference"] = round(percentile(theirs, 0.99), 1)
        line["reference_is"] = "mod_callcenter, from the 200 OK"
        line |= figures(theirs, "reference_") | {"reference_offered": len(times.offered)}
    return line
