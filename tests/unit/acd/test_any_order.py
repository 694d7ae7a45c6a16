"""Whatever happens, in whatever order, lost or twice: the promises hold, and a replay gives the same state."""

import json
import os
from typing import Any

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from acd.domain.board import FREE, GUEST, Need, standing, standing_for_conversations
from acd.domain.engine import Engine
from acd.domain.inputs import (
    BridgeEnded,
    CallbackConfig,
    CallerGone,
    ControlLost,
    EndpointChanged,
    LegAnswered,
    LegEnded,
    LegHeld,
    LimitConfig,
    MemberArrived,
    PhoneLegStarted,
    QueueConfig,
    Rules,
    SeenLeg,
    Started,
    SwitchConnected,
    SwitchSeen,
    TierConfig,
    decode_input,
    encode_input,
)
from acd.domain.model import Member
from acd.domain.skills import at, covers, requirement
from acd.domain.state import State
from acd.domain.view import build
from acd.messages import decode_event, encode_event
from tests.unit.acd.acd_world import SECOND, Centre

AGENTS = 4
CHANNELS = [f"c{n}" for n in range(6)]
CAUSES = [
    "NORMAL_CLEARING",
    "NO_ANSWER",
    "USER_BUSY",
    "CALL_REJECTED",
    "ORIGINATOR_CANCEL",
    "PICKED_OFF",
    "SUBSCRIBER_ABSENT",
]
QUEUES = (
    QueueConfig(
        name="sales",
        wrap_up_seconds=0,
        max_wait_seconds=40,
        callback=CallbackConfig(trunk="gw", attempts=2, retry_seconds=4, dial_seconds=6),
        limits=(
            LimitConfig(when="length", value=2, to="queue", target="service"),
            LimitConfig(when="time", value=9, to="flow", target="night"),
            LimitConfig(when="nobody", value=3),
        ),
    ),
    QueueConfig(name="service", offer_timeout_seconds=10, ageing_seconds=20),
    QueueConfig(name="all", strategy="ring-all", wrap_up_seconds=0),
    QueueConfig(name="chat", channel="chat", wrap_up_seconds=5, historic_wait_seconds=8, tier_wait_seconds=4),
)
TIERS = {
    1: ["sales", "all"],
    2: ["service", "chat", "all"],
    3: ["sales", "service", "all", TierConfig(queue="chat", level=2)],
    4: ["service"],
}
SKILLS = {2: {"english": 3}, 3: {"english": 1}}
NEEDS = ["", "", "english", "english:3", "klingon:1", "english:3; after 5 s: english:1", "no skill at all!"]
NOTHING = Need((), 9, 0, ())
CHATS = [f"v{n}" for n in range(5)]


