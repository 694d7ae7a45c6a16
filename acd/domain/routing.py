"""Who is asked next: matches members that wait with agents that are free, in the queues where something changed.

After every input no member waits while an agent of its queue is free. A member is first offered to agents whom it
was not offered to in this round; when only those are left, the next round begins.
"""

from typing import TYPE_CHECKING, Any

from acd import messages as facts
from acd.domain.board import QueueBoard
from acd.domain.effects import OfferCall, PlayMusic
from acd.domain.model import Agent, Member, Offer

if TYPE_CHECKING:
    from acd.domain.engine import Engine

MemberKey = tuple[int, int, int, str]
Pair = tuple[int, MemberKey, str, int]
"""0 for a first try and 1 for another round, the member's place, queue name, agent id: the lowest is offered next."""


def match(e: "Engine") -> None:
    """Make every offer that can be made now."""
    dirty = e.board.dirty
    while dirty:
        best: Pair | None = None
        for name in tuple(dirty):
            pair = _best_pair(e, name, e.board.queues[name])
            if pair is None:
                del dirty[name]
            elif best is None or pair < best:
                best = pair
        if best is not None:
            member = e.state.members[best[1][-1]]
            _offer(e, member, e.state.agents[best[3]], another_round=bool(best[0]))


def _best_pair(e: "Engine", name: str, board: QueueBoard) -> Pair | None:
    if not board.waiting or not board.free:
        return None
    for key in board.waiting:
        tried = e.state.members[key[-1]].tried
        if not tried:
            return (0, key, name, board.free[0][-1])
        for place in board.free:
            if place[-1] not in tried:
                return (0, key, name, place[-1])
    return (1, board.waiting[0], name, board.free[0][-1])


def _offer(e: "Engine", member: Member, agent: Agent, *, another_round: bool) -> None:
    board = e.board.queues[member.queue]
    reason = _reason(board, member, agent, another_round=another_round)
    if another_round:
        member.tried = []
    member.offers_made += 1
    offer_id = f"{member.member_id}:{member.offers_made}"
    leg_id = e.leg_id_for(offer_id)
    seconds = board.config.offer_timeout_seconds
    offer = agent.offer = Offer(
        offer_id=offer_id, leg_id=leg_id, member_id=member.member_id, interaction_id=member.interaction_id,
        channel_id=member.channel_id, switch=member.switch, agent_id=agent.agent_id, queue=member.queue,
        number=member.number, did=member.did, intent=member.intent, entered_at_us=member.entered_at_us,
        made_at_us=e.now_us, expires_at_us=e.now_us + seconds * 1_000_000, reason=reason,
    )  # fmt: skip
    member.leg_id = leg_id
    e.legs[leg_id] = agent.agent_id
    e.move_member(member, "offer made")
    e.move_agent(agent, "offer made")
    e.silent.pop(member.channel_id, None)
    e.arm("offer", leg_id, seconds)
    e.emit(
        facts.OfferMade, offer_id=offer_id, member_id=member.member_id, interaction_id=member.interaction_id,
        agent_id=agent.agent_id, leg_id=leg_id, queue=member.queue, number=member.number, did=member.did,
        intent=member.intent, entered_at_us=member.entered_at_us, expires_at_us=offer.expires_at_us, reason=reason,
    )  # fmt: skip
    ring_seconds = seconds + e.state.rules.ring_slack_seconds
    e.effect(
        OfferCall(member.switch, member.channel_id, member.interaction_id, offer_id, leg_id, agent.agent_id,
                  agent.config.extension, ring_seconds, board.config.music)
    )  # fmt: skip


def _reason(board: QueueBoard, member: Member, agent: Agent, *, another_round: bool) -> dict[str, Any]:
    """Why this agent: the rule and what decided, how many could be asked, who could not and why."""
    return {
        "rule": board.strategy.name,
        **board.strategy.explain(agent, board.tiers[agent.agent_id]),
        "candidates": len(board.free),
        "excluded": board.excluded(),
        "waiting": len(board.waiting),
        "priority": member.priority,
        "tried": list(member.tried),
        "another_round": another_round,
    }


def music_for_silent(e: "Engine") -> None:
    """Music for those who wait and hear nothing; whoever was offered at once hears music from the bridge instead."""
    for channel_id in e.silent:
        member = e.state.members.get(channel_id)
        if member and member.state == "waiting":
            e.effect(PlayMusic(member.switch, channel_id, e.board.queues[member.queue].config.music))
    e.silent.clear()
