"""From the events of one run to what the canvas counts: nodes entered, ways taken, stays, hangups. Pure; `ivr.reader` adds up."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

LEFT = "!left"
FAILED = "!failed"
Place = tuple[str, str, str]
"""Flow, node, way; the way is "" for the node itself, else a way out, `!left` or `!failed`."""
LONGEST_STAY_MS = 3_600_000


@dataclass
class Passages:
    """How often each place was passed, and how long the stays in a node were."""

    counts: Counter[Place] = field(default_factory=Counter)
    milliseconds: Counter[Place] = field(default_factory=Counter)
    last: Place = ("", "", "")


def passages_of(events: Sequence[Mapping[str, Any]]) -> Passages:
    """Count the events of one run, each with its `type`, `at_us`, `flow` and `node`."""
    found, entered, since = Passages(), ("", "", ""), 0
    for event in events:
        kind, at = event.get("type"), int(event.get("at_us") or 0)
        if kind not in ("NodeEntered", "NodeLeft", "CallerLeft", "NodeFailed", "FlowEnded"):
            continue
        place = (str(event.get("flow", "")).partition("@")[0], str(event.get("node", "")), "")
        if since and kind != "NodeFailed":
            stay = min(max(0, (at - since) // 1000), LONGEST_STAY_MS)
            found.milliseconds[entered] += stay
            since = 0
        if kind == "NodeEntered":
            found.counts[place] += 1
            entered, since, found.last = place, at, place
        elif kind == "NodeLeft":
            found.counts[place[0], place[1], str(event.get("way", ""))] += 1
        elif kind == "CallerLeft" and place[1]:
            found.counts[place[0], place[1], LEFT] += 1
        elif kind == "NodeFailed" and place[1]:
            found.counts[place[0], place[1], FAILED] += 1
    return found
