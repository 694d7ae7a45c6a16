"""What happened in a flow, step by step: the engine and the nodes record it, `ivr.filing` keeps it.

A flow author's mistake is such an event too, and the run goes on. Every event has its instant, its flow and its node;
from NodeEntered, NodeLeft and CallerLeft come the numbers on the editor's canvas.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class FlowEvent:
    """A fact of one run. `node` is "" for what happened outside of any node; `flow` is `name@version`."""

    at_us: int
    node: str
    flow: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The event for a log line: its type and its fields."""
        return {"type": type(self).__name__, **vars(self)}


@dataclass(frozen=True, kw_only=True)
class NodeEntered(FlowEvent):
    """The caller came to the node."""


@dataclass(frozen=True, kw_only=True)
class NodeLeft(FlowEvent):
    """The caller left the node by the way out `way` (a field of the node, e.g. `next`, `keys.1`)."""

    way: str
    target: str


@dataclass(frozen=True, kw_only=True)
class KeyPressed(FlowEvent):
    """The caller pressed a key that the menu knows (`known`) or not."""

    key: str
    known: bool


@dataclass(frozen=True, kw_only=True)
class NothingKeyed(FlowEvent):
    """The caller let the menu's time pass."""


@dataclass(frozen=True, kw_only=True)
class DigitsCollected(FlowEvent):
    """The caller keyed these digits; a secret one shows only how many."""

    digits: str
    accepted: bool


@dataclass(frozen=True, kw_only=True)
class VariableSet(FlowEvent):
    """A variable of the flow has a new value."""

    name: str
    value: str


@dataclass(frozen=True, kw_only=True)
class ExpressionFailed(FlowEvent):
    """An expression had no value for this caller; it counts as none."""

    expression: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class LookedUp(FlowEvent):
    """A lookup ended: `found`, `not_found` or `failed`, after so long."""

    result: str
    milliseconds: int
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class HolidaysUnknown(FlowEvent):
    """The public holidays of this year are not known; the week's hours were taken."""

    year: int


@dataclass(frozen=True, kw_only=True)
class Recorded(FlowEvent):
    """The caller left a recording: `kind` is voicemail or survey; `kept` whether it is on the disk."""

    kind: str
    seconds: float
    kept: bool


@dataclass(frozen=True, kw_only=True)
class RecordingChanged(FlowEvent):
    """The recording of the call was started, stopped, paused or resumed; `done` is False when there was nothing to do it to."""

    action: str
    done: bool


@dataclass(frozen=True, kw_only=True)
class Rated(FlowEvent):
    """The caller rated the service."""

    score: int


@dataclass(frozen=True, kw_only=True)
class FlowEntered(FlowEvent):
    """The call went into another flow: `call` for a subflow, `transfer` for good."""

    entered: str
    how: str


@dataclass(frozen=True, kw_only=True)
class FlowReturned(FlowEvent):
    """A subflow came to its end; `value` is its result."""

    value: str


@dataclass(frozen=True, kw_only=True)
class Logged(FlowEvent):
    """What a `log` node wrote."""

    level: str
    message: str


@dataclass(frozen=True, kw_only=True)
class PromptMissing(FlowEvent):
    """There is no such file in the caller's language; `instead` is the language that was played, or ""."""

    prompt: str
    language: str
    instead: str


@dataclass(frozen=True, kw_only=True)
class NodeFailed(FlowEvent):
    """The node could not do its work: `reason`, and the trace when it raised."""

    reason: str
    trace: str = ""


@dataclass(frozen=True, kw_only=True)
class StepLimitReached(FlowEvent):
    """The caller went round more often than the limit allows."""

    limit: int


@dataclass(frozen=True, kw_only=True)
class CallerLeft(FlowEvent):
    """The caller hung up in this node."""


@dataclass(frozen=True, kw_only=True)
class FlowEnded(FlowEvent):
    """The run is over; `next` is where the call goes (see `Outcome`)."""

    next: str
