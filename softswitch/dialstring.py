"""Dial strings: `{all=1}[this=2]user/1001@domain,sofia/gateway/trunk/10086|user/1002`.

`originate` reads them. `|` separates attempts one after the other, `,` legs that ring together; `{}` holds variables
of all legs, `<>` the same, `[]` of the one that follows. Commas inside brackets or single quotes belong to a value;
`[^^:a=1:b=2]` names another separator (switch_event_create_brackets).
"""

from dataclasses import dataclass

_PAIRS = {"{": "}", "[": "]", "<": ">"}


class BadDialString(ValueError):
    """A bracket without its end."""


@dataclass(frozen=True, slots=True)
class DialLeg:
    """One leg: `kind` is user, sofia, error, loopback...; `rest` what follows the first slash."""

    kind: str
    rest: str
    variables: dict[str, str]


@dataclass(frozen=True, slots=True)
class DialString:
    """Attempts in order; the legs of each ring together."""

    variables: dict[str, str]
    attempts: tuple[tuple[DialLeg, ...], ...]


def parse(text: str) -> DialString:
    """Read a dial string. Raises `BadDialString`."""
    variables: dict[str, str] = {}
    rest = text.strip()
    while rest[:1] in ("{", "<"):
        inner, rest = _take_brackets(rest)
        variables |= read_variables(inner)
    attempts = []
    for attempt in _split(rest, "|"):
        legs = tuple(_read_leg(leg) for leg in _split(attempt, ",") if leg.strip())
        if legs:
            attempts.append(legs)
    return DialString(variables, tuple(attempts))


def _read_leg(text: str) -> DialLeg:
    variables: dict[str, str] = {}
    rest = text.strip()
    while rest[:1] in ("[", "{", "<"):
        inner, rest = _take_brackets(rest)
        variables |= read_variables(inner)
        rest = rest.lstrip()
    kind, _, where = rest.partition("/")
    return DialLeg(kind.lower(), where, variables)


def read_variables(text: str) -> dict[str, str]:
    """The variables of one pair of brackets."""
    separator = ","
    if text.startswith("^^") and len(text) > 2:
        separator, text = text[2], text[3:]
    found: dict[str, str] = {}
    for each in _split(text, separator):
        name, equals, value = each.partition("=")
        if equals and name.strip():
            found[name.strip()] = _unquote(value)
    return found


def _unquote(value: str) -> str:
    value = value.strip()
    if len(value) >= 2 and value[0] == value[-1] == "'":
        value = value[1:-1]
    return value.replace("\\,", ",").replace("\\'", "'")


def _take_brackets(text: str) -> tuple[str, str]:
    """The inside of the brackets that `text` begins with, and what follows."""
    opening, closing = text[0], _PAIRS[text[0]]
    depth = 0
    quoted = False
    for index, character in enumerate(text):
        if character == "'" and text[index - 1 : index] != "\\":
            quoted = not quoted
        elif quoted:
            continue
        elif character == opening:
            depth += 1
        elif character == closing:
            depth -= 1
            if depth == 0:
                return text[1:index], text[index + 1 :]
    raise BadDialString(f"no {closing} for {opening} in {text!r}")


def _split(text: str, separator: str) -> list[str]:
    """Split outside of brackets, quotes and escapes."""
    parts: list[str] = []
    begin = depth = 0
    quoted = False
    for index, character in enumerate(text):
        if character == "'" and text[index - 1 : index] != "\\":
            quoted = not quoted
        elif quoted:
            continue
        elif character in "{[<":
            depth += 1
        elif character in "}]>":
            depth -= 1
        elif character == separator and depth <= 0 and text[index - 1 : index] != "\\":
            parts.append(text[begin:index])
            begin = index + 1
    parts.append(text[begin:])
    return parts
