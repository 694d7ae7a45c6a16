"""Conversations: chats, mails, whatever is written. Nobody has to answer one: the agent who is chosen has it at once.

`commands` calls what pages and the chat service ask for, `routing` calls `assign`, `agents` tells when an agent is
absent. A conversation's member stays in the state while it is served, so that it can go back to its queue.
"""

from typing import TYPE_CHECKING, Any

from acd import messages as facts
from acd.domain import capacity, estimates, historic, line
from acd.domain.inputs import QueueConfig
from acd.domain.model import Agent, Conversation, Member, WrapUp
from acd.domain.refusing import NotPossible

if TYPE_CHECKING:
    from acd.domain.engine import Engine

KEPT_VISITS = 2000


# ---- what the chat service says --------------------------------------------------------------------------


def enter(e: "Engine", command: facts.EnterQueue) -> None:
    """It waits from now on; nothing happens when it waits or is served already. Raises NotPossible."""
    if command.interaction_id in e.state.members:
        return
    if not 0 < len(command.interaction_id) <= 36 or command.channel == capacity.VOICE:
        raise NotPossible("bad-command", "interaction_id or channel")
    _written_queue(e, command.queue)
    values: dict[str, Any] = {
        name: getattr(command, name)
        for name in ("interaction_id", "channel", "name", "number", "contact_id", "language", "intent", "skills")
    }  # fmt: skip
    line.want(e, values, command.queue, command.historic_agent_id)
    line.enter(
        e, queue=command.queue, vip_level=command.vip_level, priority=command.priority,
        channel_id=command.interaction_id, switch="", did="", **values,
    )  # fmt: skip


def _written_queue(e: "Engine", name: str) -> QueueConfig:
    queue = e.state.queues.get(name)
    if queue is None:
        raise NotPossible("unknown-queue", f"no queue {name!r}")
    if queue.channel == capacity.VOICE:
        raise NotPossible("wrong-channel", f"the queue {name!r} is for calls")
    return queue


def left(e: "Engine", interaction_id: str, by: str) -> None:
    """The visitor ended it or is gone; nothing happens when it is over already."""
    member = _member(e, interaction_id)
    if member is None:
        return
    if member.served_by:
        end(e, e.state.agents[member.served_by], interaction_id, by)
    else:
        give_up(e, member, "abandoned")


def give_up(e: "Engine", member: Member, result: str) -> None:
    """It waits no more, and no agent had it."""
    estimates.left(e, member)
    e.move_member(member, "left")
    e.emit(
        facts.MemberLeft, member_id=member.member_id, interaction_id=member.interaction_id, queue=member.queue,
        result=result, channel=member.channel,
    )  # fmt: skip
    _forget(e, member)


# ---- an agent has it -------------------------------------------------------------------------------------


def assign(e: "Engine", member: Member, agent: Agent, reason: dict[str, Any]) -> None:
    """The agent has it from now on."""
    offer_id = e.next_offer(member, agent)
    was_waiting = member.state == "waiting"
    e.state.timers.cancel_all(line.WAITING, member.channel_id)
    e.move_member(member, "assigned")
    member.served_by = agent.agent_id
    agent.conversations[member.interaction_id] = Conversation(
        offer_id=offer_id, member_id=member.member_id, interaction_id=member.interaction_id, queue=member.queue,
        channel=member.channel, name=member.name, number=member.number, entered_at_us=member.entered_at_us,
        assigned_at_us=e.now_us,
    )  # fmt: skip
    agent.remember(offer_id, member.interaction_id)
    historic.remember(e, member.number, agent.agent_id)
    who = {"member_id": member.member_id, "interaction_id": member.interaction_id, "channel": member.channel}
    e.emit(
        facts.ConversationAssigned, offer_id=offer_id, agent_id=agent.agent_id, queue=member.queue, name=member.name,
        number=member.number, entered_at_us=member.entered_at_us, reason=reason, **who,
    )  # fmt: skip
    if was_waiting:
        estimates.served(e, member)
        e.emit(facts.MemberLeft, queue=member.queue, result="answered", agent_id=agent.agent_id, **who)
    e.board.place(agent)
    watch_absence(e, agent)


def end(e: "Engine", agent: Agent, interaction_id: str, by: str) -> None:
    """The conversation is over."""
    _part(e, agent, interaction_id, by)
    _forget(e, e.state.members[interaction_id])


def take(e: "Engine", agent: Agent, interaction_id: str, *, by_supervisor: bool) -> None:
    """Somebody takes it by hand: out of the queue, or from a colleague. Raises NotPossible."""
    member = _member(e, interaction_id)
    if member is None:
        raise NotPossible("no-conversation")
    if member.served_by == agent.agent_id:
        return
    if agent.status == "offline":
        raise NotPossible("signed-out")
    if not by_supervisor:
        if member.served_by:
            raise NotPossible("not-your-conversation")
        if all(tier.queue != member.queue for tier in agent.config.tiers):
            raise NotPossible("not-your-queue")
        if agent.conversing >= capacity.maximum(agent, e.state.rules):
            raise NotPossible("full")
    _hand_over(e, member, agent, {"rule": "taken"})


def transfer_to_agent(e: "Engine", agent: Agent, interaction_id: str, target: str, note: str) -> None:
    """To a colleague who is ready and has room. Raises NotPossible."""
    _own(agent, interaction_id)
    other = e.state.agents.get(int(target)) if target.isdecimal() and len(target) < 10 else None
    if other is None or other is agent:
        raise NotPossible("unknown-agent", f"no other agent {target!r}")
    if (other.next_status or other.status) != "ready" or other.page_gone_since_us is not None:
        raise NotPossible("not-ready")
    if full := capacity.conversation_fits(other, e.state.rules):
        raise NotPossible(full)
    reason = {"rule": "transferred", "from_agent_id": agent.agent_id, "note": note}
    _hand_over(e, e.state.members[interaction_id], other, reason)


