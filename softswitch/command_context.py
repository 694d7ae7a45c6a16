"""What an API command may use, and FreeSWITCH's way to cut its arguments.

`softswitch.commands` builds one `Context`; the functions in `command_channels`, `command_show` and `command_text`
get it with the arguments as one text, and return the reply.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from esl.event import Event
from softswitch.config import Configuration
from softswitch.ports import Switch

RunPython = Callable[[str, Event | None], str]
"""`module arguments` and the environment (None outside a hook) to what the script's `fsapi` wrote."""


class Counters:
    """Counts sessions for `status`; listens to the bus."""

    def __init__(self) -> None:
        self.since_start = 0
        self.now = 0
        self.peak = 0
        self._lock = threading.Lock()

    def wants(self, name: str, _uuid: str) -> bool:
        """Which events it needs."""
        return name in ("CHANNEL_CREATE", "CHANNEL_DESTROY")

    def note(self, event: Event) -> None:
        """A bus listener."""
        if not self.wants(event.name, event.uuid):
            return
        with self._lock:
            if event.name == "CHANNEL_CREATE":
                self.since_start += 1
                self.now += 1
                self.peak = max(self.peak, self.now)
            else:
                self.now = max(0, self.now - 1)


@dataclass(slots=True)
class Context:
    """See the module's docstring."""

    switch: Switch
    configuration: Callable[[], Configuration]  # the one that is loaded now
    run: Callable[[str], str]  # an API command line, for commands that run others
    expand: Callable[[str, str], str]  # text and the UUID of a channel, or ''
    counters: Counters
    started_at: float  # time.time()
    env: Event | None = None
    python: RunPython | None = None
    shutdown: Callable[[str], None] | None = None  # now, asap, elegant...
    timers: "dict[int, threading.Timer]" = field(default_factory=dict)


Command = Callable[[Context, str], str]


def separate(text: str, most: int) -> list[str]:
    """Cut at blanks outside single quotes; the last of `most` pieces keeps the rest. (switch_separate_string)"""
    pieces: list[str] = []
    rest = text.strip(" ")
    while rest:
        end = len(rest) if len(pieces) == most - 1 else _blank(rest)
        pieces.append(_cleaned(rest[:end]))
        rest = rest[end:].lstrip(" ")
    return pieces


def _blank(text: str) -> int:
    is_quoted = is_escaped = False
    for index, character in enumerate(text):
        if is_escaped:
            is_escaped = False
        elif character == "\\":
            is_escaped = True
        elif character == "'":
            is_quoted = not is_quoted
        elif character == " " and not is_quoted:
            return index
    return len(text)


def _cleaned(piece: str) -> str:
    out: list[str] = []
    is_quoted = False
    index = 0
    while index < len(piece):
        character, follower = piece[index], piece[index + 1 : index + 2]
        if character == "\\" and follower and follower in "'\"\\nrts":
            out.append({"n": "\n", "r": "\r", "t": "\t", "s": " "}.get(follower, follower))
            index += 2
            continue
        if character == "'" and (is_quoted or "'" in piece[index + 1 :]):
            is_quoted = not is_quoted
        else:
            out.append(character)
        index += 1
    return "".join(out)


def usage(syntax: str) -> str:
    """FreeSWITCH's answer to wrong arguments."""
    return f"-USAGE: {syntax}\n"


def number(text: str, default: int = 0) -> int:
    """The leading digits, as C's atoi."""
    digits = ""
    for character in text.strip():
        if not (character in "0123456789" or (not digits and character in "+-")):
            break
        digits += character
    return int(digits) if digits.strip("+-") and len(digits) < 15 else default
