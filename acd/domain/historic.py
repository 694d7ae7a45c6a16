"""历史坐席优先 for calls: who talked last with the number that calls now, as far as routing itself remembers.

A flow's `queue` node asks for it (`historic: true`, the channel variable `uckefu_agent` is `historic`). Chats ask the
record instead and send the agent's id (`EnterQueue.historic_agent_id`). `calls`, `outbound`, `third_legs` and
`conversations` call `remember` when an agent has somebody, `calls` asks `agent_of` when somebody enters; `line` does the waiting.
"""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from acd.domain.engine import Engine

HISTORIC = "historic"
MOST = 10_000  # numbers; whose last talk is longest ago is forgotten first
LAST_DIGITS = 11  # `+8613800138000`, `13800138000` and `013800138000` are one caller
A_NUMBER = re.compile(r"\+?[0-9]{3,20}")


def remember(e: "Engine", number: str, agent_id: int) -> None:
    """This agent has the customer with this number now."""
    if not A_NUMBER.fullmatch(number):
        return
    known, key = e.state.last_agents, number[-LAST_DIGITS:]
    known.pop(key, None)
    known[key] = agent_id
    if len(known) > MOST:
        del known[next(iter(known))]


def agent_of(e: "Engine", number: str, queue: str) -> int | None:
    """The agent who had this number last, when that agent serves the queue; None for nobody."""
    agent = e.state.agents.get(e.state.last_agents.get(number[-LAST_DIGITS:], 0))
    serves = agent and any(tier.queue == queue for tier in agent.config.tiers)
    return agent.agent_id if agent and serves else None
