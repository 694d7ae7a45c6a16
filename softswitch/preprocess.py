"""Reads FreeSWITCH's XML: X-PRE-PROCESS lines, `$${variables}`, then a tree that knows file and line.

`softswitch.config` calls it. It works line by line, as switch_xml.c does; where FreeSWITCH would silently lose
a part of a line, this refuses the file, so that what loads here loads there with the same meaning.
"""

import glob
import re
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

_DIRECTIVE = re.compile(r"<x-pre-process\b(?P<attributes>[^>]*?)/>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r'\b(cmd|data)\s*=\s*"([^"]*)"', re.IGNORECASE)
_INCLUDE_MARK = re.compile(r"</?include>|<\?.*?\?>")
_GLOBAL = re.compile(r"\$\$\{([^{}]*)\}")
_GLOB_CHARACTERS = frozenset("*?[")
_DEEPEST = 100  # FreeSWITCH's own limit of nested includes

Place = tuple[Path, int]
"""File and line."""


class ConfigError(Exception):
    """The configuration can't be used; the message begins with file:line."""

    code = "config_error"

    def __init__(self, place: Place, reason: str) -> None:
        super().__init__(f"{place[0]}:{place[1]}: {reason}")
        self.place = place
        self.reason = reason


@dataclass(slots=True)
class Element:
    """One XML element, with where it stands."""

    tag: str
    attributes: dict[str, str]
    place: Place
    children: list["Element"] = field(default_factory=list)
    text: str = ""

    def get(self, name: str, default: str = "") -> str:
        """An attribute."""
        return self.attributes.get(name, default)

    def required(self, name: str) -> str:
        """An attribute that must be there and not empty; raises ConfigError."""
        value = self.attributes.get(name, "")
        if not value:
            raise ConfigError(self.place, f"<{self.tag}> needs the attribute {name!r}")
        return value

    def all(self, *path: str) -> Iterator["Element"]:
        """Descendants along a path of tags: `all("settings", "param")`."""
        for child in self.children:
            if child.tag == path[0]:
                if len(path) == 1:
                    yield child
                else:
                    yield from child.all(*path[1:])

    def named(self, tag: str, name: str) -> "Element | None":
        """The first child with this tag and `name`."""
        return next((each for each in self.all(tag) if each.get("name") == name), None)

    def params(self, *path: str) -> dict[str, str]:
        """`name`/`value` pairs of the elements along `path`; a later one wins."""
        return {each.required("name"): each.get("value") for each in self.all(*path)}


def read(path: Path, variables: MutableMapping[str, str]) -> Element:
    """Read a file with all that it includes. `cmd="set"` adds to `variables`. Raises ConfigError."""
    lines: list[str] = []
    places: list[Place] = []
    for text, place in _lines(path, variables, (path, 0), 0):
        lines.append(text)
        places.append(place)
    return _parse("\n".join(lines), places, path)


def _lines(
    path: Path, variables: MutableMapping[str, str], included_at: Place, depth: int
) -> Iterator[tuple[str, Place]]:
    if depth > _DEEPEST:
        raise ConfigError(
            included_at, f"includes are nested more than {_DEEPEST} deep: does {path} include itself?"
        )
    for number, raw in enumerate(_read_text(path, included_at).split("\n"), 1):
        place = (path, number)
        line = _expand_globals(raw.rstrip("\r"), variables, place)
        if marks := _INCLUDE_MARK.findall(line):
            if _INCLUDE_MARK.sub("", line).strip():
                raise ConfigError(
                    place, f"FreeSWITCH drops the whole line of {marks[0]!r}: give it a line of its own"
                )
        elif "x-pre-process" in line.lower():
            yield from _directive(line, variables, place, depth)
        elif "<!--#" in line:
            raise ConfigError(place, "write <X-PRE-PROCESS .../> instead of <!--#...-->")
        else:
            yield line, place


def _read_text(path: Path, included_at: Place) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError(included_at, f"can't read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError((path, 1), f"not UTF-8: {error.reason} at byte {error.start}") from error


def _expand_globals(line: str, variables: MutableMapping[str, str], place: Place) -> str:
    for _ in range(_DEEPEST):
        if "$${" not in line:
            return line
        expanded = _GLOBAL.sub(lambda match: variables.get(match[1], ""), line)
        if expanded == line:
            raise ConfigError(place, "$${ without its }")
        line = expanded
    raise ConfigError(place, "$${...} does not come to an end")


def _directive(
    line: str, variables: MutableMapping[str, str], place: Place, depth: int
) -> Iterator[tuple[str, Place]]:
    match = _DIRECTIVE.search(line)
    if match is None:
        if re.search("<x-pre-process", line, re.IGNORECASE):
            raise ConfigError(place, "X-PRE-PROCESS must begin and end on one line")
        return  # FreeSWITCH drops a line that only mentions it
    if (line[: match.start()] + line[match.end() :]).strip():
        raise ConfigError(
            place,
            "X-PRE-PROCESS needs a line of its own (FreeSWITCH runs it in comments too and drops the rest)",
        )
    attributes = {name.lower(): value for name, value in _ATTRIBUTE.findall(match["attributes"])}
    command, data = attributes.get("cmd", "").lower(), attributes.get("data", "")
    if command == "set":
        name, equals, value = data.partition("=")
        if not equals:
            raise ConfigError(place, f'X-PRE-PROCESS set needs data="name=value", not {data!r}')
        variables[name.strip()] = value.lstrip(" ")
    elif command == "include":
        for path in _included(data, place):
            yield from _lines(path, variables, place, depth + 1)
    else:
        raise ConfigError(place, f"X-PRE-PROCESS cmd={command!r} is not supported: only set and include are")


def _included(pattern: str, place: Place) -> list[Path]:
    # The pattern is relative to the folder of the file that includes.
    whole = place[0].parent / pattern
    if not _GLOB_CHARACTERS.intersection(pattern):
        return [whole]
    return sorted(map(Path, glob.glob(str(whole))))


def _parse(text: str, places: list[Place], path: Path) -> Element:
    parser = expat.ParserCreate()
    document = Element("", {}, (path, 1))
    stack = [document]

    def here() -> Place:
        return places[min(parser.CurrentLineNumber, len(places)) - 1] if places else (path, 1)

    def start(tag: str, attributes: dict[str, str]) -> None:
        element = Element(tag, attributes, here())
        stack[-1].children.append(element)
        stack.append(element)

    def end(tag: str) -> None:
        stack.pop()

    def characters(data: str) -> None:
        stack[-1].text += data

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = characters
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        place = places[min(error.lineno, len(places)) - 1] if places else (path, 1)
        raise ConfigError(place, expat.errors.messages[error.code]) from error
    return document.children[0]
