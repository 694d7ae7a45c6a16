"""What callers hear while they wait, as rows of the queue's form; kept as the ACD reads them (`QueueRouting.announcements`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import current_app
from flask_babel import gettext as _

from ivr.prompts import Prompts
from uckefu.settings import PROJECT_ROOT

ROWS = 6
LATEST_SECONDS = 3600
SPARE = 2
KEYS = "0123456789*#"


@dataclass(frozen=True)
class Row:
    """One announcement, as it was typed. `say` is `position`, `estimate` or `prompt:<name>`."""

    say: str = ""
    after: str = ""
    every: str = ""
    key: str = ""
    flow: str = ""


def sayings() -> list[tuple[str, str]]:
    """What can be said: (code, word)."""
    own = current_app.extensions["uckefu"]["settings"].instance / "sounds"
    prompts = Prompts(PROJECT_ROOT / "sounds", own)
    found = [("position", _("The place in the queue")), ("estimate", _("The estimated wait"))]
    return found + [
        (f"prompt:{name}", _("%(name)s: %(text)s", name=name, text=prompts.text(name, "zh")[:40]))
        for name in prompts.names("zh")
    ]


def from_json(data: Mapping[str, Any] | None) -> list[Row]:
    """From the record."""
    items: Any = (data or {}).get("items", ())
    return [
        Row(
            say=f"prompt:{item.get('prompt', '')}" if item.get("say", "prompt") == "prompt" else str(item["say"]),
            after=str(item.get("after_seconds", 0)), every=str(item.get("every_seconds", 0) or ""),
            key=str(item.get("key", "")), flow=str(item.get("flow", "")),
        )
        for item in items
    ]  # fmt: skip


def shown(rows: list[Row]) -> list[Row]:
    """The rows of the form: those that are, and some to be filled."""
    return [*rows, *[Row()] * max(SPARE, ROWS - len(rows))]


def read(given: Mapping[str, str], flows: set[str]) -> tuple[list[Row], list[str]]:
    """The rows of a sent form, and what is wrong with them; rows that say nothing are none."""
    rows, errors, known = [], [], {code for code, _word in sayings()}
    number = 0
    while f"announce-say-{number}" in given:
        row = Row(
            *(
                given.get(f"announce-{part}-{number}", "").strip()
                for part in ("say", "after", "every", "key", "flow")
            )
        )
        number += 1
        if not row.say:
            continue
        rows.append(row)
        if row.say not in known:
            errors.append(_("Choose what is said."))
        if not _fits(row.after or "0") or not _fits(row.every or "0"):
            errors.append(
                _(
                    "Enter seconds from 0 to %(most)s; nothing under “again every” for once.",
                    most=LATEST_SECONDS,
                )
            )
        if bool(row.key) != bool(row.flow):
            errors.append(_("Enter both the key and the flow that it leads to, or neither."))
        elif row.key and (row.key not in KEYS or len(row.key) > 1 or row.flow not in flows):
            errors.append(_("A key is one of 0 to 9, * and #; choose the flow from the list."))
    keys = [row.key for row in rows if row.key]
    if len(set(keys)) < len(keys):
        errors.append(_("Each key can lead to one flow only."))
    return rows, list(dict.fromkeys(errors))


def to_json(rows: list[Row]) -> dict[str, Any] | None:
    """As the record has them."""
    items = []
    for row in rows:
        say, _colon, prompt = row.say.partition(":")
        item: dict[str, Any] = {
            "after_seconds": int(row.after or 0),
            "every_seconds": int(row.every or 0),
            "say": say,
        }
        items.append(item | {"prompt": prompt, "key": row.key, "flow": row.flow})
    return {"items": items} if items else None


def _fits(text: str) -> bool:
    return text.isdecimal() and len(text) < 6 and int(text) <= LATEST_SECONDS
