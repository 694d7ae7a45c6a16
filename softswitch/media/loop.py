"""The media process's main thread: waits for packets and commands, ticks every 20 ms, ends with the switch.

Started by `__main__.py`. Messages on the pipe, as tuples: from the switch `(call_id or None, command, arguments)`;
to it `("event", leg_id, name, data)`, `("reply", call_id, value)` and `("refused", call_id, code, text)`.
"""

import gc
import os
import queue
import select
import signal
import sys
import threading
import time
import traceback
from multiprocessing.connection import Connection
from typing import Any

from softswitch.media.engine import COMMANDS, Engine
from softswitch.media.errors import MediaError
from softswitch.media.library import Loader

_TICK_SECONDS = 0.02
_MOST_CAUGHT_UP_FRAMES = 5
_MOST_COMMANDS_A_TURN = 64
_BROKEN_TICKS_BEFORE_EXIT = 50
_PUMP_SECONDS = 2.0
_SWITCH_INTERVAL_SECONDS = 0.0005  # the voice thread waits no longer than this for the interpreter


class Pacer:
    """Says when the next tick is due; no clock of its own."""

    def __init__(self, now: float) -> None:
        self._next = now + _TICK_SECONDS

    def wait_seconds(self, now: float) -> float:
        """Until the next tick; 0 when it is due."""
        return max(0.0, self._next - now)

    def begin_tick(self, now: float) -> tuple[float, int]:
        """Count a tick: returns how late it is (seconds), and how many frames must be skipped.

        Up to 100 ms are caught up tick by tick; of a longer stop only the clocks are moved on.
        """
        late = now - self._next
        behind = int(late / _TICK_SECONDS)
        skipped = behind if behind > _MOST_CAUGHT_UP_FRAMES else 0
        self._next += (1 + skipped) * _TICK_SECONDS
        return late, skipped


class Pump(threading.Thread):
    """Sends messages to the switch, so that a slow reader there never holds up voice."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(name="media-pump", daemon=True)
        self._connection = connection
        self._messages: queue.SimpleQueue[tuple[Any, ...] | None] = queue.SimpleQueue()

    def put(self, *message: Any) -> None:
        """Queue a message."""
        self._messages.put(message)

    def emit(self, leg_id: str | None, name: str, data: dict[str, Any]) -> None:
        """Queue an event."""
        self._messages.put(("event", leg_id, name, data))

    def finish(self) -> None:
        """Send what is queued, for a moment."""
        self._messages.put(None)
        self.join(_PUMP_SECONDS)

    def run(self) -> None:
        """Until `finish`, or the switch is gone (the main thread sees that at the pipe's other direction)."""
        while (message := self._messages.get()) is not None:
            try:
                self._connection.send(message)
            except OSError:
                return


class MediaLoop:
    """The engine with its pipe and its clock."""

    def __init__(self, connection: Connection, host: str, ports: range, rtp_timeout_seconds: float) -> None:
        self._connection = connection
        self._pump = Pump(connection)
        self._loader = Loader()
        self._engine = Engine(self._pump.emit, self._loader.submit, host, ports, rtp_timeout_seconds)
        self._running = True
        self._broken_ticks = 0
        self._late_ms_max = 0.0
        self._wakes = 0

    def run(self) -> None:
        """Serve until the switch says stop or is gone; then complete the recordings."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the switch, which ends its calls first
        signal.signal(signal.SIGTERM, lambda *_: self._stop())
        sys.setswitchinterval(_SWITCH_INTERVAL_SECONDS)
        self._pump.start()
        self._pump.put("ready", _prefer_this_thread())
        gc.collect()
        gc.freeze()
        self._engine.poller.register(self._connection.fileno(), select.EPOLLIN)
        try:
            self._serve()
        finally:
            self._loader.stop()
            self._engine.shut_down()
            self._pump.finish()

    def _serve(self) -> None:
        pacer = Pacer(time.monotonic())
        while self._running:
            self._wakes += 1
            for descriptor, _ in self._engine.poller.poll(pacer.wait_seconds(time.monotonic())):
                if descriptor == self._connection.fileno():
                    self._take_commands()
                else:
                    self._engine.handle(descriptor)
            now = time.monotonic()
            if not pacer.wait_seconds(now):
                late, skipped = pacer.begin_tick(now)
                self._late_ms_max = max(self._late_ms_max, late * 1000)
                self._tick(skipped)

    def _tick(self, skipped: int) -> None:
        try:
            if skipped:
                self._engine.skip(skipped)
            self._engine.tick()
            self._broken_ticks = 0
        except Exception:
            # One broken tick is a click; a second of them is an engine to be replaced.
            self._log("media tick failed", traceback.format_exc())
            self._broken_ticks += 1
            if self._broken_ticks >= _BROKEN_TICKS_BEFORE_EXIT:
                raise

    def _take_commands(self) -> None:
        try:
            for _ in range(_MOST_COMMANDS_A_TURN):
                if not self._connection.poll(0):
                    return
                call_id, command, arguments = self._connection.recv()
                self._do(call_id, command, arguments)
        except (EOFError, OSError):  # The switch is gone.
            self._stop()

    def _do(self, call_id: int | None, command: str, arguments: tuple[Any, ...]) -> None:
        try:
            value = self._command(command, arguments)
        except MediaError as error:
            self._refuse(call_id, command, error.code, str(error))
        except Exception as error:  # noqa: BLE001 - a wrong command must not end everybody's call; it is logged
            self._refuse(call_id, command, MediaError.code, f"{type(error).__name__}: {error}")
        else:
            if call_id is not None:
                self._pump.put("reply", call_id, value)

    def _command(self, command: str, arguments: tuple[Any, ...]) -> Any:
        if command == "stop":
            return self._stop()
        if command not in COMMANDS:
            raise MediaError(f"no such command: {command}")
        value = getattr(self._engine, command)(*arguments)
        if command == "stats":
            value |= {"late_ms_max": self._late_ms_max, "wakes": self._wakes}
            self._late_ms_max = 0.0
        return value

    def _refuse(self, call_id: int | None, command: str, code: str, text: str) -> None:
        if call_id is None:
            self._log(f"media command {command} failed", text)
        else:
            self._pump.put("refused", call_id, code, text)

    def _log(self, event: str, reason: str) -> None:
        self._pump.emit(None, "log", {"event": event, "reason": reason})

    def _stop(self) -> None:
        self._running = False


def _prefer_this_thread() -> str:
    """Ask for real-time scheduling, else for a better nice value; carry on with neither. Returns what was got."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except OSError:
        try:
            os.setpriority(os.PRIO_PROCESS, 0, -10)
        except OSError:
            return "normal"
        return "nice"
    return "realtime"
