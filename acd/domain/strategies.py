"""How a queue picks one of several free agents. A strategy is a key: the free agent with the lowest key is asked.

The board keeps the free agents in the order of their keys, so picking costs no scan; a key is read when the agent's
place on the board is. A tier's level always goes before the strategy. A new strategy is a class here and a name in
`STRATEGIES`.
"""

import zlib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Protocol

from acd.domain.inputs import TierConfig
from acd.domain.model import Agent

Key = tuple[int, ...]


class Strategy(Protocol):
    """A rule that orders the free agents of a queue."""

    name: str
    by_skill: bool  # who is better at what the member needs goes first
    by_lot: bool  # `lot` decides
    rings_all: bool  # not one agent is asked but all

    def key(self, agent: Agent, tier: TierConfig) -> Key:
        """The agent's place among the free ones of its level; the agent id is appended as the last resort."""

    def explain(self, agent: Agent, tier: TierConfig) -> dict[str, Any]:
        """What decided, for the offer's reason."""


@dataclass
class _Plain(ABC):
    """The agents in the order of one figure, `said` in the explanation."""

    name: str
    said: str
    by_skill: bool = False
    by_lot: bool = False
    rings_all: bool = False

    def key(self, agent: Agent, tier: TierConfig) -> Key:
        return (self.figure(agent, tier), agent.idle_since_us)

    @abstractmethod
    def figure(self, agent: Agent, tier: TierConfig) -> int:
        """The figure; the lowest is asked."""

    def explain(self, agent: Agent, tier: TierConfig) -> dict[str, Any]:
        return {self.said: self.figure(agent, tier)}


class LongestIdle(_Plain):
    """The agent who has been idle the longest."""

    def figure(self, agent: Agent, tier: TierConfig) -> int:
        return agent.idle_since_us


class Rotation(_Plain):
    """The agent whose last turn in this queue was longest ago: true rotation, whoever answers or not."""

    def key(self, agent: Agent, tier: TierConfig) -> Key:
        return (self.figure(agent, tier), tier.position)

    def figure(self, agent: Agent, tier: TierConfig) -> int:
        return agent.turns.get(tier.queue, 0)


class FewestCalls(_Plain):
    """The agent with the fewest calls since midnight."""

    def figure(self, agent: Agent, tier: TierConfig) -> int:
        return agent.calls_today


class LeastTalkTime(_Plain):
    """The agent who has talked the least since midnight."""

    def figure(self, agent: Agent, tier: TierConfig) -> int:
        return agent.talked_today_us


class TopDown(_Plain):
    """Always in the same order: whoever is first in it and free. One who can't be reached is paused, the next is asked."""

    def key(self, agent: Agent, tier: TierConfig) -> Key:
        return (tier.position,)

    def figure(self, agent: Agent, tier: TierConfig) -> int:
        return tier.position


class Tiers(_Plain):
    """By position within the level, then the longest idle."""

    def figure(self, agent: Agent, tier: TierConfig) -> int:
        return tier.position


@dataclass
class ByLot(_Plain):
    """By lot, drawn anew for each offer from its number and the agent's, so that a replay draws the same."""

    by_lot: bool = True

    def key(self, agent: Agent, tier: TierConfig) -> Key:
        return ()

    def figure(self, agent: Agent, tier: TierConfig) -> int:
        return 0

    def explain(self, agent: Agent, tier: TierConfig) -> dict[str, Any]:
        return {}


class FewestConversations(_Plain):
    """空闲坐席优先: the agent with the fewest conversations now, then whose last one came longest ago."""

    def key(self, agent: Agent, tier: TierConfig) -> Key:
        return (agent.conversing, agent.turns.get(tier.queue, 0))

    def figure(self, agent: Agent, tier: TierConfig) -> int:
        return agent.conversing


STRATEGIES: dict[str, Strategy] = {
    strategy.name: strategy
    for strategy in (
        LongestIdle("longest-idle", "idle_since_us"),
        Rotation("round-robin", "last_turn"),
        Rotation("rotation", "last_turn"),
        FewestCalls("fewest-calls", "calls_today"),
        LeastTalkTime("least-talk-time", "talked_today_us"),
        LongestIdle("ring-all", "idle_since_us", rings_all=True),
        TopDown("top-down", "position"),
        Tiers("tiers", "position"),
        ByLot("random", ""),
        LongestIdle("skill-score", "idle_since_us", by_skill=True),
        FewestConversations("fewest-conversations", "conversations"),
    )
}


def strategy_named(name: str, channel: str = "voice") -> Strategy:
    """The strategy, or the channel's usual one when this version does not know the name."""
    return (
        STRATEGIES.get(name) or STRATEGIES["longest-idle" if channel == "voice" else "fewest-conversations"]
    )


def lot(member_id: str, offers_made: int, agent_id: int) -> int:
    """What this agent drew for this offer."""
    return zlib.crc32(f"{member_id}:{offers_made}:{agent_id}".encode())
