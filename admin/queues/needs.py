"""Skills that a queue asks for, as rows of a form: skill, least level, and what is enough after some waiting.

The record has one text, which the ACD reads: `english >= 3, refund >= 1; after 60 s: english >= 1`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from flask_babel import gettext as _

ROWS = 4
LEVELS = range(1, 10)
_NAME = re.compile(r"[\w.-]{1,64}")
_ITEM = re.compile(r"([\w.-]{1,64}) >= ([1-9])")
_AFTER = re.compile(r"after (\d{1,5}) s: ([\w.-]{1,64}) >= ([0-9])")


@dataclass(frozen=True)
class Need:
    """One row, as it was typed."""

    skill: str = ""
    level: str = "1"
    after_seconds: str = ""
    then_level: str = ""


def rows_of(text: str) -> list[Need] | None:
    """The rows of a text; None when a technician wrote what rows can't show."""
    first, *later = [part.strip() for part in text.split(";")] if text.strip() else [""]
    items = [_ITEM.fullmatch(item.strip()) for item in first.split(",") if item.strip()]
    relaxed = [_AFTER.fullmatch(part) for part in later]
    if not all(items) or not all(relaxed):
        return None
    needs = {found[1]: Need(found[1], found[2]) for found in items if found}
    for found in relaxed:
        if not found or found[2] not in needs or needs[found[2]].after_seconds:
            return None
        needs[found[2]] = Need(found[2], needs[found[2]].level, found[1], found[3])
    return list(needs.values()) if len(needs) <= ROWS else None


def read(given: Mapping[str, str]) -> tuple[list[Need], list[str]]:
    """The rows of a sent form, and what is wrong with them; rows without a skill are none."""
    needs, errors = [], []
    for n in range(ROWS):
        need = Need(
            *(given.get(f"need-{part}-{n}", "").strip() for part in ("skill", "level", "after", "then"))
        )
        if not need.skill:
            continue
        needs.append(need)
        if not _NAME.fullmatch(need.skill):
            errors.append(_("A skill is one word of letters, digits, . _ and -."))
        if not _is_level(need.level, 1):
            errors.append(_("A level is a whole number from 1 to 9."))
        if bool(need.after_seconds) != bool(need.then_level):
            errors.append(
                _(
                    "%(skill)s: enter both the seconds and the level that is enough then, or neither.",
                    skill=need.skill,
                )
            )
        elif need.after_seconds and not (
            need.after_seconds.isdecimal() and 1 <= int(need.after_seconds) <= 86_400
        ):
            errors.append(_("%(skill)s: enter seconds from 1 to 86400.", skill=need.skill))
        elif need.then_level and not _is_level(need.then_level, 0):
            errors.append(
                _("%(skill)s: the level that is enough then is a whole number from 0 to 9.", skill=need.skill)
            )
    if len({need.skill for need in needs}) < len(needs):
        errors.append(_("Each skill can be asked for once."))
    return needs, list(dict.fromkeys(errors))


def text_of(needs: list[Need]) -> str:
    """As the ACD reads it."""
    first = ", ".join(f"{need.skill} >= {need.level}" for need in needs)
    later = [
        f"after {int(need.after_seconds)} s: {need.skill} >= {need.then_level}"
        for need in needs
        if need.after_seconds
    ]
    return "; ".join([first, *later])


def _is_level(text: str, low: int) -> bool:
    return text.isdecimal() and len(text) == 1 and low <= int(text) <= 9
