"""A dry run that goes step by step: what a caller hears and keys in a flow that is still being drawn. `admin.flows` shows it.

Nothing is kept between two steps: each plays the conversation anew from what the caller has done so far, up to the moment
at which the flow waits for what the caller does next. The same inputs give the same steps, whatever the clock says;
the time of the steps is counted from what is heard and waited for.
"""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal, TypeVar

from ivr.adapters.terminal import TerminalSession, parse_says, seconds_of
from ivr.call import Call, Context
from ivr.contacts import Contact
from ivr.dry import DryContacts, DryHttp, DrySpeech
from ivr.engine import run
from ivr.events import FlowEvent
from ivr.flow_file import Flow
from ivr.outcome import Outcome
from ivr.prompts import Prompts
from ivr.session import Sound
from uckefu.centre import Centre

T = TypeVar("T")
MOST_SAYS = 200
MOST_STEPS = 1_000


class TooLong(ValueError):
    """The caller has done more than a dry run takes."""

    code = "too-long"


@dataclass(frozen=True, kw_only=True)
class Wish:
    """Who calls, when, what is known of them, and what a business system would answer.

    Args:
        at: aware; the call begins then.
        says: what the caller does in turn: `key=1`, `keys=12#`, `key=1@2.5`, `wait`, `speak=5`, `hangup`.
        contact: what is known of the caller; None for nobody.
        answers: what each HTTP lookup gets, `{status: 200, data: …}` or `{fails: reason}`, in turn; the last one stays.
        chance: what `percent` throws, from 0 below 1.
    """

    number: str
    at: datetime
    did: str = ""
    language: str = ""
    says: Sequence[str] = ()
    contact: Contact | None = None
    answers: Sequence[Mapping[str, Any]] = ()
    chance: float = 0.5


@dataclass(frozen=True, kw_only=True)
class Step:
    """Something that happened: `heard`, `keyed`, or the type of a flow event; `seconds` since the call began."""

    kind: str
    seconds: float
    node: str
    about: Mapping[str, Any]
    variables: Mapping[str, Any]


@dataclass
class Trial:
    """How far the call has come. `waits` is what the flow waits for (`key`, `recording`), "" when it is over.

    `moved_seconds` is when the caller did something last: from there a move's own moment is counted.
    """

    steps: list[Step] = field(default_factory=list)
    waits: Literal["", "key", "recording"] = ""
    wait_seconds: float = 0
    seconds: float = 0
    moved_seconds: float = 0
    outcome: Outcome | None = None

    @property
    def node(self) -> str:
        """Where the caller is, or was last."""
        return next((step.node for step in reversed(self.steps) if step.node), "")


class _Waits(BaseException):
    """The flow waits for the caller's next move. No Exception: the engine would take it for a node's failure."""


def trial(flow: Flow, others: Mapping[str, Flow], prompts: Prompts, centre: Centre, wish: Wish) -> Trial:
    """Play the conversation as far as it goes.

    Raises:
        BadScript: a move that no caller can make.
        TooLong: see there.
    """
    says = parse_says(list(wish.says))
    if len(says) > MOST_SAYS:
        raise TooLong(f"more than {MOST_SAYS} moves")
    return _Stage(prompts, centre, wish, says).play(flow, others)


class _Stage:
    """One playing of the conversation."""

    def __init__(self, prompts: Prompts, centre: Centre, wish: Wish, says: Sequence[str]) -> None:
        self.trial, self.wish, self.prompts, self.centre = Trial(), wish, prompts, centre
        self.speech = DrySpeech()
        self.session = _Session(self, says)
        self.call: Call | None = None

    def play(self, flow: Flow, others: Mapping[str, Flow]) -> Trial:
        with contextlib.suppress(_Waits):  # the caller's next move is awaited there
            self.trial.outcome = run(flow, self.session, self._context(others))
        self.trial.seconds, self.trial.moved_seconds = (
            self.session.moves.seconds,
            self.session.moves.moved_seconds,
        )
        return self.trial

    def _context(self, others: Mapping[str, Flow]) -> Context:
        wish = self.wish
        last = list(wish.answers[-1:])
        return Context(
            interaction_id="dry-run", number=wish.number, did=wish.did, centre=self.centre, prompts=self.prompts,
            language=wish.language, flows=others, speech=self.speech,
            contacts=DryContacts({wish.number: wish.contact} if wish.contact is not None else {}),
            http=DryHttp([*wish.answers, *last * MOST_SAYS]), now=self._now, chance=lambda: wish.chance,
            watch=self._watch,
        )  # fmt: skip

    def _now(self) -> datetime:
        return self.wish.at + timedelta(seconds=self.session.moves.seconds)

    def _watch(self, call: Call, event: FlowEvent) -> None:
        self.call = call
        about = {k: v for k, v in event.as_dict().items() if k not in ("type", "at_us", "node", "trace")}
        self.note(type(event).__name__, **about)

    def note(self, kind: str, /, **about: Any) -> None:
        """Add a step; a run that never waits ends here at the latest."""
        if len(self.trial.steps) >= MOST_STEPS:
            return
        node, variables = (self.call.node, dict(self.call.variables)) if self.call else ("", {})
        self.trial.steps.append(
            Step(
                kind=kind,
                seconds=round(self.session.moves.seconds, 1),
                node=node,
                about=about,
                variables=variables,
            )
        )


class _Session(TerminalSession):
    """A caller whose moves may not be known yet."""

    def __init__(self, stage: _Stage, says: Sequence[str]) -> None:
        super().__init__(stage.prompts, lambda _line: None, says, text_of=stage.speech.text_of)
        self.stage = stage

    def _plays(self, prompt: Sound, *, stops: bool) -> None:
        paths = prompt if isinstance(prompt, tuple) else (prompt,)
        texts = [self._text(path) for path in paths]
        seconds = sum(map(seconds_of, paths, texts))
        about: dict[str, Any] = {
            "sounds": [self._name(path) for path in paths],
            "text": " ".join(filter(None, texts)),
            "length": round(seconds, 1),
        }
        self.stage.note("heard", **about)
        heard = self.moves.hears(seconds, stops=stops)
        if heard < seconds:
            self.stage.note("interrupted", after=round(heard, 1))

    def read_key(self, prompt: Sound | None, timeout_seconds: float) -> str:
        self._step()
        if prompt and not self.moves.kept:
            self._plays(prompt, stops=True)
        key: str | None = self.moves.kept.pop(0) if self.moves.kept else ""
        if not key and not timeout_seconds:
            return ""
        if not key:
            key = self._awaited(self.moves.key(timeout_seconds), "key", timeout_seconds)
        self.stage.note("keyed", key=key, waited=timeout_seconds)
        return key

    def flush_keys(self) -> None:
        for key in self.moves.kept:
            self.stage.note("forgotten", key=key)
        super().flush_keys()

    def record(self, path: Path, limit_seconds: float, silence_seconds: float) -> float:
        self._step()
        seconds = self._awaited(self.moves.speaks(limit_seconds), "recording", limit_seconds)
        self.stage.note("spoke", seconds_spoken=seconds)
        return seconds

    def hangup(self, cause: str) -> None:
        self.stage.note("hung-up", cause=cause)

    def _awaited(self, move: T | None, what: Literal["key", "recording"], seconds: float) -> T:
        if move is None:
            self.stage.trial.waits, self.stage.trial.wait_seconds = what, seconds
            raise _Waits
        return move
