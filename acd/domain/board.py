"""Who waits and who is free, per queue and in order: derived from the state, kept up at each change, never scanned.

The engine calls `seat`/`unseat` for members and `place` for agents; `routing` reads the heads. A change costs
O(log n) in each queue that it touches.
"""

from collections import Counter

from sortedcontainers import SortedList

from acd.domain.capacity import Capacity, OneThingAtATime
from acd.domain.inputs import QueueConfig, TierConfig
from acd.domain.model import Agent, Member
from acd.domain.strategies import Key, strategy_named

FREE = "free"


def standing(agent: Agent) -> str:
    """Why the agent can't be offered anything now, in a word, or `free`."""
    if agent.state != "idle":
        return agent.status if agent.state in ("not-ready", "signed-out") else agent.state
    if not agent.registered:
        return "not-registered"
    if agent.page_gone_since_us is not None:
        return "page-gone"
    if agent.paused_until_us:
        return "paused"
    return FREE


class QueueBoard:
    """One queue's order of members and of free agents, and how its agents stand."""

    def __init__(self, config: QueueConfig) -> None:
        self.config = config
        self.strategy = strategy_named(config.strategy)
        self.waiting: SortedList[tuple[int, int, int, str]] = SortedList()
        self.free: SortedList[Key] = SortedList()  # the strategy's key and the agent id
        self.census: Counter[str] = Counter()
        self.tiers: dict[int, TierConfig] = {}

    def excluded(self) -> dict[str, int]:
        """How many of its agents can't be asked, by reason."""
        return {reason: n for reason, n in sorted(self.census.items()) if n and reason != FREE}


class Board:
    """All queues' boards, and where each agent stands on them."""

    def __init__(self, capacity: Capacity | None = None) -> None:
        self.capacity = capacity or OneThingAtATime()
        self.queues: dict[str, QueueBoard] = {}
        self.dirty: dict[str, None] = {}  # queues where somebody new waits or is free; a dict keeps the order
        self._standing: dict[int, str] = {}
        self._placed: dict[int, list[tuple[QueueBoard, str, Key | None]]] = {}

    def seat(self, member: Member) -> None:
        """The member waits from now on."""
        board = self.queues[member.queue]
        board.waiting.add(member.key)
        if board.free:
            self.dirty[member.queue] = None

    def unseat(self, member: Member) -> None:
        """The member does not wait any more; nothing happens when it didn't."""
        self.queues[member.queue].waiting.discard(member.key)

    def place(self, agent: Agent) -> None:
        """The agent's state, status or anything else that `standing` reads may have changed."""
        base = standing(agent)
        if base != FREE and self._standing.get(agent.agent_id) == base:
            return  # the same reason as before, and no key to keep up
        self.remove(agent.agent_id)
        self._standing[agent.agent_id] = base
        here = self._placed[agent.agent_id] = []
        load = agent.load() if base == FREE else {}
        for tier in agent.config.tiers:
            board = self.queues.get(tier.queue)
            if board is not None:
                stands = base
                if base == FREE and not self.capacity.has_room(load, board.config.channel):
                    stands = "full"
                here.append((board, stands, self._enter(board, agent, tier, stands)))

    def _enter(self, board: QueueBoard, agent: Agent, tier: TierConfig, stands: str) -> Key | None:
        board.census[stands] += 1
        board.tiers[agent.agent_id] = tier
        if stands != FREE:
            return None
        key = (*board.strategy.key(agent, tier), agent.agent_id)
        board.free.add(key)
        if board.waiting:
            self.dirty[tier.queue] = None
        return key

    def remove(self, agent_id: int) -> None:
        """Take the agent off every queue."""
        self._standing.pop(agent_id, None)
        for board, stands, key in self._placed.pop(agent_id, ()):
            board.census[stands] -= 1
            board.tiers.pop(agent_id, None)
            if key is not None:
                board.free.remove(key)
