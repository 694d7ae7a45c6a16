"""`set`: give variables values. The expressions are computed in the order of the lines."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ivr.call import Call
from ivr.expression import Expression
from ivr.nodes.base import FieldPath, Go, Node, Target, VariableName


class Set(Node):
    """Set variables."""

    type: Literal["set"]
    values: Annotated[dict[VariableName, Expression], Field(min_length=1)]
    next: Target | None = None
    sample: ClassVar[str] = (
        "{type: set, values: {tries: 'default(tries, 0) + 1', level: \"'gold'\"}, next: there}"
    )

    def ways_out(self) -> Mapping[FieldPath, str | None]:
        return {("next",): self.next}

    def sets(self) -> Mapping[FieldPath, str]:
        return {("values", name): name for name in self.values}

    def expressions(self) -> Mapping[FieldPath, Expression]:
        return {("values", name): value for name, value in self.values.items()}

    def run(self, call: Call) -> Go:
        for name, expression in self.values.items():
            call.set(name, call.value(expression))
        return Go(("next",))


NODE = Set