class AnyOrder(RuleBasedStateMachine):
    """Switch events arrive for any leg and channel at any time, as if some were lost, doubled or late."""

    @initialize()
    def begin(self) -> None:
        rules = Rules(return_grace_seconds=15, conversations_beside_call=1, return_conversations_seconds=20)
        self.centre = Centre(
            agents=AGENTS, queues=QUEUES, tiers=TIERS, rules=rules, skills=SKILLS, maximum={3: 2}
        )
        self.legs = ["unknown"]

    def note_legs(self) -> None:
        for agent in self.centre.engine.state.agents.values():
            if agent.offer and agent.offer.leg_id not in self.legs:
                self.legs.append(agent.offer.leg_id)

    def some_leg(self, data: Any) -> str:
        self.note_legs()
        return str(data.draw(st.sampled_from(self.legs[-8:])))

    @rule(
        channel=st.sampled_from(CHANNELS),
        queue=st.sampled_from(["sales", "service", "all", "?"]),
        priority=st.integers(-1, 11),
        skills=st.sampled_from(NEEDS),
        wanted=st.sampled_from(["", "", "1003", "1004", "historic"]),
        back=st.sampled_from(["", "", "13800138000"]),
    )
    def arrive(self, channel: str, queue: str, priority: int, skills: str, wanted: str, back: str) -> None:
        self.centre.do(
            MemberArrived,
            channel_id=channel,
            interaction_id=channel,
            switch="switch1",
            queue=queue,
            priority=priority,
            skills=skills,
            wanted_extension=wanted,
            callback_number=back,
            number="13800138000" if channel == "c1" else "",
        )

    @rule(
        visitor=st.sampled_from(CHATS),
        priority=st.integers(0, 2),
        skills=st.sampled_from(NEEDS),
        historic=st.sampled_from([None, 2, 3, 4]),
    )
    def chat(self, visitor: str, priority: int, skills: str, historic: int | None) -> None:
        self.centre.chats(visitor, priority=priority, skills=skills, historic_agent_id=historic)

    @rule(data=st.data(), reached=st.booleans())
    def customer(self, data: Any, reached: bool) -> None:
        """A customer who is called back answers, or does not."""
        members = self.centre.engine.state.members
        dialing = [m for m in members.values() if m.dialing]
        if dialing:
            member = data.draw(st.sampled_from(dialing))
            if reached:
                self.centre.do(
                    MemberArrived, channel_id=member.channel_id, interaction_id=member.interaction_id,
                    switch="switch1", queue=member.queue,
                )  # fmt: skip
            else:
                self.centre.do(CallerGone, channel_id=member.channel_id, cause="NO_ANSWER")

    @rule(data=st.data())
    def cancel_callback(self, data: Any) -> None:
        known = list(self.centre.engine.state.callbacks) or ["none"]
        self.centre.command("CancelCallback", 0, interaction_id=data.draw(st.sampled_from(known)))

    @rule(visitor=st.sampled_from(CHATS))
    def visitor_leaves(self, visitor: str) -> None:
        self.centre.visitor_leaves(visitor)

    @rule(
        visitor=st.sampled_from(CHATS),
        agent=st.integers(1, AGENTS),
        name=st.sampled_from(["EndConversation", "TakeConversation", "TransferConversation"]),
        to=st.sampled_from(["chat", "2", "3"]),
        actor=st.sampled_from(["agent", "supervisor:9"]),
    )
    def conversation(self, visitor: str, agent: int, name: str, to: str, actor: str) -> None:
        kind = "queue" if to == "chat" else "agent"
        values = {"kind": kind, "target": to} if name == "TransferConversation" else {}
        self.centre.command(name, agent, interaction_id=visitor, actor=actor, **values)

    @rule(channel=st.sampled_from(CHANNELS))
    def caller_gone(self, channel: str) -> None:
        self.centre.do(CallerGone, channel_id=channel)

    @rule(channel=st.sampled_from(CHANNELS))
    def control_lost(self, channel: str) -> None:
        self.centre.do(ControlLost, channel_id=channel)

    @rule(data=st.data())
    def answered(self, data: Any) -> None:
        self.centre.do(LegAnswered, leg_id=self.some_leg(data))

    @rule(data=st.data(), cause=st.sampled_from(CAUSES))
    def leg_ended(self, data: Any, cause: str) -> None:
        self.centre.do(LegEnded, leg_id=self.some_leg(data), cause=cause)

    @rule(data=st.data(), channel=st.sampled_from(CHANNELS), cause=st.sampled_from(CAUSES))
    def bridge_ended(self, data: Any, channel: str, cause: str) -> None:
        self.centre.do(BridgeEnded, channel_id=channel, leg_id=self.some_leg(data), cause=cause)

    @rule(data=st.data(), on=st.booleans())
    def held(self, data: Any, on: bool) -> None:
        self.centre.do(LegHeld, leg_id=self.some_leg(data), on=on)

    @rule(agent=st.integers(1, AGENTS), cause=st.sampled_from(CAUSES))
    def phone_fails(self, agent: int, cause: str) -> None:
        if self.centre.agent(agent).offer:
            self.centre.phone_fails(agent, cause)

    @rule(agent=st.integers(1, AGENTS))
    def phone_answers(self, agent: int) -> None:
        if self.centre.agent(agent).offer:
            self.centre.answers(agent)

    @rule(
        agent=st.integers(1, AGENTS), leg=st.sampled_from(["own1", "own2", *CHANNELS]), starts=st.booleans()
    )
    def own_call(self, agent: int, leg: str, starts: bool) -> None:
        if starts:
            self.centre.do(PhoneLegStarted, leg_id=leg, extension=f"{1000 + agent}", switch="switch1")
        else:
            self.centre.do(LegEnded, leg_id=leg)

    @rule(agent=st.integers(1, AGENTS), registered=st.booleans())
    def registration(self, agent: int, registered: bool) -> None:
        self.centre.do(EndpointChanged, switch="switch1", extension=f"{1000 + agent}", registered=registered)

    @rule(
        agent=st.integers(1, AGENTS + 1),
        status=st.sampled_from(["ready", "ready", "ready", "break", "offline"]),
    )
    def status(self, agent: int, status: str) -> None:
        self.centre.command("SetStatus", agent, status=status)

    @rule(
        agent=st.integers(1, AGENTS),
        name=st.sampled_from(["DeclineOffer", "HoldCall", "HangUpCall", "FinishWrapUp", "ExtendWrapUp"]),
    )
    def command(self, agent: int, name: str) -> None:
        has = self.centre.agent(agent)
        work = has.offer or has.talk or has.wrap_up
        values: dict[str, Any] = {"offer_id": work.offer_id if work else "none"}
        values = {"HoldCall": {"on": True}, "HangUpCall": {}, "ExtendWrapUp": {"seconds": 20}}.get(
            name, values
        )
        self.centre.command(name, agent, **values)

    @rule(agent=st.integers(1, AGENTS), window=st.sampled_from("ab"), here=st.booleans())
    def presence(self, agent: int, window: str, here: bool) -> None:
        self.centre.command("Presence", agent, window_id=window, here=here)

    @rule(data=st.data(), asked_before=st.integers(0, 5))
    def reconcile(self, data: Any, asked_before: int) -> None:
        self.note_legs()
        here = data.draw(st.lists(st.sampled_from(self.legs[-8:] + CHANNELS), unique=True))
        legs = tuple(
            SeenLeg(
                leg_id=leg,
                extension=data.draw(st.sampled_from(["", "1001", "1003"])),
                bridged=data.draw(st.booleans()),
            )
            for leg in here
        )
        registered = tuple(data.draw(st.lists(st.sampled_from(["1001", "1002", "1003"]), unique=True)))
        asked = self.centre.now_us - asked_before * SECOND
        self.centre.do(SwitchSeen, switch="switch1", asked_at_us=asked, legs=legs, registered=registered)

    @rule(agents=st.integers(1, AGENTS), both=st.booleans())
    def configure(self, agents: int, both: bool) -> None:
        self.centre.configure(agents, QUEUES if both else QUEUES[1:], TIERS)
        self.centre.configure(AGENTS, QUEUES, TIERS)

    @rule(core=st.sampled_from(["one", "two"]))
    def switch_restarts(self, core: str) -> None:
        self.centre.do(SwitchConnected, switch="switch1", core=core)

    @rule()
    def restart(self) -> None:
        self.centre.do(Started, writer="another")

    @rule(seconds=st.sampled_from([0.01, 1, 3, 12, 61]))
    def time_passes(self, seconds: float) -> None:
        self.centre.wait(seconds)

    # ---- promises ------------------------------------------------------------------------------------

    @invariant()
    def a_call_has_one_state(self) -> None:
        state = self.centre.engine.state
        talks = [agent.talk.channel_id for agent in state.agents.values() if agent.talk]
        assert len(talks) == len(set(talks))
        for agent in state.agents.values():
            assert (agent.state == "offered") == (agent.offer is not None)
            assert (agent.state == "talking") == (agent.talk is not None)
            assert (agent.state == "wrap-up") == (agent.wrap_up is not None)

    @invariant()
    def a_member_is_offered_to_one_agent_at_most(self) -> None:
        state = self.centre.engine.state
        offers = [a.offer for a in state.agents.values() if a.offer and not a.offer.ending]
        offered = [offer.member_id for offer in offers]
        alone = [offer.member_id for offer in offers if offer.queue != "all"]
        assert len(alone) == len(set(alone))
        for offer in offers:
            if offer.queue == "all":
                rung = state.members[offer.channel_id]
                assert rung.state == "offered"
                assert offer.leg_id in [rung.leg_id, *rung.more_legs]
        for member in state.members.values():
            assert member.state != "left"
            if member.state in ("waiting", "away"):
                assert member.member_id not in offered

    @invariant()
    def nobody_waits_while_an_agent_is_free_who_may_be_asked(self) -> None:
        engine = self.centre.engine
        rules = engine.state.rules
        for member in engine.state.members.values():
            if member.state != "waiting":
                continue
            config = engine.state.queues[member.queue]
            waited_us = member.looked_at_us - member.entered_at_us
            need = at(requirement(config.skills, member.skills), waited_us)
            for agent in engine.state.agents.values():
                stands = (standing if member.is_call else standing_for_conversations)(agent, rules)
                tier = next((t for t in agent.config.tiers if t.queue == member.queue), None)
                assert stands != FREE or member.wanted_agent != agent.agent_id, "free, and asked for by name"
                if (
                    tier
                    and self.is_open(member, tier)
                    and stands == FREE
                    and covers(agent.config.skills, need)
                ):
                    assert member.wanted_agent not in (0, agent.agent_id), (
                        f"{member.member_id} waits, {agent.agent_id} is free"
                    )

    def is_open(self, member: Member, tier: TierConfig) -> bool:
        """Whether the member has waited for this level; one where nobody is signed in costs no time."""
        state = self.centre.engine.state
        wait_us = state.queues[member.queue].tier_wait_seconds * SECOND
        tiers = [(a, t) for a in state.agents.values() for t in a.config.tiers if t.queue == member.queue]
        passed = {t.level for a, t in tiers if a.status != "offline" and t.level < tier.level}
        return not wait_us or (member.looked_at_us - member.entered_at_us) // wait_us >= len(passed)

    @invariant()
    def who_waits_for_one_agent_waits_for_one_that_is_there_and_not_for_long(self) -> None:
        state = self.centre.engine.state
        for member in state.members.values():
            if member.state == "waiting" and member.wanted_agent:
                assert state.agents[member.wanted_agent].status == "ready"
                assert state.timers.due_us("line", member.channel_id) is not None

    @invariant()
    def a_conversation_has_one_agent_and_no_agent_has_more_than_it_may(self) -> None:
        state = self.centre.engine.state
        owned = [(i, a.agent_id) for a in state.agents.values() for i in a.conversations]
        served = [(m.interaction_id, m.served_by) for m in state.members.values() if m.served_by]
        assert sorted(owned) == sorted(served)
        for agent in state.agents.values():
            for offer_id in agent.conversation_wrap_ups:
                assert state.timers.due_us("conversation-wrap-up", f"{agent.agent_id} {offer_id}")

    @invariant()
    def no_more_customers_are_dialled_than_agents_are_reserved(self) -> None:
        state = self.centre.engine.state
        reserved = {agent.offer.channel_id for agent in state.agents.values() if agent.offer}
        assert {m.channel_id for m in state.members.values() if m.dialing} <= reserved
        for interaction_id, channel_id in state.callbacks.items():
            assert state.members[channel_id].interaction_id == interaction_id

    @invariant()
    def a_timer_of_a_member_has_a_member(self) -> None:
        state = self.centre.engine.state
        for _, kind, key in state.timers.to_json():
            if kind in ("line", "max-wait", "away", "bridge", "after-talk", "dial", "callback", "limit"):
                assert key in state.members

    @invariant()
    def whatever_ends_by_itself_has_a_timer(self) -> None:
        state = self.centre.engine.state
        timers = state.timers
        for agent in state.agents.values():
            if agent.offer:
                assert timers.due_us("offer", agent.offer.leg_id) is not None
            if agent.wrap_up:
                assert timers.due_us("wrap-up", str(agent.agent_id)) is not None
            assert bool(agent.paused_until_us) == (timers.due_us("pause", str(agent.agent_id)) is not None)
        offers = {a.offer.leg_id for a in state.agents.values() if a.offer}
        talks = {a.talk.leg_id for a in state.agents.values() if a.talk}
        for member in state.members.values():
            if member.state == "away":
                kind = "callback" if member.channel_id.startswith("callback:") else "away"
                assert timers.due_us(kind, member.channel_id) is not None
            if member.dialing:
                assert timers.due_us("dial", member.channel_id) is not None
                assert member.leg_id in offers
            if member.state == "offered" and member.leg_id not in offers:
                assert timers.due_us("bridge", member.channel_id) is not None
            if member.is_call and member.state == "talking" and member.leg_id not in talks:
                assert timers.due_us("after-talk", member.channel_id) is not None
            if member.state == "waiting":
                held = member.overdue or member.channel_id.startswith("callback:")
                assert held or timers.due_us("max-wait", member.channel_id) is not None

    @invariant()
    def the_boards_are_what_the_state_says(self) -> None:
        engine = self.centre.engine
        again = Engine(State.load(engine.state.dump()))
        for name, board in engine.board.queues.items():
            free, rebuilt = board.free, again.board.queues[name].free
            # A guest stays on the board when nobody asks for it any more, and is found by nobody then.
            assert {a: seat for a, seat in free.items() if seat[0].level != GUEST or a in rebuilt} == rebuilt
            assert board.seats == again.board.queues[name].seats
            assert board.classes == again.board.queues[name].classes
            assert board.groups == again.board.queues[name].groups
            assert board.excluded(NOTHING) == again.board.queues[name].excluded(NOTHING)
            may, others = board.named(NOTHING)
            assert (may, others) == again.board.queues[name].named(NOTHING)
            assert board.excluded(NOTHING) == {why: len(ids) for why, ids in others.items()}
            assert len(may) == board.candidates(NOTHING)
        assert engine.legs == again.legs
        assert again.state.dump() == engine.state.dump()
        json.dumps(build(engine))

    def teardown(self) -> None:
        if not hasattr(self, "centre"):
            return
        replayed = Engine()
        half = Engine()
        events = []
        for n, event in enumerate(self.centre.log):
            events += replayed.apply(decode_input(encode_input(event))).events
            if n == len(self.centre.log) // 2:
                half = Engine(State.load(replayed.state.dump()))
            elif n > len(self.centre.log) // 2:
                half.apply(event)
        assert replayed.state.dump() == self.centre.engine.state.dump()
        if len(self.centre.log) > 2:
            assert half.state.dump() == self.centre.engine.state.dump()
        assert [encode_event(e) for e in events] == [encode_event(e) for e in self.centre.events]
        assert [decode_event(encode_event(e)) for e in events] == self.centre.events
        assert [e.event_id for e in events] == list(range(1, len(events) + 1))


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(
    max_examples=int(os.environ.get("ANY_ORDER_EXAMPLES", "60")), stateful_step_count=40, deadline=None
)
