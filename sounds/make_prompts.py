"""Speaks the texts into WAVs: `python sounds/make_prompts.py [zh en]`. Needs the extras `voice` and `mandarin`.

For whoever changes a text; the WAVs are committed, so nobody else runs this. `<language>/prompts.yml` are the prompts;
`<language>/say/pieces.yml` the pieces of numbers, dates and money (`ivr.saying`), with hardly any silence round them,
for they are played one after the other. A prompt whose WAV is there is left alone; delete it to have it made anew.
8 kHz, 16 bit, mono, as G.711 carries it; all at the same speech level, none clipped.
"""

import sys
from pathlib import Path

import numpy as np
import yaml

from ivr.speech import RATE_HZ, Hibari, Xiaoxiao, levelled, write_wav

HERE = Path(__file__).parent
PIECE_SECONDS = 0.02
BEEP_HERTZ, BEEP_SECONDS = 1000, 0.4


def main(languages: list[str]) -> None:
    """Speak what is missing."""
    voices = {"zh": Xiaoxiao(), "en": Hibari()}
    for language in languages or list(voices):
        for file, lead, tail in (
            ("prompts.yml", 0.15, 0.25),
            ("say/pieces.yml", PIECE_SECONDS, PIECE_SECONDS),
        ):
            texts = HERE / language / file
            for name, text in yaml.safe_load(texts.read_text(encoding="utf-8")).items():
                path = texts.parent / f"{name}.wav"
                if not path.exists():
                    write_wav(path, levelled(voices[language].render(text, language), lead, tail))
                    print(path.relative_to(HERE))
        beep(HERE / language / "say" / "beep.wav")


def beep(path: Path) -> None:
    """The tone after which a caller speaks; with soft ends, so that it doesn't click."""
    if path.exists():
        return
    seconds = np.arange(int(BEEP_SECONDS * RATE_HZ)) / RATE_HZ
    fade = np.clip(np.minimum(seconds, BEEP_SECONDS - seconds) / 0.02, 0, 1)
    write_wav(path, 0.2 * fade * np.sin(2 * np.pi * BEEP_HERTZ * seconds))


if __name__ == "__main__":
    main(sys.argv[1:])
