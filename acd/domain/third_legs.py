"""What the switch tells of third legs, and what the end of a talk or of its caller means for them.

`calls` asks here first, `reconcile` says what was missed; `consult` and `supervision` know what each thing means.
"""

from typing import TYPE_CHECKING

from acd import messages as facts
from acd.domain import agents, consult, historic, supervision, thirds
from acd.domain.effects import MaskRecording
from acd.domain.inputs import Input, LegEnded, SeenLeg, SwitchSeen, ThirdAnswered
from acd.domain.model import Agent, Talk, Third

if TYPE_CHECKING:
    from acd.domain.engine import Engine

KILLS = 3


def answered(e: "Engine", event: ThirdAnswered) -> None:
    """The third phone was answered and is in the talk."""
    third = e.state.thirds.get(event.leg_id)
    if third is None or third.answered_at_us:
        return
    third.answered_at_us = e.now_us
    if third.ending == "dropped":
        return
    e.cancel("third", third.leg_id)
    agent = e.state.agents.get(third.agent_id)
    if agent is None or agent.talk is None or agent.talk.offer_id != third.offer_id:
        thirds.drop(e, third)
    elif third.purpose == "consult":
        consult.answered(e, agent, third)
    else:
        supervision.answered(e, agent, third)


def ended(e: "Engine", leg_id: str, cause: str) -> bool:
    """The third leg is over, or was never there. False when it is none."""
    third = e.state.thirds.pop(leg_id, None)
    if third is None:
        return False
    e.cancel("third", leg_id)
    other, agent = e.state.agents.get(third.third_agent_id), e.state.agents.get(third.agent_id)
    if other:
        agents.phone_leg_ended(e, other, leg_id)
    if agent and third.purpose == "consult":
        consult.over(e, agent, third, cause)
    elif agent:
        supervision.over(e, agent, third, cause)
    return True


def overdue(e: "Engine", leg_id: str) -> None:
    """Timer: nobody answered, or what we asked for has not happened."""
    third = e.state.thirds.get(leg_id)
    if third is None:
        return
    agent = e.state.agents.get(third.agent_id)
    if third.ending == "joining" and agent and agent.talk and agent.talk.offer_id == third.offer_id:
        third.ending = ""  # the two were not connected: everything is as it was
    elif third.kills < KILLS:
        thirds.drop(e, third)
    else:
        e.anomaly(f"the end of leg {leg_id} was not reported")
        ended(e, leg_id, "LOST")


def talk_over(e: "Engine", talk: Talk) -> None:
    """The talk has ended. Who is consulted gets the caller (the dialplan does it); who listened leaves with it."""
    is_here = talk.channel_id in e.state.callers or talk.direction != "inbound"
    for third in (*thirds.of_talk(e, talk, "consult"), *thirds.of_talk(e, talk, "watch")):
        if third.ending == "joining":
            continue
        if third.purpose == "consult" and third.answered_at_us and is_here:
            third.ending = "joining"
            e.arm("third", third.leg_id, thirds.JOIN_SECONDS)
        else:
            thirds.drop(e, third)


def caller_gone(e: "Engine", channel_id: str) -> None:
    """The caller has hung up: there is nothing to be a third in."""
    for third in list(e.state.thirds.values()):
        if third.channel_id == channel_id and third.ending != "dropped":
            thirds.drop(e, third)


def bridged(e: "Engine", third: Third) -> None:
    """The caller and the third one are connected, the agent's talk is over; an agent's next talk begins by that."""
    del e.state.thirds[third.leg_id]
    e.cancel("third", third.leg_id)
    who = {"offer_id": third.offer_id, "interaction_id": third.interaction_id, "agent_id": third.agent_id}
    if third.purpose == "consult":
        e.emit(facts.ConsultEnded, number=third.number, result="completed", cause="", **who)
        e.effect(MaskRecording(third.switch, third.channel_id, False))
    else:
        e.emit(facts.CallSupervised, mode="take-over", by=third.actor, **who)
    for other in list(e.state.thirds.values()):
        if other.offer_id == third.offer_id and other.ending != "dropped":
            thirds.drop(e, other)
    if agent := e.state.agents.get(third.third_agent_id):
        _begin_talk(e, agent, third)


def _begin_talk(e: "Engine", agent: Agent, third: Third) -> None:
    agent.phone_legs.pop(third.leg_id, None)
    if agent.wrap_up:
        agents.end_wrap_up(e, agent, "finished")
    offer_id = f"{third.offer_id.partition('~')[0]}~{e.state.offers_made}"
    agent.talk = Talk(
        offer_id=offer_id, leg_id=third.leg_id, interaction_id=third.interaction_id, channel_id=third.channel_id,
        switch=third.switch, queue=third.queue, number=third.caller_number, did=third.did, intent=third.intent,
        entered_at_us=third.entered_at_us, connected_at_us=e.now_us, direction=third.direction,
    )  # fmt: skip
    e.legs[third.leg_id] = agent.agent_id
    agent.remember(offer_id, third.interaction_id)
    historic.remember(e, third.caller_number, agent.agent_id)
    e.emit(
        facts.CallConnected, offer_id=offer_id, interaction_id=third.interaction_id, agent_id=agent.agent_id,
        queue=third.queue,
    )  # fmt: skip
    e.move_agent(agent, "answered")


def differences(e: "Engine", seen: SwitchSeen, legs: dict[str, SeenLeg]) -> list[Input]:
    """What was missed of third legs: answers, and ends."""
    found: list[Input] = []
    for third in e.state.thirds.values():
        leg = legs.get(third.leg_id)
        if third.switch != seen.switch:
            continue
        if leg is None and third.began_at_us < seen.asked_at_us - thirds.LEG_MARGIN_US:
            found.append(LegEnded(at_us=seen.at_us, leg_id=third.leg_id, cause="LOST"))
        elif leg and leg.bridged and not third.answered_at_us:
            found.append(ThirdAnswered(at_us=seen.at_us, leg_id=third.leg_id))
    return found
