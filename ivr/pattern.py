"""Patterns for digits and numbers: the part of regular expressions that can't take long.

`collect` and the expression function `matches` use them. Python's `re` holds the interpreter while it searches, and an
author's `(\\d+)+#` would hold it, and with it every call of the switch, for hours. Here the sets of places where a
match may stand are carried along: the time is bounded by the pattern's and the text's length.

    1  \\d  .  [0-9*#]  [^0]     one character
    x?  x*  x+  x{6}  x{3,8}    repeated
    (86|0)?1[3-9]\\d{9}         groups and choices; the whole text must match
"""

import re
from collections.abc import Callable
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import PydanticCustomError, core_schema

LONGEST_PATTERN, LONGEST_TEXT, DEEPEST, MOST_TIMES = 100, 100, 4, 64
Places = frozenset[int]
Step = Callable[[str, Places], Places]
_TIMES = re.compile(r"\{(\d{1,2})(?:(,)(\d{1,2})?)?\}|[?*+]")


class BadPattern(ValueError):
    """The text is no pattern of this kind."""


class Pattern:
    """A compiled pattern; the whole text must match.

    Raises:
        BadPattern: longer than 100 characters, nested deeper than four groups, or something that is not in the list.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        if not 0 < len(source) <= LONGEST_PATTERN:
            raise BadPattern(f"a pattern has 1 to {LONGEST_PATTERN} characters")
        self._at, self._depth = 0, 0
        self._step = self._choice()
        if self._at < len(source):
            raise BadPattern(f"{source[self._at]!r} at character {self._at + 1} is one too many")

    def matches(self, text: str) -> bool:
        """Whether the whole text fits; a text of more than 100 characters does not."""
        return len(text) <= LONGEST_TEXT and len(text) in self._step(text, frozenset({0}))

    def __str__(self) -> str:
        return self.source

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pattern) and other.source == self.source

    def __hash__(self) -> int:
        return hash(self.source)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> Any:
        shown = core_schema.plain_serializer_function_ser_schema(str)
        return core_schema.no_info_plain_validator_function(_validated, serialization=shown)

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: Any, _handler: Any) -> dict[str, Any]:
        return {"type": "string", "minLength": 1, "maxLength": LONGEST_PATTERN, "format": "pattern"}

    def _peek(self) -> str:
        return self.source[self._at : self._at + 1]

    def _take(self) -> str:
        character = self._peek()
        if not character:
            raise BadPattern("the pattern ends too early")
        self._at += 1
        return character

    def _choice(self) -> Step:
        ways = [self._sequence()]
        while self._peek() == "|":
            self._at += 1
            ways.append(self._sequence())
        if len(ways) == 1:
            return ways[0]
        return lambda text, places: frozenset().union(*(way(text, places) for way in ways))

    def _sequence(self) -> Step:
        parts: list[Step] = []
        while self._peek() not in ("", "|", ")"):
            parts.append(self._times(self._one()))

        def sequence(text: str, places: Places) -> Places:
            for part in parts:
                if not places:
                    return places
                places = part(text, places)
            return places

        return sequence

    def _one(self) -> Step:
        character = self._take()
        if character == "(":
            return self._group()
        if character == ".":
            return _single(lambda _c: True)
        if character == "[":
            return _single(self._set())
        if character == "\\":
            return _single(self._escaped())
        if character in "?*+{}^$])":
            raise BadPattern(f"{character!r} at character {self._at} stands for nothing here")
        return _single(lambda c: c == character)

    def _group(self) -> Step:
        self._depth += 1
        if self._depth > DEEPEST:
            raise BadPattern(f"more than {DEEPEST} groups in each other")
        inside = self._choice()
        if self._take() != ")":
            raise BadPattern("a `)` is missing")
        self._depth -= 1
        return inside

    def _escaped(self) -> Callable[[str], bool]:
        character = self._take()
        if character == "d":
            return lambda c: c in "0123456789"
        if character.isalnum():
            raise BadPattern(f"\\{character} is not known here; use \\d")
        return lambda c: c == character

    def _set(self) -> Callable[[str], bool]:
        negated = self._peek() == "^"
        self._at += negated
        tests: list[Callable[[str], bool]] = []
        while self._peek() != "]" or not tests:
            first = self._take()
            if first == "\\":
                tests.append(self._escaped())
            elif self._peek() == "-" and self.source[self._at + 1 : self._at + 2] not in ("]", ""):
                self._at += 1
                tests.append(_between(first, self._take()))
            else:
                tests.append(_is(first))
        self._at += 1
        return lambda c: any(test(c) for test in tests) is not negated

    def _times(self, step: Step) -> Step:
        found = _TIMES.match(self.source, self._at)
        if found is None:
            return step
        self._at = found.end()
        if found[1] is None:
            least, most = {"?": (0, 1), "*": (0, LONGEST_TEXT), "+": (1, LONGEST_TEXT)}[found[0]]
        else:
            least = int(found[1])
            most = least if found[2] is None else int(found[3]) if found[3] else LONGEST_TEXT
            if least > MOST_TIMES or (found[3] and not least <= most <= MOST_TIMES):
                raise BadPattern(f"{found[0]}: 0 to {MOST_TIMES} times, the smaller number first")
        if _TIMES.match(self.source, self._at):
            raise BadPattern(f"{self._peek()!r} at character {self._at + 1} repeats a repetition")
        return _repeated(step, least, most)


def _is(character: str) -> Callable[[str], bool]:
    return lambda c: c == character


def _between(first: str, last: str) -> Callable[[str], bool]:
    if first > last:
        raise BadPattern(f"[{first}-{last}] is the wrong way round")
    return lambda c: first <= c <= last


def _single(fits: Callable[[str], bool]) -> Step:
    return lambda text, places: frozenset(p + 1 for p in places if p < len(text) and fits(text[p]))


def _repeated(step: Step, least: int, most: int) -> Step:
    def repeated(text: str, places: Places) -> Places:
        for _ in range(least):
            before, places = places, step(text, places)
            if places == before:
                break  # nothing, or all that can be reached: no further time changes it
        found, ahead = places, places
        for _ in range(most - least):
            ahead = step(text, ahead) - found
            if not ahead:
                break
            found |= ahead
        return found

    return repeated


def _validated(source: Any) -> Pattern:
    if isinstance(source, Pattern):
        return source
    if not isinstance(source, str):
        raise PydanticCustomError("no_pattern", "a pattern is needed")
    try:
        return Pattern(source)
    except BadPattern as error:
        raise PydanticCustomError("bad_pattern", "{message}", {"message": str(error)}) from error
