"""What happens to agents: status, rest, pauses, wrap-up, their phone's own legs, registration and pages."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from acd import messages as facts
from acd.domain import conversations, groups
from acd.domain.inputs import EndpointChanged, PhoneLegStarted
from acd.domain.model import Agent, PhoneLeg, Talk, WrapUp

if TYPE_CHECKING:
    from acd.domain.engine import Engine

MAX_WINDOWS = 20


def legs_of(agent: Agent) -> Iterator[str]:
    """Every leg of this agent that we follow."""
    for work in (agent.offer, agent.dial, agent.talk):
        if work:
            yield work.leg_id
    yield from agent.phone_legs


# ---- status and rest -------------------------------------------------------------------------------------


def choose_status(e: "Engine", agent: Agent, status: str, by: str) -> None:
    """Take a status now, or after the call that goes on; `ready` also ends a pause."""
    agent.dial_failure = None
    if agent.state in ("offered", "dialling", "talking"):
        agent.next_status, agent.next_status_by = status, by
        e.board.place(agent)  # conversations may come beside a call, or no longer
        return
    set_status(e, agent, status, by)
    if status == "ready":
        end_pause(e, agent)
    if agent.state == "wrap-up" and status in ("ready", "offline"):
        end_wrap_up(e, agent, "finished")
    else:
        rest(e, agent)


def set_status(e: "Engine", agent: Agent, status: str, by: str) -> None:
    """Change the status and tell it, when it is another one."""
    agent.next_status = None
    if status == agent.status:
        return
    agent.status, agent.status_since_us = status, e.now_us
    e.emit(facts.AgentStatusChanged, agent_id=agent.agent_id, status=status, by=by)
    conversations.watch_absence(e, agent)


def rest(e: "Engine", agent: Agent, *, keep_idle_since: bool = False) -> None:
    """Go where the agent is when no work of ours is left: idle, not-ready, signed-out, or busy by its own phone."""
    if agent.offer or agent.dial or agent.talk or agent.wrap_up:
        e.board.place(agent)
        return
    if agent.retired and not agent.phone_legs:
        _remove(e, agent)
        return
    was, target = agent.state, _resting_state(agent)
    if target == "idle" and was != "idle" and not keep_idle_since:
        agent.idle_since_us = e.now_us
    e.move_agent(agent, f"rests {target}")


def _resting_state(agent: Agent) -> str:
    if agent.phone_legs:
        return "busy"
    return {"ready": "idle", "offline": "signed-out"}.get(agent.status, "not-ready")


def _remove(e: "Engine", agent: Agent) -> None:
    set_status(e, agent, "offline", "system")
    conversations.give_back(e, agent)
    for offer_id in tuple(agent.conversation_wrap_ups):
        conversations.end_wrap_up(e, agent, offer_id, "timeout")
    for timer in ("wrap-up", "pause", "page", "absent"):
        e.cancel(timer, agent.agent_id)
    e.board.remove(agent.agent_id)
    e.state.agents.pop(agent.agent_id, None)
    if e.extensions.get(agent.config.extension) == agent.agent_id:
        del e.extensions[agent.config.extension]


def retire(e: "Engine", agent: Agent) -> None:
    """SQL does not know the agent any more: gone at once, or after the work that goes on."""
    agent.retired = True
    if agent.state not in ("offered", "dialling", "talking", "wrap-up"):
        for leg_id in agent.phone_legs:
            e.legs.pop(leg_id, None)
        _remove(e, agent)


# ---- after an offer, after a talk ------------------------------------------------------------------------


def after_offer(e: "Engine", agent: Agent, outcome: str) -> None:
    """The offer did not become a talk: what that means for the agent, by its outcome."""
    missed_enough = outcome == "expired" and _count_no_answer(e, agent)
    if agent.next_status:
        set_status(e, agent, agent.next_status, agent.next_status_by)
    elif missed_enough:
        set_status(e, agent, "no-answer", "system")
    if outcome == "declined" or (outcome == "expired" and not missed_enough):
        pause(e, agent, e.state.rules.decline_pause_seconds)
    elif outcome == "failed":
        agent.failures += 1
        rules = e.state.rules
        doubled = rules.failed_pause_seconds * 2 ** min(agent.failures - 1, 10)
        pause(e, agent, min(doubled, rules.failed_pause_max_seconds))
    rest(e, agent, keep_idle_since=outcome == "withdrawn")


def _count_no_answer(e: "Engine", agent: Agent) -> bool:
    """Whether this was one too many in a row."""
    agent.no_answers += 1
    is_enough = agent.no_answers >= e.state.rules.no_answers_in_a_row
    if is_enough:
        agent.no_answers = 0
    return is_enough


def after_talk(e: "Engine", agent: Agent, talk: Talk) -> None:
    """The talk is over: wrap-up, or rest when the queue has none."""
    agent.talk = None
    agent.count_talk(_day(e), e.now_us - talk.connected_at_us)
    queue = e.state.queues.get(talk.queue)
    seconds = queue.wrap_up_seconds if queue else 0
    e.emit(
        facts.CallEnded, offer_id=talk.offer_id, interaction_id=talk.interaction_id, agent_id=agent.agent_id,
        wrap_up_seconds=seconds,
    )  # fmt: skip
    if agent.next_status:
        set_status(e, agent, agent.next_status, agent.next_status_by)
    if seconds <= 0:
        rest(e, agent)
        return
    agent.wrap_up = WrapUp(
        offer_id=talk.offer_id, interaction_id=talk.interaction_id, queue=talk.queue, number=talk.number,
        connected_at_us=talk.connected_at_us, ended_at_us=e.now_us, ends_at_us=e.now_us + seconds * 1_000_000,
    )  # fmt: skip
    e.arm("wrap-up", agent.agent_id, seconds)
    e.move_agent(agent, "wrap-up began")


def end_wrap_up(e: "Engine", agent: Agent, result: str) -> None:
    """Wrap-up is over: `finished` or `timeout`."""
    wrap_up = agent.wrap_up
    if wrap_up is None:
        return
    agent.wrap_up = None
    e.cancel("wrap-up", agent.agent_id)
    e.emit(
        facts.WrapUpEnded, offer_id=wrap_up.offer_id, interaction_id=wrap_up.interaction_id, agent_id=agent.agent_id,
        result=result,
    )  # fmt: skip
    rest(e, agent)


def wrap_up_over(e: "Engine", key: str) -> None:
    """Timer: the wrap-up time is over."""
    agent = e.state.agents.get(int(key))
    if agent:
        end_wrap_up(e, agent, "timeout")


# ---- pauses ----------------------------------------------------------------------------------------------


def pause(e: "Engine", agent: Agent, seconds: int) -> None:
    """Offer nothing to this agent for a while; the status stays."""
    if seconds > 0:
        agent.paused_until_us = e.now_us + seconds * 1_000_000
        e.arm("pause", agent.agent_id, seconds)


def end_pause(e: "Engine", agent: Agent) -> None:
    """Offer again."""
    if agent.paused_until_us:
        agent.paused_until_us = 0
        e.cancel("pause", agent.agent_id)
        e.board.place(agent)


def pause_over(e: "Engine", key: str) -> None:
    """Timer: the pause is over."""
    agent = e.state.agents.get(int(key))
    if agent:
        end_pause(e, agent)


# ---- the day ---------------------------------------------------------------------------------------------


def _day(e: "Engine") -> int:
    return (e.now_us // 1_000_000 + e.state.rules.day_offset_seconds) // 86_400


def day_begins(e: "Engine", _key: str) -> None:
    """Timer: midnight in the centre's zone; calls and talk time are counted from nothing."""
    today = _day(e)
    midnight = (today + 1) * 86_400 - e.state.rules.day_offset_seconds
    e.state.timers.arm("day", "", midnight * 1_000_000)
    for agent in e.state.agents.values():
        if agent.day != today:
            agent.day, agent.calls_today, agent.talked_today_us = today, 0, 0
            e.board.place(agent)


