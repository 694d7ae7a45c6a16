"""The centre's own prompts: added, given new versions and put back in the browser. Files only; calls read them.

    instance/sounds/<language>/<name>.wav                 what callers hear, instead of a packaged one of that name
                               prompts.yml                what each says
                               .versions/<name>/3.wav     every version, never changed
                                                3.json    by whom, when, from what, what it says, how long

A version becomes what callers hear in one rename: the next call that plays it has the new one.
"""

import fcntl
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import yaml

from ivr.prompts import Prompts
from ivr.speech import RATE_HZ, Speech, write_wav
from ivr.wording import NAME_PATTERN
from uckefu import times

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LANGUAGES = ("zh", "en")
LONGEST_TEXT = 500
Origin = Literal["uploaded", "recorded", "spoken"]


class NoSuchPrompt(Exception):
    """There is no such prompt or version."""

    code = "no-such-prompt"


@dataclass(frozen=True, kw_only=True)
class PromptVersion:
    """One version of a prompt; `is_current` when callers hear it."""

    number: int
    author: str
    at: str
    origin: str
    file: str
    text: str
    seconds: float
    is_current: bool = False


class PromptLibrary:
    """Prompts and their versions.

    Args:
        folder: `instance/sounds`.
        prompts: what calls hear, with `folder` before the packaged ones.
        speech: speaks texts.
        now: the clock.
    """

    def __init__(
        self, folder: Path, prompts: Prompts, speech: Speech, now: Callable[[], datetime] = times.now
    ) -> None:
        self.folder, self.prompts, self.speech, self.now = folder, prompts, speech, now

    def add(
        self,
        language: str,
        name: str,
        samples: "NDArray[np.float64]",
        *,
        author: str,
        origin: Origin,
        text: str,
        file: str = "",
    ) -> PromptVersion:
        """A new version, heard from the next call on.

        Args:
            samples: at 8 kHz, levelled (`ivr.converting.telephone_sound`, `Speech`).
            text: what it says.
            file: the name of the uploaded file, for the record.

        Raises:
            NoSuchPrompt: no such language, or no name for a prompt.
            OSError: it can't be written; the one before stays.
        """
        with self._locked(language, name) as versions:
            number = max(self._numbers(versions), default=0) + 1
            about: dict[str, Any] = {
                "author": author, "at": self.now().isoformat(timespec="seconds"), "origin": origin, "file": file[:128],
                "text": text[:LONGEST_TEXT], "seconds": round(len(samples) / RATE_HZ, 1),
            }  # fmt: skip
            part = versions / f"{number}.{os.getpid()}.part"
            write_wav(part, samples)
            part.replace(versions / f"{number}.wav")
            _write(versions / f"{number}.json", json.dumps(about, ensure_ascii=False))
            self._serve(language, name, number, about["text"])
        return self.version(language, name, number)

    def speak(self, language: str, name: str, text: str, *, author: str) -> PromptVersion:
        """A new version from a text.

        Raises:
            SpeechNotAvailable: the voice can't speak here.
        """
        samples = self.speech.samples(text, language)
        return self.add(language, name, samples, author=author, origin="spoken", text=text)

    def restore(self, language: str, name: str, number: int) -> PromptVersion:
        """Let callers hear an older version again.

        Raises:
            NoSuchPrompt: there is none.
        """
        version = self.version(language, name, number)
        with self._locked(language, name):
            self._serve(language, name, number, version.text)
        return self.version(language, name, number)

    def as_delivered(self, language: str, name: str) -> None:
        """Let callers hear the packaged prompt again; the versions stay.

        Raises:
            NoSuchPrompt: there is no packaged one of this name.
        """
        if Prompts(self.prompts.root).path(name, language) is None:
            raise NoSuchPrompt(f"{language}/{name} is not packaged")
        with self._locked(language, name):
            (self.folder / language / f"{name}.wav").unlink(missing_ok=True)
            self._note_text(language, name, None)
            _write(self._versions(language, name) / "current", "0")

    def versions(self, language: str, name: str) -> list[PromptVersion]:
        """Every version, the newest first."""
        folder = self._versions(language, name)
        current = _text(folder / "current")
        found = []
        for number in sorted(self._numbers(folder), reverse=True):
            about: dict[str, Any] = json.loads(_text(folder / f"{number}.json") or "{}")
            found.append(PromptVersion(number=number, is_current=current == str(number), **about))
        return found

    def version(self, language: str, name: str, number: int) -> PromptVersion:
        """One version.

        Raises:
            NoSuchPrompt: there is none.
        """
        found = next((each for each in self.versions(language, name) if each.number == number), None)
        if found is None:
            raise NoSuchPrompt(f"{language}/{name} has no version {number}")
        return found

    def path(self, language: str, name: str, number: int | None = None) -> Path:
        """The file of a version; of what callers hear now without a number.

        Raises:
            NoSuchPrompt: there is none.
        """
        if number is None:
            path = self.prompts.path(name, language) if re.fullmatch(NAME_PATTERN, name) else None
            if path is None or language not in LANGUAGES:
                raise NoSuchPrompt(f"{language}/{name}")
            return path
        self.version(language, name, number)
        return self._versions(language, name) / f"{number}.wav"

    # ---- parts

    def _versions(self, language: str, name: str) -> Path:
        if language not in LANGUAGES or not re.fullmatch(NAME_PATTERN, name):
            raise NoSuchPrompt(f"{language!r}/{name!r} is no name for a prompt")
        return self.folder / language / ".versions" / name

    def _numbers(self, versions: Path) -> list[int]:
        return [int(path.stem) for path in versions.glob("*.json") if path.stem.isdigit()]

    def _serve(self, language: str, name: str, number: int, text: str) -> None:
        versions, place = self._versions(language, name), self.folder / language / f"{name}.wav"
        part = place.with_name(f".{name}.{os.getpid()}.part")
        part.write_bytes((versions / f"{number}.wav").read_bytes())
        part.replace(place)
        self._note_text(language, name, text)
        _write(versions / "current", str(number))

    def _note_text(self, language: str, name: str, text: str | None) -> None:
        path = self.folder / language / "prompts.yml"
        texts: dict[str, str] = yaml.safe_load(_text(path)) or {}
        texts.pop(name, None)
        if text:
            texts[name] = text
        _write(path, yaml.safe_dump(texts, allow_unicode=True, sort_keys=True))

    @contextmanager
    def _locked(self, language: str, name: str) -> Iterator[Path]:
        """One writer a language at a time: the texts of all its prompts are in one file."""
        versions = self._versions(language, name)
        versions.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.folder / language / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield versions
        finally:
            os.close(descriptor)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def _write(path: Path, text: str) -> None:
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
