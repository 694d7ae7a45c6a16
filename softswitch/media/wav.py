"""Reads any PCM or G.711 WAV file as 8 kHz mono; called by the library on its loader thread, once a file.

Python's `wave` refuses WAVE_FORMAT_EXTENSIBLE and G.711, so the RIFF chunks are read here. A file whose
header promises more than there is (still being recorded, cut off) is played as far as it goes.
"""

import os
import stat
import struct
from math import ceil, gcd
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from softswitch.media.errors import SourceUnusable
from softswitch.media.g711 import PCMA, PCMU, RATE_HZ, codec

_ALAW, _EXTENSIBLE = 6, 0xFFFE  # WAVE_FORMAT_ALAW; 1 is PCM, 3 IEEE float, 7 mu-law
MOST_BYTES = 64 * 1024 * 1024  # 70 minutes at 8 kHz mono; longer files would crowd the memory
_RATES_HZ = range(4000, 192001)
_ZERO_CROSSINGS = 16
_BLOCK_OUTPUTS = 4096  # bounds the memory of one step of the resampling


class _Format(NamedTuple):
    encoding: int
    channels: int
    rate_hz: int
    bits: int


def read_wav(path: str) -> NDArray[np.int16]:
    """The file's sound at 8 kHz, channels averaged.

    Raises SourceUnusable with the reason: missing, not a WAV file, a format that is not PCM, empty, too large.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a FIFO would block for ever
        with open(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise SourceUnusable(f"{path}: not a file")
            sound_format, data = _read_chunks(file, path)
    except (OSError, ValueError) as error:
        raise SourceUnusable(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    samples = _to_mono(_decode(sound_format, data, path), sound_format.channels)
    if not len(samples):
        raise SourceUnusable(f"{path}: there is no sound in it")
    return resample(samples, sound_format.rate_hz)


def _read_chunks(file: BinaryIO, path: str) -> tuple[_Format, bytes]:
    riff = file.read(12)
    if riff[:4] != b"RIFF" or riff[8:12] != b"WAVE":
        raise SourceUnusable(f"{path}: not a WAV file")
    sound_format: _Format | None = None
    while len(header := file.read(8)) == 8:
        name, size = header[:4], int.from_bytes(header[4:], "little")
        if name == b"data":
            if sound_format is None:
                raise SourceUnusable(f"{path}: the sound comes before its format")
            return sound_format, _read_data(file, path)[:size]
        content = file.read(min(size, 64)) if name == b"fmt " else b""
        if name == b"fmt ":
            sound_format = _parse_format(content, path)
        file.seek(size + size % 2 - len(content), os.SEEK_CUR)
    raise SourceUnusable(f"{path}: there is no sound in it")


def _read_data(file: BinaryIO, path: str) -> bytes:
    data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise SourceUnusable(f"{path}: larger than {MOST_BYTES >> 20} MB; convert it to 8 kHz mono")
    return data


def _parse_format(content: bytes, path: str) -> _Format:
    if len(content) < 16:
        raise SourceUnusable(f"{path}: its format chunk is cut off")
    encoding, channels, rate_hz, _, _, bits = struct.unpack_from("<HHIIHH", content)
    if encoding == _EXTENSIBLE and len(content) >= 26:
        encoding = int.from_bytes(content[24:26], "little")
    if not 1 <= channels <= 8 or rate_hz not in _RATES_HZ:
        raise SourceUnusable(f"{path}: {channels} channels at {rate_hz} Hz cannot be played")
    return _Format(encoding, channels, rate_hz, bits)


def _decode(sound_format: _Format, data: bytes, path: str) -> NDArray[np.float32]:
    """Samples of all channels, interleaved, on the int16 scale."""
    width = sound_format.bits // 8
    data = data[: len(data) // width * width] if width else b""
    match sound_format.encoding, sound_format.bits:
        case 1, 8:
            return (np.frombuffer(data, np.uint8).astype(np.float32) - 128) * np.float32(256)
        case 1, 16:
            return np.frombuffer(data, "<i2").astype(np.float32)
        case 1, 24:
            high = np.frombuffer(data, np.uint8).reshape(-1, 3)[:, 1:]
            return high.copy().view("<i2").ravel().astype(np.float32)
        case 1, 32:
            return np.asarray(np.frombuffer(data, "<i4") >> 16, np.float32)
        case 3, 32:
            floats: NDArray[np.float32] = np.nan_to_num(np.frombuffer(data, "<f4"))
            return floats.clip(-1, 1) * np.float32(32767)
        case (6 | 7) as law, 8:
            table = codec(PCMA if law == _ALAW else PCMU).decode
            return np.asarray(table[np.frombuffer(data, np.uint8)], np.float32)
    raise SourceUnusable(
        f"{path}: format {sound_format.encoding} with {sound_format.bits} bits is not PCM or G.711"
    )


def _to_mono(samples: NDArray[np.float32], channels: int) -> NDArray[np.float32]:
    whole = samples[: len(samples) // channels * channels]
    mono: NDArray[np.float32] = whole.reshape(-1, channels).mean(axis=1, dtype=np.float32)
    return mono


def resample(samples: NDArray[np.float32], rate_hz: int) -> NDArray[np.int16]:
    """To 8 kHz by a windowed-sinc polyphase filter: what lies above 4 kHz is taken out, not folded down."""
    common = gcd(rate_hz, RATE_HZ)
    up, down = RATE_HZ // common, rate_hz // common
    if (up, down) == (1, 1):
        return samples.round().astype(np.int16)
    cutoff = min(1.0, RATE_HZ / rate_hz) * 0.95
    half = ceil(_ZERO_CROSSINGS / cutoff)
    count = ceil(len(samples) * RATE_HZ / rate_hz)
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(samples, half), 2 * half)
    result = np.empty(count, np.float32)
    for phase in range(min(up, count)):
        base, remainder = divmod(phase * down, up)
        outputs = result[phase::up]
        rows = windows[base + 1 :: down][: len(outputs)]
        _filter(rows, _kernel(half, cutoff, remainder / up), outputs)
    return result.round().clip(-32768, 32767).astype(np.int16)


def _kernel(half: int, cutoff: float, fraction: float) -> NDArray[np.float32]:
    offsets = np.arange(-half + 1, half + 1) - fraction
    kernel = np.sinc(cutoff * offsets) * (0.5 + 0.5 * np.cos(np.pi * offsets / half))
    return np.asarray(kernel / kernel.sum(), np.float32)


def _filter(rows: NDArray[np.float32], kernel: NDArray[np.float32], outputs: NDArray[np.float32]) -> None:
    for start in range(0, len(outputs), _BLOCK_OUTPUTS):
        outputs[start : start + _BLOCK_OUTPUTS] = rows[start : start + _BLOCK_OUTPUTS] @ kernel
