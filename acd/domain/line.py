"""How somebody stands in a queue's line: its place, what it needs now, and what changes while it waits.

`calls` and `conversations` let members enter; one timer a member (`line`) looks at it when waiting changes what it
needs: skills that are relaxed, the next level, the agent it had before.
"""

from typing import TYPE_CHECKING, Any

from acd import messages as facts
from acd.domain import announcements, skills
from acd.domain.board import GUEST, Need
from acd.domain.inputs import QueueConfig
from acd.domain.model import Agent, Member

if TYPE_CHECKING:
    from acd.domain.engine import Engine

HIGHEST = 9
WAITING = ("max-wait", "line", "limit", "announce")
TIMERS = (*WAITING, "away", "bridge", "after-talk", "dial", "callback")
KEPT = (
    "interaction_id", "channel_id", "switch", "channel", "name", "number", "did", "contact_id", "language", "intent",
    "skills", "priority",
)  # fmt: skip
"""What a member takes along to another visit."""


def enter(
    e: "Engine", *, queue: str, place: tuple[int, int] | None = None, vip_level: int = 0, **values: Any
) -> Member:
    """A new visit to a queue; `values` are the member's fields, `place` the one (`place_us`, `seq`) that it had."""
    state, config = e.state, e.state.queues[queue]
    interaction_id = values["interaction_id"]
    visit = state.visits[interaction_id] = state.visits.get(interaction_id, 0) + 1
    state.member_seq += 1
    place_us, seq = place or (e.now_us, state.member_seq)
    priority = values.pop("priority", 0) + vip_level * state.rules.vip_priority
    priority = max(0, min(HIGHEST, priority))
    ageing_us = config.ageing_seconds * 1_000_000
    member = Member(
        member_id=f"{interaction_id}:{visit}", queue=queue, priority=priority, entered_at_us=e.now_us,
        seq=seq, rank=0 if ageing_us else -priority,
        place_us=place_us, head_start_us=priority * ageing_us, looked_at_us=e.now_us, **values,
    )  # fmt: skip
    if _skills_unread(config, member):
        e.anomaly(f"skills {member.skills!r} are not understood")
        member.skills = ""
    state.members[member.channel_id] = member
    e.emit(
        facts.MemberEntered, member_id=member.member_id, interaction_id=interaction_id, queue=queue,
        number=member.number, did=member.did, language=member.language, intent=member.intent,
        channel=member.channel, name=member.name,
    )  # fmt: skip
    e.arm("max-wait", member.channel_id, config.max_wait_seconds)
    times = [limit.value for limit in config.limits if limit.when == "time"]
    if times:
        e.arm("limit", member.channel_id, min(times))
    seat(e, member)
    if not member.callback_number:
        e.entered[member.channel_id] = None
    if config.announcements and member.is_call and member.attended:
        announcements.arm(e, member)
    if member.is_call:
        e.silent[member.channel_id] = None
    return member


def enter_again(
    e: "Engine", member: Member, queue: str, place: tuple[int, int] | None = None, **values: Any
) -> Member:
    """A new visit of a member that is forgotten already; `values` are fields that the new one has of its own."""
    return enter(e, queue=queue, place=place, **{name: getattr(member, name) for name in KEPT}, **values)


def forget(e: "Engine", member: Member) -> None:
    """The visit is over: no timer and no place of it remain."""
    e.state.timers.cancel_all(TIMERS, member.channel_id)
    e.silent.pop(member.channel_id, None)
    e.entered.pop(member.channel_id, None)
    e.state.members.pop(member.channel_id, None)
    if e.state.callbacks.get(member.interaction_id) == member.channel_id:
        del e.state.callbacks[member.interaction_id]


def want(e: "Engine", member_values: dict[str, Any], queue: str, agent_id: int | None) -> None:
    """Let the member that is about to enter ask for this agent first, when it is worth the wait."""
    agent = e.state.agents.get(agent_id or 0)
    seconds = e.state.queues[queue].historic_wait_seconds
    is_theirs = agent and any(tier.queue == queue for tier in agent.config.tiers)
    if agent and (is_theirs or e.state.queues[queue].channel == "voice"):
        member_values["wanted_agent"] = agent.agent_id
        member_values["wanted_until_us"] = e.now_us + max(0, seconds) * 1_000_000


