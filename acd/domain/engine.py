"""The door of the domain: `Engine.apply(input) -> Decision`. Deterministic: the same inputs give the same decisions.

The service, the replay and (later) the simulation drive it alike. What each input does is in `calls`, `agents`,
`commands` and `reconcile`; afterwards `routing` matches whoever waits with whoever is free.
"""

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from acd.domain import (
    agents,
    announcements,
    callbacks,
    calls,
    commands,
    conversations,
    estimates,
    limits,
    line,
    outbound,
    reconcile,
    routing,
    third_legs,
)
from acd.domain.board import Board, QueueBoard
from acd.domain.effects import Effect
from acd.domain.inputs import (
    BridgeEnded,
    CallerAdrift,
    CallerGone,
    CommandReceived,
    Configured,
    ControlLost,
    CustomerDialed,
    EndpointChanged,
    Input,
    KeyPressed,
    LegAnswered,
    LegEnded,
    LegHeld,
    MemberArrived,
    PhoneLegStarted,
    Started,
    SwitchConnected,
    SwitchLost,
    SwitchSeen,
    ThirdAnswered,
    Tick,
)  # fmt: skip
from acd.domain.model import Agent, Member
from acd.domain.state import State
from acd.domain.states import IllegalTransition, next_agent_state, next_member_state
from acd.messages import Happened

_NAMESPACE = uuid.NAMESPACE_OID.bytes


@dataclass(slots=True)
class Decision:
    """What one input led to. `anomalies` are inputs or parts of them that did not fit; they changed nothing."""

    events: list[Happened] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    anomalies: list[str] = field(default_factory=list)


class Engine:
    """The state and what is derived from it.

    Args:
        state: a restored state, or None for an empty one.
    """

    def __init__(self, state: State | None = None) -> None:
        self.state = state or State()
        self.board = Board()
        self.turn = Decision()
        self.legs: dict[str, int] = {}  # leg id -> agent id, for every leg of an agent that we know
        self.dialled: dict[str, int] = {}  # channel id of whom an agent calls -> agent id
        self.extensions: dict[str, int] = {}
        self.silent: dict[
            str, None
        ] = {}  # channels that hear nothing yet: music, unless an offer follows at once
        self.entered: dict[str, None] = {}  # members who came in this turn
        self.rebuild()
        if self.state.timers.due_us("pace", "") is None:
            self.board.new_agents.clear()  # whoever could be matched was matched before the snapshot

    def apply(self, event: Input) -> Decision:
        """Take one input and return what follows from it.

        Never raises for an input that does not fit; it is told in `anomalies`.
        """
        state = self.state
        self.turn = turn = Decision()
        state.input_number += 1
        state.now_us = max(state.now_us, event.at_us)
        try:
            HANDLERS[type(event)](self, event)
            routing.match(self)
            self._keep_limits()
        except IllegalTransition as error:
            self.anomaly(f"{type(event).__name__}: {error}")
        routing.music_for_silent(self)
        return turn

    def _keep_limits(self) -> None:
        """Whoever has just come and found nobody free may have to go elsewhere, and be matched there."""
        while self.board.deserted:
            limits.deserted(self, self.board.deserted.popitem()[0])
        while self.entered:
            channel_id = next(iter(self.entered))
            del self.entered[channel_id]
            member = self.state.members.get(channel_id)
            if member is None or member.state != "waiting":
                continue
            estimates.entered(self, member)
            if self.board.queues[member.queue].config.limits:
                limits.check_entered(self, member)
                routing.match(self)

    def next_due_us(self) -> int | None:
        """When the next `Tick` is due."""
        return self.state.timers.next_due_us()

    def knows_caller(self, channel_id: str) -> bool:
        """Whether the end of this channel means something here."""
        return channel_id in self.state.callers

    def knows_leg(self, leg_id: str) -> bool:
        """Whether this leg is an agent's that we follow."""
        return leg_id in self.legs or leg_id in self.state.thirds

    # ---- what the handlers use ---------------------------------------------------------------------------

    @property
    def now_us(self) -> int:
        return self.state.now_us

    def emit(self, kind: type[Happened], **values: Any) -> None:
        """Tell a fact; it gets the next number."""
        self.state.event_id += 1
        self.turn.events.append(kind(event_id=self.state.event_id, at_us=self.state.now_us, **values))

    def effect(self, effect: Effect) -> None:
        self.turn.effects.append(effect)

    def anomaly(self, text: str) -> None:
        self.turn.anomalies.append(text)

    def move_agent(self, agent: Agent, what: str) -> None:
        """Change the agent's state by the table. Raises IllegalTransition."""
        state = next_agent_state(agent.state, what)
        if state != agent.state:
            agent.state, agent.state_since_us = state, self.now_us
        self.board.place(agent)

    def move_member(self, member: Member, what: str) -> None:
        """Change the member's state by the table, and its seat with it. Raises IllegalTransition."""
        state = next_member_state(member.state, what)
        if member.state == "waiting":
            self.board.unseat(member)
        member.state = state
        if state == "waiting":
            line.seat(self, member)
            if member.is_call and member.attended:
                self.silent[member.channel_id] = None

    def next_offer(self, member: Member, agent: Agent) -> str:
        """Count an offer, and return its id."""
        self.state.offers_made += 1
        member.offers_made += 1
        agent.turns[member.queue] = self.state.offers_made
        return f"{member.member_id}:{member.offers_made}"

    def arm(self, kind: str, key: object, seconds: float) -> None:
        self.state.timers.arm(kind, str(key), self.now_us + round(seconds * 1_000_000))

    def cancel(self, kind: str, key: object) -> None:
        self.state.timers.cancel(kind, str(key))

    def leg_id_for(self, offer_id: str) -> str:
        """The UUID of the leg that an offer will ring: no chance in it, so a replay gets the same."""
        return uuid5_text(f"{self.state.seed}:{offer_id}")

    def rebuild(self) -> None:
        """Derive everything that is derived again, from the state alone."""
        state = self.state
        self.board = Board(state.rules)
        self.board.queues = {name: QueueBoard(config) for name, config in state.queues.items()}
        self.extensions = {agent.config.extension: agent.agent_id for agent in state.agents.values()}
        self.legs = {leg: agent.agent_id for agent in state.agents.values() for leg in agents.legs_of(agent)}
        self.dialled = {a.dial.channel_id: a.agent_id for a in state.agents.values() if a.dial}
        for agent in state.agents.values():
            self.board.place(agent)
        for member in state.members.values():
            if member.state == "waiting":
                if member.wanted_agent in state.agents:
                    self.board.invite(state.agents[member.wanted_agent], member.queue)
                self.board.seat(member, line.need_of(self, member))
        self.board.deserted.clear()
        self.board.new_members.clear()  # each match has an agent, and all who are free are looked at
        self.silent = {}


