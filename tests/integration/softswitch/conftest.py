"""A built-in switch as a process of its own, with sipp and baresip as its phones.

`switch` gives one process for a module's tests; `Switch.calls` runs sipp scenarios, `Switch.events` what the event
socket told.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.request
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from esl.event import Event
from esl.protocol import EventSocketParser
from tests.support.ports import FreePorts, free_port, is_free
from tests.support.waiting import wait_until
from uckefu.settings import PROJECT_ROOT, load_settings, make_secrets

DOMAIN = "test.invalid"
PASSWORDS = {"1001": "one-secret", "1002": "two-secret", "1003": "three-secret"}

CONFIGURATION = """<?xml version="1.0"?>
<document type="freeswitch/xml">
  <X-PRE-PROCESS cmd="set" data="sounds_dir={sounds}"/>
  <X-PRE-PROCESS cmd="set" data="recordings_dir={recordings}"/>
  <section name="configuration">
    <configuration name="event_socket.conf"><settings>
      <param name="listen-ip" value="127.0.0.1"/>
      <param name="listen-port" value="{event_socket}"/>
      <param name="password" value="{password}"/>
    </settings></configuration>
    <configuration name="local_stream.conf"><directory name="moh" path="{sounds}/moh"/></configuration>
    <configuration name="sofia.conf"><profiles>
      <profile name="internal"><settings>
        <param name="sip-ip" value="127.0.0.1"/><param name="rtp-ip" value="127.0.0.1"/>
        <param name="sip-port" value="{sip}"/><param name="context" value="default"/>
        <param name="auth-calls" value="true"/><param name="codec-prefs" value="PCMA,PCMU"/>
        <param name="force-register-domain" value="{domain}"/><param name="multiple-registrations" value="true"/>
      </settings></profile>
      <profile name="external">
        <gateways><gateway name="trunk">
          <param name="proxy" value="127.0.0.1:{trunk}"/><param name="register" value="false"/>
          <param name="username" value="us"/><param name="password" value="trunk-secret"/>
          <param name="caller-id-in-from" value="true"/>
        </gateway></gateways>
        <settings>
          <param name="sip-ip" value="127.0.0.1"/><param name="rtp-ip" value="127.0.0.1"/>
          <param name="sip-port" value="{gateway}"/><param name="context" value="public"/>
          <param name="auth-calls" value="false"/><param name="codec-prefs" value="PCMA,PCMU"/>
          <param name="rtp-timeout-sec" value="{rtp_timeout}"/>
        </settings>
      </profile>
    </profiles></configuration>
{more_configuration}
  </section>
  <section name="dialplan">
    <context name="default">
      <extension name="user"><condition field="destination_number" expression="^(1\\d\\d\\d)$">
        <action application="bridge" data="user/$1@{domain}"/>
      </condition></extension>
    </context>
    <context name="public">
{dialplan}
    </context>
  </section>
  <section name="directory">
    <domain name="{domain}">
{users}
    </domain>
  </section>
</document>
"""


def extension(number: str, *actions: tuple[str, str]) -> str:
    """An extension's XML."""
    rows = "\n".join(
        f'        <action application="{application}" data="{data}"/>' for application, data in actions
    )
    return (
        f'      <extension name="x{number}"><condition field="destination_number" expression="^{number}$">\n'
        f"{rows}\n      </condition></extension>"
    )


class Tap:
    """A connection to the event socket: all events in order, and API commands."""

    def __init__(self, port: int, password: str) -> None:
        self.events: list[Event] = []
        self._password = password
        self._port = port
        self._changed = threading.Condition()
        self._socket, self._parser = self._connect()
        self._say(self._socket, self._parser, "event json ALL")
        self._socket.settimeout(None)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _connect(self) -> tuple[socket.socket, EventSocketParser]:
        connection = socket.create_connection(("127.0.0.1", self._port), timeout=10)
        parser = EventSocketParser()
        while not parser.feed(connection.recv(65536)):
            pass
        self._say(connection, parser, f"auth {self._password}")
        return connection, parser

    @staticmethod
    def _say(connection: socket.socket, parser: EventSocketParser, line: str) -> str:
        connection.sendall(f"{line}\n\n".encode())
        while True:
            for message in parser.feed(connection.recv(65536)):
                return message.body.decode() or message.reply_text

    def api(self, line: str) -> str:
        """Run an API command on a connection of its own."""
        connection, parser = self._connect()
        with connection:
            return self._say(connection, parser, f"api {line}")

    def _read(self) -> None:
        while data := self._receive():
            for message in self._parser.feed(data):
                event = message.event()
                if event is not None:
                    with self._changed:
                        self.events.append(event)
                        self._changed.notify_all()

    def _receive(self) -> bytes:
        try:
            return self._socket.recv(65536)
        except OSError:  # closed by us, or the switch was killed
            return b""

    def wait(self, fact: Callable[[Event], bool], seconds: float = 10, begin: int = 0) -> Event:
        """The first event from `begin` on for which `fact` holds."""

        def found() -> Event | None:
            return next((each for each in self.events[begin:] if fact(each)), None)

        with self._changed:
            if not self._changed.wait_for(found, seconds):
                names = [f"{each.name}:{each.uuid[:4]}" for each in self.events[begin:]]
                raise TimeoutError(f"no such event within {seconds} s; there were {names}")
            event = found()
        assert event is not None
        return event

    def named(self, name: str, uuid: str = "", begin: int = 0) -> list[Event]:
        """Events of a name, of a leg."""
        return [e for e in self.events[begin:] if e.name == name and (not uuid or e.uuid == uuid)]

    def close(self) -> None:
        """Hang up."""
        with contextlib.suppress(OSError):  # the switch may have closed it already
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._socket.close()


