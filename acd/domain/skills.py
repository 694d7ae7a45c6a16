"""What somebody who waits needs, and when less will do: `english >= 3, refund; after 60 s: english >= 1`.

Flows and the chat service write the short form (`english:3,refund`) for one member, an administrator the long one for
a queue. `line` asks for a member's requirement; its stages begin after so many microseconds of waiting.
"""

import re
from functools import lru_cache

SkillNeed = tuple[tuple[str, int], ...]
"""(skill, least level), by name."""
Requirement = tuple[tuple[int, SkillNeed], ...]
"""(from so many microseconds of waiting on, what is needed then); the first begins at 0."""

_AFTER = re.compile(r"after\s+(\d{1,6})\s*s(?:econds)?\s*:\s*(.*)", re.DOTALL)
_ITEM = re.compile(r"([\w.-]{1,64})\s*(?:(?::|>=)\s*(\d{1,2}))?")
NOTHING: Requirement = ((0, ()),)


class BadSkills(ValueError):
    """The text says no skills; the message quotes the part."""

    code = "bad-skills"


def parse(text: str) -> list[tuple[int, dict[str, int]]]:
    """The stages of a text: (seconds, levels). Raises BadSkills."""
    stages: list[tuple[int, dict[str, int]]] = []
    for part in filter(None, (part.strip() for part in text.split(";"))):
        after = _AFTER.fullmatch(part)
        seconds, items = (int(after[1]), after[2]) if after else (0, part)
        stages.append((seconds, dict(_item(item.strip(), text) for item in items.split(",") if item.strip())))
    return stages


def _item(item: str, text: str) -> tuple[str, int]:
    found = _ITEM.fullmatch(item)
    if not found:
        raise BadSkills(
            f"{item!r} in {text!r}: write `english >= 3`, several with commas, `; after 60 s: …` for less"
        )
    return found[1], 1 if found[2] is None else int(found[2])


@lru_cache(maxsize=4096)
def requirement(queue_text: str, member_text: str) -> Requirement:
    """What a member needs in a queue: the higher level of both; each `after` lowers what it names. Raises BadSkills."""
    stages = parse(queue_text) + parse(member_text)
    need: dict[str, int] = {}
    for seconds, levels in stages:
        if seconds == 0:
            need |= {name: max(level, need.get(name, 0)) for name, level in levels.items()}
    found = [(0, _need(need))]
    for seconds in sorted({seconds for seconds, _ in stages if seconds}):
        for at, levels in stages:
            if at == seconds:
                need |= {name: min(level, need[name]) for name, level in levels.items() if name in need}
        found.append((seconds * 1_000_000, _need(need)))
    return tuple(found)


def _need(levels: dict[str, int]) -> SkillNeed:
    return tuple(sorted((name, level) for name, level in levels.items() if level > 0))


def at(stages: Requirement, waited_us: int) -> SkillNeed:
    """What is needed after so long."""
    if len(stages) == 1:
        return stages[0][1]
    return next(need for begins, need in reversed(stages) if begins <= max(0, waited_us))


def covers(skills: dict[str, int], need: SkillNeed) -> bool:
    """Whether an agent with these skills will do."""
    return all(skills.get(name, 0) >= level for name, level in need)


def score(skills: dict[str, int], need: SkillNeed) -> int:
    """How good an agent is at what is needed; of all its skills when nothing is."""
    return sum(skills.get(name, 0) for name, _ in need) if need else sum(skills.values())
