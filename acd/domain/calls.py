"""What happens to callers and their offers: arrival, ringing, talk, hangup, and the ways back from each failure.

An offer ends in two halves. The agent's half ends with the phone's leg; the member's half ends when the caller is
in our hands again (`BridgeEnded`) or gone (`CallerGone`), so nobody is rung for a caller who has left.
"""

from typing import TYPE_CHECKING, Any

from acd import messages as facts
from acd.domain import (
    agents,
    callbacks,
    conversations,
    estimates,
    groups,
    historic,
    line,
    lost_places,
    outbound,
    third_legs,
)
from acd.domain.causes import outcome_of
from acd.domain.effects import FetchCaller, HangUpCaller, LetGo, Withdraw
from acd.domain.inputs import (
    BridgeEnded,
    CallerAdrift,
    CallerGone,
    ControlLost,
    LegAnswered,
    LegEnded,
    LegHeld,
    MemberArrived,
)
from acd.domain.model import Agent, Member, Offer, Talk
from acd.domain.state import Caller

if TYPE_CHECKING:
    from acd.domain.engine import Engine

KILL_CAUSE = "PICKED_OFF"  # FreeSWITCH never gives it by itself here, so it can't be taken for the caller's or the phone's doing
KILL_SECONDS = 1  # a leg that we ended is heard of within that, or we ask again
KILLS = 3
BRIDGE_SECONDS = 2  # after the phone's leg, the caller's `bridge` ends within that
AFTER_TALK_SECONDS = 2  # after a talk, the caller's channel ends or leaves within that


# ---- arrival ---------------------------------------------------------------------------------------------


def member_arrived(e: "Engine", event: MemberArrived) -> None:
    """A new visit, or somebody who comes back within the grace time and has the place it had."""
    lost_places.core_seen(e, event.switch, event.core)
    queue = _queue_for(e, event.queue)
    if queue is None:
        e.anomaly(f"no queue at all for {event.channel_id}")
        e.effect(LetGo(event.switch, event.channel_id, "no-queue"))
        return
    if callbacks.answered(e, event):
        return
    if e.state.queues[queue].is_paged and event.queue.startswith(groups.BY_NUMBER):
        groups.page(e, event, queue)
        return
    e.state.callers[event.channel_id] = Caller(event.interaction_id, event.switch, e.now_us)
    if event.callback_number and callbacks.is_possible(e, queue, event.callback_number):
        callbacks.place(e, event, queue)
        return
    member = e.state.members.get(event.channel_id)
    if member and member.state != "talking" and member.queue == queue:
        _returned(e, member, event)
        return
    if member:
        close_former_visit(e, member)
    _enter(e, event, queue)


def _queue_for(e: "Engine", name: str) -> str | None:
    queues = e.state.queues
    if name in queues:
        return name
    if name.startswith(groups.BY_NUMBER):
        return groups.queue_of(e, name)
    e.anomaly(f"unknown queue {name!r}")
    default = e.state.rules.default_queue
    return default if default in queues else next(iter(sorted(queues)), None)


def _enter(e: "Engine", event: MemberArrived, queue: str) -> None:
    values: dict[str, Any] = {
        name: getattr(event, name)
        for name in ("interaction_id", "channel_id", "switch", "channel", "number", "name", "did", "language", "intent",
                     "priority", "vip_level", "skills")
    }  # fmt: skip
    values["unannounced"] = not event.announced
    if event.wanted_extension == historic.HISTORIC:
        values["is_historic"] = True
        line.want(e, values, queue, historic.agent_of(e, event.number, queue))
    else:
        line.want(e, values, queue, e.extensions.get(event.wanted_extension))
    left = e.state.left_places.pop(event.interaction_id, None)
    held = (left[1], left[2]) if left and left[0] == queue else None
    if held is None and event.number and e.state.callbacks:
        held = callbacks.take_back(e, event, queue)
    lost = lost_places.take_back(e, event.number, queue) if held is None and e.state.lost_places else None
    member = line.enter(e, queue=queue, place=lost[1] if lost else held, **values)
    if lost:
        lost_places.tell(e, member, lost[0])