class Switch:
    """A running switch."""

    def __init__(
        self,
        folder: Path,
        dialplan: str,
        *,
        more_configuration: str = "",
        users: bool = True,
        rtp_timeout_seconds: int = 60,
    ) -> None:
        self.folder = folder
        self.ports = FreePorts()
        self.trunk_port = free_port()
        self.sounds = folder / "sounds"
        self._make_sounds()
        instance = folder / "instance"
        self.environment = {
            **os.environ,
            **self.ports.environment(),
            "UCKEFU_INSTANCE": str(instance),
            "UCKEFU_DOMAIN": DOMAIN,
            "PYTHONPATH": os.pathsep.join([str(PROJECT_ROOT), str(folder / "scripts")]),
        }
        self.settings = load_settings(instance=instance)
        make_secrets(self.settings)
        self.password = self.settings.secrets["event_socket_password"]
        rows = "\n".join(
            f'<user id="{name}"><params><param name="password" value="{word}"/></params></user>'
            for name, word in PASSWORDS.items()
        )
        conf = instance / "freeswitch" / "conf"
        conf.mkdir(parents=True)
        (folder / "recordings").mkdir()
        text = CONFIGURATION.format(
            domain=DOMAIN,
            sip=self.ports.sip,
            gateway=self.ports.gateway,
            event_socket=self.ports.event_socket,
            password=self.password,
            trunk=self.trunk_port,
            sounds=self.sounds,
            recordings=folder / "recordings",
            dialplan=dialplan,
            more_configuration=more_configuration,
            rtp_timeout=rtp_timeout_seconds,
            users=rows if users else "",
        )
        (conf / "freeswitch.xml").write_text(text, encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None
        self._tap: Tap | None = None
        self.log_path = folder / "switch.log"

    def _make_sounds(self) -> None:
        (self.sounds / "moh").mkdir(parents=True)
        for name, hertz, seconds in (
            ("beep.wav", 1000, 0.4),
            ("moh/music.wav", 400, 2.0),
            ("long.wav", 700, 20),
        ):
            samples = 8000 * np.sin(2 * np.pi * hertz * np.arange(int(8000 * seconds)) / 8000)
            with wave.open(str(self.sounds / name), "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(8000)
                file.writeframes(samples.astype("<i2").tobytes())

    # --- life

    def start(self) -> "Switch":
        """Start it and wait until it serves."""
        command = [sys.executable, *os.environ.get("SWITCH_COMMAND", "-m softswitch").split()]
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                env=self.environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd=PROJECT_ROOT,
            )
        wait_until(self._is_ready, seconds=30, what="the switch to serve")
        self._tap = Tap(self.ports.event_socket, self.password)
        return self

    def _is_ready(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            raise RuntimeError(f"the switch ended: {self.log()}")
        try:
            return self.http("/healthz") == "ok\n"
        except OSError:
            return False

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        """The process."""
        assert self._process is not None
        return self._process

    def http(self, path: str) -> str:
        """A page of the metrics port."""
        with urllib.request.urlopen(
            f"http://127.0.0.1:{self.ports.switch_metrics}{path}", timeout=5
        ) as answer:
            return str(answer.read().decode())

    def stop(self) -> int:
        """SIGTERM; returns the exit status."""
        self.close_tap()
        self.process.terminate()
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def close_tap(self) -> None:
        """No more events."""
        if self._tap is not None:
            self._tap.close()
            self._tap = None

    def release(self) -> None:
        """Let go of what a failed test left behind."""
        self.close_tap()

    def log(self) -> str:
        """What it wrote."""
        return self.log_path.read_text(errors="replace")

    @property
    def tap(self) -> Tap:
        """Its event socket."""
        assert self._tap is not None
        return self._tap

    def mark(self) -> int:
        """The place in the events from which a test looks."""
        return len(self.tap.events)

    # --- phones

    def sipp(
        self, scenario: str, *arguments: str, target: int | None = None, port: int | None = None
    ) -> "Sipp":
        """Start a sipp scenario towards the external profile (or `target`)."""
        made = Sipp(self.folder, scenario, target or self.ports.gateway, arguments, port or free_port())
        _phones.append(made)
        return made

    def metric(self, name: str) -> float:
        """A sample of /metrics; labels as written."""
        line = next(line for line in self.http("/metrics").splitlines() if line.startswith(f"{name} "))
        return float(line.split()[-1])


_phones: "list[Sipp]" = []


@pytest.fixture(autouse=True)
def _no_phone_is_left() -> Iterator[None]:
    """A failed test must not leave its phones to the next one."""
    yield
    while _phones:
        phone = _phones.pop()
        print(f"--- phone on {phone.port}: {phone.process.poll()}\n{phone.errors}{phone.messages}")
        phone.kill()


class Sipp:
    """One sipp process that makes or takes one call."""

    def __init__(
        self, folder: Path, scenario: str, target: int, arguments: tuple[str, ...], port: int
    ) -> None:
        self.port = port
        self._folder = Path(tempfile.mkdtemp(prefix=f"sipp-{port}-", dir=folder))
        path = self._folder / "scenario.xml"
        path.write_text(scenario, encoding="utf-8")
        self._command = [
            "sipp", f"127.0.0.1:{target}", "-sf", str(path), "-i", "127.0.0.1", "-p", str(port), "-m", "1", "-nostdin",
            "-mi", "127.0.0.1", "-timeout", "25", "-timeout_error", "-trace_msg", "-trace_err",
            "-message_file", str(self._folder / "messages"), "-error_file", str(self._folder / "errors"), *arguments,
        ]  # fmt: skip
        for _ in range(5):  # another test's server may take a port between our choice and sipp's bind
            self._start()
            if self.process.poll() is None or "Unable to bind" not in self.errors:
                break

    def _start(self) -> None:
        media = next(port for port in iter(free_port, None) if is_free(port + 2) and is_free(port + 3))
        with (self._folder / "out").open("wb") as out:
            self.process = subprocess.Popen(
                [*self._command, "-mp", str(media)],
                stdout=out,
                stderr=out,
                stdin=subprocess.DEVNULL,
                cwd=self._folder,
            )
        wait_until(self._listens, what=f"sipp on port {self.port}", every=0.01)

    def _listens(self) -> bool:
        # Not by binding it: that could take the port from under sipp.
        wanted = f":{self.port:04X}"
        rows = Path("/proc/net/udp").read_text(encoding="ascii").splitlines()[1:]
        return self.process.poll() is not None or any(row.split()[1].endswith(wanted) for row in rows)

    @property
    def messages(self) -> str:
        """What went over the wire."""
        path = self._folder / "messages"
        return path.read_text(errors="replace") if path.exists() else ""

    @property
    def errors(self) -> str:
        """What it complained of."""
        path = self._folder / "errors"
        return path.read_text(errors="replace") if path.exists() else ""

    def finish(self, seconds: float = 20) -> "Sipp":
        """Wait for its end; raises AssertionError when the scenario was not followed."""
        status = self.process.wait(seconds)
        assert status == 0, f"sipp ended with {status}: {self.errors}\n{self.messages[-3000:]}"
        return self

    def kill(self) -> None:
        """The phone has lost its power."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@pytest.fixture(scope="module")
def make_switch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Switch]]:
    """Makes a started switch: `make_switch(dialplan, more_configuration=…, scripts={name: text})`."""
    if shutil.which("sipp") is None:
        pytest.skip("sipp is not installed")
    made: list[Switch] = []

    def make(dialplan: str, *, scripts: dict[str, str] | None = None, **fields: object) -> Switch:
        for _ in range(5):  # another test's server may take a port between our choice and the bind
            switch = Switch(tmp_path_factory.mktemp("switch"), dialplan, **fields)  # type: ignore[arg-type]
            (switch.folder / "scripts").mkdir()
            for name, text in (scripts or {}).items():
                (switch.folder / "scripts" / name).write_text(text, encoding="utf-8")
            try:
                switch.start()
            except RuntimeError as error:
                if "Address already in use" not in str(error):
                    raise
                continue
            made.append(switch)
            return switch
        raise RuntimeError("no free ports")

    yield make
    for switch in made:
        switch.release()
        if switch.process.poll() is None:
            assert switch.stop() == 0
        print(switch.log()[-20000:])


@pytest.fixture(scope="module")
def ext() -> Callable[..., str]:
    """`extension`."""
    return extension


@pytest.fixture
def passwords() -> dict[str, str]:
    """SIP passwords by user."""
    return PASSWORDS
