"""Words for what a queue can be set to. The codes are the ACD's; `tests/unit/admin/test_queues.py` compares them."""

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l


@dataclass(frozen=True)
class Choice:
    """One of several ways, with a sentence on what it means."""

    code: str
    word: Any
    meaning: Any
    channels: tuple[str, ...] = ("voice",)


CHANNELS = {"voice": _l("Calls"), "chat": _l("Conversations")}

STRATEGIES = (
    Choice("longest-idle", _l("Longest idle"), _l("The agent who has been free the longest.")),
    Choice("round-robin", _l("In turn"), _l("One after the other, whoever answers or not.")),
    Choice("fewest-calls", _l("Fewest calls"), _l("The agent with the fewest calls since midnight.")),
    Choice(
        "least-talk-time", _l("Least talk time"), _l("The agent who has talked the least since midnight.")
    ),
    Choice("top-down", _l("Top down"), _l("Always by position, from the first who is free.")),
    Choice("tiers", _l("Level and position"), _l("By position; at the same position the longest idle.")),
    Choice("skill-score", _l("Best skills"), _l("The agent who is best at what the caller needs.")),
    Choice("ring-all", _l("Ring all"), _l("All free agents' phones ring; who answers first has the call.")),
    Choice("random", _l("By lot"), _l("Drawn anew for each call.")),
    Choice(
        "fewest-conversations",
        _l("Least busy first"),
        _l("The agent with the fewest conversations now."),
        ("chat",),
    ),
    Choice("rotation", _l("Evenly"), _l("In turn among the agents who are not full."), ("chat",)),
)


def strategies_for(channel: str) -> list[Choice]:
    """The strategies that a queue of this channel can have."""
    return [choice for choice in STRATEGIES if channel in choice.channels]


def strategy_word(code: str) -> Any:
    """The word of a strategy, or its code when this version does not know it."""
    return next((choice.word for choice in STRATEGIES if choice.code == code), code)


MUSIC = {"local_stream://moh": _l("The centre's music"), "silence_stream://-1": _l("Silence")}
"""Source -> word. Another source, set by a technician, is shown as it is and kept."""
