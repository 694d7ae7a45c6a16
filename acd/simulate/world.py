"""A call centre around the production engine, on a virtual clock: callers, phones and shifts as they would behave.

`run` makes one world a run. Nothing about routing is decided here: who is asked, when, and what an unanswered phone
leads to is the engine's doing; what is counted comes from the engine's own facts.
"""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any

from acd import messages as facts
from acd.domain.effects import Effect, HangUpCaller, LetGo, OfferCall, Withdraw
from acd.domain.engine import Decision, Engine
from acd.domain.inputs import (
    AgentConfig,
    BridgeEnded,
    CallerGone,
    CommandReceived,
    Configured,
    EndpointChanged,
    LegAnswered,
    LegEnded,
    MemberArrived,
    Rules,
    Started,
    SwitchConnected,
    Tick,
    TierConfig,
)
from acd.simulate.figures import Batch
from acd.simulate.load import Draw, Drawn, Recorded, drawer, streams
from acd.simulate.scenario import Group, Scenario

SWITCH = "simulated"
SECOND_US = 1_000_000
BACK_AFTER_SECONDS = 60  # an agent who did not answer comes back to the desk


@dataclass(slots=True)
class Call:
    """A call from its arrival to its end. `legs` are the phones that ring for it."""

    drawn: Drawn
    channel_id: str
    batch: Batch
    legs: list[str] = field(default_factory=list)
    connected: bool = False
    stopping: int = 0  # phones that were told to ring no longer


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of the scenario one run simulates: `warm_up` calls that don't count, then batches of `size` calls.

    A day (`size` 0) is one batch with all its calls.
    """

    run: int
    warm_up: int = 0
    size: int = 0
    batches: int = 1


class World:
    """One run. `finish` returns its batches, by queue."""

    def __init__(self, scenario: Scenario, plan: Plan, days: dict[str, list[Recorded]] | None = None) -> None:
        self.engine = Engine()
        self.now_us = 0
        self.counted: list[dict[str, Batch]] = []
        self._scenario, self._plan = scenario, plan
        self._todo: list[tuple[int, int, Callable[[Any], None], Any]] = []
        self._order = count()
        self._calls: dict[str, Call] = {}
        self._left = plan.warm_up + plan.size * plan.batches if plan.size else -1
        self._arrived = 0
        self._batch: dict[str, Batch] = {}
        self._whole = Batch()  # where agents' time is counted: the first queue's of the batch
        self._busy = 0
        self._staffed: set[int] = set()
        self._on_shift: set[int] = set()
        self._counted_until_us = 0
        self._thresholds = {queue.name: scenario.threshold_us(queue.name) for queue in scenario.queues}
        self._answer: dict[int, Draw] = {}
        self._reactions: dict[type[Effect], Callable[[Any], None]] = {
            OfferCall: self._ring, Withdraw: self._stop_ringing, LetGo: self._let_go, HangUpCaller: self._let_go,
        }  # fmt: skip
        self._notes: dict[type[facts.Happened], Callable[[Any], None]] = {
            facts.CallConnected: self._connected, facts.CallEnded: self._talk_ended,
            facts.WrapUpEnded: self._wrapped_up, facts.AgentStatusChanged: self._status_changed,
        }  # fmt: skip
        self._open_batch()
        self._prepare()
        for stream in streams(scenario, plan.run, days or {}):
            self._next_of(stream)

    def finish(self) -> list[dict[str, Batch]]:
        """Simulate until the last call is over."""
        todo, engine, pop = self._todo, self.engine, heapq.heappop
        steady = self._plan.size > 0
        while self._calls or (self._left if steady else todo):
            due = engine.next_due_us()
            if due is not None and (due <= todo[0][0] if todo else self._calls):
                self.now_us = due
                self._apply(Tick(at_us=due))
            elif todo:
                self.now_us, _, act, what = pop(todo)
                act(what)
            else:
                break
        self._close_batch()
        return self.counted if self._plan.size == 0 else self.counted[1:]

    # ---- the centre ----------------------------------------------------------------------------------

    def _prepare(self) -> None:
        scenario = self._scenario
        rules = Rules(**{"default_queue": scenario.queues[0].name, **scenario.rules})
        members = [(number, group) for number, group in enumerate(_members(scenario), 1)]
        self._apply(Started(at_us=0, writer=SWITCH, seed=SWITCH))
        self._apply(SwitchConnected(at_us=0, switch=SWITCH))
        self._apply(
            Configured(
                at_us=0,
                queues=tuple(queue.config() for queue in scenario.queues),
                agents=tuple(_agent(number, group) for number, group in members),
                rules=rules,
            )
        )
        random = Random(f"{scenario.seed}:{self._plan.run}:phones")
        for number, group in members:
            self._apply(
                EndpointChanged(at_us=0, switch=SWITCH, extension=_extension(number), registered=True)
            )
            self._answer[number] = drawer(group.answer, random)
            if not group.shifts:
                self._set_status((number, "ready"))
            for shift in group.shifts:
                self._at(shift.begin * SECOND_US, self._set_status, (number, "ready"))
                self._at(shift.until * SECOND_US, self._set_status, (number, "offline"))

    def _set_status(self, wanted: tuple[int, str]) -> None:
        agent_id, status = wanted
        (self._on_shift.add if status == "ready" else self._on_shift.discard)(agent_id)
        command = {"type": "SetStatus", "agent_id": agent_id, "command_id": "", "status": status}
        self._apply(CommandReceived(at_us=self.now_us, command=command))

    def _come_back(self, agent_id: int) -> None:
        """Whoever missed a call is ready again after a while."""
        if agent_id in self._on_shift:
            self._set_status((agent_id, "ready"))

    def _at(self, at_us: int, act: Callable[[Any], None], what: Any) -> None:
        heapq.heappush(self._todo, (at_us, next(self._order), act, what))

    def _apply(self, event: Any) -> Decision:
        decision = self.engine.apply(event)
        for fact in decision.events:
            note = self._notes.get(type(fact))
            if note:
                note(fact)
        for effect in decision.effects:
            react = self._reactions.get(type(effect))
            if react:
                react(effect)
        return decision

    # ---- callers -------------------------------------------------------------------------------------

    def _next_of(self, stream: Iterator[Drawn]) -> None:
        drawn = next(stream, None)
        if drawn is not None:
            self._at(drawn.at_us, self._arrive, (drawn, stream))

    def _arrive(self, what: tuple[Drawn, Iterator[Drawn]]) -> None:
        drawn, stream = what
        if self._left == 0:
            return
        self._left -= 1
        plan = self._plan
        if plan.size and self._arrived >= plan.warm_up and (self._arrived - plan.warm_up) % plan.size == 0:
            self._close_batch()
            self._open_batch()
        self._arrived += 1
        channel_id = f"c{self._arrived}"
        batch = self._batch[drawn.queue]
        call = self._calls[channel_id] = Call(drawn, channel_id, batch)
        batch.offered += 1
        self._apply(_arrival(drawn, channel_id))
        if not call.legs:
            batch.waited += 1
        if drawn.patience_us is not None and not call.connected:
            self._at(self.now_us + drawn.patience_us, self._give_up, call)
        if self._left == 0:
            self._close_batch()
        else:
            self._next_of(stream)

    def _give_up(self, call: Call) -> None:
        if not call.connected and call.channel_id in self._calls:
            call.batch.abandoned += 1
            self._count_unserved(call)
            self._gone(call)

    def _gone(self, call: Call) -> None:
        """The caller's channel is over, and the switch ends what rings for it."""
        self._apply(CallerGone(at_us=self.now_us, channel_id=call.channel_id, cause="NORMAL_CLEARING"))
        for leg_id in call.legs:
            self._apply(LegEnded(at_us=self.now_us, leg_id=leg_id, cause="ORIGINATOR_CANCEL"))
        del self._calls[call.channel_id]

    def _let_go(self, effect: LetGo | HangUpCaller) -> None:
        call = self._calls.get(effect.channel_id)
        if call is not None:
            self._at(self.now_us, self._end, call)

    def _end(self, call: Call) -> None:
        """The end of a talk, or of a wait that the queue's limits ended."""
        if call.channel_id not in self._calls:
            return
        if not call.connected:
            call.batch.sent_away += 1
            self._count_unserved(call)
        self._gone(call)

    # ---- phones --------------------------------------------------------------------------------------

    def _ring(self, effect: OfferCall) -> None:
        call = self._calls.get(effect.channel_id)
        if call is None:
            return
        phones = [
            (effect.leg_id, effect.agent_id),
            *((leg, agent) for leg, _offer, agent, _ in effect.others),
        ]
        for leg_id, agent_id in phones:
            call.legs.append(leg_id)
            seconds = self._answer[agent_id]()
            self._at(self.now_us + round(seconds * SECOND_US), self._pick_up, (call, leg_id))

    def _pick_up(self, what: tuple[Call, str]) -> None:
        call, leg_id = what
        if leg_id not in call.legs:
            return
        others = [leg for leg in call.legs if leg != leg_id]
        call.legs.clear()
        self._apply(LegAnswered(at_us=self.now_us, leg_id=leg_id))
        for other in others:  # the switch lets them ring no longer
            self._apply(LegEnded(at_us=self.now_us, leg_id=other, cause="LOSE_RACE"))

    def _stop_ringing(self, effect: Withdraw) -> None:
        call = self._calls.get(effect.channel_id)
        if call is not None and effect.leg_id in call.legs:
            call.legs.remove(effect.leg_id)
            call.stopping += 1
            self._at(self.now_us, self._silent, effect)

    def _silent(self, effect: Withdraw) -> None:
        self._apply(LegEnded(at_us=self.now_us, leg_id=effect.leg_id, cause=effect.cause))
        call = self._calls.get(effect.channel_id)
        if call is None:
            return
        call.stopping -= 1
        if not call.stopping and not call.legs:  # one bridge, however many phones rang
            ended = BridgeEnded(
                at_us=self.now_us, channel_id=effect.channel_id, leg_id=effect.leg_id, cause=effect.cause
            )
            self._apply(ended)

    # ---- what is counted -----------------------------------------------------------------------------

    def _connected(self, fact: facts.CallConnected) -> None:
        call = self._calls[fact.interaction_id]
        call.connected = True
        drawn, batch = call.drawn, call.batch
        wait_us = self.now_us - drawn.at_us
        batch.answered += 1
        batch.answered_wait_us += wait_us
        batch.wait_us += wait_us
        if wait_us <= self._thresholds[drawn.queue]:
            batch.answered_in_time += 1
        self._count_time()
        self._busy += 1
        self._at(self.now_us + drawn.service_us, self._end, call)

    def _talk_ended(self, fact: facts.CallEnded) -> None:
        if fact.wrap_up_seconds <= 0:
            self._free()

    def _wrapped_up(self, _fact: facts.WrapUpEnded) -> None:
        self._free()

    def _free(self) -> None:
        self._count_time()
        self._busy -= 1

    def _count_unserved(self, call: Call) -> None:
        call.batch.wait_us += self.now_us - call.drawn.at_us

    def _status_changed(self, fact: facts.AgentStatusChanged) -> None:
        self._count_time()
        if fact.status == "ready":
            self._staffed.add(fact.agent_id)
        else:
            self._staffed.discard(fact.agent_id)
        if fact.status == "no-answer":
            self._at(self.now_us + BACK_AFTER_SECONDS * SECOND_US, self._come_back, fact.agent_id)

    def _count_time(self) -> None:
        passed = self.now_us - self._counted_until_us
        self._counted_until_us = self.now_us
        self._whole.busy_us += self._busy * passed
        self._whole.staffed_us += len(self._staffed) * passed

    def _open_batch(self) -> None:
        self._batch = {name: Batch() for name in self._thresholds}
        self._whole = next(iter(self._batch.values()))
        self.counted.append(self._batch)

    def _close_batch(self) -> None:
        """Agents' time up to now is this batch's; what becomes of its calls still is, later."""
        self._count_time()
        self._whole = Batch()


def _members(scenario: Scenario) -> Iterator[Group]:
    for group in scenario.agents:
        for _ in range(group.count):
            yield group


def _extension(number: int) -> str:
    return f"s{number}"


def _agent(number: int, group: Group) -> AgentConfig:
    tiers = tuple(
        TierConfig(queue=name, level=place.level, position=place.position)
        for name, place in group.queues.items()
    )
    return AgentConfig(agent_id=number, extension=_extension(number), tiers=tiers, skills=dict(group.skills))


def _arrival(drawn: Drawn, channel_id: str) -> MemberArrived:
    return MemberArrived(
        at_us=drawn.at_us, channel_id=channel_id, interaction_id=channel_id, switch=SWITCH,
        queue=drawn.queue, priority=drawn.priority, skills=drawn.skills,
    )  # fmt: skip
