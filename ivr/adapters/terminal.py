"""A caller in the terminal: prompts are written as text, keys come from a script or from the keyboard.

`python -m ivr play`, the conversation scripts and the page's dry run use it. Nothing is recorded or written.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ivr.prompts import Prompts
from ivr.session import CallerGone, Sound

SAYS = "key=0…9, key=*, key=#, keys=12#, wait, hangup or speak=5"


class BadScript(ValueError):
    """A `--say` that is none of `key=<digit>`, `keys=<digits>`, `wait`, `hangup`, `speak=<seconds>`."""


def parse_say(word: str) -> str:
    """What a caller does: a key, "" for waiting, "hangup", or "speak=<seconds>" into a recording.

    Raises:
        BadScript: anything else.
    """
    if word in ("wait", "hangup"):
        return "" if word == "wait" else word
    name, _, key = word.partition("=")
    if name == "speak" and key.isascii() and key.isdigit() and len(key) < 4:
        return word
    if name != "key" or len(key) != 1 or key not in "0123456789*#":
        raise BadScript(f"--say {word}: use {SAYS}")
    return key


def parse_says(words: Sequence[str]) -> list[str]:
    """Several in turn; `keys=12#` are three keys.

    Raises:
        BadScript: see `parse_say`.
    """
    said: list[str] = []
    for word in words:
        keys = word.removeprefix("keys=")
        said += [parse_say(f"key={key}") for key in keys] if keys != word and keys else [parse_say(word)]
    return said


class TerminalSession:
    """`ivr.session.Session` for a person or a script.

    Args:
        prompts: for the texts.
        write: takes each line to show.
        says: what the caller does when a menu waits, in turn; after the last one it waits in silence.
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
        self.says: Iterator[str] = iter(says)
        self.steps, self.leaves_after, self.has_left = 0, leaves_after, False
        self.heard: list[str] = []  # language/prompt, in order; the pieces of a number in one line
        self.variables: dict[str, str] = {}

    def answer(self) -> None:
        self._step()
        self.write("(answered)")

    def play(self, prompt: Sound) -> None:
        self._step()
        paths = prompt if isinstance(prompt, tuple) else (prompt,)
        self.heard.append(" ".join(self._name(path) for path in paths))
        self.write(f"♪ {self.heard[-1]}: {' '.join(filter(None, map(self._text, paths))) or '(no text)'}")

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
        if prompt:
            self.play(prompt)
        else:
            self._step()
        if not timeout_seconds:
            return ""  # a prompt that a key may interrupt, but nobody waits: the script keys at menus
        said = self._ask(timeout_seconds) if self.ask else next(self.says, "")
        if said == "hangup":
            raise CallerGone
        key = said if len(said) == 1 else ""
        self.write(f"> {key or f'(nothing for {timeout_seconds:g} s)'}")
        return key

    def flush_keys(self) -> None:
        """Keys come one at a time here; there is nothing to forget."""

    def record(self, path: Path, limit_seconds: float, silence_seconds: float) -> float:
        self._step()
        said = self._ask(limit_seconds) if self.ask else next(self.says, "")
        self.has_left = said == "hangup"
        spoken = float(said.removeprefix("speak=")) if said.startswith("speak=") else 0.0
        seconds = min(spoken, limit_seconds)
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
        while True:
            try:
                word = (self.ask or input)(
                    f"key, Enter to wait {timeout_seconds:g} s, h to hang up> "
                ).strip()
                known = {"": "wait", "h": "hangup"}.get(word, word if "=" in word else f"key={word}")
                return parse_say(known)
            except BadScript:
                self.write("one key: 0-9, * or #")
            except EOFError:
                return "hangup"

    def _step(self) -> None:
        if self.has_left or self.steps == self.leaves_after:
            raise CallerGone
        self.steps += 1
