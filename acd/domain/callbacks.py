"""Callbacks that keep the place: a member without a channel waits in the caller's stead, in the same line.

`calls` hands over who asked for one (`uckefu_callback_number`). When it is its turn an agent is reserved, so there are
never more callbacks out than agents to take them; then the switch dials, and the answered call comes to the queue's
socket like any caller and rings the agent. Whoever calls again from that number takes the place back.
"""

import re
from typing import TYPE_CHECKING, Any

from acd import messages as facts
from acd.domain import calls, line
from acd.domain.effects import DialBack, HangUpCaller, OfferCall
from acd.domain.inputs import CallbackConfig, MemberArrived
from acd.domain.model import Agent, Member, Offer
from acd.domain.state import Caller

if TYPE_CHECKING:
    from acd.domain.engine import Engine

CALLABLE = re.compile(r"\+?[0-9]{3,20}")
SLACK_SECONDS = 5  # the switch ends the dialling by itself; this much later we do


def is_possible(e: "Engine", queue: str, number: str) -> bool:
    """Whether this number can be called back from this queue; if not, its caller waits as ever."""
    config = e.state.queues[queue].callback
    if config is None or not config.trunk or not CALLABLE.fullmatch(number):
        return False
    return number not in e.state.do_not_call


def place(e: "Engine", event: MemberArrived, queue: str) -> None:
    """Somebody wants to be called back: take the place under that number, and end the call."""
    e.effect(HangUpCaller(event.switch, event.channel_id, "system"))
    if e.state.callbacks.get(event.interaction_id, event.channel_id) != event.channel_id:
        return  # said twice: it waits already
    known = e.state.members.get(event.channel_id)
    kept = e.state.left_places.pop(event.interaction_id, None)
    held = (kept[1], kept[2]) if kept and kept[0] == queue else None
    if known:
        held = (known.place_us, known.seq) if known.queue == queue else None
        calls.close_former_visit(e, known)
    values: dict[str, Any] = {
        name: getattr(event, name)
        for name in ("interaction_id", "switch", "channel", "name", "did", "language", "intent", "priority", "vip_level",
                     "skills")
    }  # fmt: skip
    member = line.enter(
        e, queue=queue, place=held, channel_id=f"callback:{event.interaction_id}", number=event.callback_number,
        callback_number=event.callback_number, attended=False, **values,
    )  # fmt: skip
    for timer in ("max-wait", "limit"):
        e.cancel(timer, member.channel_id)
    e.silent.pop(member.channel_id, None)
    e.state.callbacks[member.interaction_id] = member.channel_id
    e.emit(facts.CallbackRequested, number=member.callback_number, **_who(member))


def take_back(e: "Engine", event: MemberArrived, queue: str) -> tuple[int, int] | None:
    """The caller whom we were to call back calls again: the place of the callback, which is over."""
    for channel_id in tuple(e.state.callbacks.values()):
        member = e.state.members[channel_id]
        if member.callback_number == event.number and member.queue == queue and _is_pending(member):
            held = (member.place_us, member.seq)
            cancel(e, member, "caller")
            return held
    return None


def cancel(e: "Engine", member: Member, by: str) -> None:
    """The callback is not wanted any more."""
    e.emit(facts.CallbackCancelled, by=by, **_who(member))
    if member.dialing:
        e.effect(HangUpCaller(member.switch, member.channel_id, "system"))
        _free_agent(e, member, "ORIGINATOR_CANCEL")
        e.state.callers.pop(member.channel_id, None)
    calls.leave(e, member, "transferred" if by == "caller" else "abandoned")
    _forget_visits(e, member)


# ---- its turn --------------------------------------------------------------------------------------------


def dial(e: "Engine", member: Member, agent: Agent, reason: dict[str, Any]) -> None:
    """Reserve the agent and dial; outside the hours it waits for the next opening."""
    config = e.state.queues[member.queue].callback
    if config is None or member.callback_number in e.state.do_not_call:
        calls.leave(e, member, "failed")
        _forget_visits(e, member)
        e.board.place(agent)
        return
    if (wait := _seconds_until_open(e, config)) > 0:
        e.move_member(member, "control lost")
        e.arm("callback", member.channel_id, wait)
        e.board.place(agent)
        return
    _reserve(e, member, agent, config, reason | {"callback": True, "attempt": member.callback_tries + 1})


def _reserve(
    e: "Engine", member: Member, agent: Agent, config: CallbackConfig, reason: dict[str, Any]
) -> None:
    offer_id = e.next_offer(member, agent)
    leg_id, channel_id = e.leg_id_for(offer_id), e.leg_id_for(f"{offer_id}:caller")
    e.move_member(member, "offer made")
    e.cancel("line", member.channel_id)
    _rename(e, member, channel_id)
    member.leg_id, member.dialing = leg_id, True
    seconds = config.dial_seconds + e.state.queues[member.queue].offer_timeout_seconds
    offer = agent.offer = Offer(
        offer_id=offer_id, leg_id=leg_id, member_id=member.member_id, interaction_id=member.interaction_id,
        channel_id=channel_id, switch=member.switch, agent_id=agent.agent_id, queue=member.queue, number=member.number,
        did=member.did, intent=member.intent, entered_at_us=member.entered_at_us, made_at_us=e.now_us,
        expires_at_us=e.now_us + seconds * 1_000_000, reason=reason,
    )  # fmt: skip
    e.legs[leg_id] = agent.agent_id
    e.move_agent(agent, "offer made")
    e.state.callers[channel_id] = Caller(member.interaction_id, member.switch, e.now_us)
    e.arm("dial", channel_id, config.dial_seconds + SLACK_SECONDS)
    e.arm("offer", leg_id, config.dial_seconds + 2 * SLACK_SECONDS)
    e.emit(
        facts.OfferMade, offer_id=offer_id, agent_id=agent.agent_id, leg_id=leg_id, number=member.number, did=member.did,
        intent=member.intent, entered_at_us=member.entered_at_us, expires_at_us=offer.expires_at_us, reason=reason,
        **_who(member),
    )  # fmt: skip
    e.effect(
        DialBack(member.switch, channel_id, member.interaction_id, member.queue, member.callback_number, config.trunk,
                 config.caller_id, member.language, config.dial_seconds)
    )  # fmt: skip


