"""Which events one listener of the event socket wants: its lists, its filters, its own channel.

`softswitch.listener` keeps one a connection. No I/O; the semantics and reply texts are mod_event_socket's.
"""

import re
from dataclasses import dataclass, field

from esl.event import Event
from esl.names import EVENT_NAMES

_KNOWN = frozenset(EVENT_NAMES)
_FORMS = frozenset({"plain", "json"})
_OWN_EVENTS = frozenset(
    [
        "CHANNEL_ANSWER",
        "CHANNEL_APPLICATION",
        "CHANNEL_BRIDGE",
        "CHANNEL_CREATE",
        "CHANNEL_DATA",
        "CHANNEL_DESTROY",
        "CHANNEL_EXECUTE",
        "CHANNEL_EXECUTE_COMPLETE",
        "CHANNEL_HANGUP",
        "CHANNEL_HANGUP_COMPLETE",
        "CHANNEL_ORIGINATE",
        "CHANNEL_UUID",
        "CHANNEL_OUTGOING",
        "CHANNEL_PARK",
        "CHANNEL_PROGRESS",
        "CHANNEL_PROGRESS_MEDIA",
        "CHANNEL_STATE",
        "CHANNEL_UNBRIDGE",
        "CHANNEL_UNPARK",
        "DETECTED_SPEECH",
        "DTMF",
        "NOTALK",
        "TALK",
    ]
)


@dataclass(slots=True)
class Subscription:
    """Replies are returned as the text behind `Reply-Text:`."""

    form: str = "plain"
    enabled: bool = False
    names: set[str] = field(default_factory=set)
    subclasses: set[str] = field(default_factory=set)
    filters: list[tuple[str, str]] = field(default_factory=list)
    own_uuid: str = ""  # myevents: only this channel's

    def wants(self, event: Event) -> bool:
        """Whether the listener gets this event."""
        # `_is_own` first: every call has a listener, so each event is asked about once for every call that goes on.
        return self.enabled and self._is_own(event) and self._is_listed(event) and self._passes_filters(event)

    def may_want(self, name: str) -> bool:
        """Whether an event of this name can be wanted at all; `wants` decides when it is there."""
        return self.enabled and (name in self.names or "ALL" in self.names)

    def event(self, arguments: str) -> str:
        """`event [plain|json] NAME... [CUSTOM subclass...]`."""
        words = arguments.split()
        if words and words[0].lower() == "xml":
            return "-ERR xml events are not supported by the built-in switch"
        if words and words[0].lower() in _FORMS:
            self.form = words.pop(0).lower()
        names, subclasses = _split(words)
        if not names:
            return "-ERR no keywords supplied"
        self.names |= names
        self.subclasses |= subclasses
        self.enabled = True
        return f"+OK event listener enabled {self.form}"

    def nixevent(self, arguments: str) -> str:
        """`nixevent NAME... [CUSTOM subclass...]`."""
        names, subclasses = _split(arguments.split())
        if not names:
            return "-ERR no keywords supplied"
        self.enabled = True
        self.subclasses -= subclasses
        if "ALL" in names:
            self.names.clear()
            return "+OK events nixed"
        if "ALL" in self.names:
            self.names = set(_KNOWN - {"ALL"})
        self.names -= names - {"CUSTOM"}  # `nixevent CUSTOM a::b` takes the subclass only
        return "+OK events nixed"

    def noevents(self) -> str:
        """`noevents`."""
        if not self.enabled:
            return "-ERR not listening for events"
        self.enabled = False
        self.names.clear()
        self.subclasses.clear()
        return "+OK no longer listening for events"

    def my_events(self, uuid: str, form: str = "") -> str:
        """`myevents`: the events of one channel."""
        if self.own_uuid:
            return "-ERR aready enabled."  # FreeSWITCH's own spelling
        self.form = form or self.form
        self.own_uuid = uuid
        self.names |= _OWN_EVENTS
        self.enabled = True
        return "+OK Events Enabled"

    def filter(self, arguments: str) -> str:
        """`filter [add] HEADER VALUE`, `filter delete HEADER [VALUE]`, `filter delete all`."""
        name, _, value = arguments.strip(" ").partition(" ")
        if not value:
            return "-ERR invalid syntax"
        if name.lower() == "delete":
            name, _, value = value.partition(" ")
            self.filters = [each for each in self.filters if not _is_deleted(each, name, value)]
            return f"+OK filter deleted. [{name}][{value}]"
        if name.lower() == "add":
            name, _, value = value.partition(" ")
        self.filters.append((name, value))
        return f"+OK filter added. [{name}]=[{value}]"

    def _is_listed(self, event: Event) -> bool:
        if "ALL" in self.names:
            return True
        if event.name != "CUSTOM":
            return event.name in self.names
        return "CUSTOM" in self.names and (not event.subclass or event.subclass in self.subclasses)

    def _passes_filters(self, event: Event) -> bool:
        if not self.filters:
            return True
        passes = False
        for name, wanted in self.filters:
            value = event.get(name)
            if value is None:
                continue
            expected = wanted.lstrip("+- ")
            is_positive = not wanted[: len(wanted) - len(expected)].rstrip(" ").endswith("-")
            if passes and is_positive:
                continue
            if _matches(value, expected, is_pattern=wanted.startswith("/")):
                if not is_positive:
                    return False
                passes = True
        return passes

    def _is_own(self, event: Event) -> bool:
        if not self.own_uuid:
            return True
        headers = event.headers  # written by us, so in one spelling
        return self.own_uuid in (headers.get("Unique-ID"), headers.get("Job-Owner-UUID"))


def _split(words: list[str]) -> tuple[set[str], set[str]]:
    """Known event names, and what follows the word CUSTOM."""
    names: set[str] = set()
    for index, word in enumerate(words):
        if word.upper() in _KNOWN:
            names.add(word.upper())
        if word.upper() == "CUSTOM":
            return names, set(words[index + 1 :])
    return names, set()


def _is_deleted(entry: tuple[str, str], name: str, value: str) -> bool:
    if name.lower() == "all":
        return True
    return entry[0].lower() == name.lower() and (not value or entry[1] == value)


def _matches(value: str, expected: str, *, is_pattern: bool) -> bool:
    if not is_pattern:
        return value.lower() == expected.lower()
    expression, _, options = expected[1:].rpartition("/")
    try:
        return re.search(expression, value, re.IGNORECASE if "i" in options else 0) is not None
    except re.error:
        return False
