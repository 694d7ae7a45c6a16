"""`collect`: take several digits into a variable, check them, and read them back when asked to.

`no_input` is for a caller who keys nothing, `no_match` for one whose digits are still wrong after the retries.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from ivr.call import Call
from ivr.events import DigitsCollected, NothingKeyed
from ivr.expression import parse
from ivr.keying import Keying
from ivr.nodes.base import FieldPath, Go, Key, Node, PromptList, Target, VariableName
from ivr.pattern import Pattern
from ivr.wording import SayPiece


class Confirm(BaseModel):
    """Read the digits back and ask whether they are right; any key but `yes`, or none, asks for them again."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    yes: Key = "1"
    no: Key = "2"

    @model_validator(mode="after")
    def _two_keys(self) -> Self:
        if self.yes == self.no:
            raise PydanticCustomError("same_key", "`yes` and `no` must be two keys")
        return self


class Collect(Node):
    """Take digits."""

    type: Literal["collect"]
    prompt: PromptList
    variable: VariableName
    min: Annotated[int, Field(ge=1, le=32)] = 1
    max: Annotated[int, Field(ge=1, le=32)] = 32
    terminator: Annotated[str, Field(pattern=r"^[0-9*#]?$")] = "#"
    pattern: Pattern | None = None
    timeout_seconds: Annotated[float, Field(ge=1, le=60)] = 5
    digit_seconds: Annotated[float, Field(ge=0.5, le=30)] = 3
    retries: Annotated[int, Field(ge=0, le=10)] = 2
    invalid: PromptList = ["digits_wrong"]
    silent: PromptList = []
    confirm: Confirm | None = None
    read_back: PromptList = ["you_keyed"]  # before the digits
    confirm_prompt: PromptList = ["confirm_keys"]  # after them
    secret: bool = False  # the events don't show the digits
    barge_in: bool = True
    next: Target | None = None
    no_input: Target | None = None
    no_match: Target | None = None  # as `no_input` when left out
    waits: ClassVar[bool] = True
    sample: ClassVar[str] = (
        "{type: collect, prompt: key_digits, variable: order, min: 1, max: 8, terminator: '#', pattern: '[0-9]+', "
        "timeout_seconds: 5, digit_seconds: 2, retries: 1, invalid: digits_wrong, silent: no_key, "
        "confirm: {yes: '1', no: '2'}, read_back: you_keyed, confirm_prompt: confirm_keys, secret: false, "
        "barge_in: true, next: there, no_input: there, no_match: there}"
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.min > self.max:
            raise PydanticCustomError("min_max", "`min` is larger than `max`")
        return self

    def ways_out(self) -> Mapping[FieldPath, str | None]:
        ways: dict[FieldPath, str | None] = {("next",): self.next, ("no_input",): self.no_input}
        return ways | ({("no_match",): self.no_match} if self.no_match is not None else {})

    def sets(self) -> Mapping[FieldPath, str]:
        return {("variable",): self.variable}

    def run(self, call: Call) -> Go:
        keying = Keying(
            least=self.min, most=self.max, terminator=self.terminator,
            first_seconds=self.timeout_seconds, digit_seconds=self.digit_seconds,
        )  # fmt: skip
        digits: str | None = None
        for tries_left in reversed(range(self.retries + 1)):
            digits = keying.take(call, self.prompt, barge_in=self.barge_in)
            if digits is None:
                call.record(NothingKeyed)
                self._explain(call, self.silent, tries_left)
                continue
            good = self._is_good(digits)
            call.record(DigitsCollected, digits="*" * len(digits) if self.secret else digits, accepted=good)
            if good and self._confirmed(call, digits):
                call.set(self.variable, digits, secret=self.secret)
                return Go(("next",))
            if not good:
                self._explain(call, self.invalid, tries_left)
        return Go(("no_match",)) if digits is not None and self.no_match else Go(("no_input",))

    def _is_good(self, digits: str) -> bool:
        return len(digits) >= self.min and (self.pattern is None or self.pattern.matches(digits))

    def _explain(self, call: Call, pieces: PromptList, tries_left: int) -> None:
        if tries_left:
            call.forget_keys()
            call.play(pieces, barge_in=True)

    def _confirmed(self, call: Call, digits: str) -> bool:
        if self.confirm is None:
            return True
        said = SayPiece(say="digits", value=parse(f"'{digits}'"))
        key = call.ask([*self.read_back, said, *self.confirm_prompt], self.timeout_seconds, barge_in=True)
        return key == self.confirm.yes


NODE = Collect