def _returned(e: "Engine", member: Member, event: MemberArrived) -> None:
    member.switch, member.attended = event.switch, True
    lost_places.returned(e, member)
    e.cancel("away", member.channel_id)
    if member.state == "offered":  # the dialplan came round again, so the bridge of that offer is over
        _withdraw(e, member)
        _free_member(e, member)
    elif member.state == "away":
        e.move_member(member, "came back")
        _leave_if_overdue(e, member)
    else:
        e.silent[member.channel_id] = None


def close_former_visit(e: "Engine", member: Member) -> None:
    """The caller came to a queue anew, so what was before is over: a talk (transfer), or a wait in another queue."""
    if member.state == "talking":
        _end_talk_of(e, member)
        forget(e, member)
        return
    _withdraw(e, member)
    leave(e, member, "transferred")


def close_lost_visit(e: "Engine", member: Member) -> None:
    """The switch has lost the call, and its caller has called again."""
    e.state.callers.pop(member.channel_id, None)
    for offer in _offers_of(e, member):
        begin_ending(e, offer, "withdrawn", "LOST")
    leave(e, member, "failed")


def _withdraw(e: "Engine", member: Member) -> None:
    for offer in _offers_of(e, member):
        begin_ending(e, offer, "withdrawn")
        e.effect(Withdraw(member.switch, member.channel_id, offer.leg_id, KILL_CAUSE))


# ---- the caller's side -----------------------------------------------------------------------------------


def caller_gone(e: "Engine", event: CallerGone) -> None:
    """The caller has hung up: whatever goes on for it ends, and nobody is rung for it any more."""
    caller = e.state.callers.pop(event.channel_id, None)
    third_legs.caller_gone(e, event.channel_id)
    _caller_gone(e, event)
    if caller and caller.interaction_id not in e.state.callbacks:
        for by_interaction in (e.state.visits, e.state.overflowed, e.state.left_places):
            by_interaction.pop(caller.interaction_id, None)


def _caller_gone(e: "Engine", event: CallerGone) -> None:
    if event.channel_id in e.legs:  # an agent's own phone was the caller
        leg_ended(e, LegEnded(at_us=event.at_us, leg_id=event.channel_id, cause=event.cause))
    member = e.state.members.get(event.channel_id)
    if member is None:
        return
    if member.dialing:
        callbacks.not_reached(e, member, event.cause)
        return
    if member.state == "talking":
        _end_talk_of(e, member)
        forget(e, member)
        return
    for offer in _offers_of(e, member):
        # The switch ends the ringing by itself; the agent is free when the leg is known to be gone.
        begin_ending(e, offer, "withdrawn", event.cause)
    leave(e, member, "failed" if event.cause == "LOST" and lost_places.is_lost(e, member) else "abandoned")


def control_lost(e: "Engine", event: ControlLost) -> None:
    """The socket is gone, the caller perhaps not: keep the place for a while."""
    member = e.state.members.get(event.channel_id)
    if member is None:
        return
    if event.left and member.state == "waiting":
        leave(e, member, "transferred")  # somebody took it elsewhere; it is not ours to fetch back
    else:
        socket_lost(e, member)


def socket_lost(e: "Engine", member: Member) -> None:
    """Nobody attends to this caller's channel for now."""
    member.attended = False
    if member.state == "waiting":
        _send_away(e, member, "control lost")
    elif member.state == "offered" and not _offers_of(e, member):
        _send_away(e, member, "offer failed unattended")
    elif member.state == "talking" and not member.leg_id:
        forget(e, member)  # after its talk it went elsewhere: a transfer


def caller_adrift(e: "Engine", event: CallerAdrift) -> None:
    """Fetch it; the timer for its return is running already."""
    member = e.state.members.get(event.channel_id)
    if member and member.state == "away" and not member.fetched:
        member.fetched = True
        e.effect(FetchCaller(member.switch, member.channel_id))


