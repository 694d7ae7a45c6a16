"""`python -m acd`: the daemon. `log`, `replay FILE`, `why INTERACTION` and `states` look at what it did or would do;
`simulate SCENARIO.yml` says what its routing would make of another load or staff."""

import argparse
import asyncio
import signal
import sys
from contextlib import suppress
from datetime import date
from pathlib import Path

from redis.exceptions import RedisError

from acd.adapters.redis_connection import open_redis
from acd.adapters.redis_log import read_events
from acd.adapters.watchdog import STALL_SECONDS, Watchdog
from acd.daemon import Daemon, Ports, PortTaken
from acd.domain.states import diagram
from acd.replay import BadLog, export, report
from acd.simulate import run as simulation
from acd.simulate import what_if
from acd.simulate.scenario import BadScenario
from acd.why import WORDS, story
from sql.engine import make_engine
from uckefu.centre import load_centre
from uckefu.log import configure_logging
from uckefu.settings import Settings, load_settings

READ_SECONDS = 30.0


def main(arguments: list[str] | None = None) -> int:
    """Run what the command line asks for; returns the exit code."""
    asked = _parser().parse_args(arguments)
    settings = load_settings()
    try:
        return int(asked.run(settings, asked))
    except (BadLog, BadScenario, PortTaken, RedisError) as error:
        sys.stderr.write(f"{error}\n")
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m acd", description=__doc__)
    parser.add_argument("--port", type=int, help="where calls arrive (setting acd_port)")
    parser.add_argument("--metrics-port", type=int, help="metrics and health (setting acd_metrics_port)")
    parser.add_argument("--standby", action="store_true", help="the second ACD: setting acd_standby_port")
    parser.add_argument(
        "--stall-seconds",
        type=float,
        default=STALL_SECONDS,
        help=f"a process that stands still so long is killed (default {STALL_SECONDS:g}, 0 never)",
    )
    parser.set_defaults(run=_daemon)
    commands = parser.add_subparsers(metavar="command")
    log = commands.add_parser("log", help="print the log of inputs, for replay")
    log.set_defaults(run=_log)
    replay = commands.add_parser("replay", help="make every decision of a log again and compare")
    replay.add_argument("file", type=Path)
    replay.set_defaults(run=_replay)
    why = commands.add_parser("why", help="tell the story of an interaction")
    why.add_argument("interaction")
    why.add_argument("--language", choices=sorted(WORDS))
    why.set_defaults(run=_why)
    simulate = commands.add_parser("simulate", help="what if: the routing on a virtual clock")
    simulate.add_argument("scenario", type=Path, help="YAML: queues, agents, load; or the smallest one")
    simulate.add_argument("--json", action="store_true", help="the figures as one JSON object")
    simulate.add_argument("--processes", type=int, default=0, help="how many at once (one a core)")
    simulate.set_defaults(run=_simulate)
    other = commands.add_parser("what-if", help="a recorded day with more or fewer agents, as JSON")
    other.add_argument("--day", type=date.fromisoformat, required=True, help="YYYY-MM-DD, the centre's zone")
    other.add_argument("--queue", required=True)
    other.add_argument("--more", type=int, nargs="+", default=[0], help="agents more; -2 for two fewer")
    other.add_argument("--limit-seconds", type=int, default=0, help="end after that long; 0: never")
    other.set_defaults(run=_what_if)
    day = commands.add_parser("day", help="a recorded day as CSV, for a scenario's `recorded`")
    day.add_argument("day", type=date.fromisoformat, help="YYYY-MM-DD, the centre's zone")
    day.set_defaults(run=_day)
    states = commands.add_parser("states", help="print the tables of states as a Graphviz diagram")
    states.set_defaults(run=_states)
    return parser


def _daemon(settings: Settings, asked: argparse.Namespace) -> int:
    configure_logging("acd")
    watchdog = Watchdog(asked.stall_seconds)
    setting = "acd_standby_port" if asked.standby else "acd_port"
    # Two ACDs on one machine: the standby's figures are on the next port but one.
    metrics = asked.metrics_port or settings.acd_metrics_port + (2 if asked.standby else 0)
    ports = Ports(asked.port or getattr(settings, setting), metrics, f"UCKEFU_{setting.upper()}")

    async def run() -> None:
        daemon = Daemon(settings, ports)
        feeding = asyncio.create_task(watchdog.feed())
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, daemon.stop)
        await daemon.run()
        feeding.cancel()

    asyncio.run(run())
    return 0


def _log(settings: Settings, asked: argparse.Namespace) -> int:
    async def run() -> None:
        bus = open_redis(settings.bus_url, answer_seconds=READ_SECONDS)
        async for line in export(bus):
            sys.stdout.write(line + "\n")
        await bus.aclose()

    with suppress(BrokenPipeError):  # `| head`
        asyncio.run(run())
    return 0


def _replay(settings: Settings, asked: argparse.Namespace) -> int:
    try:
        with asked.file.open(encoding="utf-8") as stream:
            return report(stream)
    except OSError as error:
        raise BadLog(str(error)) from error


def _why(settings: Settings, asked: argparse.Namespace) -> int:
    centre = load_centre(settings.centre_file)

    async def run() -> list[str]:
        bus = open_redis(settings.bus_url, answer_seconds=READ_SECONDS)
        events = [event async for event in read_events(bus)]
        await bus.aclose()
        return story(events, asked.interaction, asked.language or centre.language, centre.timezone)

    lines = asyncio.run(run())
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0 if lines else 1


def _simulate(settings: Settings, asked: argparse.Namespace) -> int:
    return simulation.report(asked.scenario, as_json=asked.json, processes=asked.processes)


def _what_if(settings: Settings, asked: argparse.Namespace) -> int:
    zone = load_centre(settings.centre_file).timezone
    return what_if.report(
        make_engine(settings.sql_url), asked.day, zone, asked.queue, asked.more, asked.limit_seconds
    )


def _day(settings: Settings, asked: argparse.Namespace) -> int:
    zone = load_centre(settings.centre_file).timezone
    return what_if.export(make_engine(settings.sql_url), asked.day, zone)


def _states(settings: Settings, asked: argparse.Namespace) -> int:
    sys.stdout.write(diagram() + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
