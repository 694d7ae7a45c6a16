"""A caller in the terminal: prompts are written as text, keys come from a script or from the keyboard.

`python -m ivr play`, the conversation scripts and the page's dry run use it. Nothing is recorded or written.
"""

import wave
from collections.abc import Callable, Sequence
from pathlib import Path

from ivr.adapters.moves import BadScript, Moves, parse_say, parse_says
from ivr.prompts import Prompts
from ivr.session import CallerGone, Sound

__all__ = ["BadScript", "TerminalSession", "parse_say", "parse_says", "seconds_of"]

KEYS = frozenset("0123456789*#")
SECONDS_A_LETTER = {"zh": 0.22, "en": 0.07}
"""How long a text is that nobody has spoken yet, about."""


def seconds_of(path: Path, text: str) -> float:
    """How long a sound is: the file's length, else what its text would take."""
    try:
        with wave.open(str(path)) as stream:
            return float(stream.getnframes() / stream.getframerate())
    except (OSError, wave.Error, EOFError):
        return len(text) * SECONDS_A_LETTER.get(path.parent.name, 0.1)


class TerminalSession:
    """`ivr.session.Session` for a person or a script.

    Args:
        prompts: for the texts.
        write: takes each line to show.
        says: what the caller does, in turn (`ivr.adapters.moves`); after the last one it waits in silence.
        leaves_after: the caller hangs up in place of this blocking step (0 is the answer); None never.
        ask: asks a person instead of the script.
        text_of: the text of a file that was rendered, or "".
    """

    def __init__(
        self,
        prompts: Prompts,
        write: Callable[[str], None],
        says: Sequence[str] = (),
        *,
        leaves_after: int | None = None,
        ask: Callable[[str], str] | None = None,
        text_of: Callable[[Path], str] = lambda _path: "",
    ) -> None:
        self.prompts, self.write, self.ask, self.text_of = prompts, write, ask, text_of
        self.moves = Moves(says, self._moved)
        self.steps, self.leaves_after, self.has_left = 0, leaves_after, False
        self.heard: list[str] = []  # language/prompt, in order; the pieces of a number in one line
        self.files: list[Path] = []  # the same, file by file
        self.variables: dict[str, str] = {}

    def answer(self) -> None:
        self._step()
        self.write("(answered)")

    def play(self, prompt: Sound) -> None:
        self._step()
        self._plays(prompt, stops=False)

    def _plays(self, prompt: Sound, *, stops: bool) -> None:
        paths = prompt if isinstance(prompt, tuple) else (prompt,)
        texts = [self._text(path) for path in paths]
        self.files += paths
        self.heard.append(" ".join(self._name(path) for path in paths))
        self.write(f"♪ {self.heard[-1]}: {' '.join(filter(None, texts)) or '(no text)'}")
        if self.moves.has_moments:
            seconds = sum(map(seconds_of, paths, texts))
            heard = self.moves.hears(seconds, stops=stops)
            if heard < seconds:
                self.write(f"  (a key after {heard:.1f} s)")

    def _moved(self, word: str) -> None:
        """The caller has done something; a script notes it."""

    def _name(self, path: Path) -> str:
        """`zh/welcome`, `zh/say/7`; a rendered text by itself."""
        if text := self.text_of(path):
            return f"{path.parent.name}: {text}"
        parts = path.with_suffix("").parts
        return "/".join(parts[-3:] if parts[-2] == "say" else parts[-2:])

    def _text(self, path: Path) -> str:
        if text := self.text_of(path):
            return text
        language, _, name = self._name(path).partition("/")
        return self.prompts.text(name, language)

    def read_key(self, prompt: Sound | None, timeout_seconds: float) -> str:
        self._step()
        if prompt and not self.moves.kept:
            self._plays(prompt, stops=True)
        if not timeout_seconds:
            # A prompt that a key may interrupt, but nobody waits: what has no moment is keyed at menus.
            return self.moves.kept.pop(0) if self.moves.kept else ""
        if self.ask and not self.moves.kept:
            said = self._ask(timeout_seconds)
            if said == "hangup":
                raise CallerGone
            key = said if len(said) == 1 else ""
        else:
            key = self.moves.key(timeout_seconds) or ""
        self.write(f"> {key or f'(nothing for {timeout_seconds:g} s)'}")
        return key

    def flush_keys(self) -> None:
        self.moves.kept.clear()

    def record(self, path: Path, limit_seconds: float, silence_seconds: float) -> float:
        self._step()
        if self.ask:
            said = self._ask(limit_seconds)
            self.has_left = said == "hangup"
            seconds = (
                min(float(said.removeprefix("speak=")), limit_seconds) if said.startswith("speak=") else 0.0
            )
        else:
            try:
                seconds = self.moves.speaks(limit_seconds) or 0.0
            except CallerGone:
                seconds, self.has_left = 0.0, True
        self.write(f"> (speaks for {seconds:g} s)")
        return seconds

    def start_recording(self, path: Path) -> None:
        self.write("(recording)")

    def stop_recording(self, path: Path) -> None:
        self.write("(recording ended)")

    def mask_recording(self, path: Path, on: bool) -> None:
        self.write("(recording paused)" if on else "(recording goes on)")

    def set_variable(self, name: str, value: str) -> None:
        self.variables[name] = value

    def hangup(self, cause: str) -> None:
        self.write(f"(hung up by the flow: {cause})")

    def _ask(self, timeout_seconds: float) -> str:
        """What the person does next. Of several keys the rest is keyed ahead: it interrupts the prompts that come.

        (A prompt is a line of text here, there at once: nothing goes on that a key could come into the middle of.)
        """
        while True:
            try:
                word = (self.ask or input)(
                    f"keys, Enter to wait {timeout_seconds:g} s, h to hang up> "
                ).strip()
                if len(word) > 1 and KEYS.issuperset(word):
                    self.moves.kept += word[1:]
                    return word[0]
                known = {"": "wait", "h": "hangup"}.get(word, word if "=" in word else f"key={word}")
                return parse_say(known)
            except BadScript:
                self.write("keys: 0-9, * or #")
            except EOFError:
                return "hangup"

    def _step(self) -> None:
        if self.has_left or self.steps == self.leaves_after:
            raise CallerGone
        self.steps += 1
