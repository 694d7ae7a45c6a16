"""Announcements as sounds: which files say a place, a time, a prompt, one after the other. Called by `call_control`."""

from datetime import date

from acd.domain.effects import Announce
from ivr.prompts import Prompts
from ivr.saying import pieces

LANGUAGES = ("zh", "en")


def sound(effect: Announce, prompts: Prompts) -> str:
    """What the switch is told to play, "" when none of it is recorded."""
    language = effect.language if effect.language in LANGUAGES else LANGUAGES[0]
    files: list[str] = []
    for item in effect.items:
        found = [prompts.path(name, language) for name in names(item, language)]
        if all(found):
            files += [str(path) for path in found]
    return "file_string://" + "!".join(files) if len(files) > 1 else "".join(files)


def names(item: tuple[str | int, ...], language: str) -> list[str]:
    """The prompts and pieces of one announcement."""
    if item[0] == "position":
        return ["say/queue_place", *_number(item[1], language), "say/queue_place_end"]
    if item[0] == "estimate":
        low, high = item[1], item[2]
        if high == 1:
            return ["queue_wait_short"]
        span = [*_number(low, language), "say/queue_wait_to"] if low != high and low else []
        return [
            "say/queue_wait" if span else "say/queue_wait_up_to",
            *span,
            *_number(high, language),
            "say/queue_wait_end",
        ]
    return [str(item[1])]


def _number(value: str | int, language: str) -> list[str]:
    return pieces("number", value, language, date.min)
