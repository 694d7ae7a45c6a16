"""ITU-T G.711 A-law and mu-law as lookup tables; used by the mixer (whole batches) and the playout buffer (bytes).

`audioop` is gone in Python 3.13, so the tables come from the standard's segments, computed once on first use.
Codecs are known by their static RTP payload types (RFC 3551): 0 is PCMU, 8 is PCMA.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 8000
FRAME_SAMPLES = 160  # 20 ms
FRAME_MILLISECONDS = 20
PCMU = 0
PCMA = 8
PAYLOAD_TYPES = (PCMU, PCMA)
_ULAW_BIAS = 33  # on the 14-bit scale of the standard
_ULAW_LARGEST = 0x1FFF  # with the bias


@dataclass(frozen=True)
class Codec:
    """One law. `decode` is indexed by a byte, `encode` by an int16 sample seen as uint16."""

    payload_type: int
    decode: NDArray[np.int16]
    encode: NDArray[np.uint8]
    fade: bytes  # translation table: the same sound at half the amplitude
    transcode: bytes  # translation table from the other law
    silence: bytes  # one frame


def _decode_ulaw() -> NDArray[np.int16]:
    code = ~np.arange(256, dtype=np.int32) & 0xFF
    magnitude = ((((code & 0x0F) << 3) + 0x84) << ((code & 0x70) >> 4)) - 0x84
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


def _decode_alaw() -> NDArray[np.int16]:
    code = np.arange(256, dtype=np.int32) ^ 0x55
    segment = (code & 0x70) >> 4
    mantissa = ((code & 0x0F) << 4) + 8
    magnitude = np.where(segment == 0, mantissa, (mantissa + 0x100) << np.maximum(segment - 1, 0))
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


def _all_samples() -> NDArray[np.int32]:
    return np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)


def _segment(magnitude: NDArray[np.int32], first_end: int) -> NDArray[np.int32]:
    ends = first_end * 2 ** np.arange(8)
    return np.minimum(np.searchsorted(ends, magnitude, side="right"), 7).astype(np.int32)


def _encode_ulaw() -> NDArray[np.uint8]:
    sample = _all_samples() >> 2
    magnitude = np.minimum(np.abs(sample) + _ULAW_BIAS, _ULAW_LARGEST)
    segment = _segment(magnitude, 0x40)
    code = (segment << 4) | ((magnitude >> (segment + 1)) & 0x0F)
    return np.asarray(code ^ np.where(sample < 0, 0x7F, 0xFF), np.uint8)


def _encode_alaw() -> NDArray[np.uint8]:
    sample = _all_samples() >> 3
    magnitude = np.where(sample < 0, -sample - 1, sample)
    segment = _segment(magnitude, 0x20)
    code = (segment << 4) | ((magnitude >> np.maximum(segment, 1)) & 0x0F)
    return np.asarray(code ^ np.where(sample < 0, 0x55, 0xD5), np.uint8)


def _codec(
    payload_type: int, decode: NDArray[np.int16], encode: NDArray[np.uint8], other: NDArray[np.int16]
) -> Codec:
    half = (decode // 2).view(np.uint16)
    silence = bytes([int(encode[0])]) * FRAME_SAMPLES
    return Codec(
        payload_type, decode, encode, encode[half].tobytes(), encode[other.view(np.uint16)].tobytes(), silence
    )


@cache
def codec(payload_type: int) -> Codec:
    """The codec of a static payload type.

    Raises ValueError for anything but 0 and 8.
    """
    ulaw, alaw = _decode_ulaw(), _decode_alaw()
    if payload_type == PCMU:
        return _codec(PCMU, ulaw, _encode_ulaw(), alaw)
    if payload_type == PCMA:
        return _codec(PCMA, alaw, _encode_alaw(), ulaw)
    raise ValueError(f"payload type {payload_type} is not G.711 (0 or 8)")
