"""Calls from inside: to a colleague's extension, and to a group that has a number of its own.

A group is a queue with a number. Ringing it is a call like any other in that queue: by its strategy, all phones at once
when that is `ring-all`. A paged one is no wait: the phones of all who are free answer by themselves and hear the caller.
Whoever is rung or paged is busy, and whoever is busy, on a break or signed out is neither.
"""

from typing import TYPE_CHECKING

from acd import messages as facts
from acd.domain import agents
from acd.domain.effects import LetGo, PagePhones, PlayMusic, RefuseLeg
from acd.domain.inputs import MemberArrived, PhoneLegStarted
from acd.domain.model import Agent, PhoneLeg
from acd.domain.state import Caller

if TYPE_CHECKING:
    from acd.domain.engine import Engine

BY_NUMBER = "number:"  # what `uckefu_queue` begins with when a phone dialled a group
SILENCE = "silence_stream://-1"
MOST_AT_ONCE = 100
ANSWER_SECONDS = 10
IN_A_CALL = frozenset({"offered", "dialling", "talking", "busy"})


def queue_of(e: "Engine", name: str) -> str | None:
    """The queue with that number, None for a number that is nobody's."""
    number = name.removeprefix(BY_NUMBER)
    return next((queue.name for queue in e.state.queues.values() if number and queue.number == number), None)


def page(e: "Engine", event: MemberArrived, queue: str) -> None:
    """Let everybody of the group who is free hear the caller."""
    if event.channel_id in e.state.callers:  # it came round again, from an ACD that is gone
        e.effect(PlayMusic(event.switch, event.channel_id, SILENCE))
        return
    e.state.callers[event.channel_id] = Caller(event.interaction_id, event.switch, e.now_us)
    free = sorted(e.board.queues[queue].free)
    heard_by = [e.state.agents[agent_id] for agent_id in free][:MOST_AT_ONCE]
    e.emit(
        facts.GroupPaged, interaction_id=event.interaction_id, queue=queue, number=event.number, agents=len(heard_by)
    )  # fmt: skip
    if not heard_by:
        e.effect(LetGo(event.switch, event.channel_id, "overflow-nobody"))
        return
    legs = tuple((_begin_leg(e, agent, event), agent.config.extension) for agent in heard_by)
    e.effect(PlayMusic(event.switch, event.channel_id, SILENCE))
    e.effect(PagePhones(event.switch, event.channel_id, event.interaction_id, legs, ANSWER_SECONDS))


def _begin_leg(e: "Engine", agent: Agent, event: MemberArrived) -> str:
    """The phone is in a call that is not ours to offer, from this moment."""
    leg_id = e.leg_id_for(f"{event.channel_id}:page:{agent.agent_id}")
    agent.phone_legs[leg_id] = PhoneLeg(event.switch, e.now_us)
    e.legs[leg_id] = agent.agent_id
    agents.rest(e, agent)
    return leg_id


def refuse_when_busy(e: "Engine", agent: Agent, event: PhoneLegStarted) -> None:
    """A second call to a phone that is in one already is told that it is busy."""
    if event.called and agent.state in IN_A_CALL:
        e.effect(RefuseLeg(event.switch, event.leg_id))
