"""Calls that a switch had when it died: asked to bring them back, before anybody compares what it has. `esl_client` calls it.

FreeSWITCH keeps each call's state while it goes on (`track-calls` of a profile) and sends both phones a new INVITE of
the same dialog after a restart: the same channels, at the application where they were, a talk bridged again.
"""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable

import structlog

log = structlog.get_logger(__name__)

PROFILES = (
    "internal",
    "external",
)  # `dialplan/sip_profiles`; a call of one that does not run yet would be dropped
RUN_SECONDS = 10.0
SHOWN_SECONDS = (
    5.0  # seen on an idle FreeSWITCH 1.10.12: a recovered channel is in `show channels` 1 to 2 s later
)
BEAT_SECONDS = 0.1

Api = Callable[[str], Awaitable[str]]


async def bring_back(api: Api) -> int:
    """Have the switch recover its calls, wait until its list shows them, and return how many they were.

    Nothing happens on a switch that has none, or that can't. Raises EslError.
    """
    if not await _until(lambda: _profiles_run(api), RUN_SECONDS):
        return 0
    found = re.match(r"Recovered (\d+) call", await api("sofia recover"))
    count = int(found[1]) if found else 0
    if count and not await _until(lambda: _are_shown(api, count), SHOWN_SECONDS):
        log.info("acd_recovered_calls_not_all_shown", calls=count)
    return count


async def _profiles_run(api: Api) -> bool:
    status = await api("sofia status")
    if status.startswith("-ERR"):
        return True  # not FreeSWITCH's profiles: it says so to `recover`, too
    return all(re.search(rf"^\s*{name}\s+profile\s.*RUNNING", status, re.MULTILINE) for name in PROFILES)


async def _are_shown(api: Api, count: int) -> bool:
    shown = re.search(r"(\d+) total", await api("show channels count"))
    return shown is not None and int(shown[1]) >= count


async def _until(holds: Callable[[], Awaitable[bool]], seconds: float) -> bool:
    until = time.monotonic() + seconds
    while not await holds():
        if time.monotonic() >= until:
            return False
        await asyncio.sleep(BEAT_SECONDS)
    return True
