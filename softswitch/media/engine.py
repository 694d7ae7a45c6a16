"""The engine: all legs, the commands of the switch, and what is done every 20 ms. One thread owns it (loop.py).

Commands are the public methods named in `COMMANDS`; events leave through `emit(leg_id, name, data)`. Time is
the count of ticks, so tests drive it by hand.
"""

import os
import select
import socket
import time
from collections import Counter
from typing import Any

from softswitch.media import errors
from softswitch.media.g711 import FRAME_SAMPLES
from softswitch.media.leg import Leg
from softswitch.media.library import Library
from softswitch.media.mixer import Mixer
from softswitch.media.playing import Player, Submit
from softswitch.media.recording import Emit, Recording
from softswitch.media.taping import Recorder

COMMANDS = frozenset(
    {"open", "close", "set_remote", "set_direction", "set_rtp_timeout", "connect", "disconnect", "mute"}
    | {"play", "stop_play", "add_stream", "start_recording", "stop_recording", "mask_recording"}
    | {"send_dtmf", "stats"}
)
TICKS_A_SECOND = 50
_EXPEDITED_FORWARDING = 0xB8
_SHUTDOWN_SECONDS = 5.0


class Engine:
    """Legs and their ticks.

    `submit` runs a job on the loader's thread (tests: at once).
    """

    def __init__(
        self, emit: Emit, submit: Submit, host: str, ports: range, rtp_timeout_seconds: float
    ) -> None:
        self.emit = emit
        self._host = host
        self._ports = ports
        self._next_port = 0
        self._rtp_timeout_ticks = round(rtp_timeout_seconds * TICKS_A_SECOND)
        self._legs: dict[str, Leg] = {}
        self._order: list[Leg] = []
        self._by_descriptor: dict[int, Leg] = {}
        self._changed = False
        self._mixer = Mixer()
        self.poller = select.epoll()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._library = Library(lambda: self.ticks)
        self._player = Player(emit, submit, self._library, self._wake)
        self._recorder = Recorder(emit)
        self.poller.register(self._wake, select.EPOLLIN)
        self.ticks = 0
        self.counts: Counter[str] = Counter()
        self._busy_seconds = 0.0

    # What the loop calls.

    def handle(self, descriptor: int) -> None:
        """Something waits at a descriptor of `poller`."""
        leg = self._by_descriptor.get(descriptor)
        if leg is not None:
            for digit in leg.receive(self.ticks):
                self.emit(leg.id, "dtmf", digit._asdict())
        elif descriptor == self._wake:
            os.eventfd_read(self._wake)
            self._player.take_loaded()

    def tick(self) -> None:
        """Make and send 20 ms for every leg."""
        started = time.monotonic()
        self.ticks += 1
        if self._changed:
            self._order = list(self._legs.values())
            self._mixer.rebuild(self._order)
            self._changed = False
        if self._order:
            self._tick_legs()
        self._busy_seconds += time.monotonic() - started

    def skip(self, frames: int) -> None:
        """Time that was missed beyond catching up: the clocks and the recordings move on."""
        self.ticks += frames
        self.counts["skipped_frames"] += frames
        for leg in self._order:
            leg.sender.advance(frames)
            self._recorder.skip(leg, frames, self._mixer.bridged)

    def shut_down(self) -> None:
        """Close every leg and complete the recordings."""
        for leg_id in list(self._legs):
            self.close(leg_id)
        self._recorder.shut_down(_SHUTDOWN_SECONDS)
        self.poller.close()
        os.close(self._wake)

    # Commands.

    def open(self, leg_id: str) -> int:
        """Make a leg; returns its RTP port.

        Raises NoRtpPort.
        """
        if leg_id in self._legs:
            raise errors.MediaError(f"leg {leg_id} is open already")
        sock = self._bind()
        leg = Leg(leg_id, sock, self._rtp_timeout_ticks)
        self._legs[leg_id] = self._by_descriptor[sock.fileno()] = leg
        self.poller.register(sock.fileno(), select.EPOLLIN)
        self._changed = True
        return int(sock.getsockname()[1])

    def close(self, leg_id: str) -> None:
        """End a leg: its playbacks are broken, its recordings completed."""
        leg = self._legs.pop(leg_id, None)
        if leg is None:
            return
        self._player.stop(leg, None)
        for path in list(leg.recordings):
            self._recorder.stop(leg, path)
        self.poller.unregister(leg.socket.fileno())
        del self._by_descriptor[leg.socket.fileno()]
        leg.socket.close()
        for other in self._legs.values():
            other.hears.pop(leg_id, None)
        self._changed = True

    def set_remote(
        self, leg_id: str, host: str, port: int, payload_type: int, telephone_event: int | None
    ) -> None:
        """Where the leg's peer is, and what was negotiated."""
        if leg := self._legs.get(leg_id):
            leg.set_remote((host, port), payload_type, telephone_event)
            leg.last_heard_tick, leg.told_lost = self.ticks, False
            self._changed = True

    def set_direction(self, leg_id: str, direction: str) -> None:
        """Hold and resume."""
        if leg := self._legs.get(leg_id):
            leg.set_direction(direction)
            leg.last_heard_tick = self.ticks

    def set_rtp_timeout(self, leg_id: str, seconds: float) -> None:
        """After how long without a packet `rtp_lost` is sent; 0 never."""
        if leg := self._legs.get(leg_id):
            leg.rtp_timeout_ticks = round(seconds * TICKS_A_SECOND)
            leg.last_heard_tick = self.ticks

    def play(self, leg_id: str, source: str, play_id: str, loop: bool, mix: bool) -> None:
        """Load a source, then play it; ends with `played` whatever happens."""
        if leg := self._legs.get(leg_id):
            self._player.start(leg, source, play_id, loop=loop, mix=mix)
        else:
            self._player.tell(leg_id, play_id, "failed", "there is no such leg")

    def stop_play(self, leg_id: str, play_id: str | None) -> None:
        """Break one playback, or all of a leg."""
        if leg := self._legs.get(leg_id):
            self._player.stop(leg, play_id)

    def add_stream(self, name: str, folder: str) -> None:
        """Load the folder of `local_stream://name`."""
        self._player.add_stream(name, folder)

    def connect(self, listener: str, talker: str, gain: float) -> None:
        """`listener` hears `talker` (the same leg twice is an echo)."""
        if listener in self._legs and talker in self._legs:
            self._legs[listener].hears[talker] = gain
            self._changed = True

    def disconnect(self, listener: str, talker: str) -> None:
        """Undo `connect`."""
        if leg := self._legs.get(listener):
            leg.hears.pop(talker, None)
            self._changed = True

    def start_recording(
        self, leg_id: str, path: str, stereo: bool, heard_from: str | None, only_bridged: bool
    ) -> None:
        """Record a leg; ends with `recorded` whatever happens."""
        if leg := self._legs.get(leg_id):
            gate = heard_from or leg_id
            recording = Recording(leg_id, path, stereo=stereo, gate_leg_id=gate, only_bridged=only_bridged)
            self._recorder.start(self._legs.values(), leg, recording)
        else:
            self._recorder.refuse(leg_id, path, "there is no such leg")

    def stop_recording(self, leg_id: str, path: str) -> None:
        """Complete a file."""
        if leg := self._legs.get(leg_id):
            self._recorder.stop(leg, path)

    def mask_recording(self, leg_id: str, path: str, on: bool) -> None:
        """Write silence while on (card numbers)."""
        leg = self._legs.get(leg_id)
        if leg is not None and path in leg.recordings:
            leg.recordings[path].masked = on

    def send_dtmf(self, leg_id: str, digits: str, milliseconds: int) -> None:
        """Digits to the peer: as telephone events, or in-band when it did not negotiate them."""
        leg = self._legs.get(leg_id)
        if leg is None:
            return
        if leg.telephone_event_type is None:
            self._player.play_digits(leg, digits, milliseconds)
        else:
            leg.digits_out.queue(digits, milliseconds)

    def mute(self, leg_id: str, on: bool) -> None:
        """Nobody (and no recording) hears what the leg says."""
        if leg := self._legs.get(leg_id):
            leg.muted = on
            self._changed = True

    def stats(self) -> dict[str, Any]:
        """Counters since the start, and what is there now."""
        legs = self._legs.values()
        return {
            **self.counts,
            "legs": len(self._legs),
            "recordings": sum(len(leg.recordings) for leg in legs),
            "playbacks": sum(len(leg.playbacks) for leg in legs),
            "ticks": self.ticks,
            "busy_seconds": self._busy_seconds,
            "cpu_seconds": time.process_time(),
            "cached_bytes": self._library.cached_bytes,
            "by_leg": {leg.id: _leg_stats(leg) for leg in legs},
        }

    # The tick.

    def _tick_legs(self) -> None:
        legs = self._order
        said = self._mixer.decode([leg.playout.take() for leg in legs])
        heard = self._mixer.mix(said)
        for row, leg in enumerate(legs):
            if leg.playbacks:
                self._player.play_into(leg, heard[row])
        samples, codes = self._mixer.encode(heard)
        sent = 0
        for row, leg in enumerate(legs):
            sent += leg.send(codes[row * FRAME_SAMPLES : (row + 1) * FRAME_SAMPLES])
            if leg.recordings:
                self._recorder.record(leg, said[row], samples[row], self._mixer.bridged)
            self._watch(leg)
        self.counts["packets_sent"] += sent

    def _watch(self, leg: Leg) -> None:
        for digit in leg.digits_in.check(self.ticks):
            self.emit(leg.id, "dtmf", digit._asdict())
        if leg.is_silent_for(self.ticks) and leg.latch is not None:
            leg.told_lost = True
            leg.latch.release()
            self.emit(leg.id, "rtp_lost", {"seconds": (self.ticks - leg.last_heard_tick) / TICKS_A_SECOND})

    # Ports.

    def _bind(self) -> socket.socket:
        """A bound socket; ports are taken in turn, so that one just freed rests as long as possible."""
        for _ in range(len(self._ports)):
            port = self._ports[self._next_port]
            self._next_port = (self._next_port + 1) % len(self._ports)
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
            try:
                sock.bind((self._host, port))
            except OSError:  # Somebody else has it: the next one.
                sock.close()
                continue
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, _EXPEDITED_FORWARDING)
            return sock
        raise errors.NoRtpPort(f"no free RTP port on {self._host} in {self._ports[0]}-{self._ports[-1]}")


def _leg_stats(leg: Leg) -> dict[str, int]:
    return {
        "packets_received": leg.packets_received,
        "packets_refused": leg.packets_refused,
        "packets_lost": leg.playout.lost_packets,
        "packets_late": leg.playout.late_packets,
        "underruns": leg.playout.underruns,
        "send_errors": leg.send_errors,
    }
