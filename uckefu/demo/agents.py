"""An agent's phone: registers, rings, is taken after a human time (sometimes not), talks, hangs up."""

import threading
import time
from pathlib import Path

import structlog

from uckefu.demo.callers import OVER, PhoneLost, hang_up, happens
from uckefu.demo.lines import Lines
from uckefu.demo.people import Habits
from uckefu.demo.phone import NothingHappened, Phone

log = structlog.get_logger(__name__)

REGISTER_AGAIN_SECONDS = 60.0  # a restarted switch has forgotten us
RING_SECONDS = 60.0
LONGEST_TALK_SECONDS = 120.0
STRANGER_TALK_SECONDS = 60.0
MEND_SECONDS = 10.0


class AgentPhone:
    """One extension's phone, mended when it breaks.

    Args:
        sip: `host:port` that phones register at.
        voice: the WAV that its owner says.
    """

    def __init__(
        self, extension: str, password: str, domain: str, sip: str, voice: Path, habits: Habits, lines: Lines
    ) -> None:
        self.extension, self.password, self.domain, self.sip = extension, password, domain, sip
        self.voice, self.habits, self.lines = voice, habits, lines

    def run(self, stop: threading.Event) -> None:
        """Serve until `stop`; a phone that fails is said in the log and taken up again."""
        while not stop.is_set():
            try:
                with Phone(self.extension, self.sip, password=self.password, domain=self.domain) as phone:
                    phone.do("play", path=str(self.voice))
                    phone.register()
                    log.info("demo_phone_registered", extension=self.extension)
                    self._serve(phone, stop)
            except (NothingHappened, PhoneLost, OSError) as error:
                log.warning("demo_phone_failed", extension=self.extension, error=str(error))
                stop.wait(MEND_SECONDS)

    def _serve(self, phone: Phone, stop: threading.Event) -> None:
        registered_at = time.monotonic()
        while not stop.is_set():
            if happens(phone, "incoming", seconds=1):
                self._take(phone, str(phone.seen[-1].get("from_uri", "")), stop)
                phone.seen.clear()
            if time.monotonic() - registered_at > REGISTER_AGAIN_SECONDS:
                phone.register()
                registered_at = time.monotonic()

    def _take(self, phone: Phone, caller: str, stop: threading.Event) -> None:
        if self.habits.misses():
            log.info("demo_offer_missed", extension=self.extension)
            happens(phone, *OVER, seconds=RING_SECONDS)
            return
        if happens(phone, *OVER, seconds=self.habits.answer_seconds()):
            return
        phone.do("answer")
        if happens(phone, "confirmed", *OVER, seconds=5) != "confirmed":
            return
        line = self.lines.find(caller)
        seconds = STRANGER_TALK_SECONDS
        if line is not None:
            line.answered.set()
            seconds = line.visit.talk_seconds if line.visit.agent_ends else LONGEST_TALK_SECONDS
        self._talk(phone, seconds, stop)

    def _talk(self, phone: Phone, seconds: float, stop: threading.Event) -> None:
        ends_at = time.monotonic() + seconds
        while time.monotonic() < ends_at and not stop.is_set():
            if happens(phone, *OVER, seconds=min(1.0, max(0.1, ends_at - time.monotonic()))):
                return
        hang_up(phone)
