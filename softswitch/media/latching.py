"""Symmetric RTP: which source a leg listens to and sends to; no I/O, asked by the leg for every packet.

A stream may be taken over by nobody: the negotiated address is believed at once (whatever its port, as
phones behind NAT change it), any other address only while nothing came from the negotiated one and after
some packets of one stream in sequence (RFC 3550 appendix A.1). Once latched, other sources are ignored.
"""

from softswitch.media.rtp import RtpPacket

Address = tuple[str, int]
_FOREIGN_PROBATION_PACKETS = 5


class Latch:
    """The remote address of one leg."""

    def __init__(self, negotiated: Address) -> None:
        self.negotiated = negotiated
        self.current = negotiated  # where we send
        self._latched: Address | None = None
        self._probation: tuple[Address, int, int] | None = None  # source, SSRC, next sequence number
        self._probation_packets = 0

    def accepts(self, source: Address, packet: RtpPacket) -> bool:
        """Whether a packet of this source belongs to the leg; the first one that does sets where we send."""
        if source == self._latched:
            return True
        if source == self.negotiated or (self._latched is None and source[0] == self.negotiated[0]):
            self._latched = self.current = source
            return True
        if self._latched is None and self._passes_probation(source, packet):
            self._latched = self.current = source
            return True
        return False

    def release(self) -> None:
        """Nothing has come for long: let a phone whose NAT mapping changed be found again."""
        self._latched = None
        self._probation_packets = 0

    def _passes_probation(self, source: Address, packet: RtpPacket) -> bool:
        in_sequence = self._probation == (source, packet.ssrc, packet.sequence)
        self._probation = (source, packet.ssrc, (packet.sequence + 1) & 0xFFFF)
        self._probation_packets = self._probation_packets + 1 if in_sequence else 1
        return self._probation_packets >= _FOREIGN_PROBATION_PACKETS
