"""`tone_stream://` in FreeSWITCH's TGML (mod_tone_stream, libteletone): ring-back, busy and beeps; no I/O.

The subset: `%(on_ms,off_ms,hz[,hz...])`, `v=dB` (-7 unless told), `l=n` (each following tone n times),
`L=n` (the whole script n times), `c=1`, `r=8000`, parts divided by `;`, and `;loops=n` at the end (-1: for ever).
"""

import re
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from softswitch.media.dtmf import TONES_HZ
from softswitch.media.errors import SourceUnusable
from softswitch.media.g711 import RATE_HZ

FOR_EVER = -1
_PART = re.compile(r"%\(([^()]*)\)|([A-Za-z])=(-?[0-9.]+)")
_MOST_MILLISECONDS = 600_000
_MOST_LOOPS = 100_000
_DBM0_OF_FULL_SCALE = 3.14  # libteletone's DBM0_MAX_POWER


class Tones(NamedTuple):
    """One pass of the script, and how often it is played."""

    samples: NDArray[np.int16]
    loops: int


def parse_tones(script: str) -> Tones:
    """Render the text behind `tone_stream://`.

    Raises SourceUnusable naming the part that is wrong.
    """
    script, separator, loops_text = script.partition(";loops=")
    loops = _whole(loops_text, "loops") if separator else 1
    pieces, repeats = _render_parts(script)
    if not any(len(piece) for piece in pieces):
        raise SourceUnusable(f"tone_stream: there is no tone in {script!r}")
    for_ever = FOR_EVER in (loops, repeats)
    return Tones(np.concatenate(pieces), FOR_EVER if for_ever else max(1, loops) * max(1, repeats))


def _render_parts(script: str) -> tuple[list[NDArray[np.int16]], int]:
    volume_db, each, whole, milliseconds = -7.0, 1, 1, 0.0
    pieces: list[NDArray[np.int16]] = []
    position = 0
    while position < len(script):
        if script[position] in "; ":
            position += 1
            continue
        part = _PART.match(script, position)
        if part is None:
            raise SourceUnusable(f"tone_stream: {script[position : position + 40]!r} is not understood")
        position = part.end()
        tone, name, value = part.groups()
        if name is None:
            numbers = _numbers(tone)
            milliseconds += sum(numbers[:2]) * each
            if milliseconds > _MOST_MILLISECONDS:
                raise SourceUnusable(f"tone_stream: longer than {_MOST_MILLISECONDS // 60_000} minutes")
            pieces += [_render(numbers, volume_db)] * each
        elif name == "v":
            volume_db = min(0.0, max(-63.0, _number(value)))
        elif name == "l":
            each = max(1, _whole(value, "l"))
        elif name == "L":
            whole = _whole(value, "L")
        elif (name, value) not in {("c", "1"), ("r", "8000")}:
            raise SourceUnusable(f"tone_stream: {name}={value} is not supported")
    return pieces, whole


def _render(numbers: list[float], volume_db: float) -> NDArray[np.int16]:
    on, off = (int(milliseconds * RATE_HZ / 1000) for milliseconds in numbers[:2])
    return np.concatenate([sine_sum(numbers[2:], on, volume_db), np.zeros(off, np.int16)])


def sine_sum(hertz: list[float], count: int, volume_db: float = -7.0) -> NDArray[np.int16]:
    """`count` samples of sines added up, each at `volume_db` dBm0 as libteletone has it."""
    amplitude = 32767 * 2**0.5 * 10 ** ((volume_db - _DBM0_OF_FULL_SCALE) / 20)
    time = np.arange(count) / RATE_HZ
    wave = sum((np.sin(2 * np.pi * frequency * time) for frequency in hertz), np.zeros(count))
    return (wave * amplitude).clip(-32767, 32767).astype(np.int16)


def digit_tones(digits: str, milliseconds: int) -> NDArray[np.int16]:
    """Digits as in-band sound, for a leg that did not negotiate telephone events."""
    on, gap = milliseconds * RATE_HZ // 1000, np.zeros(RATE_HZ * 80 // 1000, np.int16)
    pieces = [gap]
    for digit in digits:
        hertz: tuple[int, ...] = TONES_HZ.get(digit, ())
        pieces += [sine_sum([float(frequency) for frequency in hertz], on), gap]
    return np.concatenate(pieces)


def _numbers(text: str) -> list[float]:
    numbers = [_number(part) for part in text.split(",")]
    if len(numbers) < 3 or min(numbers) < 0 or max(numbers[2:]) > RATE_HZ / 2 or len(numbers) > 10:
        raise SourceUnusable(f"tone_stream: %({text}) needs on ms, off ms and frequencies up to 4000 Hz")
    return numbers


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise SourceUnusable(f"tone_stream: {text!r} is not a number") from None
    if not np.isfinite(number):
        raise SourceUnusable(f"tone_stream: {text!r} is not a number")
    return number


def _whole(text: str, name: str) -> int:
    number = _number(text)
    if number != int(number) or not FOR_EVER <= number <= _MOST_LOOPS:
        raise SourceUnusable(f"tone_stream: {name}={text} is out of range")
    return int(number)