# ---- the phone -------------------------------------------------------------------------------------------


def phone_leg_started(e: "Engine", event: PhoneLegStarted) -> None:
    """The phone is in a call that is not ours: busy, unless the agent is at work for us anyway."""
    agent_id = e.extensions.get(event.extension)
    agent = None if agent_id is None else e.state.agents.get(agent_id)
    if agent is None or event.leg_id in e.legs:
        return
    groups.refuse_when_busy(e, agent, event)
    agent.phone_legs[event.leg_id] = PhoneLeg(event.switch, e.now_us)
    e.legs[event.leg_id] = agent.agent_id
    rest(e, agent)


def phone_leg_ended(e: "Engine", agent: Agent, leg_id: str) -> None:
    """A call that was not ours is over."""
    e.legs.pop(leg_id, None)
    if agent.phone_legs.pop(leg_id, None) is not None:
        rest(e, agent)


def endpoint_changed(e: "Engine", event: EndpointChanged) -> None:
    """A phone registered, or its registration ended."""
    here = e.state.registrations.setdefault(event.extension, [])
    if event.registered and event.switch not in here:
        here.append(event.switch)
    elif not event.registered and event.switch in here:
        here.remove(event.switch)
    if not here:
        del e.state.registrations[event.extension]
    agent_id = e.extensions.get(event.extension)
    if agent_id is not None:
        refresh_registration(e, e.state.agents[agent_id])


def refresh_registration(e: "Engine", agent: Agent) -> None:
    """Take `registered` from the registrations; a phone that comes back is tried at once."""
    registered = bool(e.state.registrations.get(agent.config.extension))
    if registered == agent.registered:
        return
    agent.registered = registered
    if registered and agent.failures:
        agent.failures = 0
        end_pause(e, agent)
    e.board.place(agent)


# ---- pages -----------------------------------------------------------------------------------------------


def page_seen(e: "Engine", agent: Agent, window_id: str) -> None:
    """A page of the agent is open."""
    if window_id not in agent.windows:
        agent.windows.append(window_id)
        del agent.windows[:-MAX_WINDOWS]
    if agent.is_lost:
        agent.is_lost = False
        conversations.watch_absence(e, agent)
    if agent.page_gone_since_us is not None:
        agent.page_gone_since_us = None
        e.cancel("page", agent.agent_id)
        e.board.place(agent)


def page_closed(e: "Engine", agent: Agent, window_id: str) -> None:
    """A page was closed; when it was the last one, nothing is offered until one is back."""
    if window_id not in agent.windows:
        return
    agent.windows.remove(window_id)
    grace = e.state.rules.page_grace_seconds
    if not agent.windows and grace > 0:
        agent.page_gone_since_us = e.now_us
        e.arm("page", agent.agent_id, grace)
        e.board.place(agent)


def page_stayed_away(e: "Engine", key: str) -> None:
    """Timer: no page for the grace time, so the agent is not ready (after a call that goes on)."""
    agent = e.state.agents.get(int(key))
    if agent is None or agent.windows:
        return
    agent.page_gone_since_us = (
        None  # the status says it from now on, and a ready set by other means counts again
    )
    agent.is_lost = True
    if (agent.next_status or agent.status) == "ready":
        choose_status(e, agent, "break", "system")
    conversations.watch_absence(e, agent)
    e.board.place(agent)
