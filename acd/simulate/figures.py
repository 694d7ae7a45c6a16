"""From counts to figures with intervals: ratio estimates over batches (or replications), Student's t at 95 %.

`world` fills one `Batch` after the other; `figures` makes the JSON. A figure is a ratio of two sums, and so is its
interval (the delta method): the mean wait of those who were answered has a denominator that varies too.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

Json = dict[str, object]


@dataclass(slots=True)
class Batch:
    """What happened to the calls of one batch in one queue; times in microseconds."""

    offered: int = 0
    waited: int = 0  # nobody was free at once
    answered: int = 0
    answered_in_time: int = 0
    answered_wait_us: int = 0
    abandoned: int = 0
    sent_away: int = 0  # by the queue's own limits
    wait_us: int = 0  # of everybody
    busy_us: int = 0  # agents' talk and wrap-up
    staffed_us: int = 0

    def __add__(self, other: "Batch") -> "Batch":
        return Batch(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))


Part = Callable[[Batch], float]
RATIOS: dict[str, tuple[Part, Part]] = {
    "p_wait": (lambda b: b.waited, lambda b: b.offered),
    "service_level": (lambda b: b.answered_in_time, lambda b: b.offered),
    "asa_seconds": (lambda b: b.answered_wait_us / 1e6, lambda b: b.answered),
    "abandonment": (lambda b: b.abandoned, lambda b: b.offered),
    "mean_wait_seconds": (lambda b: b.wait_us / 1e6, lambda b: b.offered),
    "utilisation": (lambda b: b.busy_us, lambda b: b.staffed_us),
}
SHARES = frozenset({"p_wait", "service_level", "abandonment", "utilisation"})


def figures(batches: Sequence[Batch]) -> Json:
    """Each figure as `{value, ci95: [low, high]}`; None where nothing was seen that it could be told from."""
    told: Json = {
        name: _figure([over(b) for b in batches], [under(b) for b in batches], share=name in SHARES)
        for name, (over, under) in RATIOS.items()
    }
    whole = sum(batches, Batch())
    counts = {name: getattr(whole, name) for name in ("offered", "answered", "abandoned", "sent_away")}
    return {**told, **counts}


def _figure(over: list[float], under: list[float], *, share: bool) -> Json:
    total, batches = sum(under), len(under)
    if not total:
        return {"value": None, "ci95": [None, None]}
    ratio = sum(over) / total
    if batches < 2:
        return {"value": ratio, "ci95": [None, None]}
    squares = sum((y - ratio * x) ** 2 for y, x in zip(over, under, strict=True))
    error = math.sqrt(squares / (batches - 1) / batches) / (total / batches)
    half = student_t(batches - 1) * error
    low, high = max(0.0, ratio - half), ratio + half
    return {"value": ratio, "ci95": [low, min(1.0, high) if share else high]}


def student_t(freedom: int, confidence: float = 0.95) -> float:
    """The two-sided quantile of Student's t: exact for 1 and 2 degrees of freedom, else Cornish and Fisher's series."""
    tail = 0.5 + confidence / 2
    if freedom == 1:
        return math.tan(math.pi * (tail - 0.5))
    if freedom == 2:
        return (2 * tail - 1) / math.sqrt(2 * tail * (1 - tail))
    z, n = NormalDist().inv_cdf(tail), freedom
    return (
        z
        + (z**3 + z) / (4 * n)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * n**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * n**3)
        + (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / (92_160 * n**4)
    )
