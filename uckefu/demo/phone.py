"""A SIP phone that a test or the demo holds in its hand: start it, key, listen, wait for what happens.

Drives `phone_process.py` over pipes. All waiting is for an event with a deadline, never by the clock.
"""

import contextlib
import json
import queue
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, cast

PROCESS = Path(__file__).with_name("phone_process.py")


class NothingHappened(AssertionError):
    """The awaited event did not come in time; the message lists what came instead."""


class Phone:
    """One phone.

    Args:
        user: account name, e.g. an extension or a caller's number.
        sip: `host:port` of the switch.
        password: the account's password; "" makes a phone that does not register (a gateway's caller).
        domain: SIP domain of the account; the switch's address when left out.
        options: further options of the process, e.g. `codecs="PCMU"`, `busy=True`.
    """

    def __init__(self, user: str, sip: str, *, password: str = "", domain: str = "", **options: Any) -> None:
        self.user, self.sip, self.registered = user, sip, False
        arguments = ["--user", user, "--password", password, "--domain", domain or sip, "--registrar", sip]
        for name, value in options.items():
            flag = "--" + name.replace("_", "-")
            arguments += (
                [flag] if value is True else ["--no-" + flag[2:]] if value is False else [flag, str(value)]
            )
        self.process = subprocess.Popen(
            [sys.executable, str(PROCESS), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._events: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self.seen: list[dict[str, Any]] = []
        self._reader = threading.Thread(target=self._read, daemon=True, name=f"phone {user}")
        self._reader.start()
        try:
            self.address = str(self.wait("ready", seconds=15)["address"])
        except NothingHappened:
            self.process.kill()  # nobody will get this object to close it
            self._ended()
            raise

    def _read(self) -> None:
        for line in self.process.stdout or ():
            self._events.put(json.loads(line))
        self._events.put(None)

    def do(self, command: str, **fields: Any) -> None:
        """Give the phone a command, e.g. `do("dtmf", digits="2")`."""
        pipe = cast(IO[str], self.process.stdin)
        pipe.write(json.dumps({"do": command, **fields}) + "\n")
        pipe.flush()

    def wait(self, *names: str, seconds: float = 10, **fields: Any) -> dict[str, Any]:
        """The next event with one of these names (and field values); earlier others are passed over.

        Raises:
            NothingHappened: it did not come within `seconds`.
        """
        passed: list[dict[str, Any]] = []
        deadline = threading.Event()
        timer = threading.Timer(seconds, deadline.set)
        timer.start()
        try:
            while not deadline.is_set():
                try:
                    event = self._events.get(timeout=0.05)
                except queue.Empty:
                    continue
                if event is None:
                    raise NothingHappened(
                        f"phone {self.user} ended while waiting for {names}; came: {passed}"
                    )
                self.seen.append(event)
                if event["event"] in names and all(event.get(k) == v for k, v in fields.items()):
                    return event
                passed.append({k: v for k, v in event.items() if k != "invite"})
        finally:
            timer.cancel()
        raise NothingHappened(f"phone {self.user}: no {names} {fields} within {seconds} s; came: {passed}")

    def register(self) -> Self:
        """Register and wait for the 200."""
        self.do("register")
        answer = self.wait("registered", "unregistered")
        self.registered = answer["event"] == "registered"
        if answer["event"] != "registered":
            raise NothingHappened(f"phone {self.user} was refused: {answer}")
        return self

    def call(self, number: str, *, sip: str = "") -> None:
        """Dial `number` at the switch."""
        self.do("call", uri=f"sip:{number}@{sip or self.sip}")

    def answer_next(self, seconds: float = 15) -> dict[str, Any]:
        """Wait for a call, answer it, wait until it is confirmed; returns the `incoming` event."""
        incoming = self.wait("incoming", seconds=seconds)
        self.do("answer")
        self.wait("confirmed")
        return incoming

    def hang_up(self, code: int = 0) -> None:
        """End every call of this phone (`code` 486 or 603 declines one that rings)."""
        self.do("hangup", code=code)

    def finish_recording(self) -> None:
        """Close the file that the phone records what it hears into, so that it can be read."""
        self.do("stop_recording")
        self.wait("recorded")

    def close(self) -> None:
        """End the process, calls and all."""
        if self.process.poll() is None:
            if self.registered:
                self.do("unregister")
                with contextlib.suppress(NothingHappened):  # the switch may be gone already
                    self.wait("unregistered", seconds=3)
            self.do("quit")
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self._ended()

    def _ended(self) -> None:
        """The process has ended, or will at once: the reader comes to the end of its pipe, and only then it is closed."""
        self.process.wait(5)
        self._reader.join()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
