"""The two switches that the suite runs on, started as `uckefu.run` starts them, with the configuration of the project.

Added to it: a SIP profile and a context of the tests' own (`lab/`), in a copy of `dialplan/`, and music that is a
tone, so that a phone's recording can tell it from everything else.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sql import migrate
from sql.engine import make_engine
from sql.seed import seed, sip_secret
from tests.conformance.hearing import MUSIC, write_tone
from tests.support.ports import FreePorts, free_port
from tests.support.waiting import wait_until
from uckefu import configure as configuring
from uckefu.plans import instance_folders, plans
from uckefu.settings import PROJECT_ROOT, Settings, load_settings, make_secrets

LAB = Path(__file__).with_name("lab")
NAMES = ("builtin", "freeswitch")
START_SECONDS = 60


def find_freeswitch() -> str | None:
    """The binary that FREESWITCH names, else the one on PATH; None when there is none."""
    named = os.environ.get("FREESWITCH")
    found = shutil.which(named or "freeswitch")
    if named and found is None:
        raise FileNotFoundError(f"FREESWITCH={named}: there is no such program")
    return found


def stack_environment(name: str) -> dict[str, str]:
    """What `Stack` needs for one of NAMES with SIP phones; skips the test where the phones or the switch are not here."""
    pytest.importorskip("pjsua2")
    if name != "freeswitch":
        return {"UCKEFU_SWITCH": name}
    binary = find_freeswitch()
    if binary is None:
        pytest.skip("FreeSWITCH is not here (FREESWITCH names its binary, else PATH)")
    return {"UCKEFU_SWITCH": name, "FREESWITCH": os.path.abspath(binary)}


class RunningSwitch:
    """One of the two, serving. `name` is `builtin` or `freeswitch`."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder
        self.ports, self.lab_port = FreePorts(), free_port()
        self.environment = self.ports.environment() | {"UCKEFU_INSTANCE": str(folder / "instance")}
        fields = {key.removeprefix("UCKEFU_").lower(): value for key, value in self.environment.items()}
        self.settings: Settings = load_settings(**fields)
        self.dialplan = folder / "dialplan"
        self.log_file = folder / "switch.log"
        self.start_log = ""
        self._process: subprocess.Popen[bytes] | None = None

    # ---- what is where

    @property
    def domain(self) -> str:
        """The SIP domain."""
        return self.settings.domain

    def address(self, profile: str) -> str:
        """`host:port` of a SIP profile: internal (phones), external (gateways), lab (the tests' callers)."""
        ports = {"internal": self.ports.sip, "external": self.ports.gateway, "lab": self.lab_port}
        return f"127.0.0.1:{ports[profile]}"

    def sip_password(self, extension: str) -> str:
        """The password of 1001 or 1002."""
        return self.settings.secrets[sip_secret(extension)]

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process is not None
        return self._process.pid

    def log(self) -> str:
        """Everything it logged."""
        files = [self.log_file, self.settings.instance / "freeswitch" / "log" / "freeswitch.log"]
        return "".join(path.read_text(errors="replace") for path in files if path.exists())

    # ---- its life

    def prepare(self) -> None:
        """Make the instance: database, secrets, configuration."""
        for each in instance_folders(self.settings):
            each.mkdir(mode=0o700, parents=True, exist_ok=True)
        make_secrets(self.settings)
        engine = make_engine(self.settings.sql_url)
        migrate.upgrade(engine)
        seed(engine, self.settings)
        engine.dispose()
        self._copy_dialplan()
        sounds = self.folder / "sounds"
        (sounds / "music").mkdir(parents=True)
        write_tone(sounds / "music" / "music.wav", MUSIC, seconds=180)
        for language in ("zh", "en"):
            (sounds / language).symlink_to(PROJECT_ROOT / "sounds" / language)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(configuring, "DIALPLAN", self.dialplan)
            patch.setattr(configuring, "SOUNDS", sounds)
            configuring.configure(self.settings)

    def _copy_dialplan(self) -> None:
        shutil.copytree(PROJECT_ROOT / "dialplan", self.dialplan)
        shutil.copy(LAB / "contexts.xml", self.dialplan / "90_lab.xml")
        profile = (
            (LAB / "profile.xml").read_text(encoding="utf-8").replace("$${lab_port}", str(self.lab_port))
        )
        (self.dialplan / "sip_profiles" / "lab.xml").write_text(profile, encoding="utf-8")

    def start(self) -> None:
        """Start it and wait until it serves."""
        binary = find_freeswitch() if self.name == "freeswitch" else None
        path = os.pathsep.join(filter(None, [str(LAB / "scripts"), os.environ.get("PYTHONPATH", "")]))
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PYTHONPATH", path)
            plan = next(each for each in plans(self.settings, binary) if each.name == "switch")
            environment = {**os.environ, **self.environment, **plan.environment}
        with self.log_file.open("ab") as out:
            self._process = subprocess.Popen(
                plan.command,
                cwd=PROJECT_ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )
        process = self._process
        wait_until(
            lambda: process.poll() is not None or plan.ready(),
            seconds=START_SECONDS,
            what=f"{self.name} to serve",
        )
        if process.poll() is not None:
            raise RuntimeError(f"{self.name} ended at its start:\n{self.log()[-4000:]}")
        self.start_log = self.log()

    def stop(self) -> None:
        """End it as the supervisor does."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextmanager
def running(name: str, folder: Path) -> Iterator[RunningSwitch]:
    """A switch for the time of the block."""
    switch = RunningSwitch(name, folder)
    switch.prepare()
    try:
        switch.start()
        yield switch
    finally:
        switch.stop()
        print(switch.log()[-30_000:], file=sys.stderr)
