"""`branch`: the first case whose expression is true decides; `otherwise` when none is. See `ivr.expression`."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from ivr.call import Call
from ivr.expression import Expression
from ivr.nodes.base import FieldPath, Go, Node, Target


class Case(BaseModel):
    """One case."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    when: Expression
    next: Target


class Branch(Node):
    """Branch by expressions over the variables."""

    type: Literal["branch"]
    cases: Annotated[list[Case], Field(min_length=1, max_length=50)]
    otherwise: Target | None = None
    sample: ClassVar[str] = (
        "{type: branch, cases: [{when: \"contact.vip >= 3 and call.region != ''\", next: there}, "
        "{when: 'now.hour in [12, 13]', next: there}], otherwise: there}"
    )

    def ways_out(self) -> Mapping[FieldPath, str | None]:
        ways: dict[FieldPath, str | None] = {
            ("cases", str(i), "next"): c.next for i, c in enumerate(self.cases)
        }
        return ways | {("otherwise",): self.otherwise}

    def expressions(self) -> Mapping[FieldPath, Expression]:
        return {("cases", str(i), "when"): case.when for i, case in enumerate(self.cases)}

    def run(self, call: Call) -> Go:
        for index, case in enumerate(self.cases):
            if call.value(case.when):
                return Go(("cases", str(index), "next"))
        return Go(("otherwise",))


NODE = Branch
