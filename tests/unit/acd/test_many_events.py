"""Over many events, lost, doubled and late ones among them: nobody waits while somebody is free who may be asked.

Calls and conversations share the agents. `test_any_order` looks for short stories that break a promise; this is a long day
of a larger centre. By default a hundred thousand events; `MANY_EVENTS=100000 pytest tests/unit/acd/test_many_events.py`
makes millions of them, and says how many (docs/decisions.md says when it was done).
"""

import os
import random
from collections import Counter

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from acd.domain.board import FREE, standing, standing_for_conversations
from acd.domain.effects import OfferCall
from acd.domain.engine import Engine
from acd.domain.inputs import (
    AgentConfig,
    BridgeEnded,
    CallerGone,
    CommandReceived,
    Configured,
    EndpointChanged,
    Input,
    LegAnswered,
    LegEnded,
    MemberArrived,
    QueueConfig,
    Rules,
    Started,
    SwitchConnected,
    Tick,
    TierConfig,
)
from acd.domain.skills import at, covers, requirement
from tests.unit.acd.acd_world import SECOND, START_US

EVENTS = int(os.environ.get("MANY_EVENTS", "4000"))
EXAMPLES = 25
DONE: Counter[str] = Counter()
STRATEGIES = ("longest-idle", "round-robin", "ring-all", "skill-score", "top-down", "random")
NEEDS = ("", "", "english:2", "refund", "english:3; after 5 s: english:1")
CAUSES = ("NORMAL_CLEARING", "NO_ANSWER", "USER_BUSY", "CALL_REJECTED", "SUBSCRIBER_ABSENT")
STATUSES = (*["ready"] * 8, "break", "offline")
OFFER_SECONDS = 8
LONGEST_OFFER_US = (
    OFFER_SECONDS + 4
) * SECOND  # a ringing that does not stop is ended again, and then given up


