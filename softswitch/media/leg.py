"""One leg's voice: its socket, what it negotiated, its buffers, playbacks and recordings. Only the engine touches it."""

import socket
from dataclasses import dataclass

from softswitch.media.dtmf import Digit, DigitReceiver, DigitSender
from softswitch.media.g711 import PAYLOAD_TYPES, PCMU
from softswitch.media.latching import Latch
from softswitch.media.playout import PlayoutBuffer
from softswitch.media.recording import Recording
from softswitch.media.rtp import RtpSender, parse
from softswitch.media.sources import Source

_LONGEST_DATAGRAM = 2048
DIRECTIONS = {  # as in our own SDP: (we send, we receive)
    "sendrecv": (True, True),
    "sendonly": (True, False),
    "recvonly": (False, True),
    "inactive": (False, False),
}


@dataclass(eq=False)
class Playback:
    """A source that plays, or is being loaded (`source` is None)."""

    play_id: str
    mix: bool
    source: Source | None = None
    waited_ticks: int = 0


class Leg:
    """The media side of one channel."""

    def __init__(self, leg_id: str, sock: socket.socket, rtp_timeout_ticks: int) -> None:
        self.id = leg_id
        self.socket = sock
        self.payload_type = PCMU
        self.telephone_event_type: int | None = None
        self.latch: Latch | None = None
        self.can_send = False  # the remote address can be sent to
        self.sends, self.receives = True, True
        self.muted = False
        self.hears: dict[str, float] = {}
        self.playout = PlayoutBuffer(PCMU)
        self.digits_in = DigitReceiver()
        self.sender = RtpSender()
        self.digits_out = DigitSender()
        self.playbacks: list[Playback] = []
        self.recordings: dict[str, Recording] = {}
        self.rtp_timeout_ticks = rtp_timeout_ticks
        self.last_heard_tick = 0
        self.told_lost = False
        self.packets_received = 0
        self.packets_refused = 0  # not RTP, not ours, from somebody else
        self.send_errors = 0

    def set_remote(
        self, remote: tuple[str, int], payload_type: int, telephone_event_type: int | None
    ) -> None:
        """Take what SDP negotiated; an unchanged address keeps the latch and the buffers."""
        if self.latch is None or self.latch.negotiated != remote:
            self.latch = Latch(remote)
            self.sender.marker = True
        if payload_type != self.payload_type:
            self.payload_type = payload_type
            self.playout = PlayoutBuffer(payload_type)
        self.telephone_event_type = telephone_event_type
        self.can_send = remote[0] != "0.0.0.0" and remote[1] != 0  # noqa: S104 - RFC 2543 hold, not a bind

    def set_direction(self, direction: str) -> None:
        """`sendrecv`, `sendonly`, `recvonly` or `inactive`, as in our own SDP."""
        sends, receives = DIRECTIONS[direction]
        if sends and not self.sends:
            self.sender.marker = True
        if not receives:
            self.playout.clear()
        self.sends, self.receives = sends, receives

    def receive(self, tick: int) -> list[Digit]:
        """Read one packet; returns digits that ended.

        One a call: epoll tells again of a socket with more, so that a flood on one port never holds up the others.
        """
        try:
            datagram, source = self.socket.recvfrom(_LONGEST_DATAGRAM)
        except OSError:  # Nothing there after all, or an ICMP error of an earlier packet; the socket is well.
            return []
        return self._take(datagram, source, tick)

    def _take(self, datagram: bytes, source: tuple[str, int], tick: int) -> list[Digit]:
        packet = parse(datagram)
        if packet is None or self.latch is None:
            self.packets_refused += 1
            return []
        is_audio = packet.payload_type in PAYLOAD_TYPES
        is_digit = packet.payload_type == self.telephone_event_type
        if not (is_audio or is_digit or packet.payload_type == 13) or not self.latch.accepts(source, packet):
            self.packets_refused += 1
            return []
        self.packets_received += 1
        self.last_heard_tick, self.told_lost = tick, False
        if is_audio:
            if self.receives:
                self.playout.put(packet)
            return []
        self.playout.pass_over(packet)
        return self.digits_in.put(packet, tick) if is_digit else []

    def send(self, frame: bytes) -> int:
        """Send 20 ms of voice, or a piece of a digit in its place; returns how many packets went out."""
        if not (self.can_send and self.sends) or self.latch is None:
            self.sender.advance()
            return 0
        datagrams = None
        if self.digits_out and self.telephone_event_type is not None:
            datagrams = self.digits_out.tick(self.sender, self.telephone_event_type)
        if datagrams is None:
            return self._send(self.sender.audio(self.payload_type, frame))
        return sum(self._send(datagram) for datagram in datagrams)

    def _send(self, datagram: bytes) -> int:
        assert self.latch is not None  # noqa: S101 - `send` has looked
        try:
            self.socket.sendto(datagram, self.latch.current)
        except OSError:  # No route, or a full socket buffer: the next packet may pass. Counted in stats.
            self.send_errors += 1
            return 0
        return 1

    def is_silent_for(self, tick: int) -> bool:
        """Whether a peer that should send has not for the leg's time limit, and nobody was told."""
        if not self.rtp_timeout_ticks or not self.receives or not self.can_send:
            self.last_heard_tick = tick
            return False
        return not self.told_lost and tick - self.last_heard_tick >= self.rtp_timeout_ticks
