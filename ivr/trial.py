"""A dry run that goes step by step: what a caller hears and keys in a flow that is still being drawn. `admin.flows` shows it.

Nothing is kept between two steps: each plays the conversation anew from what the caller has done so far, up to the moment
at which the flow waits for what the caller does next. The same inputs give the same steps, whatever the clock says;
the time of the steps is counted from what is heard and waited for.
"""

import contextlib
import wave
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from ivr.adapters.terminal import TerminalSession, parse_says
from ivr.call import Call, Context
from ivr.contacts import Contact
from ivr.dry import DryContacts, DryHttp, DrySpeech
from ivr.engine import run
from ivr.events import FlowEvent
from ivr.flow_file import Flow
from ivr.outcome import Outcome
from ivr.prompts import Prompts
from ivr.session import CallerGone, Sound
from uckefu.centre import Centre

MOST_SAYS = 200
MOST_STEPS = 1_000
SECONDS_A_LETTER = {"zh": 0.22, "en": 0.07}
"""How long a text is that nobody has spoken yet, about."""


class TooLong(ValueError):
    """The caller has done more than a dry run takes."""

    code = "too-long"


@dataclass(frozen=True, kw_only=True)
class Wish:
    """Who calls, when, what is known of them, and what a business system would answer.

    Args:
        at: aware; the call begins then.
        says: what the caller does in turn: `key=1`, `keys=12#`, `wait`, `speak=5`, `hangup`.
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
    """How far the call has come. `waits` is what the flow waits for (`key`, `recording`), "" when it is over."""

    steps: list[Step] = field(default_factory=list)
    waits: Literal["", "key", "recording"] = ""
    wait_seconds: float = 0
    seconds: float = 0
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
        return self.wish.at + timedelta(seconds=self.trial.seconds)

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
                seconds=round(self.trial.seconds, 1),
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

    def play(self, prompt: Sound) -> None:
        super().play(prompt)
        paths = prompt if isinstance(prompt, tuple) else (prompt,)
        texts = [self._text(path) for path in paths]
        self.stage.note(
            "heard", sounds=[self._name(path) for path in paths], text=" ".join(filter(None, texts))
        )
        self.stage.trial.seconds += sum(
            seconds_of(path, text) for path, text in zip(paths, texts, strict=True)
        )

    def read_key(self, prompt: Sound | None, timeout_seconds: float) -> str:
        if prompt:
            self.play(prompt)
        else:
            self._step()
        if not timeout_seconds:
            return ""
        said = self._next("key", timeout_seconds)
        key = said if len(said) == 1 else ""
        self.stage.note("keyed", key=key, waited=timeout_seconds)
        self.stage.trial.seconds += 1 if key else timeout_seconds
        return key

    def record(self, path: Path, limit_seconds: float, silence_seconds: float) -> float:
        self._step()
        said = self._next("recording", limit_seconds)
        spoken = float(said.removeprefix("speak=")) if said.startswith("speak=") else 0.0
        seconds = min(spoken, limit_seconds)
        self.stage.note("spoke", seconds_spoken=seconds)
        self.stage.trial.seconds += seconds
        return seconds

    def hangup(self, cause: str) -> None:
        self.stage.note("hung-up", cause=cause)

    def _next(self, what: Literal["key", "recording"], seconds: float) -> str:
        said = next(self.says, None)
        if said is None:
            self.stage.trial.waits, self.stage.trial.wait_seconds = what, seconds
            raise _Waits
        if said == "hangup":
            raise CallerGone
        return said


def seconds_of(path: Path, text: str) -> float:
    """How long a sound is: the file's length, else what its text would take."""
    try:
        with wave.open(str(path)) as stream:
            return float(stream.getnframes() / stream.getframerate())
    except (OSError, wave.Error, EOFError):
        return len(text) * SECONDS_A_LETTER.get(path.parent.name, 0.1)
