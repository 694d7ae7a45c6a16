"""`subflow`: go through another flow and come back. It has variables of its own: the arguments; its `result` comes back.

The other flow's head says `result: EXPRESSION`, and its ways out end in `return`.
"""

from collections.abc import Mapping
from typing import ClassVar, Literal

from ivr.call import Call
from ivr.expression import Expression
from ivr.nodes.base import Enter, FieldPath, FlowName, Names, Node, Target, VariableName


class Subflow(Node):
    """Go through another flow."""

    type: Literal["subflow"]
    flow: FlowName
    arguments: dict[VariableName, Expression] = {}
    result: VariableName | None = None
    next: Target | None = None
    sample: ClassVar[str] = (
        "{type: subflow, flow: identify, arguments: {tries: 2}, result: customer, next: there}"
    )

    def ways_out(self) -> Mapping[FieldPath, str | None]:
        return {("next",): self.next}

    def names(self) -> Names:
        return Names(calls={("flow",): self.flow})

    def sets(self) -> Mapping[FieldPath, str]:
        return {("result",): self.result} if self.result else {}

    def expressions(self) -> Mapping[FieldPath, Expression]:
        return {("arguments", name): value for name, value in self.arguments.items()}

    def run(self, call: Call) -> Enter:
        arguments = {name: call.value(value) for name, value in self.arguments.items()}
        return Enter(self.flow, arguments, back=("next",), result=self.result or "")


NODE = Subflow
