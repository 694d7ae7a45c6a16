"""A queue's limits in its form: when a customer goes elsewhere, and where. Kept as the ACD reads them (`QueueRouting.limits`).

In the form a place is one choice: `queue:sales`, `flow:holiday`, `voicemail`, `message`, `callback` or `fallback`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l


@dataclass(frozen=True)
class Kind:
    """One kind of limit, with the range of its number."""

    when: str
    word: Any
    unit: Any
    low: int
    high: int
    usual: int


KINDS = (
    Kind("nobody", _l("Nobody is signed in"), _l("for so many seconds"), 0, 3600, 0),
    Kind("length", _l("Too many wait"), _l("more than so many customers"), 0, 10_000, 50),
    Kind("time", _l("Somebody waits too long"), _l("longer than so many seconds"), 1, 86_400, 180),
)
PLACES = {
    "fallback": _l("Apology, then as the flow says"),
    "voicemail": _l("Voicemail"),
    "message": _l("A message, then the end"),
    "callback": _l("An offer to be called back"),
}


@dataclass(frozen=True)
class Limit:
    """One limit that is on; `value` is the text that was typed when it is no number."""

    value: int | str
    place: str = "fallback"


Limits = dict[str, Limit]
"""When -> limit, of those that are on."""


def places(queues: list[tuple[str, str]], flows: list[str], kept: Limits) -> list[tuple[str, Any]]:
    """What can be chosen: (code, word). A place that a technician has set stays one."""
    found: dict[str, Any] = dict(PLACES)
    found |= {f"queue:{name}": _("Queue %(name)s", name=title) for name, title in queues}
    found |= {f"flow:{name}": _("Flow %(name)s", name=name) for name in flows}
    for limit in kept.values():
        found.setdefault(limit.place, limit.place)
    return list(found.items())


def read(given: Mapping[str, str], known: set[str]) -> tuple[Limits, list[str]]:
    """The limits of a sent form, and what is wrong with them."""
    limits: Limits = {}
    errors = []
    for kind in KINDS:
        if not given.get(f"limit-{kind.when}"):
            continue
        text, place = (
            given.get(f"limit-{kind.when}-value", "").strip(),
            given.get(f"limit-{kind.when}-place", ""),
        )
        value: int | str = int(text) if text.isdecimal() and len(text) < 8 else text
        limits[kind.when] = Limit(value, place)
        if not isinstance(value, int) or not kind.low <= value <= kind.high:
            told = _("Enter a whole number from %(low)s to %(high)s. %(usual)s is usual.",
                     low=kind.low, high=kind.high, usual=kind.usual)  # fmt: skip
            errors.append(_("%(field)s: %(error)s", field=kind.word, error=told))
        if place not in known:
            told = _("Choose where the customer goes; not to this queue itself.")
            errors.append(_("%(field)s: %(error)s", field=kind.word, error=told))
    return limits, errors


def to_json(limits: Limits) -> dict[str, Any] | None:
    """As the record has them."""
    found: dict[str, Any] = {}
    for when, limit in limits.items():
        to, _colon, target = limit.place.partition(":")
        found[when] = {"value": limit.value, "to": to, "target": target}
    return found or None


def from_json(data: Mapping[str, Any] | None) -> Limits:
    """From the record."""
    found = {}
    for kind in KINDS:
        limit = (data or {}).get(kind.when)
        if limit:
            to, target = str(limit.get("to", "fallback")), str(limit.get("target", ""))
            found[kind.when] = Limit(int(limit.get("value", 0)), f"{to}:{target}" if target else to)
    return found
