"""Erlang's formulas, written from the textbook and knowing nothing of the simulator: the tests' independent reference."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Theory:
    """What a steady state has; times in seconds."""

    p_wait: float
    service_level: float
    asa_seconds: float
    abandonment: float
    mean_wait_seconds: float
    utilisation: float


def erlang_c(agents: int, per_minute: float, service_seconds: float, threshold_seconds: float) -> Theory:
    """M/M/n: everybody waits for ever."""
    load = per_minute / 60 * service_seconds
    blocked = 1.0
    for n in range(1, agents + 1):
        blocked = load * blocked / (n + load * blocked)
    wait = agents * blocked / (agents - load * (1 - blocked))
    drain = (agents - load) / service_seconds
    asa = wait / drain
    return Theory(wait, 1 - wait * math.exp(-drain * threshold_seconds), asa, 0.0, asa, load / agents)


def erlang_a(agents: int, per_minute: float, service_seconds: float, patience_seconds: float) -> Theory:
    """M/M/n+M by its birth and death equations; the service level is not among what they give."""
    arrive, serve, lose = per_minute / 60, 1 / service_seconds, 1 / patience_seconds
    weights, k = [1.0], 0
    while k < agents or weights[-1] > 1e-14 * max(weights):
        k += 1
        weights.append(weights[-1] * arrive / (min(k, agents) * serve + max(0, k - agents) * lose))
    total = sum(weights)
    share = [w / total for w in weights]
    in_line = sum(max(0, k - agents) * p for k, p in enumerate(share))
    busy = sum(min(k, agents) * p for k, p in enumerate(share))
    abandoned = in_line * lose / arrive
    mean_wait = in_line / arrive
    # Everybody who leaves, served or not, waited; those who were served waited the rest.
    return Theory(sum(share[agents:]), math.nan, math.nan, abandoned, mean_wait, busy / agents)
