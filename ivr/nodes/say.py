"""`say`: read out one value from recorded pieces, in the caller's language."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from ivr.call import Call
from ivr.expression import Expression
from ivr.nodes.base import FieldPath, Go, Node, PromptList, Target
from ivr.wording import How, SayPiece


class Say(Node):
    """Read out a number, digits, money, a date or a time."""

    type: Literal["say"]
    how: How
    value: Expression
    prompt: PromptList = []  # said before it
    barge_in: bool = True
    next: Target | None = None
    sample: ClassVar[str] = (
        "{type: say, how: money, value: 'default(contact.balance, 12.5)', prompt: you_keyed, barge_in: false, next: there}"
    )

    def ways_out(self) -> Mapping[FieldPath, str | None]:
        return {("next",): self.next}

    def expressions(self) -> Mapping[FieldPath, Expression]:
        return {("value",): self.value}

    def run(self, call: Call) -> Go:
        call.play([*self.prompt, SayPiece(say=self.how, value=self.value)], barge_in=self.barge_in)
        return Go(("next",))


NODE = Say
