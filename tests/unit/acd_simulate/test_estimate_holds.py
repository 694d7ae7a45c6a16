"""The estimated wait holds at least four times in five: at any load, with and without patience, with changing agents.

Each centre is a day of eight hours in the production domain on the virtual clock. What is judged is what was told when
somebody entered: the interval and what came out, of everybody who was served, and of whoever gave up after its end.
ESTIMATE_SEEDS=10 judges ten days of each centre instead of two: 97,707 intervals, 83.1 % held, in no centre fewer than
80.3 %. On the worst single day 69 % did: waits of an hour, because agents left while hundreds waited.
"""

import os
from functools import cache
from itertools import product
from statistics import mean, median

import pytest

from acd import messages as facts
from acd.domain.model import Member
from acd.simulate.scenario import read_scenario
from acd.simulate.world import Call, Plan, World

SEEDS = range(1, 1 + int(os.environ.get("ESTIMATE_SEEDS", "2")))
AGENTS, SERVICE_SECONDS = 6, 120
CHANGES = '{count: 2, queues: {q: 1}, shifts: [{from: "08:00", until: "10:00"}, {from: "11:30", until: "13:00"}, {from: "14:30", until: "16:00"}]}'
CENTRES = [*product((0.7, 0.9, 1.0, 1.1), (0, 180), (False, True))]
Told = tuple[int, int, int]  # low, high, what came out, in microseconds


class Watched(World):
    """Notes what each one who waits was told, and what came out."""

    def __init__(self, text: str) -> None:
        self.told: list[Told] = []
        super().__init__(read_scenario(text), Plan(0))

    def _connected(self, fact: facts.CallConnected) -> None:
        super()._connected(fact)
        self._note(self.engine.state.members[fact.interaction_id], also_within=True)

    def _give_up(self, call: Call) -> None:
        member = self.engine.state.members.get(call.channel_id)
        if member and not call.connected:
            self._note(member, also_within=False)
        super()._give_up(call)

    def _note(self, member: Member, *, also_within: bool) -> None:
        waited_us = self.now_us - member.entered_at_us
        if member.high_us and (also_within or waited_us > member.high_us):
            self.told.append((member.low_us, member.high_us, waited_us))


@cache
def a_day(load: float, patience_seconds: int, changes: bool, seed: int) -> list[Told]:
    """Two of the six agents are away for three hours of the eight where the number changes."""
    steady = AGENTS - 2 if changes else AGENTS
    agents = f"{{count: {steady}, queues: {{q: 1}}}}" + (f", {CHANGES}" if changes else "")
    per_minute = load * (AGENTS - 2 * 3 / 8 if changes else AGENTS) * 60 / SERVICE_SECONDS
    patience = f", patience: {patience_seconds}" if patience_seconds else ""
    day = Watched(
        f"seed: {seed}\nqueues: [{{name: q}}]\nagents: [{agents}]\n"
        f'load: [{{queue: q, per_minute: [{{from: "08:00", until: "16:00", per_minute: {per_minute}}}], service: {SERVICE_SECONDS}{patience}}}]'
    )
    day.finish()
    return day.told


def days(load: float, patience_seconds: int, changes: bool) -> list[Told]:
    seeds = [round(load * 100) + patience_seconds + 1000 * seed for seed in SEEDS]
    return [each for seed in seeds for each in a_day(load, patience_seconds, changes, seed)]


def held(told: list[Told]) -> float:
    return mean(low <= waited <= high for low, high, waited in told)


@pytest.mark.parametrize(("load", "patience_seconds", "changes"), CENTRES)
def test_the_interval_holds_at_this_load_and_is_no_empty_promise(
    load: float, patience_seconds: int, changes: bool
) -> None:
    told = days(load, patience_seconds, changes)
    assert len(told) > 80
    assert held(told) >= 0.78
    width = median(high - low for low, high, _ in told) / mean(waited for *_, waited in told)
    assert width < 2.52, "ln(0.925 / 0.075): what holds 85 % of one exponential wait, in means"


def test_four_intervals_in_five_hold_over_all_centres() -> None:
    told = [each for centre in CENTRES for each in days(*centre)]
    assert 0.80 <= held(told) < 0.88