def waited_too_long(e: "Engine", channel_id: str) -> None:
    """Timer: the queue's longest wait is over. While a phone rings, it may still be answered."""
    member = e.state.members.get(channel_id)
    if member and member.state in ("waiting", "offered", "away"):
        member.overdue = True
        _leave_if_overdue(e, member)


def stayed_away(e: "Engine", channel_id: str) -> None:
    """Timer: the caller did not come back to our socket in the grace time."""
    member = e.state.members.get(channel_id)
    if member and member.state == "away":
        if not e.state.switches.get(member.switch, True):
            lost_places.keep(e, member)  # nothing is heard of the switch either
        leave(e, member, "timeout" if member.overdue else "failed")


def left_over(e: "Engine", channel_id: str) -> None:
    """Timer: the talk is over, and the caller is still in our socket with nothing to hear."""
    member = e.state.members.get(channel_id)
    if member and member.state == "talking" and not member.leg_id:
        e.effect(HangUpCaller(member.switch, channel_id, "system"))
        forget(e, member)


# ---- the phone's side ------------------------------------------------------------------------------------


def leg_answered(e: "Engine", event: LegAnswered) -> None:
    """The agent and the caller are connected."""
    if third := e.state.thirds.get(event.leg_id):
        if (
            (former := e.state.agents.get(third.agent_id))
            and former.talk
            and former.talk.offer_id == third.offer_id
        ):
            third.ending = "joining"
            _end_talk(e, former)
        third_legs.bridged(e, third)
        return
    agent = _agent_of(e, event.leg_id)
    if agent is None:
        e.anomaly(f"a leg was answered that is not offered: {event.leg_id}")
        return
    if agent.dial and agent.dial.leg_id == event.leg_id:
        outbound.connected(e, agent, agent.dial)
        return
    offer = agent.offer
    if offer is None or offer.leg_id != event.leg_id or offer.ending:
        return  # said twice, or answered in the moment in which we ended it: its end is on the way
    member = e.state.members.get(offer.channel_id)
    if member is None or offer.leg_id not in _legs_of(member) or member.dialing:
        e.anomaly(f"answered, but its member is gone: {event.leg_id}")
        return
    _connect(e, agent, offer, member)


def _connect(e: "Engine", agent: Agent, offer: Offer, member: Member) -> None:
    e.cancel("offer", offer.leg_id)
    e.state.timers.cancel_all(line.WAITING, member.channel_id)
    for other in _offers_of(e, member):
        if other is not offer:
            begin_ending(e, other, "withdrawn", "LOSE_RACE")
    member.leg_id, member.more_legs = offer.leg_id, []
    agent.offer, agent.failures, agent.no_answers = None, 0, 0
    agent.talk = Talk(
        offer_id=offer.offer_id, leg_id=offer.leg_id, interaction_id=offer.interaction_id, channel_id=offer.channel_id,
        switch=offer.switch, queue=offer.queue, number=offer.number, did=offer.did, intent=offer.intent,
        entered_at_us=offer.entered_at_us, connected_at_us=e.now_us,
    )  # fmt: skip
    agent.remember(offer.offer_id, offer.interaction_id)
    historic.remember(e, offer.number, agent.agent_id)
    who = {"offer_id": offer.offer_id, "interaction_id": offer.interaction_id, "agent_id": agent.agent_id}
    e.emit(facts.OfferEnded, member_id=offer.member_id, outcome="accepted", **who)
    e.emit(facts.CallConnected, queue=offer.queue, **who)
    e.emit(
        facts.MemberLeft, member_id=member.member_id, interaction_id=member.interaction_id, queue=member.queue,
        result="answered", agent_id=agent.agent_id,
    )  # fmt: skip
    estimates.served(e, member)
    e.move_member(member, "answered")
    e.move_agent(agent, "answered")


