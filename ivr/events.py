"""What happened in a flow, step by step: the engine and the nodes record it, `fs_scripts.inbound` logs it.

A flow author's mistake is such an event too, and the run goes on. Every event has its instant and its node.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class FlowEvent:
    """A fact of one run. `node` is "" for what happened outside of any node."""

    at_us: int
    node: str

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
