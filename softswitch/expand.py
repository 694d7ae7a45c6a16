"""Variable expansion in dialplan fields, application arguments and API commands.

`dialplan`, the channels and `commands` call it. Follows switch_channel_expand_variables with one difference:
the value of a variable is not expanded again. FreeSWITCH does so but refuses to store a value with `${`;
here a caller's display name is plain text wherever it came from.
"""

import re
from collections.abc import Callable

_DEEPEST = 100
_NUMBER = re.compile(r"\s*([+-]?\d+)", re.ASCII)
_ESCAPED = re.compile(r"\\[\\nst']")

GetVariable = Callable[[str], str | None]
CallApi = Callable[[str, str], str]
"""Name and arguments of an API command; an unknown one gives ''."""


def expand(text: str, get_variable: GetVariable, api: CallApi) -> str:
    """Return `text` with `${name}`, `${name:offset:length}`, `${name[index]}` and `${command(args)}` filled in.

    An unknown variable is ''. `\\$` is a dollar, `\\\\` a backslash, `\\'` nothing. The parts nest.
    """
    return _expand(text, get_variable, api, 0)


def _expand(text: str, get_variable: GetVariable, api: CallApi, depth: int) -> str:
    if depth > _DEEPEST or not ("${" in text or _ESCAPED.search(text)):
        return text
    out: list[str] = []
    at = 0
    while at < len(text):
        if text[at] == "\\" and (taken := _escape(text, at, out)):
            at += taken
        elif text.startswith(("${", "$${"), at):
            begin = text.index("{", at) + 1
            end = _closing(text, begin)
            out.append(_value(text[begin:end], get_variable, api, depth))
            at = end + 1
            if at < len(text) and text[at] != "$":  # FreeSWITCH copies it unseen, a backslash too
                out.append(text[at])
                at += 1
        else:
            out.append(text[at])
            at += 1
    return "".join(out)


def _escape(text: str, at: int, out: list[str]) -> int:
    """Handle a backslash; returns how many characters it took, 0 when it is an ordinary one."""
    follower = text[at + 1 : at + 2]
    if follower == "$":
        out.append("$")
        return 3 if text.startswith("$$", at + 1) else 2
    if follower == "'":
        return 2
    if follower == "\\":
        out.append("\\")
        return 2
    return 0


def _closing(text: str, begin: int, opens: str = "{", closes: str = "}") -> int:
    """Index of the bracket that closes the one before `begin`, or the end of the text."""
    depth = 1
    for index in range(begin, len(text)):
        if text[index] == opens:
            depth += 1
        elif text[index] == closes:
            depth -= 1
            if depth == 0:
                return index
    return len(text)


def _value(inner: str, get_variable: GetVariable, api: CallApi, depth: int) -> str:
    cut = next((index for index, character in enumerate(inner) if character in " ("), None)
    if cut is not None:
        arguments = inner[cut + 1 :]
        if inner[cut] == "(":
            arguments = arguments[: _closing(arguments, 0, "(", ")")]
        name = _expand(inner[:cut].rstrip(" "), get_variable, api, depth + 1)
        return api(name, _expand(arguments, get_variable, api, depth + 1))
    name, _, cuts = _expand(inner, get_variable, api, depth + 1).partition(":")
    name, bracket, index = name.partition("[")
    value = get_variable(name) or ""
    if bracket and "]" in index:
        value = _element(value, _integer(index))
    offset, _, length = cuts.partition(":")
    return _slice(value, _integer(offset), _integer(length))


def _element(value: str, index: int) -> str:
    if not value.startswith("ARRAY::"):
        return value
    parts = value.removeprefix("ARRAY::").split("|:")
    return parts[index] if 0 <= index < len(parts) else ""


def _slice(value: str, offset: int, length: int) -> str:
    if offset >= 0 or -offset <= len(value):
        value = value[offset:]
    return value[:length] if length > 0 else value


def _integer(text: str) -> int:
    match = _NUMBER.match(text)
    return int(match[1]) if match else 0
