"""How a queue picks one of several free agents. A strategy is a key: the free agent with the lowest key is asked.

The key must not change while the agent is free, so that a queue keeps its free agents in order and picking costs
no scan. A new strategy is a class here and a name in `STRATEGIES`.
"""

from typing import Any, Protocol

from acd.domain.inputs import TierConfig
from acd.domain.model import Agent

Key = tuple[int, ...]


class Strategy(Protocol):
    """A rule that orders the free agents of a queue."""

    name: str

    def key(self, agent: Agent, tier: TierConfig) -> Key:
        """The agent's place among the free ones; the agent id is appended as the last resort."""

    def explain(self, agent: Agent, tier: TierConfig) -> dict[str, Any]:
        """What decided, for the offer's reason."""


class LongestIdle:
    """The agent who has been idle the longest."""

    name = "longest-idle"

    def key(self, agent: Agent, tier: TierConfig) -> Key:
        return (agent.idle_since_us,)

    def explain(self, agent: Agent, tier: TierConfig) -> dict[str, Any]:
        return {"idle_since_us": agent.idle_since_us}


STRATEGIES: dict[str, Strategy] = {strategy.name: strategy for strategy in (LongestIdle(),)}


def strategy_named(name: str) -> Strategy:
    """The strategy, or longest-idle when this version does not know the name."""
    return STRATEGIES.get(name) or STRATEGIES["longest-idle"]
