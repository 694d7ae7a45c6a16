"""Who is asked next: matches members that wait with agents that are free.

After every input no member waits while an agent is free who may be asked for it. Before the input none did, so only
those who wait or are free since then are looked at: each proposes its best match, and the best of all is made first.
A member is first offered to agents whom it was not offered to in this round; when only those are left, the next round
begins. Where the centre's rules pace offers, those beyond the pace wait for the timer `pace`, and nobody loses a place.
"""

import heapq
from typing import TYPE_CHECKING, Any

from acd import messages as facts
from acd.domain import callbacks, conversations, line
from acd.domain.board import MemberKey, Need, QueueBoard, Rank
from acd.domain.effects import OfferCall, PlayMusic
from acd.domain.model import Agent, Member, Offer

if TYPE_CHECKING:
    from acd.domain.engine import Engine

MOST_AT_ONCE = 20  # phones that ring for one caller
MOST_NAMED = 20  # in a queue with more agents an offer says how many could be asked, and not who
Pair = tuple[int, MemberKey, str, Rank, bool]
"""0 for a first try and 1 for another round, the member's place, queue name, the agent's rank, whether the agent proposed
it: the lowest is offered next."""


def match(e: "Engine") -> None:
    """Make every offer that can be made now."""
    board = e.board
    proposed: list[Pair] = []
    made = False  # what is proposed may be out of date
    while True:
        if board.missed_agents:
            line.release_wanting(e)
        while board.new_members or board.new_agents:
            for pair in _proposals(e):
                heapq.heappush(proposed, pair)
            if board.missed_agents:
                line.release_wanting(e)
        if not proposed:
            return
        is_only_one = len(proposed) == 1 and not made
        pair = heapq.heappop(proposed)
        member, agent_id = e.state.members.get(pair[1][-1]), pair[3][-1]
        if member is not None and (is_only_one or _still_stands(e, pair, member)):
            if is_paced(e):
                _look_again(e, [pair, *proposed])
                return
            made = True
            _take(e, member, e.state.agents[agent_id], another_round=bool(pair[0]))
        elif pair[4]:
            board.new_agents[agent_id] = None
        elif member is not None and member.state == "waiting":
            board.new_members[member.channel_id] = None


def is_paced(e: "Engine") -> bool:
    """Whether the next offer has to wait; if not, it is counted.

    `offers_per_second` may begin at once; from then on one more each 1/n seconds, and all again after a quiet second.
    """
    rate, state = e.state.rules.offers_per_second, e.state
    if rate <= 0:
        return False
    step_us = 1_000_000 // rate
    if state.paced_until_us - e.now_us > 1_000_000 - step_us:
        state.timers.arm("pace", "", state.paced_until_us - 1_000_000 + step_us)
        return True
    state.paced_until_us = max(state.paced_until_us, e.now_us) + step_us
    return False


def _look_again(e: "Engine", pairs: list[Pair]) -> None:
    """What was proposed is proposed anew at the next match."""
    for pair in pairs:
        if pair[4]:
            e.board.new_agents[pair[3][-1]] = None
        elif (member := e.state.members.get(pair[1][-1])) and member.state == "waiting":
            e.board.new_members[member.channel_id] = None


def pace_over(_e: "Engine", _key: str) -> None:
    """Timer: one more may begin; the match after it does."""


def _proposals(e: "Engine") -> list[Pair]:
    board, found = e.board, []
    for channel_id in tuple(board.new_members):
        if pair := _for_member(e, e.state.members[channel_id]):
            found.append(pair)
    board.new_members.clear()
    for agent_id in tuple(board.new_agents):
        if pair := _for_agent(e, e.state.agents[agent_id]):
            found.append(pair)
    board.new_agents.clear()
    return found


def _for_member(e: "Engine", member: Member) -> Pair | None:
    rank = e.board.queues[member.queue].agent_for(member)
    return None if rank is None else (rank[0], member.key, member.queue, rank, False)


def _for_agent(e: "Engine", agent: Agent) -> Pair | None:
    agent_id, best, where = agent.config.agent_id, None, None
    for board, _, _ in e.board.queues_of(agent_id):
        if board.seats and agent_id in board.free and (found := board.member_for(agent_id, best)):
            best, where = found, board
    if best is None or where is None:
        return None
    rank = where.rank_of(agent_id, e.state.members[best[1][-1]])
    return (*best, where.config.name, rank, True)


def _still_stands(e: "Engine", pair: Pair, member: Member) -> bool:
    board = e.board.queues[pair[2]]
    if member.channel_id not in board.seats or pair[3][-1] not in board.free:
        return False
    return member.key == pair[1] and board.rank_of(pair[3][-1], member) == pair[3]


# ---- a match is made -------------------------------------------------------------------------------------