def leg_ended(e: "Engine", event: LegEnded) -> None:
    """A phone's leg is over: the ringing, the talk, or a call of the agent's own."""
    if third_legs.ended(e, event.leg_id, event.cause):
        return
    agent = _agent_of(e, event.leg_id)
    if agent is None:
        return  # of an offer that is settled, or nobody's we know
    if agent.offer and agent.offer.leg_id == event.leg_id:
        offer = agent.offer
        if (dialed := e.state.members.get(offer.channel_id)) and dialed.dialing:
            return  # it can't be: the phone does not ring yet
        begin_ending(e, offer, outcome_of(event.cause), event.cause)
        free_agent(e, agent, offer)
        member = e.state.members.get(offer.channel_id)
        if member and _was_last(member, offer.leg_id):
            if member.attended:
                e.arm("bridge", member.channel_id, BRIDGE_SECONDS)
            else:
                _free_member(e, member)
    elif agent.dial and agent.dial.leg_id == event.leg_id:
        outbound.not_reached(e, agent, agent.dial, event.cause)
    elif agent.talk and agent.talk.leg_id == event.leg_id:
        _end_talk(e, agent)
    else:
        agents.phone_leg_ended(e, agent, event.leg_id)


def bridge_ended(e: "Engine", event: BridgeEnded) -> None:
    """The caller is in our hands again: after a failed offer it waits on, at the place it had."""
    member = e.state.members.get(event.channel_id)
    if member is None or not event.leg_id or event.leg_id not in (member.leg_id, member.bridge_leg):
        return
    if member.state == "talking":
        _end_talk_of(e, member)
        return
    for offer in _offers_of(e, member):
        begin_ending(e, offer, outcome_of(event.cause), event.cause)
        free_agent(e, e.state.agents[offer.agent_id], offer)
    if member.state == "offered":
        _free_member(e, member)


def bridge_overdue(e: "Engine", channel_id: str) -> None:
    """Timer: the phone's leg is over and nothing was heard of the caller's bridge: go on without."""
    member = e.state.members.get(channel_id)
    if member and member.state == "offered" and not _offers_of(e, member):
        e.anomaly(f"the end of the bridge on {channel_id} was not reported")
        _free_member(e, member)


def offer_overdue(e: "Engine", leg_id: str) -> None:
    """Timer: the phone rang long enough, or what we ended is still not known to be over."""
    agent = _agent_of(e, leg_id)
    if agent is None or agent.offer is None or agent.offer.leg_id != leg_id:
        return
    offer = agent.offer
    begin_ending(e, offer, "expired")
    if offer.kills < KILLS:
        kill(e, offer)
        return
    e.anomaly(f"the end of leg {leg_id} was not reported")
    free_agent(e, agent, offer)
    member = e.state.members.get(offer.channel_id)
    if member and member.state == "offered" and _was_last(member, leg_id):
        _free_member(e, member)


def leg_held(e: "Engine", event: LegHeld) -> None:
    """The switch says that the agent's leg is on hold, or off it: by the page or by the phone's own button."""
    agent = _agent_of(e, event.leg_id)
    if agent is None or agent.talk is None or agent.talk.leg_id != event.leg_id:
        return
    if event.on != (agent.talk.held_since_us is not None):
        agent.talk.held_since_us = e.now_us if event.on else None
        e.emit(facts.CallHeld, offer_id=agent.talk.offer_id, agent_id=agent.agent_id, on=event.on)


# ---- shared steps ----------------------------------------------------------------------------------------


def decline(e: "Engine", offer: Offer) -> None:
    """The agent does not want it: the page is told at once, the member goes on when the phone has stopped."""
    if callbacks.refuse(e, offer):
        return
    begin_ending(e, offer, "declined")
    kill(e, offer)


def kill(e: "Engine", offer: Offer) -> None:
    """Ask the switch to stop the ringing, and look again soon."""
    offer.kills += 1
    e.effect(Withdraw(offer.switch, offer.channel_id, offer.leg_id, KILL_CAUSE))
    e.arm("offer", offer.leg_id, KILL_SECONDS)


def leave(e: "Engine", member: Member, result: str) -> None:
    """The visit is over without a talk."""
    estimates.left(e, member)
    e.move_member(member, "left")
    e.emit(
        facts.MemberLeft, member_id=member.member_id, interaction_id=member.interaction_id, queue=member.queue,
        result=result, agent_id=None,
    )  # fmt: skip
    forget(e, member)