def transfer_to_queue(e: "Engine", agent: Agent, interaction_id: str, target: str, note: str) -> None:
    """To a queue, where it waits anew; who gave it away is asked last. Raises NotPossible."""
    _own(agent, interaction_id)
    _written_queue(e, target)
    _part(e, agent, interaction_id, "transfer")
    _enter_again(e, e.state.members[interaction_id], target, note=note, tried=[agent.agent_id])


def _hand_over(e: "Engine", member: Member, agent: Agent, reason: dict[str, Any]) -> None:
    if member.served_by:
        reason = {**reason, "from_agent_id": member.served_by}
        _part(e, e.state.agents[member.served_by], member.interaction_id, "transfer")
    assign(e, member, agent, reason)


def _own(agent: Agent, interaction_id: str) -> Conversation:
    conversation = agent.conversations.get(interaction_id)
    if conversation is None:
        raise NotPossible("not-your-conversation")
    return conversation


def _part(e: "Engine", agent: Agent, interaction_id: str, by: str) -> None:
    """The agent's part of it is over; wrap-up goes on in its place, unless somebody else has it now."""
    conversation = agent.conversations.pop(interaction_id)
    e.state.members[interaction_id].served_by = 0
    queue = e.state.queues.get(conversation.queue)
    seconds = queue.wrap_up_seconds if queue and by in ("agent", "visitor") and not agent.retired else 0
    e.emit(
        facts.ConversationEnded, offer_id=conversation.offer_id, interaction_id=interaction_id,
        agent_id=agent.agent_id, queue=conversation.queue, by=by, wrap_up_seconds=seconds, channel=conversation.channel,
    )  # fmt: skip
    if seconds > 0:
        agent.conversation_wrap_ups[conversation.offer_id] = WrapUp(
            offer_id=conversation.offer_id, interaction_id=interaction_id, queue=conversation.queue,
            number=conversation.number, connected_at_us=conversation.assigned_at_us, ended_at_us=e.now_us,
            ends_at_us=e.now_us + seconds * 1_000_000,
        )  # fmt: skip
        e.arm("conversation-wrap-up", f"{agent.agent_id} {conversation.offer_id}", seconds)
    e.board.place(agent)


def end_wrap_up(e: "Engine", agent: Agent, offer_id: str, result: str) -> None:
    """The place is free again: `finished` or `timeout`."""
    wrap_up = agent.conversation_wrap_ups.pop(offer_id, None)
    if wrap_up is None:
        return
    e.cancel("conversation-wrap-up", f"{agent.agent_id} {offer_id}")
    e.emit(
        facts.WrapUpEnded, offer_id=offer_id, interaction_id=wrap_up.interaction_id, agent_id=agent.agent_id,
        result=result,
    )  # fmt: skip
    e.board.place(agent)


def wrap_up_over(e: "Engine", key: str) -> None:
    """Timer: the time after a conversation is over."""
    agent_id, _, offer_id = key.partition(" ")
    agent = e.state.agents.get(int(agent_id))
    if agent:
        end_wrap_up(e, agent, offer_id, "timeout")


# ---- an agent who is away --------------------------------------------------------------------------------


def watch_absence(e: "Engine", agent: Agent) -> None:
    """Called whenever an agent signs in or out, is lost or found: an absent one keeps its conversations for a while."""
    seconds = e.state.rules.return_conversations_seconds
    is_absent = agent.status == "offline" or agent.is_lost
    if not is_absent or not agent.conversations or seconds <= 0:
        e.cancel("absent", agent.agent_id)
    elif e.state.timers.due_us("absent", str(agent.agent_id)) is None:
        e.arm("absent", agent.agent_id, seconds)


def stayed_absent(e: "Engine", key: str) -> None:
    """Timer: the agent did not come back to its conversations."""
    agent = e.state.agents.get(int(key))
    if agent:
        give_back(e, agent)


def give_back(e: "Engine", agent: Agent) -> None:
    """Each of the agent's conversations goes back to its queue, at the place it had."""
    for interaction_id in tuple(agent.conversations):
        member = e.state.members[interaction_id]
        _part(e, agent, interaction_id, "system")
        _enter_again(e, member, member.queue, place=(member.place_us, member.seq))


# ---- shared ----------------------------------------------------------------------------------------------


def _enter_again(
    e: "Engine", member: Member, queue: str, place: tuple[int, int] | None = None, **values: Any
) -> None:
    e.move_member(member, "left")
    line.forget(e, member)
    line.enter_again(e, member, queue, place, **values)


def _member(e: "Engine", interaction_id: str) -> Member | None:
    member = e.state.members.get(interaction_id)
    return None if member is None or member.is_call else member


def _forget(e: "Engine", member: Member) -> None:
    """No trace is needed any more, but the number of its last visit for a while: a late writer may ask again."""
    if member.state != "left":
        e.move_member(member, "left")
    line.forget(e, member)
    state = e.state
    state.overflowed.pop(member.interaction_id, None)
    state.ended_conversations[member.interaction_id] = None
    while len(state.ended_conversations) > KEPT_VISITS:
        oldest = next(iter(state.ended_conversations))
        del state.ended_conversations[oldest]
        if oldest not in state.members:
            state.visits.pop(oldest, None)
