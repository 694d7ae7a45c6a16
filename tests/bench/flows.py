"""`flow_cpu_ratio`: the switch's CPU per call for the main menu as a flow, against the same menu as dialplan XML.

Both greet, say the menu, take the key 2 while it is said, say one more prompt and hang up; neither queues nor writes a
CDR, so that nothing but the menu is compared. What the switch uses with no call is taken off.
"""

import threading
from typing import Any

from tests.bench import load
from tests.bench.meter import Meter
from tests.bench.office import FLOW_MENU, PLAIN_MENU, Office
from tests.support.ports import free_port

KEY_AFTER_MILLISECONDS = 4000
FIRST_NUMBER = 13_900_000_000


def seconds_of(
    office: Office, number: str, *, calls: int, rate: float, idle_percent: float
) -> tuple[float, Meter]:
    """The CPU seconds of the switch for these calls."""
    with load.silent_ear() as ear:
        rows: list[tuple[object, ...]] = [(FIRST_NUMBER + n, ear) for n in range(calls)]
        options = ("-s", number, "-m", str(calls), "-r", str(rate), "-d", str(KEY_AFTER_MILLISECONDS))
        meter = Meter(office.switch_pids)
        failed = load.run(office.folder, "menu_caller", free_port(), office.gateway, rows, *options)
        used = meter.stop()
    if failed:
        raise load.LoadFailed(f"{failed} of {calls} callers of {number} failed")
    return used.chosen_seconds - idle_percent / 100 * used.seconds, meter


def measure(office: Office, *, calls: int, rate: float, rounds: int, idle_seconds: float) -> dict[str, Any]:
    """The bench: both menus in turn, `rounds` times."""
    if rounds > 1:
        for number in (PLAIN_MENU, FLOW_MENU):  # the first calls import Python
            seconds_of(office, number, calls=2, rate=rate, idle_percent=0)
    meter = Meter(office.switch_pids)
    threading.Event().wait(idle_seconds)
    idle = meter.stop()
    totals = {PLAIN_MENU: 0.0, FLOW_MENU: 0.0}
    by_round: list[float] = []
    for _ in range(rounds):
        spent = {}
        for number in totals:
            spent[number], _meter = seconds_of(
                office, number, calls=calls, rate=rate, idle_percent=idle.chosen_percent
            )
            totals[number] += spent[number]
        by_round.append(round(spent[FLOW_MENU] / spent[PLAIN_MENU], 2))
    per_call = {number: total / (calls * rounds) * 1000 for number, total in totals.items()}
    return {
        "value": round(totals[FLOW_MENU] / totals[PLAIN_MENU], 3),
        "unit": "ratio",
        "reference": 1.0,
        "reference_is": "the same menu as dialplan XML on the same switch",
        "flow_cpu_ms_per_call": round(per_call[FLOW_MENU], 1),
        "plain_cpu_ms_per_call": round(per_call[PLAIN_MENU], 1),
        "ratio_by_round": by_round,
        "calls": calls * rounds,
        "calls_per_second": rate,
        "idle_cpu_percent": round(idle.chosen_percent, 1),
        **idle.machine(),
    }
