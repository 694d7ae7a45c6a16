"""One simulated caller: dials the centre from the gateway's side, listens, keys, waits, talks, hangs up."""

import threading
from pathlib import Path

import structlog

from uckefu.demo.lines import Line
from uckefu.demo.people import Visit
from uckefu.demo.phone import NothingHappened, Phone

log = structlog.get_logger(__name__)

OVER = ("disconnected", "disconnctd")  # pjsip writes the second
TAKEN_SECONDS = 15.0
AFTER_TALK_SECONDS = 90.0


class PhoneLost(Exception):
    """A phone's process ended."""

    code = "phone-lost"


def happens(phone: Phone, *names: str, seconds: float) -> str | None:
    """Which of these events came within `seconds`, None for none. Raises PhoneLost."""
    try:
        return str(phone.wait(*names, seconds=seconds)["event"])
    except NothingHappened as error:
        if phone.process.poll() is not None:
            raise PhoneLost(f"the phone of {phone.user} ended: {phone.process.returncode}") from error
        return None


def call(line: Line, phone: Phone, number: str, voice: Path, stop: threading.Event) -> str:
    """Make one call; returns how it went: refused, dropped, abandoned, talked, stopped."""
    visit = line.visit
    phone.do("play", path=str(voice))
    phone.call(number)
    if happens(phone, "confirmed", *OVER, seconds=TAKEN_SECONDS) != "confirmed":
        return "refused"
    if key_in(phone, visit, stop):
        return "stopped" if stop.is_set() else "dropped"
    outcome = wait_for_agent(phone, line, stop)
    if outcome == "talks":
        return talk(phone, visit, stop)
    if outcome == "abandoned":
        hang_up(phone)
    return outcome


def key_in(phone: Phone, visit: Visit, stop: threading.Event) -> bool:
    """Listen and press the keys; True when the call was over before the last one."""
    for key, pause in zip(visit.keys, visit.pauses_seconds, strict=True):
        if happens(phone, *OVER, seconds=pause) or stop.is_set():
            return True
        phone.do("dtmf", digits=key)
    return False


def wait_for_agent(phone: Phone, line: Line, stop: threading.Event) -> str:
    """Wait in the queue as long as the patience lasts."""
    steps = int(line.visit.patience_seconds / 0.5) + 1
    for _ in range(steps):
        if line.answered.is_set():
            return "talks"
        if stop.is_set():
            return "stopped"
        if happens(phone, *OVER, seconds=0.5):
            return "dropped"
    return "abandoned"


def talk(phone: Phone, visit: Visit, stop: threading.Event) -> str:
    """Talk until it is enough, or until the agent ends it."""
    rest = visit.talk_seconds + (AFTER_TALK_SECONDS if visit.agent_ends else 0)
    while rest > 0 and not stop.is_set():
        if happens(phone, *OVER, seconds=min(rest, 1.0)):
            return "talked"
        rest -= 1.0
    hang_up(phone)
    return "talked"


def hang_up(phone: Phone) -> None:
    """End the call and see it end."""
    phone.hang_up()
    happens(phone, *OVER, seconds=5)
