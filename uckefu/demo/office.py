"""The whole demo: agents at their phones and pages, callers at a random rate, web visitors; until it is told to stop.

Everything is a thread that waits most of the time; each SIP phone is a process of its own (`phone_process.py`).
"""

import tempfile
import threading
import time
from pathlib import Path
from random import Random

import structlog

from sql.seed import login_secret, sip_secret
from sql.seed.samples import PEOPLE
from uckefu.configure import reachable_address
from uckefu.demo import visitors
from uckefu.demo.agents import AgentPhone
from uckefu.demo.callers import PhoneLost, call
from uckefu.demo.lines import Lines
from uckefu.demo.page import Page
from uckefu.demo.people import VOICES, Habits, Visit, a_visit, pause_seconds
from uckefu.demo.phone import NothingHappened, Phone
from uckefu.demo.voice import write_voice
from uckefu.plans import page_address
from uckefu.settings import Settings

log = structlog.get_logger(__name__)

MOST_CALLERS = 8  # each is a process; more would wait longer than anybody's patience with two agents
CALLER_VOICES_HERTZ = (120, 205, 150, 230)
AGENT_VOICE_HERTZ = 180
END_SECONDS = 8.0


class Office:
    """See the module.

    Args:
        seed: the day to live through; the same one has the same callers and habits.
        calls_per_minute: how often somebody dials, on average.
    """

    def __init__(self, settings: Settings, *, seed: int, calls_per_minute: float) -> None:
        self.settings, self.calls_per_minute = settings, calls_per_minute
        self.lines = Lines()
        self._rng = Random(seed)
        self._threads: list[threading.Thread] = []

    def run(self, stop: threading.Event) -> None:
        """Live until `stop` is set, then hang up every phone."""
        with tempfile.TemporaryDirectory(prefix="uckefu-demo-") as folder:
            voices = self._voices(Path(folder))
            self._open(voices, stop)
            while not stop.wait(pause_seconds(self._rng, self.calls_per_minute)):
                self._somebody_calls(voices, stop)
            self._close()

    def _voices(self, folder: Path) -> list[Path]:
        """The callers' voices, and the agents' as the last one."""
        pitches = (*CALLER_VOICES_HERTZ[:VOICES], AGENT_VOICE_HERTZ)
        return [write_voice(folder / f"{n}.wav", hertz, self._rng) for n, hertz in enumerate(pitches)]

    def _open(self, voices: list[Path], stop: threading.Event) -> None:
        settings, url = self.settings, page_address(self.settings)
        sip = f"{reachable_address(settings.host)}:{settings.sip_port}"
        haste = max(1.0, self.calls_per_minute / 6)
        for person in PEOPLE:
            habits = [Habits(Random(self._rng.getrandbits(64)), haste=haste) for _ in range(2)]
            sip_password = settings.secrets.get(sip_secret(person.extension), "")
            login_password = settings.secrets.get(login_secret(person.login), "")
            if not (person.extension and sip_password and login_password):
                continue
            phone = AgentPhone(
                person.extension, sip_password, settings.domain, sip, voices[-1], habits[0], self.lines
            )
            page = Page(url, person.login, login_password, habits[1])
            self._start(f"phone {person.extension}", phone.run, stop)
            self._start(f"page {person.login}", page.run, stop)
        self._start("visitors", visitors.run, url, Random(self._rng.getrandbits(64)), stop)

    def _somebody_calls(self, voices: list[Path], stop: threading.Event) -> None:
        visit = a_visit(self._rng)
        if len(self.lines) < MOST_CALLERS:
            self._start(f"caller {visit.number}", self._call, visit, voices[visit.voice], stop)

    def _call(self, visit: Visit, voice: Path, stop: threading.Event) -> None:
        settings = self.settings
        did = settings.dids.split(",")[0].strip()
        gateway = f"{reachable_address(settings.host)}:{settings.gateway_port}"
        outcome = "number in use"
        with self.lines.dialled(visit) as line:
            if line is not None:
                try:
                    with Phone(visit.number, gateway) as phone:
                        outcome = call(line, phone, did, voice, stop)
                except (NothingHappened, PhoneLost, OSError) as error:
                    log.warning("demo_caller_failed", number=visit.number, error=str(error))
                    return
        log.info("demo_call_over", number=visit.number, outcome=outcome)

    def _start(self, name: str, work: object, *arguments: object) -> None:
        assert callable(work)  # noqa: S101 - for the type checker
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        thread = threading.Thread(target=work, args=arguments, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _close(self) -> None:
        deadline = time.monotonic() + END_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