def forget(e: "Engine", member: Member) -> None:
    """No trace of the visit is needed any more."""
    line.forget(e, member)


def begin_ending(e: "Engine", offer: Offer, outcome: str, cause: str = "") -> None:
    if offer.ending:
        return
    offer.ending = outcome
    e.arm("offer", offer.leg_id, KILL_SECONDS)
    e.emit(
        facts.OfferEnded, offer_id=offer.offer_id, member_id=offer.member_id, interaction_id=offer.interaction_id,
        agent_id=offer.agent_id, outcome=outcome, cause=cause,
    )  # fmt: skip


def free_agent(e: "Engine", agent: Agent, offer: Offer) -> None:
    """The agent's half of an offer that failed."""
    e.cancel("offer", offer.leg_id)
    e.legs.pop(offer.leg_id, None)
    agent.offer = None
    member = e.state.members.get(offer.channel_id)
    if member and member.member_id == offer.member_id and offer.ending != "withdrawn":
        member.tried.append(agent.agent_id)
    agents.after_offer(e, agent, offer.ending)


def _free_member(e: "Engine", member: Member) -> None:
    """The member's half of an offer that failed: wait on, or be away when nobody attends to it."""
    e.cancel("bridge", member.channel_id)
    _forget_legs(member)
    if not member.attended:
        _send_away(e, member, "offer failed unattended")
        return
    e.move_member(member, "offer failed")
    _leave_if_overdue(e, member)


def _send_away(e: "Engine", member: Member, what: str) -> None:
    e.cancel("bridge", member.channel_id)
    _forget_legs(member)
    member.fetched = False
    e.move_member(member, what)
    e.silent.pop(member.channel_id, None)
    e.arm("away", member.channel_id, e.state.rules.return_grace_seconds)


def _leave_if_overdue(e: "Engine", member: Member) -> None:
    if member.overdue and member.state == "waiting" and not member.is_call:
        conversations.give_up(e, member, "timeout")
    elif member.overdue and member.state == "waiting":
        e.effect(LetGo(member.switch, member.channel_id, "timeout"))
        leave(e, member, "timeout")


def _end_talk_of(e: "Engine", member: Member) -> None:
    agent = _agent_of(e, member.leg_id)
    if agent and agent.talk and agent.talk.leg_id == member.leg_id:
        _end_talk(e, agent)


def _end_talk(e: "Engine", agent: Agent) -> None:
    talk = agent.talk
    if talk is None:
        return
    e.legs.pop(talk.leg_id, None)
    member = e.state.members.get(talk.channel_id)
    if member and member.leg_id == talk.leg_id:
        member.leg_id = ""
        if member.attended:
            e.arm("after-talk", member.channel_id, AFTER_TALK_SECONDS)
        else:
            forget(e, member)
    agents.after_talk(e, agent, talk)
    third_legs.talk_over(e, talk)


def _agent_of(e: "Engine", leg_id: str) -> Agent | None:
    agent_id = e.legs.get(leg_id)
    return None if agent_id is None else e.state.agents.get(agent_id)


def _offers_of(e: "Engine", member: Member) -> list[Offer]:
    """The offers of this member that are not settled on the agents' side; several when all ring at once."""
    found = []
    for leg_id in _legs_of(member):
        agent = _agent_of(e, leg_id)
        if agent and agent.offer and agent.offer.leg_id == leg_id:
            found.append(agent.offer)
    return found


def _legs_of(member: Member) -> list[str]:
    return [member.leg_id, *member.more_legs] if member.leg_id else []


def _was_last(member: Member, leg_id: str) -> bool:
    """A leg is over: whether it was the last one that rang for this member."""
    if leg_id in member.more_legs:
        member.more_legs.remove(leg_id)
        return False
    if leg_id != member.leg_id:
        return False
    if member.more_legs:
        member.leg_id = member.more_legs.pop(0)
        return False
    return True


def _forget_legs(member: Member) -> None:
    member.leg_id, member.more_legs, member.bridge_leg = "", [], ""
