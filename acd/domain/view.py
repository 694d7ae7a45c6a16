"""The whole state to show, as `acd.contract.AcdView` describes it: counted from the state, never from events."""

from collections import Counter
from typing import TYPE_CHECKING, Any

from acd.domain import capacity, estimates, outbound
from acd.domain.board import FREE, standing, standing_for_conversations
from acd.domain.model import Agent, Member
from acd.domain.state import State

if TYPE_CHECKING:
    from acd.domain.engine import Engine

_OFFER = ("offer_id", "member_id", "interaction_id", "agent_id", "leg_id", "queue", "number", "did", "intent",
          "entered_at_us", "expires_at_us", "reason")  # fmt: skip
_CALL = ("offer_id", "interaction_id", "queue", "number", "did", "intent", "entered_at_us", "connected_at_us",
         "held_since_us", "recording_paused_since_us", "muted_since_us", "direction", "consult_over")  # fmt: skip
_DIAL = (
    "offer_id",
    "interaction_id",
    "queue",
    "number",
    "caller_number",
    "direction",
    "began_at_us",
    "stage",
)
_CONSULT = ("number", "third_agent_id", "asked_queue", "mode", "began_at_us", "answered_at_us", "ending")
_CONVERSATION = (
    "offer_id",
    "interaction_id",
    "queue",
    "channel",
    "name",
    "number",
    "entered_at_us",
    "assigned_at_us",
)
_WRAP_UP = ("offer_id", "interaction_id", "queue", "number", "connected_at_us", "ended_at_us", "ends_at_us")


def build(e: "Engine") -> dict[str, Any]:
    """The view of this moment. Who is away for a moment (its socket broke) still waits, at its place."""
    state = e.state
    members = _in_line(state.members.values())
    waiting = Counter(member.queue for member in members)
    in_service = Counter(agent.talk.queue for agent in state.agents.values() if agent.talk)
    conversing = [c for agent in state.agents.values() for c in agent.conversations.values()]
    in_service += Counter(conversation.queue for conversation in conversing)
    oldest: dict[str, int] = {}
    for member in members:
        oldest[member.queue] = min(member.entered_at_us, oldest.get(member.queue, member.entered_at_us))
    queues = {
        name: {
            "channel": config.channel,
            "waiting": waiting[name],
            "in_service": in_service[name],
            "ready": e.board.queues[name].standing(FREE),
            "oldest_entered_at_us": oldest.get(name),
            "estimate": estimates.to_show(e, name),
        }
        for name, config in state.queues.items()
    }
    calls = sum(member.is_call for member in members)
    ready = sum(standing(agent, state.rules) == FREE for agent in state.agents.values())
    open_ = sum(standing_for_conversations(agent, state.rules) == FREE for agent in state.agents.values())
    totals = {
        "voice": {"waiting": calls, "in_service": in_service.total() - len(conversing), "ready": ready},
        "chat": {"waiting": len(members) - calls, "in_service": len(conversing), "ready": open_},
    }
    numbers = outbound.numbers_to_show(state)
    return {
        "version": state.input_number,
        "at_us": state.now_us,
        "writer": state.writer,
        "switches": dict(state.switches),
        "queues": queues,
        "totals": totals,
        "members": _rows(members),
        "agents": {str(agent.agent_id): _agent(agent, state, numbers) for agent in state.agents.values()},
    }


def _in_line(members: Any) -> list[Member]:
    return sorted(
        (m for m in members if m.state in ("waiting", "offered", "away")), key=lambda m: (m.queue, m.key)
    )


def _rows(members: list[Member]) -> list[dict[str, Any]]:
    rows, positions = [], Counter[str]()
    for member in members:
        positions[member.queue] += 1
        rows.append({
            "member_id": member.member_id, "interaction_id": member.interaction_id, "queue": member.queue,
            "channel": member.channel, "name": member.name, "number": member.number, "entered_at_us": member.entered_at_us,
            "position": positions[member.queue], "priority": member.priority, "offered": member.state == "offered", "away": member.state == "away",
            "expected_us": [member.low_us, member.high_us] if member.high_us else None,
            "callback": bool(member.callback_number),
        })  # fmt: skip
    return rows


def _agent(agent: Agent, state: State, numbers: list[str]) -> dict[str, Any]:
    rules = state.rules
    return {
        "status": agent.status,
        "status_since_us": agent.status_since_us,
        "next_status": agent.next_status,
        "state": agent.state,
        "state_since_us": agent.state_since_us,
        "standing": standing(agent, rules),
        "extension": agent.config.extension,
        "registered": agent.registered,
        "present": bool(agent.windows),
        "offer": None if agent.offer is None or agent.offer.ending else _part(agent.offer, _OFFER),
        "call": _call(agent, state),
        "wrap_up": _part(agent.wrap_up, _WRAP_UP),
        "dial": _part(agent.dial, _DIAL),
        "dial_failure": agent.dial_failure,
        "caller_numbers": numbers,
        "auto_answer": agent.config.is_auto_answer,
        "caller_number": outbound.default_number(state, agent, numbers),
        "conversations": [_part(c, _CONVERSATION) for c in agent.conversations.values()],
        "conversation_wrap_ups": [_part(w, _WRAP_UP) for w in agent.conversation_wrap_ups.values()],
        "capacity": {
            "conversations": agent.conversing,
            "maximum": capacity.maximum(agent, rules),
            "open": standing_for_conversations(agent, rules) == FREE,
        },
    }


def _call(agent: Agent, state: State) -> dict[str, Any] | None:
    call = _part(agent.talk, _CALL)
    if call is None or agent.talk is None:
        return call
    thirds = [t for t in state.thirds.values() if t.offer_id == agent.talk.offer_id and t.ending != "dropped"]
    consults = (t for t in thirds if t.purpose == "consult")
    watching = [
        {"by": t.actor.partition(":")[2], "mode": t.mode, "is_there": bool(t.answered_at_us)}
        for t in thirds if t.purpose == "watch"
    ]  # fmt: skip
    return {**call, "consult": _part(next(consults, None), _CONSULT), "supervised": watching}


def _part(work: object | None, names: tuple[str, ...]) -> dict[str, Any] | None:
    return None if work is None else {name: getattr(work, name) for name in names}
