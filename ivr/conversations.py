"""Conversation scripts: what a caller does, what is heard, where it ends. `python -m ivr play --script FILE` replays them.

flow: ../vip.yml                 # from this file's folder
conversations:
  - name: a VIP goes to the front
    caller: {number: "13800138000", at: "2025-03-04T10:00", language: zh, did: "4001"}
    centre: {public_holidays: CN}               # settings that differ
    contacts: {"13800138000": {vip: 3}}         # what lookups find, instead of files and systems
    http: [{status: 200, data: {state: paid}}, {fails: refused}]
    chance: 0.2                                 # for `percent`
    variables: {}                               # what the flow begins with
    talk:
      - hears: [zh/welcome, zh/main_menu]       # all that is heard before the next step; left out: not looked at
      - key=1                                   # also keys=12#, wait, hangup, speak=5; key=1@2.5: 2.5 s after the step before
    passes: [hello, menu, vip]                  # the nodes, in order
    ends: {next: queue, uckefu_queue: service}  # and any channel variable
    files: [voicemail]                          # the kinds of records that are left
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ivr.adapters.terminal import BadScript, TerminalSession, parse_says
from ivr.call import Context
from ivr.dry import DryContacts, DryHttp, DrySpeech
from ivr.engine import run
from ivr.events import NodeEntered
from ivr.filing import NothingFiled
from ivr.flow_file import Flow
from ivr.outcome import Outcome
from ivr.prompts import Prompts
from uckefu import times
from uckefu.centre import Centre


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)


class Caller(_Part):
    """Who calls, when, and in which centre's language."""

    number: str = "13800138000"
    did: str = "4001"
    at: datetime | None = None
    language: str | None = None


class Hears(_Part):
    """What is heard since the step before; all of it."""

    hears: list[str] | str


class Conversation(_Part):
    """One conversation."""

    name: str
    caller: Caller = Caller()
    centre: dict[str, Any] = {}
    contacts: dict[str, dict[str, Any]] = {}
    http: list[dict[str, Any]] = []
    chance: float = 0.5
    variables: dict[str, Any] = {}
    talk: list[Hears | str] = []
    passes: list[str] | None = None
    ends: dict[str, str] = {}
    files: list[str] | None = None


class Script(_Part):
    """A script file."""

    flow: str
    conversations: list[Conversation] = Field(min_length=1)


def read_script(path: Path) -> Script:
    """Read a script file.

    Raises:
        BadScript: it can't be read, or something stands in it that should not.
    """
    try:
        return Script.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError) as error:
        raise BadScript(f"{path}: {error}") from error


@dataclass
class _Step:
    """What the caller does; `heard` is what must have been heard before it, None for anything."""

    says: str | None  # None: the end
    heard: list[str] | None


class _ScriptedSession(TerminalSession):
    """Notes what was heard before each thing that the caller does."""

    def __init__(
        self, prompts: Prompts, write: Callable[[str], None], says: Sequence[str], text_of: Any
    ) -> None:
        super().__init__(prompts, write, says, text_of=text_of)
        self.said: list[tuple[str, int]] = []
        self.made: list[Move] = []

    def _moved(self, word: str) -> None:
        self.said.append((word, len(self.heard)))
        self.made.append(Move(word.partition("@")[0], len(self.files)))


@dataclass(frozen=True)
class Move:
    """What the caller did (`ivr.adapters.moves`), and how many sound files had begun by then."""

    word: str
    files: int


@dataclass
class Replay:
    """How a conversation went. A test that calls for real makes each of the `moves` after as many `files`."""

    outcome: Outcome
    heard: list[str]
    files: list[Path]
    moves: list[Move]
    filing: NothingFiled
    http: DryHttp
    differences: list[str] = field(default_factory=list)


def replay(
    conversation: Conversation,
    flow: Flow,
    others: Mapping[str, Flow],
    prompts: Prompts,
    centre: Centre,
    write: Callable[[str], None] = lambda _line: None,
) -> Replay:
    """Play a conversation and say what was different from the script.

    Raises:
        BadScript: a step that no caller can do.
    """
    steps = _steps(conversation.talk)
    says = [step.says for step in steps if step.says is not None]
    speech = DrySpeech()
    session = _ScriptedSession(prompts, write, says, speech.text_of)
    context = _context(conversation, others, prompts, centre, speech)
    outcome = run(flow, session, context)
    assert isinstance(context.filing, NothingFiled) and isinstance(context.http, DryHttp)  # noqa: S101, PT018
    done = Replay(outcome, session.heard, session.files, session.made, context.filing, context.http)
    done.differences += _heard_otherwise(steps, session) + _ended_otherwise(conversation, outcome)
    kinds = [kind for kind, _ in context.filing.records]
    if conversation.files is not None and kinds != conversation.files:
        done.differences.append(f"files: {kinds}, not {conversation.files}")
    return done


def _context(
    conversation: Conversation,
    others: Mapping[str, Flow],
    prompts: Prompts,
    centre: Centre,
    speech: DrySpeech,
) -> Context:
    caller = conversation.caller
    changed = conversation.centre | ({"language": caller.language} if caller.language else {})
    centre = Centre.model_validate(centre.model_dump() | changed)
    return Context(
        interaction_id="conversation", number=caller.number, did=caller.did, centre=centre, prompts=prompts,
        flows=others, speech=speech, contacts=DryContacts(conversation.contacts), http=DryHttp(conversation.http),
        variables=dict(conversation.variables), now=clock_at(caller.at, centre), chance=lambda: conversation.chance,
    )  # fmt: skip


def clock_at(at: datetime | None, centre: Centre) -> Callable[[], datetime]:
    """A clock that stands at this time of the centre's zone; the real one for None."""
    if at is None:
        return times.now
    instant = at if at.tzinfo else at.replace(tzinfo=ZoneInfo(centre.timezone))
    return lambda: instant


def _steps(talk: Sequence[Hears | str]) -> list[_Step]:
    steps: list[_Step] = []
    heard: list[str] | None = None
    for entry in talk:
        if isinstance(entry, Hears):
            heard = [*(heard or []), *([entry.hears] if isinstance(entry.hears, str) else entry.hears)]
            continue
        first, *rest = parse_says([entry])
        steps += [_Step(first, heard), *(_Step(key, None) for key in rest)]
        heard = None
    return [*steps, _Step(None, heard)]


def _heard_otherwise(steps: Sequence[_Step], session: _ScriptedSession) -> list[str]:
    differences: list[str] = []
    begin = 0
    for index, step in enumerate(steps):
        last = step.says is None
        if not last and index >= len(session.said):
            word = step.says or "wait"
            return [*differences, f"step {index + 1} ({word}): nobody asked; heard {session.heard[begin:]}"]
        end = len(session.heard) if last else session.said[index][1]
        actual = session.heard[begin:end]
        if step.heard is not None and actual != step.heard:
            where = "at the end" if last else f"before step {index + 1} ({step.says or 'wait'})"
            differences.append(f"{where}: heard {actual}, not {step.heard}")
        begin = end
    return differences


def _ended_otherwise(conversation: Conversation, outcome: Outcome) -> list[str]:
    actual = {"next": outcome.next, **outcome.variables()}
    differences = [
        f"{name}: {actual.get(name)!r}, not {value!r}"
        for name, value in conversation.ends.items()
        if actual.get(name) != value
    ]
    nodes = [event.node for event in outcome.events if isinstance(event, NodeEntered)]
    if conversation.passes is not None and nodes != conversation.passes:
        differences.append(f"passes: {nodes}, not {conversation.passes}")
    return differences
