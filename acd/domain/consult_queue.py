"""A consult of a whole queue: its free agents are rung one after the other, until one answers or nobody is left.

In the order in which the queue would ask them for a caller. Who is free is free because nobody waits whom it could
serve, so no caller loses a place by this; with nobody free the agent is told at once and keeps the customer, who would
have to wait in that queue otherwise: a blind transfer does that.
"""

from collections.abc import Collection
from typing import TYPE_CHECKING

from acd.domain.capacity import VOICE
from acd.domain.model import Agent
from acd.domain.refusing import NotPossible

if TYPE_CHECKING:
    from acd.domain.engine import Engine


def first_of(e: "Engine", queue: str, asking: Agent) -> Agent:
    """Whom the queue would ask first. Raises NotPossible."""
    if queue not in e.state.queues:
        raise NotPossible("unknown-queue", f"no queue {queue!r}")
    if e.state.queues[queue].channel != VOICE:
        raise NotPossible("wrong-channel", f"{queue!r} is not for calls")
    found = next_of(e, queue, (asking.agent_id,))
    if found is None:
        raise NotPossible("nobody-free")
    return found


def next_of(e: "Engine", queue: str, tried: Collection[int]) -> Agent | None:
    """The next free one who was not asked yet; its turn is counted."""
    board = e.board.queues.get(queue)
    ranked = board.ranked(str(e.state.offers_made)) if board else []
    agent_id = next((each for each in ranked if each not in tried), None)
    if agent_id is None:
        return None
    agent = e.state.agents[agent_id]
    agent.turns[queue] = e.state.offers_made + 1
    return agent
