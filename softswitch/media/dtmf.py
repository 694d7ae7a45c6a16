"""Digits as RFC 4733 telephone events, no I/O: `DigitReceiver` for a leg's incoming events, `DigitSender` for outgoing.

Like FreeSWITCH, a digit is reported when it ends, with its length.
"""

import struct
from collections import deque
from typing import NamedTuple

from softswitch.media.g711 import FRAME_SAMPLES
from softswitch.media.rtp import RtpPacket, RtpSender

DIGITS = "0123456789*#ABCD"
PAUSES_MILLISECONDS = {"w": 500, "W": 1000}  # FreeSWITCH's send_dtmf
TONES_HZ = {
    digit: (row, column)
    for row, digits in zip((697, 770, 852, 941), ("123A", "456B", "789C", "*0#D"), strict=True)
    for digit, column in zip(digits, (1209, 1336, 1477, 1633), strict=True)
}
_EVENT = struct.Struct("!BBH")
_END = 0x80
_VOLUME = 10  # -10 dBm0, as FreeSWITCH sends it
_END_PACKETS = 3
_LOST_END_TICKS = 10  # no packet of the event for this long: its end was lost
_GAP_TICKS = 4
_MOST_QUEUED = 128
_REPEAT_TICKS = (
    100  # sipp replays a capture with its old timestamps: after two quiet seconds it is a new digit
)


class Digit(NamedTuple):
    """A digit that was pressed."""

    digit: str
    milliseconds: int


class _Running(NamedTuple):
    key: tuple[int, int]  # SSRC, RTP timestamp: one event
    code: int
    duration: int
    tick: int


class DigitReceiver:
    """Turns the packets of an event, of which any may be lost or repeated, into one digit."""

    def __init__(self) -> None:
        self._running: _Running | None = None
        self._reported: dict[tuple[int, int], int] = {}  # event -> tick of its last packet

    def put(self, packet: RtpPacket, tick: int) -> list[Digit]:
        """Take a telephone-event packet; returns the digits that it completes (none, one, or two)."""
        if len(packet.payload) < _EVENT.size:
            return []
        code, flags, duration = _EVENT.unpack_from(packet.payload)
        key = (packet.ssrc, packet.timestamp)
        if code >= len(DIGITS) or self._is_repeat(key, tick):
            return []
        before = self._running
        digits = self._finish(tick) if before is not None and before.key != key else []
        longest = max(duration, before.duration) if before is not None and before.key == key else duration
        self._running = _Running(key, code, longest, tick)
        return digits + self._finish(tick) if flags & _END else digits

    def check(self, tick: int) -> list[Digit]:
        """Call at every tick: finishes an event whose end packets were all lost."""
        if self._running is None or tick - self._running.tick < _LOST_END_TICKS:
            return []
        return self._finish(tick)

    def _is_repeat(self, key: tuple[int, int], tick: int) -> bool:
        if key not in self._reported or tick - self._reported[key] > _REPEAT_TICKS:
            return False
        self._reported[key] = tick
        return True

    def _finish(self, tick: int) -> list[Digit]:
        if self._running is None:
            return []
        key, code, duration, _ = self._running
        self._running = None
        self._reported = {k: t for k, t in self._reported.items() if tick - t <= _REPEAT_TICKS} | {key: tick}
        return [Digit(DIGITS[code], duration // 8)]


class DigitSender:
    """Sends queued digits, one packet a tick in place of the audio, while the audio's clock runs on."""

    def __init__(self) -> None:
        self._queue: deque[tuple[str, int]] = deque()
        self._elapsed_ticks = 0
        self._start_timestamp = 0

    def __bool__(self) -> bool:
        return bool(self._queue)

    def queue(self, digits: str, milliseconds: int) -> None:
        """Queue digits; what goes beyond 128 waiting ones is dropped, as no person keys that."""
        room = _MOST_QUEUED - len(self._queue)
        self._queue.extend((digit, PAUSES_MILLISECONDS.get(digit, milliseconds)) for digit in digits[:room])

    def tick(self, sender: RtpSender, payload_type: int) -> list[bytes] | None:
        """Datagrams to send now instead of audio; None when audio should go out (pauses, gaps between digits)."""
        digit, milliseconds = self._queue[0]
        last_tick = max(2, -(-milliseconds // 20))
        if self._elapsed_ticks >= last_tick or digit in PAUSES_MILLISECONDS:
            self._rest(last_tick if digit in PAUSES_MILLISECONDS else last_tick + _GAP_TICKS)
            return None
        datagrams = self._packets(digit, last_tick, sender, payload_type)
        sender.advance()
        self._elapsed_ticks += 1
        return datagrams

    def _rest(self, until_tick: int) -> None:
        self._elapsed_ticks += 1
        if self._elapsed_ticks >= until_tick:
            self._queue.popleft()
            self._elapsed_ticks = 0

    def _packets(self, digit: str, last_tick: int, sender: RtpSender, payload_type: int) -> list[bytes]:
        first = self._elapsed_ticks == 0
        if first:
            self._start_timestamp = sender.timestamp
        ends = self._elapsed_ticks == last_tick - 1
        duration = min((self._elapsed_ticks + 1) * FRAME_SAMPLES, 0xFFFF)
        payload = _EVENT.pack(DIGITS.index(digit), (_END if ends else 0) | _VOLUME, duration)
        return [
            sender.event(payload_type, payload, marker=first, timestamp=self._start_timestamp)
            for _ in range(_END_PACKETS if ends else 1)
        ]