def seat(e: "Engine", member: Member) -> None:
    """It waits from now on, with what it needs after so long."""
    if member.wanted_agent in e.state.agents:
        e.board.invite(e.state.agents[member.wanted_agent], member.queue)
    if member.wanted_agent and not _is_worth_waiting(e, member):
        member.wanted_agent = 0
    need = need_of(e, member)
    e.board.seat(member, need)
    due_us = _next_change_us(e, member)
    if due_us is not None:
        e.state.timers.arm("line", member.channel_id, due_us)


def need_of(e: "Engine", member: Member) -> Need:
    """What the member needs, as `line` last looked at it."""
    config = e.state.queues[member.queue]
    waited_us = member.looked_at_us - member.entered_at_us
    step_us = config.tier_wait_seconds * 1_000_000
    return Need(
        skills.at(_requirement(config, member), waited_us),
        1 + waited_us // step_us if step_us else 0,
        member.wanted_agent,
        tuple(member.tried),
    )


def look_again(e: "Engine", channel_id: str) -> None:
    """Timer: waiting has changed what the member needs."""
    member = e.state.members.get(channel_id)
    if member and member.state in ("waiting", "offered", "away"):
        was_waiting = member.state == "waiting"
        if was_waiting:
            e.board.unseat(member)
        member.looked_at_us = e.now_us
        if was_waiting:
            seat(e, member)


def release_wanting(e: "Engine") -> None:
    """Whoever waits for an agent that is not worth the wait any more takes the normal way."""
    board = e.board
    while board.missed_agents:
        agent_id = next(iter(board.missed_agents))
        del board.missed_agents[agent_id]
        for channel_id in tuple(board.wanted.get(agent_id, ())):
            member = e.state.members[channel_id]
            if not _is_worth_waiting(e, member):
                board.unseat(member)
                seat(e, member)


def _is_worth_waiting(e: "Engine", member: Member) -> bool:
    """Signed in and ready, though perhaps at the maximum or in a call, and the time for it is not over."""
    agent = e.state.agents.get(member.wanted_agent)
    if agent is None or agent.agent_id in member.tried:
        return False
    if member.looked_at_us >= member.wanted_until_us:
        return _is_free(e, agent, member)
    is_here = (agent.next_status or agent.status) == "ready" and agent.page_gone_since_us is None
    return is_here and not agent.retired and (agent.registered or not member.is_call)


def _is_free(e: "Engine", agent: Agent, member: Member) -> bool:
    """Asked first even where nobody waits for the agent: it is free in this very moment."""
    return agent.agent_id in e.board.queues[member.queue].free and member.looked_at_us == member.entered_at_us


def _next_change_us(e: "Engine", member: Member) -> int | None:
    config = e.state.queues[member.queue]
    times = [member.entered_at_us + after for after, _ in _requirement(config, member)]
    if config.tier_wait_seconds:
        step_us = config.tier_wait_seconds * 1_000_000
        steps = (member.looked_at_us - member.entered_at_us) // step_us + 1
        if steps < len({tier.level for tier in e.board.queues[member.queue].tiers.values()} - {GUEST}):
            times.append(member.entered_at_us + steps * step_us)
    if member.wanted_agent:
        times.append(member.wanted_until_us)
    return min((at for at in times if at > member.looked_at_us), default=None)


def _requirement(config: QueueConfig, member: Member) -> skills.Requirement:
    try:
        return skills.requirement(config.skills, member.skills)
    except skills.BadSkills:
        return skills.NOTHING


def _skills_unread(config: QueueConfig, member: Member) -> bool:
    if not member.skills:
        return False
    try:
        skills.requirement("", member.skills)
    except skills.BadSkills:
        return True
    return False
