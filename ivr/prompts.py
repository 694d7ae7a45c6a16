"""Where the prompts are: `sounds/<language>/<name>.wav`, with the text of each in `prompts.yml` beside it.

Nodes ask for a file on the call path; `check` asks what is missing; the terminal caller shows the texts.
"""

from functools import cached_property
from pathlib import Path

import yaml


class Prompts:
    """The prompts below one folder.

    Args:
        root: the folder that has one folder a language.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, name: str, language: str) -> Path | None:
        """The file of prompt `name`, or None when there is none; asked anew each time, for files come and go."""
        found = self.root / language / f"{name}.wav"
        return found if found.is_file() else None

    def names(self, language: str) -> list[str]:
        """All prompts of a language, by name."""
        return sorted(p.stem for p in (self.root / language).glob("*.wav"))

    def text(self, name: str, language: str) -> str:
        """What the prompt says, or "" when nobody wrote it down."""
        return self._texts.get(language, {}).get(name, "")

    @cached_property
    def _texts(self) -> dict[str, dict[str, str]]:
        files = {p.parent.name: p for p in self.root.glob("*/prompts.yml")}
        return {lang: yaml.safe_load(p.read_text(encoding="utf-8")) or {} for lang, p in files.items()}
