"""What is different between two versions of a flow, node by node and field by field, for a person to read.

`ivr.versions` and the editor's page show it. Comments and the order of lines are no change; `version:` is none either.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from ivr import yaml_source
from ivr.yaml_source import NotYaml

_NOTHING = object()


@dataclass(frozen=True)
class Change:
    """One difference. `where` is `nodes.main_menu.keys.1`; before and after are as in the file, None where there is none."""

    kind: Literal["added", "removed", "changed"]
    where: str
    before: Any = None
    after: Any = None

    def __str__(self) -> str:
        if self.kind == "added":
            return f"+ {self.where}: {_short(self.after)}"
        if self.kind == "removed":
            return f"- {self.where}: {_short(self.before)}"
        return f"~ {self.where}: {_short(self.before)} -> {_short(self.after)}"


def changes(before: str, after: str) -> list[Change]:
    """The differences of two texts; one that is no YAML is compared as a whole."""
    old, new = _data(before), _data(after)
    if not isinstance(old, dict) or not isinstance(new, dict):
        return [] if before == after else [Change("changed", "", before, after)]
    return list(_compared({**old, "version": None}, {**new, "version": None}, ()))


def _data(text: str) -> Any:
    try:
        return yaml_source.read(text).data
    except NotYaml:
        return text


def _compared(old: Any, new: Any, path: tuple[str, ...]) -> Iterator[Change]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            yield from _compared(old.get(key, _NOTHING), new.get(key, _NOTHING), (*path, key))
        return
    where = ".".join(path)
    if old is _NOTHING:
        yield Change("added", where, after=new)
    elif new is _NOTHING:
        yield Change("removed", where, before=old)
    elif old != new:
        yield Change("changed", where, old, new)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else text[:199] + "…"
