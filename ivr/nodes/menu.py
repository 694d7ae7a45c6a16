"""`menu`: ask for one key. A wrong key or none is asked again `retries` times, then `no_match` or `no_input`."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ivr.call import Call
from ivr.events import KeyPressed, NothingKeyed
from ivr.nodes.base import FieldPath, Go, Key, Node, PromptList, Target, VariableName


class Menu(Node):
    """Ask the caller for a key."""

    type: Literal["menu"]
    prompt: PromptList
    keys: Annotated[dict[Key, Target], Field(min_length=1)]
    timeout_seconds: Annotated[float, Field(ge=1, le=60)] = 5
    retries: Annotated[int, Field(ge=0, le=10)] = 1
    invalid: PromptList = []  # after a key that is not on the menu
    silent: PromptList = []  # after no key
    barge_in: bool = True
    variable: VariableName | None = None  # gets the key
    no_input: Target | None = None
    no_match: Target | None = None  # as `no_input` when left out
    waits: ClassVar[bool] = True
    sample: ClassVar[str] = (
        "{type: menu, prompt: main_menu, keys: {'1': there, '*': there}, timeout_seconds: 3, retries: 2, "
        "invalid: invalid_key, silent: no_key, barge_in: true, variable: chosen, no_input: there, no_match: there}"
    )

    def ways_out(self) -> Mapping[FieldPath, str | None]:
        ways: dict[FieldPath, str | None] = {("keys", key): target for key, target in self.keys.items()}
        ways["no_input",] = self.no_input
        if self.no_match is not None:
            ways["no_match",] = self.no_match
        return ways

    def sets(self) -> Mapping[FieldPath, str]:
        return {("variable",): self.variable} if self.variable else {}

    def run(self, call: Call) -> Go:
        key = ""
        for tries_left in reversed(range(self.retries + 1)):
            key = call.ask(self.prompt, self.timeout_seconds, barge_in=self.barge_in)
            if not key:
                call.record(NothingKeyed)
            else:
                call.record(KeyPressed, key=key, known=key in self.keys)
            if key in self.keys:
                if self.variable:
                    call.set(self.variable, key)
                return Go(("keys", key))
            if tries_left:
                self._explain(call, wrong=bool(key))
        return Go(("no_match",)) if key and self.no_match else Go(("no_input",))

    def _explain(self, call: Call, *, wrong: bool) -> None:
        """Say what was wrong; keys hammered meanwhile don't use up the next try."""
        call.forget_keys()
        call.play(self.invalid if wrong else self.silent, barge_in=True)


NODE = Menu