class Day:
    """A centre and what may happen in it next, drawn from one seed."""

    def __init__(self, seed: int, agents: int) -> None:
        self.chance, self.engine, self.now_us = random.Random(seed), Engine(), START_US
        self.agents, self.calls, self.chats, self.done = agents, 0, 0, 0
        self.asked_calls, self.asked_chats = 0, 0  # times that somebody waited while somebody was free
        self.late: list[Input] = []
        self.legs: list[tuple[str, str]] = []  # leg, its caller's channel
        queues = tuple(
            QueueConfig(name=f"q{n}", strategy=name, wrap_up_seconds=3 * (n % 2), max_wait_seconds=60, offer_timeout_seconds=OFFER_SECONDS)
            for n, name in enumerate(STRATEGIES)
        )  # fmt: skip
        chat = QueueConfig(
            name="chat", channel="chat", wrap_up_seconds=5, max_wait_seconds=90, historic_wait_seconds=8
        )
        people = tuple(
            AgentConfig(
                agent_id=n, extension=f"{1000 + n}", skills={"english": n % 4, "refund": n % 2},
                tiers=tuple(TierConfig(queue=f"q{(n + step) % len(queues)}", position=n) for step in (0, 1, 3)) + (TierConfig(queue="chat"),) * (n % 3 > 0),
            )
            for n in range(1, agents + 1)
        )  # fmt: skip
        self.do(Started(at_us=self.now_us, writer="test", seed="seed"))
        self.do(SwitchConnected(at_us=self.now_us, switch="s"))
        self.do(Configured(at_us=self.now_us, queues=(*queues, chat), agents=people, rules=Rules()))
        for n in range(1, agents + 1):
            self.do(EndpointChanged(at_us=self.now_us, switch="s", extension=f"{1000 + n}", registered=True))
            self.choose(n, "ready")

    def do(self, event: Input) -> None:
        self.done += 1
        for effect in self.engine.apply(event).effects:
            if isinstance(effect, OfferCall):
                self.legs += [
                    (leg, effect.channel_id) for leg in (effect.leg_id, *(o[0] for o in effect.others))
                ]
        del self.legs[:-200]

    def choose(self, agent_id: int, status: str) -> None:
        command = {"type": "SetStatus", "agent_id": agent_id, "command_id": "", "status": status}
        self.do(CommandReceived(at_us=self.now_us, command=command))

    def step(self) -> None:
        """Time passes a little, and something happens: now, twice, late, or never."""
        self.now_us += self.chance.randrange(SECOND)
        while (due_us := self.engine.next_due_us()) is not None and due_us <= self.now_us:
            self.do(Tick(at_us=due_us))
        what = self.chance.random()
        if what < 0.2:
            self.choose(self.chance.randint(1, self.agents), self.chance.choice(STATUSES))
            return
        if what < 0.3:
            self.converse(what)
            return
        event = self.happening(what)
        fate = self.chance.random()
        if fate < 0.02:
            return
        if fate < 0.06:
            self.late.append(event)
        else:
            self.do(event)
        if fate > 0.96:
            self.do(event)
        if self.late and self.chance.random() < 0.05:
            self.do(self.late.pop(self.chance.randrange(len(self.late))))

    def command(self, name: str, agent_id: int, **values: object) -> None:
        command = {"type": name, "agent_id": agent_id, "command_id": "", **values}
        self.do(CommandReceived(at_us=self.now_us, command=command))

    def converse(self, what: float) -> None:
        """A visitor writes, or leaves; an agent ends a conversation, or its wrap-up."""
        visitor = f"v{self.chance.randint(max(1, self.chats - 20), self.chats + 1)}"
        agent_id = self.chance.randint(1, self.agents)
        if what < 0.25:
            self.chats += 1
            self.command(
                "EnterQueue", 0, interaction_id=f"v{self.chats}", queue="chat", actor="system",
                skills=self.chance.choice(NEEDS), historic_agent_id=self.chance.choice((None, agent_id)),
            )  # fmt: skip
        elif what < 0.27:
            self.command("LeaveQueue", 0, interaction_id=visitor, by="visitor", actor="system")
        else:
            has = self.engine.state.agents[agent_id].conversations
            self.command("EndConversation", agent_id, interaction_id=next(iter(has), visitor))

    def happening(self, what: float) -> Input:
        at_us, chance = self.now_us, self.chance
        leg, channel = chance.choice(self.legs[-20:]) if self.legs else ("none", "none")
        if what < 0.4:  # a call comes
            self.calls += 1
            return MemberArrived(
                at_us=at_us, channel_id=f"c{self.calls}", interaction_id=f"c{self.calls}", switch="s",
                number="13800138000", queue=f"q{chance.randrange(len(STRATEGIES))}", priority=chance.randrange(4),
                skills=chance.choice(NEEDS),
            )  # fmt: skip
        if what < 0.6:
            return LegAnswered(at_us=at_us, leg_id=leg)
        if what < 0.78:
            return LegEnded(at_us=at_us, leg_id=leg, cause=chance.choice(CAUSES))
        if what < 0.87:
            return BridgeEnded(at_us=at_us, channel_id=channel, leg_id=leg, cause=chance.choice(CAUSES))
        if what < 0.97:
            gone = channel if chance.random() < 0.7 else f"c{chance.randint(1, self.calls + 1)}"
            return CallerGone(at_us=at_us, channel_id=gone)
        extension = f"{1000 + chance.randint(1, self.agents)}"
        return EndpointChanged(at_us=at_us, switch="s", extension=extension, registered=chance.random() < 0.8)

    def check(self) -> None:
        """Nobody waits while somebody is free who may be asked, nobody is asked twice, no offer lasts for ever."""
        state = self.engine.state
        agents, rules, asked = state.agents.values(), state.rules, set()
        for agent in agents:
            if (offer := agent.offer) and not offer.ending:
                assert self.now_us - offer.made_at_us < LONGEST_OFFER_US, f"{offer.leg_id} rings for ever"
                is_all = state.queues[offer.queue].strategy == "ring-all"
                assert is_all or offer.member_id not in asked, f"{offer.member_id} is offered twice"
                asked.add(offer.member_id)
        free = [agent for agent in agents if standing(agent, rules) == FREE]
        open_ = [agent for agent in agents if standing_for_conversations(agent, rules) == FREE]
        for member in state.members.values():
            might = free if member.is_call else open_
            if member.state != "waiting" or not might:
                continue
            waited_us = member.looked_at_us - member.entered_at_us
            need = at(requirement(state.queues[member.queue].skills, member.skills), waited_us)
            self.asked_calls += member.is_call
            self.asked_chats += not member.is_call
            for agent in might:
                serves = any(tier.queue == member.queue for tier in agent.config.tiers)
                is_held = member.wanted_agent not in (
                    0,
                    agent.agent_id,
                )  # it waits for the agent it had before
                assert is_held or not serves or not covers(agent.config.skills, need), (
                    f"{member.member_id} waits, {agent.agent_id} is free"
                )


@settings(max_examples=EXAMPLES, deadline=None)
@given(seed=st.integers(0, 2**32), agents=st.integers(1, 12))
def many_events(seed: int, agents: int) -> None:
    day = Day(seed, agents)
    for _ in range(EVENTS):
        day.step()
        day.check()
    assert day.calls > EVENTS // 20
    assert day.chats > EVENTS // 40
    for what in ("done", "calls", "chats", "asked_calls", "asked_chats"):
        DONE[what] += getattr(day, what)


@pytest.mark.timeout(max(120, EVENTS // 20))
def test_over_many_events_nobody_waits_while_an_eligible_agent_is_free() -> None:
    DONE.clear()
    many_events()
    print(f"many events: {dict(DONE)}")
    assert DONE["done"] > EVENTS * EXAMPLES // 2
