"""How much an agent can do at once, calls and conversations together: the one place that says whether there is room.

`board` asks it; `Rules` and `AgentConfig` have the numbers. With the defaults: one call, or up to five conversations,
or a call and two conversations.
"""

from acd.domain.inputs import Rules
from acd.domain.model import Agent

VOICE = "voice"


def maximum(agent: Agent, rules: Rules) -> int:
    """The most conversations at a time."""
    own = agent.config.max_conversations
    return rules.max_conversations if own is None else own


def call_fits(agent: Agent, rules: Rules) -> bool:
    """Whether the conversations leave room for a call."""
    return agent.conversing <= max(0, rules.conversations_beside_call)


def conversation_fits(agent: Agent, rules: Rules) -> str:
    """Empty when one more conversation fits, else why not: `full` or `in-call`."""
    if agent.conversing >= maximum(agent, rules):
        return "full"
    if agent.in_call and (
        rules.call_stops_conversations or agent.conversing >= rules.conversations_beside_call
    ):
        return "in-call"
    return ""
