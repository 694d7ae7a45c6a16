"""How long a queue's next one will wait: an interval that holds four times in five, and how often it really did.

The guess is `place * work / agents`: the agent-seconds between two who are served while others wait, and how many are
at work now. The interval round it has two parts, both from what came out over what was guessed (the ratio), by kind of
place: the ratios' tenth, middle and ninetieth hundredths, and each half of that stretched by a factor of its own. After
each outcome that was outside on a side its factor grows by `STEP * (1 - MISSES / 2)`, after each other one it shrinks by
`STEP * MISSES / 2`. A factor can't grow for ever, so the share outside comes to `MISSES` whatever load, patience or shifts
do: the quantile tracking of Angelopoulos, Candès and Tibshirani, "Conformal PID control for time series prediction"
(2023), on the interval's own scale. `MISSES` is a little under one in five because outcomes come a whole wait late.

`engine` calls `entered` for everybody who has to wait, `calls` and `conversations` call `served` and `left`. There is no
chance in it and no clock but the inputs' times, so a replay says the same.
"""

from dataclasses import dataclass, field, fields
from math import ceil
from typing import TYPE_CHECKING, Any

from acd.domain.board import QueueBoard
from acd.domain.model import Member

if TYPE_CHECKING:
    from acd.domain.engine import Engine

AT_WORK = frozenset({"free", "offered", "talking", "wrap-up", "full", "in-call"})
KEPT_RATIOS, KEPT_OUTCOMES, LEAST_RATIOS = 200, 500, 20
SMOOTHING = 0.02
MISSES = 150  # in a thousand, on both sides together
STEP = 200  # in a thousand
LEAST_STRETCH = 100
PLACES = 5  # kinds of places: 1, 2 to 3, 4 to 7, 8 to 15, further


@dataclass(slots=True)
class Estimate:
    """What a queue has learned. Ratios are what came out over what was guessed, in thousandths."""

    work_us: float = 0.0  # agent-microseconds between two who are served
    served: int = 0
    last_served_us: int = 0
    below: int = 1000  # how far the interval is stretched down from the middle, in thousandths, and up
    above: int = 1000
    ratios: dict[str, list[int]] = field(default_factory=dict)  # by kind of place
    outcomes: list[int] = field(default_factory=list)  # 1: inside the interval
    errors_us: list[int] = field(default_factory=list)  # what came out minus what was guessed

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Estimate":
        """What was learned, by an earlier version too: what this one does not know is left out."""
        known = {each.name for each in fields(cls)}
        return cls(**{name: value for name, value in data.items() if name in known})

    def guess_us(self, place: int, agents: int) -> int:
        """The wait of whoever is at this place; 0 when too little is known."""
        return round(place * self.work_us / max(1, agents)) if self.served >= LEAST_RATIOS else 0

    def interval_us(self, place: int, agents: int) -> tuple[int, int] | None:
        """Where the wait is four times in five, or None when too little is known."""
        guess, ratios = self.guess_us(place, agents), self.ratios.get(_kind(place), [])
        if not guess or len(ratios) < LEAST_RATIOS:
            return None
        ordered, last = sorted(ratios), len(ratios) - 1
        low, middle, high = ordered[last // 10], ordered[last // 2], ordered[last - last // 10]
        low = max(0, middle - (middle - low) * self.below // 1000)
        high = middle + (high - middle) * self.above // 1000
        return guess * low // 1000, guess * high // 1000

    def learn(self, member: Member, waited_us: int) -> None:
        """What became of a guess."""
        if not member.guess_us:
            return
        ratios = self.ratios.setdefault(_kind(member.guess_place), [])
        ratios.append(min(100_000, waited_us * 1000 // member.guess_us))
        del ratios[:-KEPT_RATIOS]
        if member.high_us:
            self.judge(member, waited_us)

    def judge(self, member: Member, waited_us: int) -> None:
        """Whether an interval held; the next one is a little wider or narrower."""
        is_below, is_above = waited_us < member.low_us, waited_us > member.high_us
        self.below = _moved(self.below, is_outside=is_below)
        self.above = _moved(self.above, is_outside=is_above)
        self.outcomes.append(int(not is_below and not is_above))
        self.errors_us.append(waited_us - (member.low_us + member.high_us) // 2)
        del self.outcomes[:-KEPT_OUTCOMES], self.errors_us[:-KEPT_OUTCOMES]


def _moved(stretch: int, *, is_outside: bool) -> int:
    side = MISSES // 2
    return max(LEAST_STRETCH, stretch + STEP * ((1000 if is_outside else 0) - side) // 1000)


def _kind(place: int) -> str:
    return str(min(PLACES, place.bit_length()))


def agents_at_work(board: QueueBoard) -> int:
    """How many serve this queue now."""
    return sum(map(board.standing, AT_WORK))


def entered(e: "Engine", member: Member) -> None:
    """The member has to wait: note what it may expect."""
    board, known = e.board.queues[member.queue], e.state.estimates.get(member.queue)
    member.guess_us = member.low_us = member.high_us = 0
    if known is None:
        return
    place, agents = board.position(member.channel_id), agents_at_work(board)
    member.guess_us, member.guess_place = known.guess_us(place, agents), place
    member.low_us, member.high_us = known.interval_us(place, agents) or (0, 0)


def served(e: "Engine", member: Member) -> None:
    """An agent has the member now."""
    known = e.state.estimates.setdefault(member.queue, Estimate())
    board, waited_us = e.board.queues[member.queue], e.now_us - member.entered_at_us
    if known.last_served_us and member.entered_at_us <= known.last_served_us:
        work_us = (e.now_us - known.last_served_us) * max(1, agents_at_work(board))
        weight = max(SMOOTHING, 1 / (known.served + 1))
        known.work_us += weight * (work_us - known.work_us)
        known.served += 1
    known.last_served_us = e.now_us
    known.learn(member, waited_us)


def left(e: "Engine", member: Member) -> None:
    """The member waits no more, unserved. Whoever had waited longer than was said was told too little."""
    known, waited_us = e.state.estimates.get(member.queue), e.now_us - member.entered_at_us
    if known and 0 < member.high_us < waited_us:
        known.judge(member, waited_us)


def now_us(e: "Engine", member: Member) -> tuple[int, int] | None:
    """What a member who waits may expect from now on."""
    board, known = e.board.queues[member.queue], e.state.estimates.get(member.queue)
    return known.interval_us(board.position(member.channel_id), agents_at_work(board)) if known else None


def to_show(e: "Engine", queue: str) -> dict[str, Any] | None:
    """For the view: what the next one may expect, and how often such intervals held."""
    known, board = e.state.estimates.get(queue), e.board.queues[queue]
    interval = known.interval_us(len(board.seats) + 1, agents_at_work(board)) if known else None
    if known is None or interval is None:
        return None
    tried = len(known.outcomes)
    return {
        "low_seconds": interval[0] // 1_000_000,
        "high_seconds": ceil(interval[1] / 1_000_000),
        "held": round(sum(known.outcomes) / tried, 3) if tried else None,
        "of": tried,
        "mean_error_seconds": round(sum(known.errors_us) / tried / 1_000_000, 1) if tried else None,
    }
