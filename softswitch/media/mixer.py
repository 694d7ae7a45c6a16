"""Who hears whom, as one matrix of gains; the engine calls `rebuild` after a change and `mix` each tick; no I/O.

Row: the listener, column: the talker. Bridge, eavesdrop, whisper, barge, echo and conference are all rows of it.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from softswitch.media.g711 import FRAME_SAMPLES, PCMA, PCMU, codec


class Party(Protocol):
    """What the mixer reads of a leg."""

    id: str
    payload_type: int
    muted: bool
    hears: dict[str, float]  # talker's leg id -> gain


class Mixer:
    """Decode tables -> gain matrix -> encode tables, for all legs at once."""

    def __init__(self) -> None:
        self._decode = np.stack([codec(PCMU).decode, codec(PCMA).decode]).astype(np.float32)
        self._laws: NDArray[np.intp] = np.zeros(0, np.intp)
        self._alaw_rows: NDArray[np.intp] = np.zeros(0, np.intp)
        self._muted_rows: list[int] = []
        self._gains: NDArray[np.float32] = np.zeros((0, 0), np.float32)
        self._mixes = False
        self.bridged: frozenset[str] = frozenset()  # legs that hear somebody who hears them

    def rebuild(self, parties: Sequence[Party]) -> None:
        """Take over the legs in this order."""
        rows = {party.id: row for row, party in enumerate(parties)}
        self._laws = np.array([int(party.payload_type == PCMA) for party in parties], np.intp)
        self._alaw_rows = np.flatnonzero(self._laws)
        self._muted_rows = [row for row, party in enumerate(parties) if party.muted]
        self._gains = np.zeros((len(parties), len(parties)), np.float32)
        bridged = set()
        for row, party in enumerate(parties):
            for talker, gain in party.hears.items():
                if talker in rows:
                    self._gains[row, rows[talker]] = gain
                    if talker != party.id and party.id in parties[rows[talker]].hears:
                        bridged.add(party.id)
        self.bridged = frozenset(bridged)
        self._mixes = bool(self._gains.any())

    def decode(self, frames: Sequence[bytes]) -> NDArray[np.float32]:
        """What each leg says (muted legs: silence), a row of 160 samples a leg."""
        codes = np.frombuffer(b"".join(frames), np.uint8).reshape(len(frames), FRAME_SAMPLES)
        said: NDArray[np.float32] = self._decode[self._laws[:, None], codes]
        if self._muted_rows:
            said[self._muted_rows] = 0
        return said

    def mix(self, said: NDArray[np.float32]) -> NDArray[np.float32]:
        """What each leg hears of the others."""
        return self._gains @ said if self._mixes else np.zeros_like(said)

    def encode(self, heard: NDArray[np.float32]) -> tuple[NDArray[np.int16], bytes]:
        """Limit and encode: samples, and a frame of G.711 a leg, one behind the other."""
        samples = heard.clip(-32768, 32767).astype(np.int16)
        index = samples.view(np.uint16)
        codes = codec(PCMU).encode[index]
        if len(self._alaw_rows):
            codes[self._alaw_rows] = codec(PCMA).encode[index[self._alaw_rows]]
        return samples, codes.tobytes()
