"""`MediaClient`: how the switch process uses the media process. Starts it, sends commands, hands on its events.

Methods return at once unless they give a value; wrong arguments raise ValueError where they were made.
`on_event(leg_id, name, data)` comes on the client's reader thread, which must not be held up:

- `dtmf` {digit, milliseconds}
- `played` {play_id, status: done|broken|failed, reason}
- `recorded` {path, milliseconds, status: done|failed, reason}
- `rtp_lost` {seconds}
- `engine_lost` {} with leg_id None: the media process is gone; the switch should exit and be restarted.
"""

import ipaddress
import math
import os
import queue
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import structlog

from softswitch.media.dtmf import DIGITS, PAUSES_MILLISECONDS
from softswitch.media.errors import BY_CODE, MediaEngineLost, MediaError
from softswitch.media.g711 import PAYLOAD_TYPES
from softswitch.media.leg import DIRECTIONS

OnEvent = Callable[[str | None, str, dict[str, Any]], None]
_EPHEMERAL_FIRST_PORT = 32768
_START_SECONDS = 30.0
_REPLY_SECONDS = 5.0
_SEND_SECONDS = 2
_STOP_SECONDS = 8.0
_KILL_SECONDS = 5.0
_LOG = structlog.get_logger("softswitch.media")


class MediaClient:
    """The media engine, in a process of its own.

    host: address to receive RTP at. Ports: even ones from first_port to last_port are used, below 32768 (the
    kernel gives those above to anybody). rtp_timeout_seconds: see `set_rtp_timeout`.
    """

    def __init__(
        self,
        on_event: OnEvent,
        host: str,
        first_port: int,
        last_port: int,
        *,
        rtp_timeout_seconds: float = 30.0,
    ) -> None:
        if not 1024 <= first_port < last_port < _EPHEMERAL_FIRST_PORT:
            raise ValueError(f"RTP ports {first_port}-{last_port}: need a range between 1024 and 32767")
        self._on_event = on_event
        self._arguments = {
            "host": str(ipaddress.IPv4Address(host)),
            "first-port": first_port,
            "last-port": last_port,
            "rtp-timeout-seconds": _positive(rtp_timeout_seconds, "rtp_timeout_seconds"),
        }
        self._connection: Connection | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self._send_lock = threading.Lock()
        self._call_ids = count(1)
        self._waiting: dict[int, queue.SimpleQueue[Any]] = {}
        self._ready = threading.Event()
        self._lost = threading.Event()
        self._stopping = False

    # The process.

    @property
    def alive(self) -> bool:
        """Whether the media process serves."""
        return self._ready.is_set() and not self._lost.is_set()

    @property
    def pid(self) -> int | None:
        """Of the media process."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the process and wait until it serves.

        Raises MediaEngineLost when it does not come up.
        """
        if self._process is not None:
            raise RuntimeError("a MediaClient is started once")
        ours, theirs = socket.socketpair()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", _SEND_SECONDS, 0))
        self._connection = Connection(ours.detach())
        with theirs:
            self._process = _spawn(theirs.fileno(), self._arguments)
        self._reader = threading.Thread(target=self._read, name="media-client", daemon=True)
        self._reader.start()
        self._ready.wait(_START_SECONDS)
        if not self.alive:
            self.stop()
            raise MediaEngineLost("the media process did not start; its errors are on stderr")

    def stop(self) -> None:
        """Complete the recordings and end the process; it is killed when it does not end in time."""
        self._stopping = True
        self._post("stop")
        if self._process is not None:
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(_KILL_SECONDS)
        if self._reader is not None and self._reader is not threading.current_thread():
            self._reader.join(_KILL_SECONDS)

    # Legs.

    def open(self, leg_id: str) -> int:
        """Make a leg; returns its RTP port.

        Raises NoRtpPort, MediaEngineLost.
        """
        return int(self._call("open", leg_id))

    def close(self, leg_id: str) -> None:
        """End a leg; its playbacks end as `broken`, its recordings are completed."""
        self._post("close", leg_id)

    def set_remote(
        self, leg_id: str, host: str, port: int, payload_type: int, telephone_event_type: int | None
    ) -> None:
        """What SDP negotiated: address, 0 (PCMU) or 8 (PCMA), telephone-event's type or None (digits go in-band).

        Address 0.0.0.0 or port 0: nothing is sent.
        """
        address = ipaddress.IPv4Address(host)
        if address.is_multicast or str(address) == "255.255.255.255":
            raise ValueError(f"{host} is not one phone's address")
        if not 0 <= port <= 65535 or payload_type not in PAYLOAD_TYPES:
            raise ValueError(f"port {port}, payload type {payload_type}: need 0-65535 and G.711 (0 or 8)")
        if telephone_event_type is not None and not 96 <= telephone_event_type <= 127:
            raise ValueError(f"telephone-event payload type {telephone_event_type} is not dynamic (96-127)")
        self._post("set_remote", leg_id, str(address), port, payload_type, telephone_event_type)

    def set_direction(self, leg_id: str, direction: str) -> None:
        """`sendrecv`, `sendonly`, `recvonly`, `inactive`: as in our own SDP towards the leg.

        A phone that holds with `sendonly` is answered `recvonly`: nothing is sent to it.
        """
        if direction not in DIRECTIONS:
            raise ValueError(f"direction {direction!r}: need one of {', '.join(DIRECTIONS)}")
        self._post("set_direction", leg_id, direction)

    def set_rtp_timeout(self, leg_id: str, seconds: float) -> None:
        """When nothing was received for that long while the peer should send, `rtp_lost` comes, once; 0: never."""
        self._post("set_rtp_timeout", leg_id, _positive(seconds, "seconds"))

    def mute(self, leg_id: str, on: bool) -> None:
        """Nobody, and no recording, hears what the leg says; its digits still count."""
        self._post("mute", leg_id, on)

    def connect(self, listener: str, talker: str, gain: float = 1.0) -> None:
        """`listener` hears `talker`; both ways is a bridge, the same leg twice an echo."""
        self._post("connect", listener, talker, _positive(gain, "gain"))

    def disconnect(self, listener: str, talker: str) -> None:
        """Undo `connect`."""
        self._post("disconnect", listener, talker)

    # Playback, recording, digits.

    def add_stream(self, name: str, folder: str) -> None:
        """Make `local_stream://name` of a folder's WAV files; again after the files changed."""
        self._post("add_stream", name, folder)

    def play(self, leg_id: str, source: str, *, play_id: str, loop: bool = False, mix: bool = False) -> None:
        """Play a WAV path, silence_stream://, tone_stream:// or local_stream://; ends with `played`, always.

        Replaces what the peers say and what played before (`broken`); with `mix` it is added to them.
        """
        if not play_id:
            raise ValueError("play_id must not be empty")
        self._post("play", leg_id, source, play_id, loop, mix)

    def stop_play(self, leg_id: str, play_id: str | None = None) -> None:
        """Break one playback, or all of the leg."""
        self._post("stop_play", leg_id, play_id)

    def start_recording(
        self,
        leg_id: str,
        path: str,
        *,
        stereo: bool = True,
        heard_from: str | None = None,
        only_bridged: bool = False,
    ) -> None:
        """Record to a WAV file: left what the leg says, right what it hears (mono: both added).

        only_bridged: as FreeSWITCH's RECORD_BRIDGE_REQ, time counts only while the leg (heard_from: another
        leg) and somebody hear each other. Ends with one `recorded`, after `stop_recording`, `close` or a failure.
        """
        if not os.path.isabs(path) or "\0" in path:
            raise ValueError(f"recording path {path!r} is not absolute")
        self._post("start_recording", leg_id, path, stereo, heard_from, only_bridged)

    def stop_recording(self, leg_id: str, path: str) -> None:
        """Complete the file; `recorded` comes when it is on disk."""
        self._post("stop_recording", leg_id, path)

    def mask_recording(self, leg_id: str, path: str, on: bool) -> None:
        """Record silence while on."""
        self._post("mask_recording", leg_id, path, on)

    def send_dtmf(self, leg_id: str, digits: str, milliseconds: int = 100) -> None:
        """Send 0-9 * # A-D; w and W are pauses of 500 and 1000 ms."""
        digits = "".join(digit if digit in PAUSES_MILLISECONDS else digit.upper() for digit in digits)
        wrong = set(digits) - set(DIGITS) - set(PAUSES_MILLISECONDS)
        if wrong or not 40 <= milliseconds <= 8000:
            raise ValueError(f"digits {digits!r} of {milliseconds} ms: need 0-9*#A-DwW and 40 to 8000 ms")
        self._post("send_dtmf", leg_id, digits, milliseconds)

    def stats(self) -> dict[str, Any]:
        """Counters of the engine and of each leg (`by_leg`).

        Raises MediaEngineLost.
        """
        return dict(self._call("stats"))

    # The pipe.

    def _post(self, command: str, *arguments: Any) -> None:
        """Send without an answer. To a lost engine nothing is sent: `engine_lost` has told."""
        self._send(None, command, arguments)

    def _call(self, command: str, *arguments: Any) -> Any:
        if threading.current_thread() is self._reader:
            raise RuntimeError(f"{command} waits for an answer, so it cannot be called from on_event")
        call_id = next(self._call_ids)
        answers = self._waiting[call_id] = queue.SimpleQueue()
        try:
            self._send(call_id, command, arguments)
            if not self.alive:
                raise MediaEngineLost("the media process is gone")
            answer = answers.get(timeout=_REPLY_SECONDS)
        except queue.Empty:
            raise MediaEngineLost(
                f"the media process did not answer {command} in {_REPLY_SECONDS} s"
            ) from None
        finally:
            self._waiting.pop(call_id, None)
        if isinstance(answer, MediaError):
            raise answer
        return answer

    def _send(self, call_id: int | None, command: str, arguments: tuple[Any, ...]) -> None:
        with self._send_lock:
            if self._connection is None or self._lost.is_set():
                return
            try:
                self._connection.send((call_id, command, arguments))
            except OSError as error:
                # Half a message may be in the pipe: the engine cannot be used any more. The reader tells.
                if not self._stopping and self._process is not None:
                    _LOG.error("media process does not take commands", reason=str(error))
                    self._process.kill()

    def _read(self) -> None:
        assert self._connection is not None  # noqa: S101 - `start` made it
        try:
            while True:
                self._take(*self._connection.recv())
        except (EOFError, OSError):
            self._lost_engine()

    def _take(self, kind: str, *rest: Any) -> None:
        if kind == "event":
            self._tell(*rest)
        elif kind == "ready":
            _LOG.info("media process serves", scheduling=rest[0])
            self._ready.set()
        elif answers := self._waiting.get(rest[0]):
            refused = kind == "refused"
            answers.put(BY_CODE.get(rest[1], MediaError)(rest[2]) if refused else rest[1])

    def _tell(self, leg_id: str | None, name: str, data: dict[str, Any]) -> None:
        if name == "log":
            _LOG.warning(**data)
            return
        try:
            self._on_event(leg_id, name, data)
        except Exception:  # noqa: BLE001 - one leg's listener must not end the events of all others
            _LOG.exception("media event listener failed", call_uuid=leg_id, event_name=name)

    def _lost_engine(self) -> None:
        served = self._ready.is_set()
        self._lost.set()
        self._ready.set()  # whoever waits in `start`
        for answers in list(self._waiting.values()):
            answers.put(MediaEngineLost("the media process is gone"))
        with self._send_lock:
            if self._connection is not None:
                self._connection.close()
        if served and not self._stopping:
            _LOG.error("media process lost", exit_status=self._exit_status())
            self._tell(None, "engine_lost", {})

    def _exit_status(self) -> int | None:
        try:
            return self._process.wait(1) if self._process else None
        except subprocess.TimeoutExpired:
            return None


def _spawn(descriptor: int, arguments: dict[str, Any]) -> subprocess.Popen[bytes]:
    """A fresh interpreter, not multiprocessing's "spawn": that would import the switch's `__main__` (sippy) again."""
    root = str(Path(__file__).resolve().parents[2])
    inherited = os.environ.get("PYTHONPATH")
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([root, inherited] if inherited else [root]),
        "OPENBLAS_NUM_THREADS": "1",  # threads of its own would spin beside the voice thread
        "OMP_NUM_THREADS": "1",
    }
    options = [f"--{name}={value}" for name, value in arguments.items()]
    command = [sys.executable, "-P", "-m", "softswitch.media", f"--descriptor={descriptor}", *options]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=(descriptor,), env=environment)


def _positive(number: float, name: str) -> float:
    if not (math.isfinite(number) and 0 <= number <= 3600):
        raise ValueError(f"{name} {number}: need 0 to 3600")
    return float(number)
