"""From a file that somebody uploads or records to a prompt: 8 kHz mono at the speech level, or a reason why not.

`ivr.prompt_library` calls `telephone_sound`. The kind is told by the content, never by the name; ffmpeg (else sox) gets
it named, so that a playlist or another surprise is not followed.
"""

import io
import shutil
import subprocess
import wave
from typing import TYPE_CHECKING

from ivr.speech import HIGHEST_PEAK, RATE_HZ, levelled

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BIGGEST_BYTES = 20_000_000
SHORTEST_SECONDS, LONGEST_SECONDS = 0.2, 300.0
CONVERT_SECONDS = 60
QUIETEST_PEAK = 0.003


class BadSound(ValueError):
    """The file is no prompt; `code` says why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def kind_of(data: bytes) -> str:
    """`wav`, `mp3`, `m4a`, `ogg` or `webm` by the content, "" for anything else."""
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        return "wav"
    if data[:3] == b"ID3" or (len(data) > 2 and data[0] == 0xFF and data[1] & 0xE6 in (0xE2, 0xE4, 0xE6)):
        return "mp3"
    if data[4:8] == b"ftyp":
        return "m4a"
    return {b"OggS": "ogg", b"\x1a\x45\xdf\xa3": "webm"}.get(data[:4], "")


def telephone_sound(data: bytes) -> "NDArray[np.float64]":
    """The file as samples at 8 kHz, from -1 to 1, as loud as every prompt.

    Raises:
        BadSound: too big, unknown, unreadable, too short or too long, silent, or nothing here can read it.
    """
    import numpy as np

    if len(data) > BIGGEST_BYTES:
        raise BadSound("too-big", f"larger than {BIGGEST_BYTES // 1_000_000} MB")
    kind = kind_of(data)
    if not kind:
        raise BadSound("unknown-kind", "neither wav, mp3, m4a, ogg nor webm")
    samples = np.frombuffer(_decoded(data, kind), "<i2").astype(np.float64) / 32768
    seconds = len(samples) / RATE_HZ
    if seconds < SHORTEST_SECONDS:
        raise BadSound("too-short", f"{seconds:.1f} s")
    if seconds > LONGEST_SECONDS:
        raise BadSound("too-long", f"longer than {LONGEST_SECONDS:g} s")
    if float(np.abs(samples).max()) < QUIETEST_PEAK:
        raise BadSound("silent", "there is nothing to hear")
    loud: NDArray[np.float64] = levelled(samples, lead_seconds=0.1, tail_seconds=0.1)
    return np.clip(loud, -HIGHEST_PEAK, HIGHEST_PEAK)


def _decoded(data: bytes, kind: str) -> bytes:
    limit = str(LONGEST_SECONDS + 1)
    ffmpeg, sox = shutil.which("ffmpeg"), shutil.which("sox")
    if ffmpeg:
        demuxer = {"m4a": "mov", "webm": "matroska"}.get(kind, kind)
        # m4a can have its index at the end: a pipe can't seek, `cache:` can.
        source = "cache:pipe:0" if kind == "m4a" else "pipe:0"
        command = [
            ffmpeg, "-nostdin", "-v", "error", "-protocol_whitelist", "cache,pipe", "-f", demuxer, "-i", source,
            "-map", "0:a:0", "-t", limit, "-ac", "1", "-ar", str(RATE_HZ), "-f", "s16le", "pipe:1",
        ]  # fmt: skip
    elif sox and kind in ("wav", "ogg", "mp3"):
        command = [
            sox, "-t", kind, "-", "-r", str(RATE_HZ), "-c", "1", "-b", "16", "-e", "signed-integer", "-t", "raw", "-",
            "trim", "0", limit,
        ]  # fmt: skip
    elif kind == "wav":
        return _plain_wav(data)
    else:
        raise BadSound(
            "no-converter", "neither ffmpeg nor sox is installed; upload a wav of 8 kHz, 16 bit, mono"
        )
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=CONVERT_SECONDS, check=False)
    except (OSError, subprocess.SubprocessError) as error:
        raise BadSound("unreadable", str(error)) from error
    if done.returncode or not done.stdout:
        reason = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise BadSound("unreadable", reason[-1][:200] if reason else "no sound in it")
    return bytes(done.stdout)


def _plain_wav(data: bytes) -> bytes:
    try:
        with wave.open(io.BytesIO(data)) as stream:
            if (stream.getframerate(), stream.getnchannels(), stream.getsampwidth()) != (RATE_HZ, 1, 2):
                raise BadSound(
                    "no-converter", "neither ffmpeg nor sox is installed; upload a wav of 8 kHz, 16 bit, mono"
                )
            return bytes(stream.readframes(int(RATE_HZ * (LONGEST_SECONDS + 1))))
    except (wave.Error, EOFError) as error:
        raise BadSound("unreadable", str(error)) from error
