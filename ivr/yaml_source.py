"""YAML as data plus the line and column of every key and value, so that each message can point at its place.

`flow_file` calls `read`. Every scalar is the text that stands in the file (`no` and `0123` are no booleans or
octal numbers here; pydantic makes the types); an empty value or `~` is None. Aliases are refused: nobody
reads a flow file with them, and nested ones make a small file grow without end.
"""

from dataclasses import dataclass, field
from typing import Any

import yaml

Path = tuple[str, ...]
Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, order=True)
class Position:
    """A place in a file, both counted from 1."""

    line: int = 1
    column: int = 1


@dataclass
class Source:
    """A file that was read: its data, and where each path of it stands."""

    data: Any = None
    keys: dict[Path, Position] = field(default_factory=dict)
    values: dict[Path, Position] = field(default_factory=dict)
    duplicates: list[tuple[Path, Position]] = field(default_factory=list)

    def key(self, path: Path) -> Position:
        """Where the key of `path` stands, or the nearest one above it."""
        return self._nearest(self.keys, path)

    def value(self, path: Path) -> Position:
        """Where the value of `path` begins, or the nearest one above it."""
        return self._nearest(self.values, path)

    def _nearest(self, places: dict[Path, Position], path: Path) -> Position:
        for length in range(len(path), -1, -1):
            if path[:length] in places:
                return places[path[:length]]
        return Position()


class NotYaml(Exception):
    """The text is no YAML that we take; `position` says where, the message why."""

    def __init__(self, message: str, position: Position) -> None:
        super().__init__(message)
        self.position = position


def read(text: str) -> Source:
    """Read one YAML document.

    Raises:
        NotYaml: a syntax error, an alias, a key that is no plain text.
    """
    try:
        root = Loader(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        raise NotYaml(
            error.problem or str(error), _place(error.problem_mark or error.context_mark)
        ) from error
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        column = len(before) - before.rfind("\n")
        raise NotYaml(error.reason, Position(before.count("\n") + 1, column)) from error
    except RecursionError as error:
        raise NotYaml("nested too deeply", Position()) from error
    source = Source()
    source.data = _value(root, (), source, set()) if root is not None else None
    return source


def _place(mark: Any) -> Position:
    return Position(mark.line + 1, mark.column + 1) if mark is not None else Position()


def _value(node: yaml.Node, path: Path, source: Source, seen: set[int]) -> Any:
    place = _place(node.start_mark)
    if id(node) in seen:
        raise NotYaml("aliases (*) are not for flow files", place)
    seen.add(id(node))
    source.values[path] = place
    if isinstance(node, yaml.ScalarNode):
        return None if node.tag == "tag:yaml.org,2002:null" else node.value
    if node.tag not in ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"):
        raise NotYaml(f"the tag {node.tag} is not for flow files", place)
    if len(path) > 20:
        raise NotYaml("nested too deeply", place)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*path, str(i)), source, seen) for i, item in enumerate(node.value)]
    return _mapping(node, path, source, seen)


def _mapping(node: yaml.Node, path: Path, source: Source, seen: set[int]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in node.value:
        place = _place(key.start_mark)
        if not isinstance(key, yaml.ScalarNode):
            raise NotYaml("a key must be plain text", place)
        if key.value in found:
            source.duplicates.append(((*path, key.value), place))
        source.keys[*path, key.value] = place
        found[key.value] = _value(value, (*path, key.value), source, seen)
    return found
