"""Where the prompts are: `sounds/<language>/<name>.wav`, with the text of each in `prompts.yml` beside it.

Nodes ask for a file on the call path; `check` asks what is missing; the terminal caller shows the texts. A folder is
listed again when files have come or gone, and only then: a number alone is a dozen pieces.
"""

import os
from functools import cached_property
from pathlib import Path

import yaml

_Listing = tuple[int, dict[str, Path]]


class Prompts:
    """The prompts below one folder.

    Args:
        root: the folder that has one folder a language.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._listed: dict[str, _Listing] = {}

    def path(self, name: str, language: str) -> Path | None:
        """The file of prompt `name` (`say/7` for a piece), or None when there is none now."""
        folder, _, last = name.rpartition("/")
        return self._listing(f"{language}/{folder}" if folder else language).get(last)

    def names(self, language: str) -> list[str]:
        """All prompts of a language, by name."""
        return sorted(self._listing(language))

    def text(self, name: str, language: str) -> str:
        """What the prompt says, or "" when nobody wrote it down."""
        return self._texts.get(language, {}).get(name, "")

    def _listing(self, folder: str) -> dict[str, Path]:
        path = f"{self.root}/{folder}"
        try:
            stamp = os.stat(path).st_mtime_ns  # a third of pathlib's cost, a dozen times a number
        except OSError:
            return {}
        kept = self._listed.get(folder)
        if kept is None or kept[0] != stamp:
            found = {p.stem: p for p in Path(path).glob("*.wav") if p.is_file()}
            kept = self._listed[folder] = (stamp, found)
        return kept[1]

    @cached_property
    def _texts(self) -> dict[str, dict[str, str]]:
        files = {p.parent.name: p for p in self.root.glob("*/prompts.yml")}
        return {lang: yaml.safe_load(p.read_text(encoding="utf-8")) or {} for lang, p in files.items()}
