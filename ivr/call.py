"""What a node holds while a caller is in it: the session, the surroundings, the caller's language and keys.

The engine makes one `Call` a run. Time comes from `Context.now` only, so that a test or a dry run can say
"as if it were Saturday 20:00".
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from ivr.events import FlowEvent, PromptMissing
from ivr.prompts import Prompts
from ivr.session import Session
from uckefu import times
from uckefu.centre import Centre


@dataclass(frozen=True, kw_only=True)
class Context:
    """The surroundings of one call.

    Args:
        interaction_id: see docs/contracts.md.
        number: the caller's number.
        did: the number that was dialled.
        centre: the centre's settings (office hours, language).
        prompts: where the prompt files are.
        now: the clock.
        default_queue: where a caller goes when the flow can't say.
        step_limit: the most nodes that one call may enter.
    """

    interaction_id: str
    number: str
    did: str
    centre: Centre
    prompts: Prompts
    now: Callable[[], datetime] = times.now
    default_queue: str = "service"
    step_limit: int = 200


@dataclass
class Call:
    """One caller on the way through one flow."""

    session: Session
    context: Context
    language: str
    node: str = ""
    typed_ahead: str = ""  # a key that interrupted a prompt, for the next menu
    events: list[FlowEvent] = field(default_factory=list)

    def record(self, kind: type[FlowEvent], **fields: Any) -> None:
        """Record that something happened now, in the present node."""
        self.events.append(kind(at_us=times.to_us(self.context.now()), node=self.node, **fields))

    def play(self, names: Sequence[str], *, barge_in: bool) -> None:
        """Play prompts one after the other; with `barge_in` a key stops them and is kept for the next menu."""
        self._play(self._files(names), barge_in)

    def ask(self, names: Sequence[str], timeout_seconds: float, *, barge_in: bool) -> str:
        """Play prompts and wait for a key; "" when none came. Without `barge_in` only keys after the prompts count."""
        files = self._files(names)
        if not barge_in:
            self._play(files, barge_in)
            self.forget_keys()
            return self.session.read_key(None, timeout_seconds)
        self._play(files[:-1], barge_in)
        if self.typed_ahead:
            key, self.typed_ahead = self.typed_ahead, ""
            return key
        return self.session.read_key(files[-1] if files else None, timeout_seconds)

    def forget_keys(self) -> None:
        """Forget what the caller has keyed so far."""
        self.typed_ahead = ""
        self.session.flush_keys()

    def _play(self, files: Sequence[Path], barge_in: bool) -> None:
        for path in files:
            if not barge_in:
                self.session.play(path)
            elif not self.typed_ahead:
                self.typed_ahead = self.session.read_key(path, 0)

    def _files(self, names: Sequence[str]) -> list[Path]:
        return [path for name in names if (path := self._file(name))]

    def _file(self, name: str) -> Path | None:
        """The prompt in the caller's language, else in the centre's; a missing one is recorded and passed over."""
        prompts, other = self.context.prompts, self.context.centre.language
        if path := prompts.path(name, self.language):
            return path
        instead = prompts.path(name, other)
        self.record(PromptMissing, prompt=name, language=self.language, instead=other if instead else "")
        return instead