def _take(e: "Engine", member: Member, agent: Agent, *, another_round: bool) -> None:
    board = e.board.queues[member.queue]
    reason = _reason(board, member, agent, another_round=another_round)
    if another_round:
        member.tried = []
    if member.callback_number and not member.attended:
        callbacks.dial(e, member, agent, reason)
    elif member.is_call:
        _offer(e, member, agent, reason)
    else:
        conversations.assign(e, member, agent, reason)


def _offer(e: "Engine", member: Member, agent: Agent, reason: dict[str, Any]) -> None:
    board = e.board.queues[member.queue]
    asked = [agent]
    if board.strategy.rings_all and not board.seats[member.channel_id][0].wanted:
        ranks = board.all_for(member)[:MOST_AT_ONCE]
        asked = [e.state.agents[rank[-1]] for rank in ranks if rank[0] == ranks[0][0]]
    seconds = board.config.offer_timeout_seconds
    offers = [_make_offer(e, member, each, reason, seconds) for each in asked]
    member.leg_id = member.bridge_leg = offers[0].leg_id
    member.more_legs = [offer.leg_id for offer in offers[1:]]
    e.move_member(member, "offer made")
    for each, offer in zip(asked, offers, strict=True):
        each.offer = offer
        e.move_agent(each, "offer made")
        e.emit(
            facts.OfferMade, offer_id=offer.offer_id, member_id=member.member_id, interaction_id=member.interaction_id,
            agent_id=each.agent_id, leg_id=offer.leg_id, queue=member.queue, number=member.number, did=member.did,
            intent=member.intent, entered_at_us=member.entered_at_us, expires_at_us=offer.expires_at_us, reason=reason,
        )  # fmt: skip
    e.silent.pop(member.channel_id, None)
    first, ring_seconds = offers[0], seconds + e.state.rules.ring_slack_seconds
    others = tuple(
        (offer.leg_id, offer.offer_id, each.agent_id, each.config.extension)
        for each, offer in zip(asked[1:], offers[1:], strict=True)
    )
    e.effect(
        OfferCall(member.switch, member.channel_id, member.interaction_id, first.offer_id, first.leg_id, asked[0].agent_id,
                  asked[0].config.extension, ring_seconds, board.config.music, others,
                  asked[0].config.is_auto_answer and not others)
    )  # fmt: skip


def _make_offer(e: "Engine", member: Member, agent: Agent, reason: dict[str, Any], seconds: int) -> Offer:
    offer_id = e.next_offer(member, agent)
    leg_id = e.leg_id_for(offer_id)
    e.legs[leg_id] = agent.agent_id
    e.arm("offer", leg_id, seconds)
    return Offer(
        offer_id=offer_id, leg_id=leg_id, member_id=member.member_id, interaction_id=member.interaction_id,
        channel_id=member.channel_id, switch=member.switch, agent_id=agent.agent_id, queue=member.queue,
        number=member.number, did=member.did, intent=member.intent, entered_at_us=member.entered_at_us,
        made_at_us=e.now_us, expires_at_us=e.now_us + seconds * 1_000_000, reason=reason,
    )  # fmt: skip


def _reason(board: QueueBoard, member: Member, agent: Agent, *, another_round: bool) -> dict[str, Any]:
    """Why this agent: the rule and what decided, who could be asked, who could not and why."""
    need: Need = board.seats[member.channel_id][0]
    tier = board.tiers[agent.agent_id]
    reason = {
        "rule": board.strategy.name,
        **board.strategy.explain(agent, tier),
        **_who(board, need),
        "waiting": len(board.seats),
        "priority": member.priority,
        "tried": list(member.tried),
        "another_round": another_round,
    }
    if need.wanted:
        reason = {
            **reason,
            "rule": "named-agent" if member.is_call and not member.is_historic else "historic-agent",
        }
    if need.skills:
        reason["skills"] = dict(need.skills)
    if member.note:
        reason["note"] = member.note
    if board.strategy.by_skill:
        reason["score"] = -board.rank_of(agent.agent_id, member)[1]
    if tier.level > 1 or board.config.tier_wait_seconds:
        reason["level"] = tier.level
    return reason


def _who(board: QueueBoard, need: Need) -> dict[str, Any]:
    """Who could be asked and who not, by reason: how many, and who they are where they can be listed."""
    if len(board.tiers) > MOST_NAMED:
        return {"candidates": board.candidates(need), "excluded": board.excluded(need)}
    may, others = board.named(need)
    numbers = {why: len(ids) for why, ids in others.items()}
    return {"candidates": len(may), "excluded": numbers, "eligible": may, "not_asked": others}


def music_for_silent(e: "Engine") -> None:
    """Music for those who wait and hear nothing; whoever was offered at once hears music from the bridge instead."""
    for channel_id in e.silent:
        member = e.state.members.get(channel_id)
        if member and member.state == "waiting":
            e.effect(PlayMusic(member.switch, channel_id, e.board.queues[member.queue].config.music))
    e.silent.clear()
