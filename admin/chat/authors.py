"""Who writes in a conversation. `service` and `numbering` ask for it; `shapes` tells it to the pages."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Author:
    """Who writes. Make it with `a_visitor`, `an_agent`, or take `SYSTEM`."""

    kind: Literal["visitor", "agent", "system"]
    name: str = ""
    visitor_id: str | None = None
    agent_id: int | None = None


SYSTEM = Author("system")


def a_visitor(visitor_id: str, name: str = "") -> Author:
    """The visitor of the conversation."""
    return Author("visitor", name, visitor_id=visitor_id)


def an_agent(agent_id: int, name: str) -> Author:
    """An agent; whether it may write here is asked with `agent_may` before."""
    return Author("agent", name, agent_id=agent_id)
