"""RTP packets (RFC 3550 section 5.1), no I/O: `parse` for what a leg receives, `RtpSender` for what it sends."""

import secrets
import struct
from typing import NamedTuple

from softswitch.media.g711 import FRAME_SAMPLES

_HEADER = struct.Struct("!BBHII")
_VERSION_2 = 0x80


class RtpPacket(NamedTuple):
    """A packet that passed the checks; `payload` is never empty."""

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes


def parse(datagram: bytes) -> RtpPacket | None:
    """The packet in a datagram, or None for anything that is not well-formed RTP (it is then ignored)."""
    if len(datagram) <= 12 or datagram[0] & 0xC0 != _VERSION_2:
        return None
    first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(datagram)
    start, end = 12, len(datagram)
    if first != _VERSION_2:
        start, end = _payload_bounds(datagram, first)
        if start >= end:
            return None
    return RtpPacket(second & 0x7F, sequence, timestamp, ssrc, datagram[start:end])


def _payload_bounds(datagram: bytes, first: int) -> tuple[int, int]:
    """Start and end of the payload behind contributing sources, header extension and before padding."""
    start, end = 12 + 4 * (first & 0x0F), len(datagram)
    if first & 0x10:
        if end < start + 4:
            return end, end
        start += 4 + 4 * int.from_bytes(datagram[start + 2 : start + 4], "big")
    if first & 0x20:
        padding = datagram[-1]
        end = end - padding if padding else start
    return start, end


class RtpSender:
    """Sequence number, timestamp and marker of one outgoing stream (one SSRC for the leg's whole life)."""

    __slots__ = ("marker", "sequence", "ssrc", "timestamp")

    def __init__(self) -> None:
        self.ssrc = secrets.randbits(32)
        self.sequence = secrets.randbits(15)
        self.timestamp = secrets.randbits(31)
        self.marker = True  # the next audio packet begins a talkspurt (RFC 3551 section 4.1)

    def audio(self, payload_type: int, payload: bytes) -> bytes:
        """The next 20 ms of audio, and the clock moves on."""
        datagram = self._packet(payload_type, self.marker, self.timestamp) + payload
        self.marker = False
        self.advance()
        return datagram

    def event(self, payload_type: int, payload: bytes, *, marker: bool, timestamp: int) -> bytes:
        """A telephone event: it has the timestamp of its beginning and leaves the clock alone."""
        return self._packet(payload_type, marker, timestamp) + payload

    def advance(self, frames: int = 1) -> None:
        """Let time pass without a packet."""
        self.timestamp = (self.timestamp + frames * FRAME_SAMPLES) & 0xFFFFFFFF

    def _packet(self, payload_type: int, marker: bool, timestamp: int) -> bytes:
        header = _HEADER.pack(
            _VERSION_2, payload_type | (0x80 if marker else 0), self.sequence, timestamp, self.ssrc
        )
        self.sequence = (self.sequence + 1) & 0xFFFF
        return header
