"""The playout buffer: RTP audio of one leg in, a frame every 20 ms out; no clock of its own, no I/O.

`put` at each packet, `take` at each tick. It starts with two frames, fills lost packets with the last sound
fading out, takes a late packet into its hole, and gives back delay that was never needed in two seconds, so
that neither a burst nor a fast sender's clock makes it grow.
"""

from softswitch.media.g711 import FRAME_SAMPLES, Codec, codec
from softswitch.media.rtp import RtpPacket

_PRIME_BYTES = 2 * FRAME_SAMPLES
_LIMIT_BYTES = 10 * FRAME_SAMPLES
_AFTER_LIMIT_BYTES = 3 * FRAME_SAMPLES
_MOST_FILLED_PACKETS = 10  # a longer gap is a pause or a new start, not a loss
_LATE_BEFORE_RESYNC = 5
_CONCEALED_FRAMES = 3
_WINDOW_TICKS = 100


class PlayoutBuffer:
    """G.711 bytes waiting to be played, in the leg's negotiated law."""

    def __init__(self, payload_type: int) -> None:
        self._codec: Codec = codec(payload_type)
        self._fifo = bytearray()
        self._last = self._codec.silence
        self._primed = False
        self._ssrc: int | None = None
        self._expected: int | None = None
        self._late_in_a_row = 0
        self._appended = 0  # bytes ever appended: gives holes a fixed address
        self._holes: dict[int, tuple[int, int]] = {}  # sequence -> (address, length)
        self._concealed = 0
        self._lowest = _LIMIT_BYTES
        self._window = 0
        self.lost_packets = 0
        self.late_packets = 0
        self.underruns = 0

    @property
    def depth_bytes(self) -> int:
        """Audio that waits, in bytes (8 a millisecond)."""
        return len(self._fifo)

    def put(self, packet: RtpPacket) -> None:
        """Take an audio packet (payload type 0 or 8, whichever was negotiated)."""
        gap = self._gap(packet)
        if gap is None:
            return
        payload = packet.payload
        if packet.payload_type != self._codec.payload_type:
            payload = payload.translate(self._codec.transcode)
        if gap:
            self._fill(gap, packet.sequence, len(payload))
        self._concealed = 0
        self._append(payload)
        if len(self._fifo) > _LIMIT_BYTES:
            del self._fifo[: len(self._fifo) - _AFTER_LIMIT_BYTES]

    def pass_over(self, packet: RtpPacket) -> None:
        """Count a packet of the same stream that carries no audio (digits, comfort noise) as received."""
        if packet.ssrc == self._ssrc and self._expected is not None:
            ahead = (packet.sequence - self._expected) & 0xFFFF
            if ahead < 0x8000:
                self._expected = (packet.sequence + 1) & 0xFFFF

    def take(self) -> bytes:
        """The next 20 ms, in the leg's law; fading sound, then silence, when nothing has come."""
        waiting = len(self._fifo)
        if waiting < (FRAME_SAMPLES if self._primed else _PRIME_BYTES):
            self.underruns += self._primed
            self._primed = False
            return self._conceal()
        self._primed = True
        self._last = frame = bytes(self._fifo[:FRAME_SAMPLES])
        del self._fifo[:FRAME_SAMPLES]
        self._concealed = 0
        self._give_back_delay(waiting - FRAME_SAMPLES)
        return frame

    def clear(self) -> None:
        """Forget what waits (the leg was put on hold)."""
        self._fifo.clear()
        self._holes.clear()
        self._primed = False
        self._last = self._codec.silence

    def _gap(self, packet: RtpPacket) -> int | None:
        """Packets missing before this one; None when it is late and must not be appended."""
        expected = self._expected
        if packet.ssrc != self._ssrc:
            self._ssrc, expected = packet.ssrc, None
            self._holes.clear()
        gap = 0 if expected is None else (packet.sequence - expected) & 0xFFFF
        if gap >= 0x8000:
            self.late_packets += 1
            self._late_in_a_row += 1
            if self._late_in_a_row < _LATE_BEFORE_RESYNC:
                self._patch(packet)
                return None
            gap = 0
        self._late_in_a_row = 0
        self._expected = (packet.sequence + 1) & 0xFFFF
        return gap if gap <= _MOST_FILLED_PACKETS else 0

    def _fill(self, gap: int, sequence: int, length: int) -> None:
        """Put fading sound where `gap` packets are missing, less what was already concealed at a tick."""
        self.lost_packets += gap
        self._holes.clear()
        sound = (self._fifo[-length:] or self._last)[-length:].ljust(length, self._codec.silence[:1])
        for missing in range(min(gap, self._concealed), gap):
            sound = sound.translate(self._codec.fade) if missing < _CONCEALED_FRAMES else self._quiet(length)
            self._holes[(sequence - gap + missing) & 0xFFFF] = (self._appended, length)
            self._append(sound)

    def _patch(self, packet: RtpPacket) -> None:
        """Lay a late packet into its hole when that has not been played yet."""
        address, length = self._holes.pop(packet.sequence, (-1, 0))
        start = address - (self._appended - len(self._fifo))
        if length == len(packet.payload) and start >= 0:
            payload = packet.payload
            if packet.payload_type != self._codec.payload_type:
                payload = payload.translate(self._codec.transcode)
            self._fifo[start : start + length] = payload

    def _append(self, sound: bytes | bytearray) -> None:
        self._fifo += sound
        self._appended += len(sound)

    def _conceal(self) -> bytes:
        if self._concealed >= _CONCEALED_FRAMES:
            return self._codec.silence
        self._concealed += 1
        self._last = self._last.translate(self._codec.fade)
        return self._last

    def _quiet(self, length: int) -> bytearray:
        return bytearray(self._codec.silence[:1] * length)

    def _give_back_delay(self, left: int) -> None:
        self._lowest = min(self._lowest, left)
        self._window += 1
        if self._window < _WINDOW_TICKS:
            return
        if self._lowest >= 2 * FRAME_SAMPLES:
            spare = (self._lowest - FRAME_SAMPLES) // FRAME_SAMPLES * FRAME_SAMPLES
            del self._fifo[:spare]
        self._window, self._lowest = 0, _LIMIT_BYTES
