"""What happens in the simulated centre: phones that nobody answers, wrap-up, limits, shifts, priorities."""

from typing import Any

import pytest

from acd.domain.effects import OfferCall
from acd.domain.engine import Decision, Engine
from acd.domain.inputs import BridgeEnded, Input
from acd.simulate.run import simulate
from acd.simulate.scenario import read_scenario

BUSY_HOUR = """
replications: 4
queues: [{name: service, wrap_up_seconds: 60, max_wait_seconds: 120, offer_timeout_seconds: 20}]
agents: [{count: 2, queues: {service: 1}, shifts: [{from: "09:00", until: "10:00"}]}]
load: [{queue: service, per_minute: [{from: "09:00", until: "10:00", per_minute: 1.0}], service: {mean_seconds: 60, distribution: fixed}}]
"""


def told(text: str) -> dict[str, Any]:
    return dict(simulate(read_scenario(text), processes=1))


def test_wrap_up_keeps_an_agent_busy() -> None:
    """A call a minute, a minute of talk and one of wrap-up: two erlang for two agents."""
    busy = told(BUSY_HOUR)["utilisation"]["value"]
    assert busy > 0.75
    assert (
        told(BUSY_HOUR.replace("wrap_up_seconds: 60", "wrap_up_seconds: 0"))["utilisation"]["value"]
        < busy - 0.2
    )


def test_who_waits_too_long_is_sent_away_by_the_queues_own_limit() -> None:
    figures = told(BUSY_HOUR.replace("per_minute: 1.0", "per_minute: 4.0"))
    assert figures["sent_away"] > 0
    assert figures["abandoned"] == 0
    assert figures["offered"] == figures["answered"] + figures["sent_away"]


def test_an_unanswered_phone_leads_to_the_next_agent_and_its_owner_comes_back() -> None:
    """Half of the offers ring longer than 20 s; each such offer costs its agent a minute."""
    answer = "answer: {recorded_seconds: [5, 60]}, shifts"
    figures = told(BUSY_HOUR.replace("shifts", answer, 1))
    assert figures["answered"] > 20
    assert figures["asa_seconds"]["value"] >= 5


def test_nobody_is_served_after_the_shift_and_callers_give_up() -> None:
    late = BUSY_HOUR.replace(
        'load: [{queue: service, per_minute: [{from: "09:00", until: "10:00"',
        'load: [{queue: service, patience: 30, per_minute: [{from: "10:01", until: "11:00"',
    )
    figures = told(late)
    assert figures["answered"] == 0
    assert figures["abandoned"] > 0
    assert figures["asa_seconds"]["value"] is None


def test_the_important_wait_less() -> None:
    text = """
    calls: 6000
    queues: [{name: gold}, {name: plain}]
    agents: [{count: 3, queues: {gold: 1, plain: 1}}]
    load:
      - {queue: gold, per_minute: 0.5, service: 100, patience: 300, priority: 5}
      - {queue: plain, per_minute: 1.2, service: 100, patience: 300}
    """
    queues = told(text)["queues"]
    assert queues["gold"]["mean_wait_seconds"]["ci95"][1] < queues["plain"]["mean_wait_seconds"]["ci95"][0]


@pytest.mark.parametrize("agents", [1, 3])
def test_more_agents_get_the_same_calls(agents: int) -> None:
    text = f"agents: {agents}\narrivals_per_minute: 1\nmean_service_seconds: 30\nmean_patience_seconds: 60\ncalls: 2000\nseed: 9"
    figures = told(text)
    assert figures["offered"] == 2000 - figures["warm_up_calls"]
    assert (figures["abandonment"]["value"] < 0.02) == (agents == 3)


def test_skills_decide_who_serves_and_waiting_relaxes_them() -> None:
    """Without relaxation one of four agents serves everybody."""
    text = """
    calls: 3000
    queues: [{name: service, skills: "english >= 3"}]
    agents:
      - {count: 1, queues: {service: 1}, skills: {english: 5}}
      - {count: 3, queues: {service: 1}, skills: {english: 1}}
    load: [{queue: service, per_minute: 1.5, service: 60, patience: 60}]
    """
    strict = told(text)
    assert strict["utilisation"]["value"] <= 0.25
    relaxed = told(text.replace("english >= 3", "english >= 3; after 5 s: english >= 1"))
    assert relaxed["abandonment"]["ci95"][1] < strict["abandonment"]["ci95"][0]


def test_a_queues_limit_sends_callers_to_another_queue_or_away() -> None:
    text = """
    calls: 3000
    queues:
      - {name: first, limits: [{when: time, value: 10, to: queue, target: second}]}
      - {name: second, limits: [{when: length, value: 2, to: fallback}]}
    agents: [{count: 1, queues: {first: 1}}, {count: 1, queues: {second: 1}}]
    load: [{queue: first, per_minute: 2.0, service: 60, patience: 600}]
    """
    figures = told(text)
    assert figures["sent_away"] > 0
    assert figures["utilisation"]["value"] > 0.7
    assert figures["offered"] == figures["answered"] + figures["abandoned"] + figures["sent_away"]


def test_when_all_phones_ring_the_first_who_answers_has_the_call() -> None:
    text = """
    calls: 3000
    queues: [{name: service, strategy: STRATEGY}]
    agents: [{count: 5, queues: {service: 1}, answer: {mean_seconds: 6}}]
    load: [{queue: service, per_minute: 1.5, service: 60, patience: 600}]
    """
    one, every = told(text.replace("STRATEGY", "longest-idle")), told(text.replace("STRATEGY", "ring-all"))
    assert every["answered"] > 0.98 * every["offered"]
    assert every["asa_seconds"]["ci95"][1] < one["asa_seconds"]["ci95"][0]


def test_when_all_phones_ring_in_vain_the_switch_ends_one_bridge(monkeypatch: pytest.MonkeyPatch) -> None:
    rings, ends = [], []
    apply = Engine.apply

    def noted(engine: Engine, event: Input) -> Decision:
        decision = apply(engine, event)
        rings.extend(effect for effect in decision.effects if isinstance(effect, OfferCall))
        ends.extend([event] if isinstance(event, BridgeEnded) else [])
        return decision

    monkeypatch.setattr(Engine, "apply", noted)
    text = """
    replications: 2
    queues: [{name: service, strategy: ring-all, wrap_up_seconds: 0, offer_timeout_seconds: 20, max_wait_seconds: 3000}]
    agents: [{count: 3, queues: {service: 1}, answer: {mean_seconds: 60, distribution: fixed}, shifts: [{from: "09:00", until: "10:00"}]}]
    load: [{queue: service, per_minute: [{from: "09:00", until: "09:20", per_minute: 0.5}], service: {mean_seconds: 60, distribution: fixed}}]
    """
    assert told(text)["answered"] == 0
    assert len(rings) > 5
    assert max(len(ring.leg_ids) for ring in rings) == 3
    assert len(rings) - 2 <= len(ends) <= len(rings)  # one may still ring at the end of each day
