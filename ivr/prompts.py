"""Where the prompts are: `<language>/<name>.wav` with the text of each in `prompts.yml` beside it; first among the
centre's own (`instance/sounds`, see `ivr.prompt_library`), then in `sounds/`.

Nodes ask for a file on the call path; `check` asks what is missing; the terminal caller shows the texts. A folder is
listed again when files have come or gone, and only then: a number alone is a dozen pieces.
"""

import os
from pathlib import Path

import yaml

_Listing = tuple[int, dict[str, Path]]


class Prompts:
    """The prompts below one folder, and those that the centre has instead of them.

    Args:
        root: the folder that has one folder a language.
        own: such a folder that goes before it; None for none.
    """

    def __init__(self, root: Path, own: Path | None = None) -> None:
        self.root = root
        self.roots = (own, root) if own is not None else (root,)
        self._listed: dict[str, _Listing] = {}
        self._read: dict[str, tuple[int, dict[str, str]]] = {}

    def path(self, name: str, language: str) -> Path | None:
        """The file of prompt `name` (`say/7` for a piece), or None when there is none now."""
        folder, _, last = name.rpartition("/")
        place = f"{language}/{folder}" if folder else language
        for root in self.roots:
            if (path := self._listing(f"{root}/{place}").get(last)) is not None:
                return path
        return None

    def names(self, language: str) -> list[str]:
        """All prompts of a language, by name."""
        return sorted({name for root in self.roots for name in self._listing(f"{root}/{language}")})

    def text(self, name: str, language: str) -> str:
        """What the prompt says, or "" when nobody wrote it down."""
        for root in self.roots:
            if text := self._texts(f"{root}/{language}/prompts.yml").get(name):
                return str(text)
        return ""

    def _listing(self, path: str) -> dict[str, Path]:
        try:
            stamp = os.stat(path).st_mtime_ns  # a third of pathlib's cost, a dozen times a number
        except OSError:
            return {}
        kept = self._listed.get(path)
        if kept is None or kept[0] != stamp:
            found = {p.stem: p for p in Path(path).glob("*.wav") if p.is_file()}
            kept = self._listed[path] = (stamp, found)
        return kept[1]

    def _texts(self, path: str) -> dict[str, str]:
        try:
            stamp = os.stat(path).st_mtime_ns
        except OSError:
            return {}
        kept = self._read.get(path)
        if kept is None or kept[0] != stamp:
            read = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
            kept = self._read[path] = (stamp, read if isinstance(read, dict) else {})
        return kept[1]
