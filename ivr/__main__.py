"""`python -m ivr`: check flow files, play one in the terminal, print the JSON Schema.

python -m ivr check [FILE…]          every problem as file:line:column: message; exit code 1 when there is one
python -m ivr play FILE --say key=1  a caller in the terminal; without --say the keyboard is the phone
python -m ivr schema                 JSON Schema of a flow file, for editors
"""

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

from ivr.adapters.terminal import BadScript, TerminalSession, parse_say
from ivr.call import Context
from ivr.check import check
from ivr.engine import run
from ivr.flow_file import json_schema, read_flow
from ivr.prompts import Prompts
from uckefu import times
from uckefu.centre import Centre, load_centre
from uckefu.settings import PROJECT_ROOT, load_settings

PACKAGED_FLOWS = Path(__file__).parent / "flows"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    given = _parser().parse_args(arguments)
    # The run itself is shown; its log lines would only repeat it.
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    centre = load_centre(load_settings().centre_file)
    prompts = Prompts(PROJECT_ROOT / "sounds")
    if given.command == "schema":
        print(json.dumps(json_schema(), indent=2, ensure_ascii=False))
        return 0
    if given.command == "check":
        return _check(given.files or _all_flows(), prompts, centre)
    return _play(given, prompts, centre)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ivr", description="Voice flows.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("schema", help="print the JSON Schema of a flow file")
    checks = commands.add_parser("check", help="find the mistakes in flow files")
    checks.add_argument("files", metavar="FILE", type=Path, nargs="*", help="all flows when left out")
    plays = commands.add_parser("play", help="be a caller in the terminal")
    plays.add_argument("file", metavar="FILE", type=Path)
    plays.add_argument("--say", action="append", default=[], help="key=1, wait or hangup; several in turn")
    plays.add_argument("--at", help="as if it were then, e.g. 2025-03-01T20:00 in the centre's zone")
    plays.add_argument("--language", choices=["zh", "en"], help="the centre's when left out")
    plays.add_argument("--number", default="13800138000", help="the caller's number")
    return parser


def _all_flows() -> list[Path]:
    return sorted(
        p for folder in (PACKAGED_FLOWS, load_settings().instance / "flows") for p in folder.glob("*.yml")
    )


def _check(files: Sequence[Path], prompts: Prompts, centre: Centre) -> int:
    problems = [problem for file in files for problem in check(read_flow(file), prompts, centre.languages)]
    for problem in problems:
        print(problem)
    print(f"{len(files)} flow files, {len(problems)} problems", file=sys.stderr)
    return 1 if problems else 0


def _play(given: argparse.Namespace, prompts: Prompts, centre: Centre) -> int:
    read = read_flow(given.file)
    problems = check(read, prompts, centre.languages)
    for problem in problems:
        print(problem, file=sys.stderr)
    if read.flow is None:
        return 1
    try:
        says = [parse_say(word) for word in given.say]
        instant = _instant(given.at, centre)
    except (BadScript, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    if given.language:
        centre = centre.model_copy(update={"language": given.language})
    session = TerminalSession(prompts, print, says, ask=None if says else input)
    context = Context(
        interaction_id="terminal", number=given.number, did="", centre=centre, prompts=prompts,
        now=(lambda: instant) if instant else times.now,
    )  # fmt: skip
    outcome = run(read.flow, session, context)
    for event in outcome.events:
        print(json.dumps(event.as_dict(), ensure_ascii=False))
    print(json.dumps({"next": outcome.next, **outcome.variables()}, ensure_ascii=False))
    return 0


def _instant(text: str | None, centre: Centre) -> datetime | None:
    if text is None:
        return None
    given = datetime.fromisoformat(text)
    return given if given.tzinfo else given.replace(tzinfo=ZoneInfo(centre.timezone))


if __name__ == "__main__":
    sys.exit(main())
