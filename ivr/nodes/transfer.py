"""`transfer`: to an extension, to an outside number over a trunk, or into another flow; exactly one of them.

`dialplan/20_queue.xml` rings the first two and has a way out when nobody answers. An outside number must begin with
one of the trunk's prefixes in the centre's settings, whatever the flow or its variables say: else the way out
`failed`. Into another flow the variables go along, and the call never comes back.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from ivr import templates
from ivr.call import Call
from ivr.events import Logged
from ivr.nodes.base import (
    NAME_PATTERN,
    Enter,
    Extension,
    FieldPath,
    Finish,
    FlowName,
    Go,
    Intent,
    Names,
    Node,
    PromptList,
    QueueName,
    Target,
)  # fmt: skip
from ivr.outcome import Outcome
from ivr.pattern import Pattern
from ivr.templates import Template
from uckefu.centre import TrunkRights

OUTSIDE = Pattern(r"\+?[0-9]{3,20}")


class Transfer(Node):
    """End the flow somewhere else."""

    type: Literal["transfer"]
    extension: Extension | None = None
    number: Annotated[Template, Field(min_length=1)] | None = (
        None  # outside: `02150001234` or `{contact.manager}`
    )
    trunk: Annotated[str, Field(pattern=NAME_PATTERN, json_schema_extra={"format": "trunk"})] = "trunk"
    flow: FlowName | None = None
    queue: QueueName | None = (
        None  # where the caller goes when nobody answers; the default queue when left out
    )
    intent: Intent = ""
    prompt: PromptList = []
    failed: Target | None = None
    sample: ClassVar[str] = (
        "{type: transfer, extension: '1001', number: ~, trunk: trunk, flow: ~, queue: service, intent: Front desk, "
        "prompt: please_hold, failed: there}"
    )
    also: ClassVar[tuple[str, ...]] = (
        "{type: transfer, number: '02150001234', failed: there}",
        "{type: transfer, flow: other}",
    )

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if sum(place is not None for place in (self.extension, self.number, self.flow)) != 1:
            raise PydanticCustomError("one_place", "a transfer needs one of `extension`, `number`, `flow`")
        return self

    def ways_out(self) -> Mapping[FieldPath, str | None]:
        return {("failed",): self.failed} if self.number is not None or self.failed is not None else {}

    def names(self) -> Names:
        return Names(
            extensions={("extension",): self.extension} if self.extension else {},
            trunks={("trunk",): self.trunk} if self.number else {},
            queues={("queue",): self.queue} if self.queue else {},
            transfers={("flow",): self.flow} if self.flow else {},
        )

    def patterns(self) -> Mapping[FieldPath, str]:
        return {("number",): self.number} if self.number else {}

    def run(self, call: Call) -> Go | Finish | Enter:
        if self.flow is not None:
            call.play(self.prompt, barge_in=False)
            return Enter(self.flow, dict(call.variables))
        number = templates.fill(self.number or "", call.value)
        rights = call.context.centre.trunks.get(self.trunk, TrunkRights())
        if self.number is not None and not may_call(number, rights):
            call.record(Logged, level="warning", message=f"trunk {self.trunk} may not call {number!r}")
            return Go(("failed",))
        call.play(self.prompt, barge_in=False)
        if self.extension is not None:
            return Finish(
                Outcome(next="transfer", target=self.extension, queue=self.queue or "", intent=self.intent)
            )
        extra = {"uckefu_trunk": self.trunk, "uckefu_outside_caller_id": rights.caller_id}
        return Finish(
            Outcome(next="outside", target=number, queue=self.queue or "", intent=self.intent, extra=extra)
        )


def may_call(number: str, rights: TrunkRights) -> bool:
    """Whether a trunk may be used for this number."""
    return OUTSIDE.matches(number) and any(number.startswith(prefix) for prefix in rights.prefixes)


NODE = Transfer
