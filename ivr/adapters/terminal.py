"""A caller in the terminal: prompts are written as text, keys come from a script or from the keyboard.

`python -m ivr play` and the conversation tests use it.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ivr.prompts import Prompts
from ivr.session import CallerGone


class BadScript(ValueError):
    """A `--say` that is none of `key=<digit>`, `wait`, `hangup`."""


def parse_say(word: str) -> str:
    """What a caller does: a key, "" for waiting, or "hangup".

    Raises:
        BadScript: anything else.
    """
    if word in ("wait", "hangup"):
        return "" if word == "wait" else word
    name, _, key = word.partition("=")
    if name != "key" or len(key) != 1 or key not in "0123456789*#":
        raise BadScript(f"--say {word}: use key=0…9, key=*, key=#, wait or hangup")
    return key


class TerminalSession:
    """`ivr.session.Session` for a person or a script.

    Args:
        prompts: for the texts.
        write: takes each line to show.
        says: what the caller does when a menu waits, in turn; after the last one it waits in silence.
        leaves_after: the caller hangs up in place of this blocking step (0 is the answer); None never.
        ask: asks a person instead of the script.
    """

    def __init__(
        self,
        prompts: Prompts,
        write: Callable[[str], None],
        says: Sequence[str] = (),
        *,
        leaves_after: int | None = None,
        ask: Callable[[str], str] | None = None,
    ) -> None:
        self.prompts, self.write, self.ask = prompts, write, ask
        self.says: Iterator[str] = iter(says)
        self.steps, self.leaves_after = 0, leaves_after
        self.heard: list[str] = []  # language/prompt, in order

    def answer(self) -> None:
        self._step()
        self.write("(answered)")

    def play(self, prompt: Path) -> None:
        self._step()
        language, name = prompt.parent.name, prompt.stem
        self.heard.append(f"{language}/{name}")
        self.write(f"♪ {language}/{name}: {self.prompts.text(name, language) or '(no text)'}")

    def read_key(self, prompt: Path | None, timeout_seconds: float) -> str:
        if prompt:
            self.play(prompt)
        else:
            self._step()
        if (
            not timeout_seconds
        ):  # a prompt that a key may interrupt, but nobody waits: the script keys at menus
            return ""
        said = self._ask(timeout_seconds) if self.ask else next(self.says, "")
        if said == "hangup":
            raise CallerGone
        self.write(f"> {said or f'(nothing for {timeout_seconds:g} s)'}")
        return said

    def flush_keys(self) -> None:
        """Keys come one at a time here; there is nothing to forget."""

    def hangup(self, cause: str) -> None:
        self.write(f"(hung up by the flow: {cause})")

    def _ask(self, timeout_seconds: float) -> str:
        while True:
            try:
                word = (self.ask or input)(
                    f"key, Enter to wait {timeout_seconds:g} s, h to hang up> "
                ).strip()
                return parse_say({"": "wait", "h": "hangup"}.get(word, f"key={word}"))
            except BadScript:
                self.write("one key: 0-9, * or #")
            except EOFError:
                return "hangup"

    def _step(self) -> None:
        if self.steps == self.leaves_after:
            raise CallerGone
        self.steps += 1