def uuid5_text(name: str) -> str:
    """`str(uuid.uuid5(uuid.NAMESPACE_OID, name))`, which costs three times as much (RFC 4122, 4.3)."""
    found = bytearray(hashlib.sha1(_NAMESPACE + name.encode(), usedforsecurity=False).digest()[:16])
    found[6] = found[6] & 0x0F | 0x50
    found[8] = found[8] & 0x3F | 0x80
    text = found.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _tick(engine: Engine, event: Tick) -> None:
    for kind, key in engine.state.timers.pop_due(engine.now_us):
        TIMERS[kind](engine, key)


TIMERS: dict[str, Callable[[Engine, str], None]] = {
    "offer": calls.offer_overdue,
    "bridge": calls.bridge_overdue,
    "max-wait": calls.waited_too_long,
    "away": calls.stayed_away,
    "after-talk": calls.left_over,
    "wrap-up": agents.wrap_up_over,
    "pause": agents.pause_over,
    "page": agents.page_stayed_away,
    "line": line.look_again,
    "limit": limits.waited,
    "announce": announcements.due,
    "nobody": limits.still_deserted,
    "dial": callbacks.undialled,
    "callback": callbacks.due,
    "absent": conversations.stayed_absent,
    "conversation-wrap-up": conversations.wrap_up_over,
    "day": agents.day_begins,
    "dial-out": outbound.overdue,
    "third": third_legs.overdue,
    "pace": routing.pace_over,
}

HANDLERS: dict[type[Input], Callable[[Engine, Any], None]] = {
    Started: reconcile.started,
    Configured: reconcile.configured,
    SwitchConnected: reconcile.switch_connected,
    SwitchLost: reconcile.switch_lost,
    SwitchSeen: reconcile.switch_seen,
    CallerAdrift: calls.caller_adrift,
    MemberArrived: calls.member_arrived,
    ControlLost: calls.control_lost,
    CallerGone: calls.caller_gone,
    BridgeEnded: calls.bridge_ended,
    LegAnswered: calls.leg_answered,
    LegEnded: calls.leg_ended,
    LegHeld: calls.leg_held,
    ThirdAnswered: third_legs.answered,
    PhoneLegStarted: agents.phone_leg_started,
    CustomerDialed: outbound.customer_dialed,
    EndpointChanged: agents.endpoint_changed,
    KeyPressed: announcements.pressed,
    CommandReceived: commands.received,
    Tick: _tick,
}
