"""YAML as data plus the line and column of every key and value, so that each message can point at its place.

`flow_file` calls `read`. Every scalar is the text that stands in the file (`no` and `0123` are no booleans or
octal numbers here; pydantic makes the types); an empty value or `~` is None. Aliases are refused: nobody
reads a flow file with them, and nested ones make a small file grow without end.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import yaml

Path = tuple[str, ...]
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml where PyYAML was built with it
NULLS = ("", "~", "null", "Null", "NULL")
DEEPEST = 20


class Position(NamedTuple):
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

    def path_at(self, place: Position) -> Path:
        """The deepest path that stands at a place, () when none does."""
        at = [path for places in (self.keys, self.values) for path, each in places.items() if each == place]
        return max(at, key=len, default=())

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
        NotYaml: a syntax error, an alias, a tag, a key that is no plain text, nested deeper than a person writes.
    """
    # Events, not PyYAML's node tree: composing a deeply nested file overflows the C stack, and inside the switch
    # that would end every call.
    events = yaml.parse(text, Loader=LOADER)
    try:
        return _document(events)
    except yaml.MarkedYAMLError as error:
        raise NotYaml(
            error.problem or str(error), _place(error.problem_mark or error.context_mark)
        ) from error
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        column = len(before) - before.rfind("\n")
        raise NotYaml(error.reason, Position(before.count("\n") + 1, column)) from error


def _document(events: Iterator[yaml.Event]) -> Source:
    source = Source()
    documents = 0
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise NotYaml("a second document; one flow a file", _place(event.start_mark))
            source.data = _value(next(events), (), source, events)
    return source


def _place(mark: Any) -> Position:
    return Position(mark.line + 1, mark.column + 1) if mark is not None else Position()


def _value(event: yaml.Event, path: Path, source: Source, events: Iterator[yaml.Event]) -> Any:
    place = _place(event.start_mark)
    if isinstance(event, yaml.AliasEvent):
        raise NotYaml("aliases (*) are not for flow files", place)
    if (tag := getattr(event, "tag", None)) is not None:
        raise NotYaml(f"the tag {tag} is not for flow files", place)
    if len(path) > DEEPEST:
        raise NotYaml("nested too deeply", place)
    source.values[path] = place
    if isinstance(event, yaml.SequenceStartEvent):
        return _sequence(path, source, events)
    if isinstance(event, yaml.MappingStartEvent):
        return _mapping(path, source, events)
    if isinstance(event, yaml.ScalarEvent):
        return None if event.implicit[0] and event.value in NULLS else event.value
    raise NotYaml("nothing stands here", place)  # no other event can come; the parser would be broken


def _sequence(path: Path, source: Source, events: Iterator[yaml.Event]) -> list[Any]:
    found: list[Any] = []
    while not isinstance(event := next(events), yaml.SequenceEndEvent):
        found.append(_value(event, (*path, str(len(found))), source, events))
    return found


def _mapping(path: Path, source: Source, events: Iterator[yaml.Event]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    while not isinstance(event := next(events), yaml.MappingEndEvent):
        place = _place(event.start_mark)
        if not isinstance(event, yaml.ScalarEvent):
            raise NotYaml("a key must be plain text", place)
        name = event.value
        if name in found:
            source.duplicates.append(((*path, name), place))
        source.keys[*path, name] = place
        found[name] = _value(next(events), (*path, name), source, events)
    return found
