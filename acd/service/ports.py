"""What the service needs from outside, as protocols; `acd/adapters` implements them, tests fake them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from acd.domain.effects import CallEffect


class Fenced(Exception):
    """Another process is the writer now: stop at once, nothing of ours counts any more."""

    code = "fenced"


@dataclass(frozen=True, slots=True)
class Logged:
    """One input with what it led to, as the log keeps it. `digest` is that of all its decisions."""

    number: int
    text: str
    digest: str
    events: tuple[tuple[int, str], ...]  # event id, JSON


class Journal(Protocol):
    """Where inputs and events go before any effect leaves."""

    async def write(self, records: Sequence[Logged]) -> None:
        """Keep them, in order. Returns also when the store is away (they are kept and written later).

        Raises:
            Fenced: another process is the writer.
        """

    async def snapshot(self, number: int, text: str) -> None:
        """Keep the state after input `number`. Raises Fenced."""

    async def show(self, text: str) -> None:
        """Publish the view; nothing happens when the store is away. Raises Fenced."""


class Switch(Protocol):
    """A switch, as effects see it."""

    def perform(self, effect: CallEffect) -> None:
        """Start to carry it out; returns at once. What comes of it returns as inputs."""


class Clock(Protocol):
    """The time of inputs."""

    def now_us(self) -> int:
        """Microseconds since the epoch; never goes back."""