def answered(e: "Engine", event: MemberArrived) -> bool:
    """The customer has answered and is in the queue's socket: ring the agent. False when this is no such call."""
    member = e.state.members.get(event.channel_id)
    if member is None or not member.dialing:
        return False
    member.dialing, member.attended, member.switch = False, True, event.switch
    e.cancel("dial", member.channel_id)
    e.state.callers[event.channel_id] = Caller(event.interaction_id, event.switch, e.now_us)
    agent = e.state.agents[e.legs[member.leg_id]]
    offer, config = agent.offer, e.state.queues[member.queue]
    assert offer is not None  # noqa: S101 - whatever ends the offer ends the dialling
    offer.expires_at_us = e.now_us + config.offer_timeout_seconds * 1_000_000
    e.arm("offer", offer.leg_id, config.offer_timeout_seconds)
    ring_seconds = config.offer_timeout_seconds + e.state.rules.ring_slack_seconds
    e.effect(
        OfferCall(member.switch, member.channel_id, member.interaction_id, offer.offer_id, offer.leg_id, agent.agent_id,
                  agent.config.extension, ring_seconds, config.music, (), agent.config.is_auto_answer)
    )  # fmt: skip
    return True


def not_reached(e: "Engine", member: Member, cause: str, *, outcome: str = "withdrawn") -> None:
    """The customer did not answer, or the agent did not want it after all: the agent is free, the place is kept."""
    config = e.state.queues[member.queue].callback or CallbackConfig()
    agent_id = e.legs.get(member.leg_id)
    _free_agent(e, member, cause, outcome)
    member.dialing, member.callback_tries = False, member.callback_tries + (outcome == "withdrawn")
    is_last = member.callback_tries >= config.attempts
    next_at_us = 0 if is_last else e.now_us + config.retry_seconds * 1_000_000
    e.emit(
        facts.CallbackTried, number=member.callback_number, agent_id=agent_id, attempt=member.callback_tries,
        cause=cause, next_at_us=next_at_us, **_who(member),
    )  # fmt: skip
    if is_last:
        calls.leave(e, member, "failed")
        _forget_visits(e, member)
        return
    _rename(e, member, f"callback:{member.interaction_id}")
    e.move_member(member, "offer failed unattended")
    e.arm("callback", member.channel_id, config.retry_seconds if outcome == "withdrawn" else 0)


def refuse(e: "Engine", offer: Offer) -> bool:
    """The agent declines while the customer is being dialled. False when this offer is no such call."""
    member = e.state.members.get(offer.channel_id)
    if member is None or not member.dialing:
        return False
    e.effect(HangUpCaller(member.switch, member.channel_id, "system"))
    e.state.callers.pop(member.channel_id, None)
    not_reached(e, member, "CALL_REJECTED", outcome="declined")
    return True


def undialled(e: "Engine", channel_id: str) -> None:
    """Timer: the dialling takes too long, or its end was not reported."""
    member = e.state.members.get(channel_id)
    if member and member.dialing:
        e.effect(HangUpCaller(member.switch, channel_id, "system"))
        e.state.callers.pop(channel_id, None)
        not_reached(e, member, "NO_ANSWER")


def due(e: "Engine", channel_id: str) -> None:
    """Timer: the next attempt may be made; it is when its turn has come."""
    member = e.state.members.get(channel_id)
    if member is None or member.state != "away":
        return
    config = e.state.queues[member.queue].callback
    wait = _seconds_until_open(e, config) if config else 0
    if wait > 0:
        e.arm("callback", channel_id, wait)
    else:
        e.move_member(member, "came back")


# ---- shared ----------------------------------------------------------------------------------------------


def _seconds_until_open(e: "Engine", config: CallbackConfig) -> int:
    second = (e.now_us // 1_000_000 + e.state.rules.day_offset_seconds) % 86_400
    opens, closes = config.opens_minute * 60, config.closes_minute * 60
    if opens <= second < closes or opens >= closes:
        return 0
    return (opens - second) % 86_400


def _is_pending(member: Member) -> bool:
    return bool(member.callback_number) and not member.dialing and member.channel_id.startswith("callback:")


def _free_agent(e: "Engine", member: Member, cause: str, outcome: str = "withdrawn") -> None:
    agent = e.state.agents.get(e.legs.get(member.leg_id, 0))
    offer = agent.offer if agent else None
    if agent and offer and offer.leg_id == member.leg_id:
        calls.begin_ending(e, offer, outcome, cause)
        calls.free_agent(e, agent, offer)
    member.leg_id = ""
    e.cancel("dial", member.channel_id)


def _rename(e: "Engine", member: Member, channel_id: str) -> None:
    """Another attempt, another channel."""
    state = e.state
    line.forget(e, member)
    member.channel_id = channel_id
    state.members[channel_id] = member
    state.callbacks[member.interaction_id] = channel_id


def _forget_visits(e: "Engine", member: Member) -> None:
    e.state.visits.pop(member.interaction_id, None)
    e.state.overflowed.pop(member.interaction_id, None)


def _who(member: Member) -> dict[str, str]:
    return {"member_id": member.member_id, "interaction_id": member.interaction_id, "queue": member.queue}
