"""Attended transfer and three-way: the agent asks a colleague, whoever of a queue answers, an extension or a number
outside; the caller waits.

Modes: `private` (agent and third one talk, the caller hears music), `customer` (agent and caller talk, the third one
hears music), `together` (all three). Each end has its way out: the third one does not answer, is busy or hangs up: the
caller is back with the agent; the agent's phone hangs up: the caller goes on with the third one (the dialplan's
`consulted`, without our help), or is the next one in the queue; the caller hangs up: it is over for all.
"""

import re
from typing import TYPE_CHECKING

from acd import messages as asked
from acd.domain import consult_queue, outbound, thirds
from acd.domain.effects import GuardCaller, HoldLeg, MaskRecording, SteerThird
from acd.domain.model import Agent, Talk, Third
from acd.domain.refusing import NotPossible

if TYPE_CHECKING:
    from acd.domain.engine import Engine

EXTENSION = re.compile(r"1\d{3}")  # as the dialplan's `transfer` has it
IN_THE_WAY = {"away": "colleague-away", "busy": "colleague-busy"}
WAYS = ("private", "customer", "together")


def of(e: "Engine", agent: Agent) -> Third | None:
    """The consult that goes on."""
    return next(iter(thirds.of_talk(e, agent.talk, "consult")), None)


def command(e: "Engine", agent: Agent, wanted: asked.ConsultCall) -> None:
    """Ring the third one, music for the caller. Raises NotPossible."""
    talk = _talk(agent)
    if of(e, agent):
        raise NotPossible("in-consult")
    number, trunk, shown = _target(e, agent, wanted)
    queue = wanted.target if wanted.kind == "queue" else ""
    if talk.held_since_us is None:
        e.effect(HoldLeg(talk.switch, talk.channel_id, talk.leg_id, True, _music(e, talk)))
    e.effect(GuardCaller(talk.switch, talk.channel_id, True, ""))
    third = thirds.begin(
        e, agent, talk, "consult", "private", number, trunk=trunk, shown=shown, asked_queue=queue
    )
    mask(e, agent, talk)
    _started(e, third)


def _started(e: "Engine", third: Third) -> None:
    e.emit(asked.ConsultStarted, number=third.number, third_agent_id=third.third_agent_id, **_who(third))


def _target(e: "Engine", agent: Agent, wanted: asked.ConsultCall) -> tuple[str, str, str]:
    """Number, trunk and the number shown: an agent's id, a queue's name, an extension, or a number by the
    rules of calling out."""
    number = wanted.target
    if wanted.kind == "queue":
        return consult_queue.first_of(e, number, agent).config.extension, "", agent.config.extension
    if wanted.kind == "agent":
        other = e.state.agents.get(int(number)) if number.isdecimal() else None
        if other is None:
            raise NotPossible("unknown-agent")
        number = other.config.extension
    if number == agent.config.extension:
        raise NotPossible("bad-target")
    if number in e.extensions or EXTENSION.fullmatch(number):
        if why := thirds.phone_in_the_way(e, number):
            raise NotPossible(IN_THE_WAY[why])
        return number, "", agent.config.extension
    if not outbound.NUMBER.fullmatch(number):
        raise NotPossible("bad-number")
    return number, *outbound.way_out(e, agent, number, "")


def steer(e: "Engine", agent: Agent, wanted: asked.SteerConsult) -> None:
    """Say who hears whom, complete the transfer, or end the consult. Raises NotPossible."""
    _talk(agent)
    third = of(e, agent)
    if third is None:
        raise NotPossible("no-consult")
    if wanted.to == "end":
        thirds.drop(e, third)
    elif third.ending:
        raise NotPossible("in-consult")
    elif wanted.to == "complete":
        thirds.join(e, third)
    elif wanted.to in WAYS:
        _change(e, agent, third, wanted.to)
    else:
        raise NotPossible("bad-command", f"to {wanted.to!r}")


def _change(e: "Engine", agent: Agent, third: Third, mode: str) -> None:
    if not third.answered_at_us:
        raise NotPossible("not-answered-yet")
    if mode == third.mode:
        return
    was, third.mode = third.mode, mode
    e.effect(
        SteerThird(
            third.switch, third.channel_id, third.leg_id, third.talk_leg_id, was, mode, thirds.music(e, third)
        )
    )
    mask(e, agent, _talk(agent))
    e.emit(asked.ConsultChanged, mode=mode, **_who(third))


def leave(e: "Engine", agent: Agent) -> bool:
    """The agent presses hang up: out of a three-way the others go on, else the consult ends. False without one."""
    third = of(e, agent)
    if third is None:
        return False
    if third.mode == "together" and third.answered_at_us and not third.ending:
        thirds.join(e, third)
    else:
        thirds.drop(e, third)
    return True


def mask(e: "Engine", agent: Agent, talk: Talk) -> None:
    """Silence in the recording while the agent paused it, or talks with the third one alone."""
    third = of(e, agent)
    is_private = third is not None and third.mode == "private"
    e.effect(
        MaskRecording(talk.switch, talk.channel_id, is_private or talk.recording_paused_since_us is not None)
    )


def answered(e: "Engine", agent: Agent, third: Third) -> None:
    """From now on the caller's dialplan knows whom to go on with."""
    e.effect(GuardCaller(third.switch, third.channel_id, True, third.leg_id))
    e.emit(asked.ConsultChanged, mode=third.mode, **_who(third))


def over(e: "Engine", agent: Agent, third: Third, cause: str) -> None:
    """The third one is gone; the caller is with the agent again when the two still talk."""
    result = "ended" if third.answered_at_us else "cancelled" if third.ending == "dropped" else "not-reached"
    e.emit(asked.ConsultEnded, number=third.number, result=result, cause=cause, **_who(third))
    talk = agent.talk
    if talk is None or talk.offer_id != third.offer_id:
        return
    talk.consult_over = {
        "number": third.number,
        "third_agent_id": third.third_agent_id,
        "asked_queue": third.asked_queue,
        "result": result,
        "at_us": e.state.now_us,
    }
    if third.asked_queue and result == "not-reached" and _next_of_queue(e, agent, talk, third):
        return
    e.effect(GuardCaller(talk.switch, talk.channel_id, False, ""))
    if third.mode == "private":
        e.effect(HoldLeg(talk.switch, talk.channel_id, talk.leg_id, False, _music(e, talk)))
    mask(e, agent, talk)


def _next_of_queue(e: "Engine", agent: Agent, talk: Talk, third: Third) -> bool:
    """Somebody of the queue did not answer: ring the next one. False when nobody is left."""
    tried = [*third.tried, third.third_agent_id]
    other = consult_queue.next_of(e, third.asked_queue, (*tried, agent.agent_id))
    if other is None:
        return False
    number = other.config.extension
    _started(
        e, thirds.begin(e, agent, talk, "consult", "private", number, asked_queue=third.asked_queue, tried=tried)
    )  # fmt: skip
    return True


def _music(e: "Engine", talk: Talk) -> str:
    queue = e.state.queues.get(talk.queue)
    return queue.music if queue else "local_stream://moh"


def _talk(agent: Agent) -> Talk:
    if agent.talk is None:
        raise NotPossible("no-call")
    return agent.talk


def _who(third: Third) -> dict[str, str | int]:
    return {
        "offer_id": third.offer_id,
        "interaction_id": third.interaction_id,
        "agent_id": third.agent_id,
    }
