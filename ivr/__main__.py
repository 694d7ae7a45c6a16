"""`python -m ivr`: check flow files, play one in the terminal, publish versions, print the JSON Schema.

python -m ivr check [FILE…]              every problem as file:line:column: message; exit code 1 when there is one
python -m ivr play FILE --say key=1      a caller in the terminal; without --say the keyboard is the phone
python -m ivr play --script SCRIPT       replay conversations (`ivr.conversations`); exit code 1 when one goes otherwise
python -m ivr schema                     JSON Schema of a flow file, for editors
python -m ivr publish NAME [--file F]    make the draft (or F) the version that the next call gets
python -m ivr rollback NAME VERSION      let an older version serve again
python -m ivr versions NAME              every version: when, by whom, why
python -m ivr diff NAME OLD [NEW]        what changed between two versions; NEW is the draft when left out
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path

import structlog

from ivr.adapters.terminal import BadScript, TerminalSession, parse_says
from ivr.call import Context
from ivr.check import check
from ivr.conversations import clock_at, read_script, replay
from ivr.dry import DryHttp, DrySpeech
from ivr.engine import run
from ivr.flow_file import Flow, json_schema, read_flow
from ivr.known import Known, load_known
from ivr.library import PACKAGED, FlowLibrary, flow_folders
from ivr.problems import Problem
from ivr.prompts import Prompts
from ivr.speech import Speech
from ivr.versions import DraftChanged, FlowStore, NoSuchVersion, NotPublished
from uckefu.centre import Centre, load_centre
from uckefu.settings import PROJECT_ROOT, Settings, load_settings

PACKAGED_FLOWS = PACKAGED


@dataclass(frozen=True)
class Desk:
    """What the commands work with."""

    settings: Settings
    centre: Centre
    prompts: Prompts

    @cached_property
    def library(self) -> FlowLibrary:
        """The flows that calls would get."""
        own = self.settings.instance / "flows"
        return FlowLibrary(flow_folders(own), None, self.prompts, self.centre.languages)

    @cached_property
    def flows(self) -> dict[str, Flow]:
        """Every flow that can be served."""
        return self.library.every()

    @cached_property
    def known(self) -> Known:
        """What a flow may name."""
        return load_known(self.settings, self.centre, self.flows)

    def beside(self, file: Path) -> dict[str, Flow]:
        """The flows that a file may lead into: those in its folder, and those that can be served."""
        folder = FlowLibrary([file.parent], None, self.prompts, self.centre.languages)
        return self.flows | folder.every()

    def store(self) -> FlowStore:
        """Drafts and versions."""
        speech = Speech(self.settings.instance / "speech")
        folder = self.settings.instance / "flows"
        return FlowStore(folder, self.prompts, speech, self.centre.languages, self.centre.language)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    given = _parser().parse_args(arguments)
    # The run itself is shown; its log lines would only repeat it.
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    settings = load_settings()
    prompts = Prompts(PROJECT_ROOT / "sounds", settings.instance / "sounds")
    desk = Desk(settings, load_centre(settings.centre_file), prompts)
    try:
        return int(COMMANDS[given.command](given, desk))
    except NotPublished as refused:
        for problem in refused.problems:
            print(problem)
        return 1
    except (BadScript, DraftChanged, NoSuchVersion, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ivr", description="Voice flows.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("schema", help="print the JSON Schema of a flow file")
    checks = commands.add_parser("check", help="find the mistakes in flow files")
    checks.add_argument("files", metavar="FILE", type=Path, nargs="*", help="all flows when left out")
    plays = commands.add_parser("play", help="be a caller in the terminal")
    plays.add_argument("file", metavar="FILE", type=Path, nargs="?", help="the script's own when left out")
    plays.add_argument(
        "--say",
        action="append",
        default=[],
        help="key=1, key=1@2.5 (2.5 s after the move before), keys=12#, wait, hangup or speak=5; several in turn",
    )
    plays.add_argument("--script", type=Path, help="replay the conversations of this file")
    plays.add_argument("--at", help="as if it were then, e.g. 2025-03-01T20:00 in the centre's zone")
    plays.add_argument("--language", choices=["zh", "en"], help="the centre's when left out")
    plays.add_argument("--number", default="13800138000", help="the caller's number")
    publishes = commands.add_parser("publish", help="make the draft the version that the next call gets")
    publishes.add_argument("name", metavar="NAME")
    publishes.add_argument("--file", type=Path, help="this file becomes the draft first")
    rolls = commands.add_parser("rollback", help="let an older version serve again")
    rolls.add_argument("name", metavar="NAME")
    rolls.add_argument("version", metavar="VERSION", type=int)
    for command in (publishes, rolls):
        command.add_argument("--author", default=os.environ.get("USER", ""), help="your name")
        command.add_argument("--note", default="", help="why")
    lists = commands.add_parser("versions", help="list the versions of a flow")
    lists.add_argument("name", metavar="NAME")
    diffs = commands.add_parser("diff", help="what changed between two versions")
    diffs.add_argument("name", metavar="NAME")
    diffs.add_argument("old", metavar="OLD", type=int)
    diffs.add_argument("new", metavar="NEW", type=int, nargs="?", help="the draft when left out")
    return parser


def _schema(_given: argparse.Namespace, _desk: Desk) -> int:
    print(json.dumps(json_schema(), indent=2, ensure_ascii=False))
    return 0


def _check(given: argparse.Namespace, desk: Desk) -> int:
    files: list[Path] = given.files or _all_flows(desk)
    languages = desk.centre.languages
    problems: list[Problem] = []
    for file in files:
        known = replace(desk.known, flows=desk.beside(file.resolve()))
        problems += check(read_flow(file), desk.prompts, languages, known)
    for problem in problems:
        print(problem)
    print(f"{len(files)} flow files, {len(problems)} problems", file=sys.stderr)
    return 1 if problems else 0


def _all_flows(desk: Desk) -> list[Path]:
    own = desk.settings.instance / "flows"
    found = {p for pattern in ("*.yml", "*/published.yml", "*/draft.yml") for p in own.glob(pattern)}
    return sorted(found | set(PACKAGED.glob("*.yml")))  # samples have settings of their own


def _play(given: argparse.Namespace, desk: Desk) -> int:
    if given.script:
        return _replay(given, desk)
    if given.file is None:
        raise BadScript("which flow? give its FILE, or a --script")
    flow = _playable(given.file, desk)
    if flow is None:
        return 1
    centre = desk.centre.model_copy(update={"language": given.language}) if given.language else desk.centre
    says = parse_says(given.say)
    speech = DrySpeech()
    session = TerminalSession(desk.prompts, print, says, ask=None if says else input, text_of=speech.text_of)
    at = datetime.fromisoformat(given.at) if given.at else None
    context = Context(
        interaction_id="terminal", number=given.number, did="", centre=centre, prompts=desk.prompts,
        flows=desk.beside(given.file), speech=speech, http=DryHttp(), now=clock_at(at, centre),
    )  # fmt: skip
    outcome = run(flow, session, context)
    for event in outcome.events:
        print(json.dumps(event.as_dict(), ensure_ascii=False))
    print(json.dumps({"next": outcome.next, **outcome.variables()}, ensure_ascii=False))
    return 0


def _playable(file: Path, desk: Desk) -> Flow | None:
    read = read_flow(file)
    for problem in check(read, desk.prompts, desk.centre.languages):
        print(problem, file=sys.stderr)
    return read.flow


def _replay(given: argparse.Namespace, desk: Desk) -> int:
    script = read_script(given.script)
    file: Path = given.file or given.script.parent / script.flow
    flow = _playable(file, desk)
    if flow is None:
        return 1
    others = desk.beside(file.resolve())
    failed = 0
    for conversation in script.conversations:
        done = replay(conversation, flow, others, desk.prompts, desk.centre)
        print(f"{'FAILED' if done.differences else 'ok'}  {conversation.name}")
        for difference in done.differences:
            print(f"        {difference}")
        failed += bool(done.differences)
    return 1 if failed else 0


def _publish(given: argparse.Namespace, desk: Desk) -> int:
    store = desk.store()
    if given.file is not None:
        store.save_draft(given.name, given.file.read_text(encoding="utf-8"), given.author)
    version = store.publish(given.name, given.author, given.note, desk.known)
    print(f"{given.name}@{version.number}")
    return 0


def _rollback(given: argparse.Namespace, desk: Desk) -> int:
    version = desk.store().rollback(given.name, given.version, given.author, given.note, desk.known)
    print(f"{given.name}@{version.number}")
    return 0


def _versions(given: argparse.Namespace, desk: Desk) -> int:
    for version in desk.store().versions(given.name):
        mark = "*" if version.is_current else " "
        print(f"{mark} {version.number:>4}  {version.at}  {version.author or '-'}  {version.note}".rstrip())
    return 0


def _diff(given: argparse.Namespace, desk: Desk) -> int:
    for change in desk.store().diff(given.name, given.old, given.new):
        print(change)
    return 0


COMMANDS = {
    "schema": _schema, "check": _check, "play": _play, "publish": _publish, "rollback": _rollback,
    "versions": _versions, "diff": _diff,
}  # fmt: skip

if __name__ == "__main__":
    sys.exit(main())
