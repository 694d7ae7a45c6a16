"""`acd_decision_p99_us` and `acd_decision_growth`: what one decision costs with many waiting. No switch, no bus.

A busy centre: 1,000 agents in three of 200 queues each, some with skills; so many wait that nobody is free for long.
Measured is `Engine.apply` of a talk's end, the wrap-up that is none, the offer to the next member that follows, its
answer, and an arrival that waits. In this process's own CPU time, with the collector off while it is measured. What the
machine does meanwhile (interrupts, a neighbour on the same core) doubles one input in thirty, another one in each run:
the engine is deterministic, so the same inputs run RUNS times and the lowest cost of each counts; the p99 of each run
as it was is given beside it. Called by `tests.bench`.
"""

import gc
import statistics
import time
from typing import Any

from acd.domain.effects import OfferCall
from acd.domain.engine import Decision, Engine
from acd.domain.inputs import (
    AgentConfig,
    CallerGone,
    CommandReceived,
    Configured,
    EndpointChanged,
    Input,
    LegAnswered,
    LegEnded,
    MemberArrived,
    QueueConfig,
    Started,
    SwitchConnected,
    TierConfig,
)

SECOND_US = 1_000_000
STRATEGIES = ("longest-idle", "round-robin", "fewest-calls", "skill-score", "tiers")
RUNS = 3
NEEDS = ("", "", "", "english:2", "refund", "english:1,refund:2")


class Busy:
    """A centre where everybody is at work and `waiting` members wait."""

    def __init__(self, waiting: int, agents: int, queues: int) -> None:
        self.engine, self.now_us = Engine(), SECOND_US
        self.queues, self.callers = queues, 0
        self.ringing: list[OfferCall] = []
        self.talking: list[OfferCall] = []
        self.spent_us: list[float] = []
        self._prepare(agents)
        for _ in range(agents + waiting):
            self._arrive()
        while self.ringing:
            self._answer()
        self.spent_us.clear()

    def _prepare(self, agents: int) -> None:
        queues = tuple(
            QueueConfig(name=f"q{n}", strategy=STRATEGIES[n % len(STRATEGIES)], wrap_up_seconds=0, max_wait_seconds=86_400)
            for n in range(self.queues)
        )  # fmt: skip
        configs = tuple(
            AgentConfig(
                agent_id=n, extension=f"{n}", skills={"english": n % 4, "refund": n % 3},
                tiers=tuple(TierConfig(queue=f"q{(n + step) % self.queues}", position=n % 9) for step in (0, 7, 31)),
            )
            for n in range(1, agents + 1)
        )  # fmt: skip
        self._do(Started(at_us=1, writer="bench", seed="bench"))
        self._do(SwitchConnected(at_us=1, switch="s"))
        self._do(Configured(at_us=1, queues=queues, agents=configs))
        for n in range(1, agents + 1):
            self._do(EndpointChanged(at_us=1, switch="s", extension=f"{n}", registered=True))
            command = {"type": "SetStatus", "agent_id": n, "command_id": "", "status": "ready"}
            self._do(CommandReceived(at_us=1, command=command))

    def _do(self, event: Input) -> Decision:
        began = time.process_time_ns()
        decision = self.engine.apply(event)
        self.spent_us.append((time.process_time_ns() - began) / 1000)
        self.ringing += [effect for effect in decision.effects if isinstance(effect, OfferCall)]
        return decision

    def _arrive(self) -> None:
        self.callers += 1
        n = self.callers
        self._do(
            MemberArrived(
                at_us=self.now_us, channel_id=f"c{n}", interaction_id=f"c{n}", switch="s", number="13800138000",
                queue=f"q{n * 17 % self.queues}", priority=n % 3, skills=NEEDS[n % len(NEEDS)],
            )
        )  # fmt: skip

    def _answer(self) -> None:
        offer = self.ringing.pop(0)
        self._do(LegAnswered(at_us=self.now_us, leg_id=offer.leg_id))
        self.talking.append(offer)

    def round(self) -> None:
        """A talk ends, the agent is free, somebody else rings and is answered, and one more waits."""
        self.now_us += SECOND_US // 10
        offer = self.talking.pop(0)
        self._do(LegEnded(at_us=self.now_us, leg_id=offer.leg_id, cause="NORMAL_CLEARING"))
        self._do(CallerGone(at_us=self.now_us, channel_id=offer.channel_id))
        while self.ringing:
            self._answer()
        self._arrive()


def measure(waiting: int, rounds: int, agents: int = 1000, queues: int = 200) -> dict[str, Any]:
    """The cost of each input in µs, in their order, and its mean."""
    centre = Busy(waiting, agents, queues)
    for _ in range(min(200, rounds)):
        centre.round()
    centre.spent_us.clear()
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            centre.round()
    finally:
        gc.enable()
    line = len(centre.engine.state.members) - len(centre.talking)
    return {"spent_us": centre.spent_us, "mean": statistics.fmean(centre.spent_us), "waiting": line}


def p99(spent_us: list[float]) -> float:
    """The value that 99 of 100 are below."""
    return sorted(spent_us)[int(len(spent_us) * 0.99)]


def acd_decision_p99_us(rounds: int = 3000, waiting: int = 10_000) -> dict[str, Any]:
    """One input's cost with 10,000 waiting, 1,000 agents and 200 queues."""
    runs = [measure(waiting, rounds) for _ in range(RUNS)]
    lowest = [min(costs) for costs in zip(*(run["spent_us"] for run in runs), strict=True)]
    return {
        "value": round(p99(lowest), 1), "unit": "us", "reference": None, "mean": round(statistics.fmean(lowest), 1),
        "p99_by_run": [round(p99(run["spent_us"]), 1) for run in runs], "inputs": len(lowest), "waiting": runs[0]["waiting"],
    }  # fmt: skip


def acd_decision_growth(rounds: int = 3000, waiting: int = 10_000) -> dict[str, Any]:
    """The mean cost with 10,000 waiting against that with 100; the lower of two runs each, in turn."""
    found = {many: [] for many in (100, waiting)}
    for _ in range(2):
        for many, runs in found.items():
            runs.append(measure(many, rounds)["mean"])
    few, many = (min(runs) for runs in found.values())
    return {
        "value": round(many / few, 2), "unit": "", "reference": None, "us_at_100": round(few, 1),
        f"us_at_{waiting}": round(many, 1),
    }  # fmt: skip
