"""Writes the hold music, `music/hold.wav`: `python sounds/make_music.py`. The piece is our own; nobody owes a fee.

Slow broken chords (C, Am7, Fmaj7, G6) in plucked notes over a soft pad. Every note that rings beyond the end
is wrapped round to the beginning, so the loop has no seam. 8 kHz, 16 bit, mono, and quiet.
"""

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 8000
BEAT_SECONDS = 0.375
BARS, BEATS_A_BAR = 8, 8
PEAK = 10 ** (-14 / 20)
CHORDS = [  # MIDI notes; each is played twice in different orders
    [48, 55, 60, 64, 67], [45, 52, 57, 60, 67], [41, 53, 57, 60, 64], [43, 50, 55, 59, 64],
]  # fmt: skip
ORDERS = [[0, 2, 3, 4, 3, 2, 4, 3], [0, 3, 2, 4, 2, 3, 1, 2]]
MELODY = {4: 76, 7: 79, 12: 74, 20: 72, 23: 76, 28: 74, 36: 79, 39: 76, 44: 72, 52: 69, 55: 72, 60: 71}


def main() -> None:
    """Write the loop."""
    whole = np.zeros(round(BARS * BEATS_A_BAR * BEAT_SECONDS * RATE_HZ))
    for bar in range(BARS):
        chord, order = CHORDS[bar % len(CHORDS)], ORDERS[bar // len(CHORDS) % len(ORDERS)]
        begin = bar * BEATS_A_BAR * BEAT_SECONDS
        for note in chord[1:]:
            add(whole, pad(note, BEATS_A_BAR * BEAT_SECONDS * 1.3), begin - 0.3, 0.10)
        for beat, place in enumerate(order):
            add(whole, pluck(chord[place], 2.0), begin + beat * BEAT_SECONDS, 0.30 if beat else 0.42)
    for beat, note in MELODY.items():
        add(whole, pluck(note, 2.4), beat * BEAT_SECONDS, 0.34)
    whole *= PEAK / np.abs(whole).max()
    path = Path(__file__).parent / "music" / "hold.wav"
    path.parent.mkdir(exist_ok=True)
    with wave.open(str(path), "wb") as stream:
        stream.setnchannels(1)
        stream.setsampwidth(2)
        stream.setframerate(RATE_HZ)
        stream.writeframes(np.round(whole * 32767).astype("<i2").tobytes())


def pluck(note: int, seconds: float) -> NDArray[np.float64]:
    """A bell-like plucked string: a few partials that die away, the high ones sooner."""
    time = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    sound = np.zeros_like(time)
    for partial, strength in ((1, 1.0), (2, 0.35), (3, 0.12), (4, 0.05)):
        if hertz(note) * partial < 3300:  # the telephone carries no more
            sound += (
                strength * np.sin(2 * np.pi * hertz(note) * partial * time) * np.exp(-time * (1.6 + partial))
            )
    return sound * np.minimum(time / 0.006, 1) * np.minimum((seconds - time) / 0.05, 1)


def pad(note: int, seconds: float) -> NDArray[np.float64]:
    """A soft held note, swelling and fading."""
    time = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    wave_form = np.sin(2 * np.pi * hertz(note) * time) + 0.6 * np.sin(2 * np.pi * hertz(note) * 1.003 * time)
    return wave_form * np.sin(np.pi * time / seconds) ** 1.2


def hertz(note: int) -> float:
    """The frequency of a MIDI note."""
    return 440.0 * 2 ** ((note - 69) / 12)


def add(
    whole: NDArray[np.float64], sound: NDArray[np.float64], begin_seconds: float, strength: float
) -> None:
    """Mix a sound in; what hangs over the end goes on at the beginning."""
    places = (np.arange(len(sound)) + round(begin_seconds * RATE_HZ)) % len(whole)
    np.add.at(whole, places, sound * strength)


if __name__ == "__main__":
    main()
