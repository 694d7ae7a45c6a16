"""A switch that knows the truth, and a bad line to it: events are lost, told twice or late, in another order.

`test_any_order` throws anything at the engine; here everything that is told was true once, and the ACD compares as often
as it does in service (`COMPARE_SECONDS`). So what the engine believes must be the truth again within two seconds.
"""

import os
from itertools import count
from typing import Any

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from acd.adapters.esl_client import COMPARE_SECONDS
from acd.domain.board import FREE, standing
from acd.domain.effects import HangUpCaller, LetGo, OfferCall, RefuseLeg, Withdraw
from acd.domain.inputs import (
    BridgeEnded,
    CallerGone,
    Input,
    LegAnswered,
    LegEnded,
    PhoneLegStarted,
    QueueConfig,
    Rules,
    SeenLeg,
    SwitchSeen,
)
from acd.domain.reconcile import differences
from tests.unit.acd.acd_world import SECOND, Centre

AGENTS = 3
BUSY_WITHOUT_LEG_US = 2 * SECOND
OFFERED_WITHOUT_LEG_US = round((2 + COMPARE_SECONDS) * SECOND)  # a leg may take two seconds to begin
LINE = st.sampled_from(["told", "lost", "lost", "twice", "late"])
LATE_US = SECOND


class TrueSwitch(RuleBasedStateMachine):
    """Calls and phones that really are there, and what of them the ACD hears."""

    @initialize()
    def begin(self) -> None:
        queue = QueueConfig(name="service", wrap_up_seconds=3, offer_timeout_seconds=8, max_wait_seconds=60)
        self.centre = Centre(agents=AGENTS, queues=(queue,), rules=Rules(return_grace_seconds=10))
        self.callers: set[str] = set()
        self.legs: dict[str, tuple[str, int]] = {}  # an agent's leg: the caller ("" for none), the agent
        self.talking: set[str] = set()
        self.dead_at_us: dict[str, int] = {}
        self.late: list[tuple[int, int, type[Input], dict[str, Any]]] = []
        self.names, self.done = count(1), 0
        self.compare_at_us = self.centre.now_us
        self.fates: list[str] = []
        self.centre.ready(*range(1, AGENTS + 1))

    # ---- the line to the ACD -------------------------------------------------------------------------

    def tell(self, kind: type[Input], **values: Any) -> None:
        """An event happened; the line does with it what it likes."""
        fate = self.fates.pop() if self.fates else "told"
        if fate == "late":
            self.late.append((self.centre.now_us + LATE_US, next(self.names), kind, values))
        for _ in range({"told": 1, "twice": 2}.get(fate, 0)):
            self.do(kind, **values)

    def do(self, kind: type[Input], **values: Any) -> None:
        self.centre.do(kind, **values)
        self.carry_out()

    def carry_out(self) -> None:
        """What the ACD asked for happens at once."""
        while self.done < len(self.centre.effects):
            effect = self.centre.effects[self.done]
            self.done += 1
            if isinstance(effect, OfferCall):
                self.ring(effect)
            elif isinstance(effect, Withdraw):
                self.leg_ends(effect.leg_id, effect.cause, keeps_caller=True)
            elif isinstance(effect, HangUpCaller):
                self.caller_ends(effect.channel_id)
            elif isinstance(effect, LetGo):
                self.callers.discard(effect.channel_id)
            elif isinstance(effect, RefuseLeg):
                self.leg_ends(effect.channel_id, "USER_BUSY")

    # ---- what really happens -------------------------------------------------------------------------

    def ring(self, effect: OfferCall) -> None:
        rung = [leg for leg, (caller, _) in self.legs.items() if caller == effect.channel_id]
        assert rung == [], "two offers of one member"
        if effect.channel_id in self.callers:
            self.legs[effect.leg_id] = (effect.channel_id, effect.agent_id)
        else:
            self.dead_at_us[effect.leg_id] = self.centre.now_us
            self.do(
                LegEnded, leg_id=effect.leg_id, cause="CONTROL_FAILED"
            )  # not an event: the ACD sees it itself

    def leg_ends(self, leg: str, cause: str, *, keeps_caller: bool = False) -> None:
        if leg not in self.legs:
            return
        caller, _agent = self.legs.pop(leg)
        was_talking = leg in self.talking
        self.talking.discard(leg)
        self.dead_at_us[leg] = self.centre.now_us
        self.tell(LegEnded, leg_id=leg, cause=cause)
        if caller and was_talking and not keeps_caller:
            self.callers.discard(caller)
            self.tell(CallerGone, channel_id=caller, cause=cause)
        elif caller:
            self.tell(BridgeEnded, channel_id=caller, leg_id=leg, cause=cause)

    def caller_ends(self, caller: str) -> None:
        if caller not in self.callers:
            return
        self.callers.discard(caller)
        for leg in [leg for leg, (of, _) in self.legs.items() if of == caller]:
            del self.legs[leg]
            self.talking.discard(leg)
            self.dead_at_us[leg] = self.centre.now_us
            self.tell(LegEnded, leg_id=leg, cause="ORIGINATOR_CANCEL")
        self.tell(CallerGone, channel_id=caller, cause="NORMAL_CLEARING")

    def compare(self) -> None:
        """As `adapters.esl_client` does: an input only when something differs."""
        legs = [SeenLeg(leg_id=caller, bridged=True) for caller in sorted(self.callers)]
        legs += [
            SeenLeg(leg_id=leg, extension=f"{1000 + agent}", bridged=leg in self.talking)
            for leg, (_, agent) in self.legs.items()
        ]
        now_us, registered = self.centre.now_us, tuple(f"{1000 + n}" for n in range(1, AGENTS + 1))
        seen = SwitchSeen(
            at_us=now_us, switch="switch1", asked_at_us=now_us, legs=tuple(legs), registered=registered
        )
        if differences(self.centre.engine, seen):
            self.centre.apply(seen)
            self.carry_out()

    def pass_until(self, until_us: int) -> None:
        """Timers, late events and comparisons, each at its time."""
        while True:
            due = self.centre.engine.next_due_us() or until_us + 1
            late = min(self.late)[0] if self.late else until_us + 1
            next_us = min(due, late, self.compare_at_us)
            if next_us > until_us:
                break
            self.centre.wait(max(0, next_us - self.centre.now_us) / SECOND)
            self.carry_out()
            self.nobody_is_busy_with_nothing()
            if late == next_us:
                event = min(self.late)
                self.late.remove(event)
                self.do(event[2], **event[3])
            elif self.compare_at_us == next_us:
                self.compare()
                self.compare_at_us += round(COMPARE_SECONDS * SECOND)
        self.centre.wait((until_us - self.centre.now_us) / SECOND)
        self.carry_out()

    # ---- what people do ------------------------------------------------------------------------------

    @rule()
    def a_caller_comes(self) -> None:
        caller = f"caller-{next(self.names)}"
        self.callers.add(caller)
        self.centre.arrives(channel=caller)
        self.carry_out()

    @rule(data=st.data(), fates=st.lists(LINE, max_size=4))
    def a_caller_hangs_up(self, data: Any, fates: list[str]) -> None:
        if self.callers:
            self.fates = fates
            self.caller_ends(data.draw(st.sampled_from(sorted(self.callers))))

    @rule(data=st.data(), fates=st.lists(LINE, max_size=2))
    def a_phone_is_answered(self, data: Any, fates: list[str]) -> None:
        ringing = [leg for leg, (caller, _) in self.legs.items() if caller and leg not in self.talking]
        if ringing:
            self.fates = fates
            leg = data.draw(st.sampled_from(ringing))
            self.talking.add(leg)
            self.tell(LegAnswered, leg_id=leg)

    @rule(data=st.data(), fates=st.lists(LINE, max_size=4), cause=st.sampled_from(["USER_BUSY", "NO_ANSWER"]))
    def a_phones_leg_ends(self, data: Any, fates: list[str], cause: str) -> None:
        if self.legs:
            self.fates = fates
            self.leg_ends(data.draw(st.sampled_from(list(self.legs))), cause)

    @rule(agent=st.integers(1, AGENTS), fates=st.lists(LINE, max_size=2))
    def an_agent_phones(self, agent: int, fates: list[str]) -> None:
        leg = f"own-{next(self.names)}"
        self.legs[leg] = ("", agent)
        self.talking.add(leg)
        self.fates = fates
        self.tell(PhoneLegStarted, leg_id=leg, extension=f"{1000 + agent}", switch="switch1")

    @rule(agent=st.integers(1, AGENTS), status=st.sampled_from(["ready", "ready", "ready", "break"]))
    def an_agent_chooses(self, agent: int, status: str) -> None:
        self.centre.command("SetStatus", agent, status=status)
        self.carry_out()

    @rule(seconds=st.sampled_from([0.2, 1, 3, 9]))
    def time_passes(self, seconds: float) -> None:
        self.fates = []
        self.pass_until(self.centre.now_us + round(seconds * SECOND))

    # ---- promises ------------------------------------------------------------------------------------

    @invariant()
    def nobody_is_busy_with_nothing(self) -> None:
        """No agent talks, phones or is rung without a leg that lives, for longer than it takes to compare."""
        now_us = self.centre.now_us
        for agent in self.centre.engine.state.agents.values():
            work = [(leg, own.since_us, BUSY_WITHOUT_LEG_US) for leg, own in agent.phone_legs.items()]
            if agent.talk:
                work.append((agent.talk.leg_id, agent.talk.connected_at_us, BUSY_WITHOUT_LEG_US))
            if agent.offer:
                work.append((agent.offer.leg_id, agent.offer.made_at_us, OFFERED_WITHOUT_LEG_US))
            for leg, since_us, most_us in work:
                dead_us = now_us - max(self.dead_at_us.get(leg, now_us), since_us)
                assert dead_us <= most_us, f"agent {agent.agent_id} has {leg}, which is gone"

    @invariant()
    def nobody_waits_while_an_agent_is_idle(self) -> None:
        state = self.centre.engine.state
        free = [agent for agent in state.agents.values() if standing(agent, state.rules) == FREE]
        assert not free or not any(member.state == "waiting" for member in state.members.values())

    @invariant()
    def nobody_is_offered_for_ever(self) -> None:
        for agent in self.centre.engine.state.agents.values():
            if agent.offer:
                assert self.centre.now_us - agent.offer.made_at_us < (8 + 4) * SECOND

    def teardown(self) -> None:
        """Left alone, the ACD finds the whole truth."""
        if not hasattr(self, "centre"):
            return
        self.fates = []
        self.pass_until(self.centre.now_us + 5 * SECOND)
        state = self.centre.engine.state
        assert {channel for channel, m in state.members.items() if m.state != "talking"} <= self.callers
        talks = {agent.talk.leg_id for agent in state.agents.values() if agent.talk}
        assert talks == {leg for leg in self.talking if self.legs[leg][0]}
        assert {leg for a in state.agents.values() for leg in a.phone_legs} == {
            leg for leg, (caller, _) in self.legs.items() if not caller
        }


TestTrueSwitch = TrueSwitch.TestCase
TestTrueSwitch.settings = settings(
    max_examples=int(os.environ.get("ANY_ORDER_EXAMPLES", "60")), stateful_step_count=40, deadline=None
)
