"""`softswitch_rtp_gap_p999_ms` and `softswitch_cpu_per_call_percent`: how evenly recorded talks are carried, at what cost.

Callers queue, agents answer, both ends send a tone; `rtp.py` holds all their RTP ports and stamps arrivals by the
kernel. The media process (FreeSWITCH: the whole of it) is pinned on one core, the load on the other.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.bench import load
from tests.bench.meter import Meter, Used, cpu_seconds, pin
from tests.bench.office import TALKS, Office
from tests.support.ports import free_port
from tests.support.waiting import wait_until

CALLS_PER_SECOND = 5
SETTLE_SECONDS = 2.0
FIRST_NUMBER = 13_700_000_000
MEDIA_CORE = 0


@contextmanager
def far_ends(first: int, count: int) -> Iterator["subprocess.Popen[str]"]:
    """The RTP ends of all phones, in one process off the media's core."""
    process = subprocess.Popen(
        [sys.executable, str(load.RTP), str(first), str(count)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        keep_off_media(process.pid)
        yield process
    finally:
        process.kill()
        process.wait()


def keep_off_media(pid: int) -> None:
    """Leave the media's core to the media, where there is another."""
    others = os.sched_getaffinity(0) - {MEDIA_CORE}
    if others:
        pin(pid, others)


def tell(process: "subprocess.Popen[str]", word: str) -> None:
    """Say `measure` or `pause` to the far ends."""
    assert process.stdin is not None
    process.stdin.write(word + "\n")
    process.stdin.flush()


def talk(office: Office, *, calls: int, seconds: float) -> tuple[dict[str, Any], Used, float]:
    """`calls` talks side by side for `seconds`: the gaps, the CPU, and the media process's own CPU seconds."""
    first = load.free_window(4 * calls + 100, 10_000, 16_900)
    agents = [first + 2 * n for n in range(calls)]
    callers: list[tuple[object, ...]] = [(FIRST_NUMBER + n, first + 2 * (calls + n)) for n in range(calls)]
    length = (seconds + 2 * SETTLE_SECONDS + calls / CALLS_PER_SECOND + 10) * 1000
    options = ("-s", TALKS, "-m", str(calls), "-r", str(CALLS_PER_SECOND), "-d", str(round(length)))
    office.wait_idle("talk", office.agents)
    pin(office.media_pid, {MEDIA_CORE})
    with far_ends(first, 2 * calls) as ends, load.phones(office.folder, office.phone_port, agents) as phones:
        keep_off_media(phones.pid)
        dialling = load.start(office.folder, "caller", free_port(), office.gateway, callers, *options)
        try:
            keep_off_media(dialling.pid)
            wait_until(
                lambda: office.talking() == calls, seconds=calls / CALLS_PER_SECOND + 30, what="the talks"
            )
            threading.Event().wait(SETTLE_SECONDS)
            meter, media_before = Meter(office.switch_pids), cpu_seconds([office.media_pid])
            tell(ends, "measure")
            threading.Event().wait(seconds)
            tell(ends, "pause")
            used, media = meter.stop(), cpu_seconds([office.media_pid]) - media_before
            ends.terminate()
            gaps = json.loads(ends.communicate(timeout=30)[0].splitlines()[-1])
        finally:
            dialling.kill()
            dialling.wait()
            office.api("hupall")
    office.wait_idle("talk", office.agents)
    return gaps, used, media


def measure(office: Office, *, calls: int, seconds: float) -> dict[str, Any]:
    """The bench on one switch; `compare` makes the lines."""
    before = set(office.stack.settings.recordings_dir.rglob("*.wav"))
    gaps, used, media = talk(office, calls=calls, seconds=seconds)
    if gaps["streams"] != 2 * calls:
        raise load.LoadFailed(f"{gaps['streams']} of {2 * calls} ends heard something")
    recordings = set(office.stack.settings.recordings_dir.rglob("*.wav")) - before
    return {
        "gap_ms": gaps["p999_ms"],
        "cpu_percent": used.chosen_percent / calls,
        "calls": calls,
        "seconds": seconds,
        "recorded": len(recordings),
        "streams": gaps["streams"],
        "packets": gaps["packets"],
        "p50_ms": round(gaps["p50_ms"], 2),
        "p99_ms": round(gaps["p99_ms"], 2),
        "max_ms": round(gaps["max_ms"], 2),
        "media_core_percent": round(media / used.seconds * 100, 1),
        "switch_cpu_percent": round(used.chosen_percent, 1),
        **used.machine(),
    }
