"""`agent_freed_to_offer_p99_ms` with real SIP: from an agent's BYE on the wire to the INVITE of the next caller who waited.

More callers come than the agents can take, so that a line grows and every agent who hangs up is wanted at once. The
phones hang up, the callers stay. mod_callcenter takes the same load with the same phones where there is FreeSWITCH.
`crowd.py` has the same figure at full size without SIP and sound. Called by `tests.bench`.
"""

import re
from collections.abc import Iterable
from typing import Any

from tests.bench import load
from tests.bench.capture import Capture, Packet
from tests.bench.meter import Meter, percentile
from tests.bench.offers import FIRST_NUMBER, figures
from tests.bench.office import CALLCENTER, OFFERS, Office
from tests.support.ports import free_port

OVERLOAD = 1.15  # so many arrive for each that the agents can take
_CALL_ID = re.compile(rb"^Call-ID:\s*(\S+)", re.MULTILINE | re.IGNORECASE)
_EXTENSION = re.compile(rb"^INVITE sip:(\d+)@")


def freed_to_offer_ms(packets: Iterable[Packet], *, phones: int) -> list[float]:
    """From each BYE that a phone sent to the next INVITE to the same extension."""
    extension_of: dict[bytes, bytes] = {}
    freed: dict[bytes, float] = {}
    found = []
    for packet in packets:
        if packet.is_tcp or (call := _CALL_ID.search(packet.payload)) is None:
            continue
        call_id = call.group(1)
        if packet.target == phones and (invited := _EXTENSION.match(packet.payload)):
            if call_id in extension_of:
                continue  # sent again
            extension = extension_of[call_id] = invited.group(1)
            if extension in freed:
                found.append((packet.seconds - freed.pop(extension)) * 1000)
        elif packet.source == phones and packet.payload.startswith(b"BYE") and call_id in extension_of:
            freed.setdefault(extension_of[call_id], packet.seconds)
    return found


def _load(
    office: Office, number: str, *, calls: int, rate: float, talk_seconds: float, first: int
) -> list[float]:
    with load.silent_ear() as ear:
        talk = ("-d", str(round(talk_seconds * 1000)))
        with load.phones(office.folder, office.phone_port, [ear], "busy_agent", *talk):
            rows: list[tuple[object, ...]] = [(first + n, ear) for n in range(calls)]
            options = ("-s", number, "-m", str(calls), "-r", str(rate), "-l", str(calls))
            with Capture([office.phone_port]) as capture:
                failed = load.run(
                    office.folder, "patient_caller", free_port(), office.gateway, rows, *options
                )
    if failed:
        raise load.LoadFailed(f"{failed} of {calls} callers of {number} failed")
    office.wait_idle("bench", office.offer_agents)
    return freed_to_offer_ms(capture.packets, phones=office.phone_port)


def measure(office: Office, *, calls: int, rate: float) -> dict[str, Any]:
    """The bench at `rate` arrivals a second; the reference is mod_callcenter where there is FreeSWITCH."""
    calls = max(calls, 3 * office.offer_agents)
    talk_seconds = office.offer_agents * OVERLOAD / rate
    size = {"rate": rate, "talk_seconds": talk_seconds}
    _load(office, OFFERS, calls=office.offer_agents, first=FIRST_NUMBER, **size)
    meter = Meter(office.switch_pids)
    ours = _load(office, OFFERS, calls=calls, first=FIRST_NUMBER + 100_000, **size)
    line = {
        "value": round(percentile(ours, 0.99), 1),
        "unit": "ms",
        "reference": None,
        "offers": len(ours),
        "agents": office.offer_agents,
        "calls_per_second": rate,
        "talk_seconds": round(talk_seconds, 2),
        "most_waiting": round(calls * (1 - 1 / OVERLOAD)),
        "wrap_up_seconds": 0,
        **figures(ours),
        **meter.stop().machine(),
    }
    if office.switch == "freeswitch":
        theirs = _load(office, CALLCENTER, calls=calls, first=FIRST_NUMBER + 300_000, **size)
        line["reference"] = round(percentile(theirs, 0.99), 1)
        line["reference_is"] = "mod_callcenter"
        line |= figures(theirs, "reference_") | {"reference_offers": len(theirs)}
    return line
