"""`make bench`: one JSON object a line, on the built-in switch and on FreeSWITCH where FREESWITCH or PATH has it.

    python -m tests.bench [NAME …] [--switch builtin] [--calls-per-second 5] [--tiny]

Each line: name, value, unit, switch, reference (measured in the same run, null where there is none), goal, and details.
Run it as root (it listens on the loopback) on a machine that has nothing else to do: `other_cpu_percent` tells.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from admin.server import MODES
from tests.bench import chat, crowd, decisions, failover, flow_engine, flows, freed, offers, talks
from tests.bench.load import LoadFailed
from tests.bench.meter import ask_for_priority
from tests.bench.office import Office, Refused, offices

Line = dict[str, Any]
FREED = "agent_freed_to_offer_p99_ms"  # at full size without a switch, then with real SIP
WITHOUT_SWITCH: dict[str, Callable[["Size"], Line]] = {
    "flow_load_ms": lambda size: flow_engine.flow_load_ms(),
    "flow_step_p99_us": lambda size: flow_engine.flow_step_p99_us(size.walks),
    "acd_decision_p99_us": lambda size: decisions.acd_decision_p99_us(size.decision_rounds, size.waiting),
    "acd_decision_growth": lambda size: decisions.acd_decision_growth(size.decision_rounds, size.waiting),
    FREED: lambda size: crowd.agent_freed_to_offer_p99_ms(
        people=size.crowd, talk_seconds=size.crowd_talk_seconds, seconds=size.crowd_seconds
    ),
    "acd_calls_per_second": lambda size: crowd.acd_calls_per_second(
        rate=size.crowd_rate, seconds=size.crowd_seconds
    ),
    "acd_failover_seconds": lambda size: failover.acd_failover_seconds(
        talking=size.failover_talking, waiting=2 * size.failover_talking
    ),
}
GOALS = {
    "flow_load_ms": 150,
    "flow_step_p99_us": 200,
    "acd_decision_p99_us": 100,
    "acd_decision_growth": 1.5,
    FREED: 25,
    "acd_calls_per_second": 50,
    "acd_failover_seconds": 3,
    "chat_ack_p99_ms": 100,
    "chat_deliver_p99_ms": 100,
    "chat_lost": 0,
    "chat_doubled": 0,
    "chat_reordered": 0,
    "offer_latency_p99_ms": 25,
    "flow_cpu_ratio": 1.2,
    "softswitch_rtp_gap_p999_ms": 40,
}
WITHOUT_OFFICE = {*WITHOUT_SWITCH, *chat.NAMES} - {FREED}
NAMES = (*GOALS, "softswitch_cpu_per_call_percent")
TALK_NAMES = {"softswitch_rtp_gap_p999_ms", "softswitch_cpu_per_call_percent"}


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    agents: int
    offer_agents: int
    offers: int
    offers_per_second: float
    menus: int
    menus_per_second: float
    menu_rounds: int
    idle_seconds: float
    talks: int
    talk_seconds: float
    decision_rounds: int = 3000
    waiting: int = 10_000
    walks: int = 400
    crowd: int = 200
    crowd_talk_seconds: float = 10
    crowd_rate: float = 50
    crowd_seconds: float = 15
    visitors: int = 2000
    messages_per_second: float = 500
    chat_seconds: float = 20
    failover_talking: int = 50


FULL = Size(50, 40, 800, 20, 60, 5, 3, 10, 50, 30)
TINY = Size(4, 4, 4, 4, 2, 2, 1, 0.5, 2, 1, 50, 300, 20, 6, 0.3, 5, 1, 20, 20, 3, 3)


def main(arguments: list[str] | None = None) -> int:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--switch", choices=["builtin", "freeswitch"], help="only this one")
    parser.add_argument("--tiny", action="store_true", help="a few calls only, to see that the benches work")
    parser.add_argument(
        "--calls-per-second",
        type=float,
        help="for offer_latency_p99_ms, 20 by default; forty seconds of calls",
    )
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - set(NAMES):
        parser.error(f"no such bench: {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    names = set(options.names) or set(NAMES)
    nice = ask_for_priority()
    switches = [options.switch] if options.switch else offices()
    size = TINY if options.tiny else FULL
    if rate := options.calls_per_second:
        size = replace(size, offers=round(40 * rate), offers_per_second=rate)
    failed = 0
    for line in lines(names, switches, size):
        goal = {"goal": GOALS[line["name"]]} if line["name"] in GOALS else {}
        failed += "error" in line
        print(json.dumps({**line, **goal, "nice": nice}), flush=True)
    return 1 if failed else 0


def tried(measure: Callable[[], Line]) -> Line:
    """What it found, or why it could not; one bench that fails must not cost the others their turn."""
    try:
        return measure()
    except (TimeoutError, LoadFailed, Refused, PermissionError) as error:
        return {"value": None, "unit": "", "reference": None, "error": str(error)}


def lines(names: set[str], switches: list[str], size: Size) -> Iterator[Line]:
    """Every line, switch after switch; the talk benches come last, when both switches have been heard."""
    for name, measure in WITHOUT_SWITCH.items():
        if name in names:
            yield {"name": name, "switch": None, **tried(lambda measure=measure: measure(size))}
    for mode in MODES:
        for name in (each for each in chat.NAMES if each in names):
            yield {
                "name": name,
                "switch": None,
                **tried(lambda name=name, mode=mode: chat_line(name, mode, size)),
            }
    heard: dict[str, Line] = {}
    for switch in switches if names - WITHOUT_OFFICE else []:
        with Office(switch, agents=size.agents, offer_agents=size.offer_agents) as office:
            if "offer_latency_p99_ms" in names:
                found = tried(
                    lambda o=office: offers.measure(o, calls=size.offers, rate=size.offers_per_second)
                )
                yield {"name": "offer_latency_p99_ms", "switch": switch, **found}
            if FREED in names:
                found = tried(
                    lambda o=office: freed.measure(o, calls=size.offers, rate=size.offers_per_second)
                )
                yield {"name": FREED, "switch": switch, **found}
            if "flow_cpu_ratio" in names:
                found = tried(lambda o=office: menus(o, size))
                yield {"name": "flow_cpu_ratio", "switch": switch, **found}
            if names & TALK_NAMES:
                heard[switch] = tried(
                    lambda o=office: talks.measure(o, calls=size.talks, seconds=size.talk_seconds)
                )
    yield from talk_lines(names, heard)


def chat_line(name: str, mode: str, size: Size) -> Line:
    """A chat bench at this size."""
    people = {"visitors": size.visitors, "agents": size.agents}
    return chat.measure(name, mode, rate=size.messages_per_second, seconds=size.chat_seconds, **people)


def menus(office: Office, size: Size) -> Line:
    """`flow_cpu_ratio` at this size."""
    return flows.measure(
        office,
        calls=size.menus,
        rate=size.menus_per_second,
        rounds=size.menu_rounds,
        idle_seconds=size.idle_seconds,
    )


def talk_lines(names: set[str], heard: dict[str, Line]) -> Iterator[Line]:
    """The built-in switch's lines with FreeSWITCH as the reference; only FreeSWITCH heard: its own lines."""
    shown = "builtin" if "builtin" in heard else next(iter(heard), "")
    other = heard.get("freeswitch", {}) if shown == "builtin" else {}
    kinds = {
        "softswitch_rtp_gap_p999_ms": ("gap_ms", "ms"),
        "softswitch_cpu_per_call_percent": ("cpu_percent", "% of a core"),
    }
    for name, (key, unit) in kinds.items():
        if shown and name in names:
            ours = heard[shown]
            details = {k: v for k, v in ours.items() if k not in ("gap_ms", "cpu_percent")}
            theirs = {
                f"reference_{k}": v for k, v in other.items() if k.endswith(("_ms", "percent", "error"))
            }
            value, reference = (round(each[key], 2) if key in each else None for each in (ours, other))
            line = {"name": name, "switch": shown, "value": value, "unit": unit, "reference": reference}
            yield {**details, **theirs, **line}


if __name__ == "__main__":
    sys.exit(main())
