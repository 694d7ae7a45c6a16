"""`percent`: split callers by share, to try something out. `by: caller` sends one number the same way every time."""

import hashlib
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from ivr.call import Call
from ivr.nodes.base import FieldPath, Go, Node, Target


class Share(BaseModel):
    """So many of a hundred."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    percent: Annotated[float, Field(ge=0, le=100)]
    next: Target


class Percent(Node):
    """Split callers."""

    type: Literal["percent"]
    split: Annotated[list[Share], Field(min_length=1, max_length=20)]
    by: Literal["call", "caller"] = "call"
    sample: ClassVar[str] = (
        "{type: percent, split: [{percent: 30, next: there}, {percent: 70, next: there}], by: caller}"
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        total = sum(share.percent for share in self.split)
        if abs(total - 100) > 0.001:
            raise PydanticCustomError(
                "not_100", "the shares come to {total}, not to 100", {"total": round(total, 3)}
            )
        return self

    def ways_out(self) -> Mapping[FieldPath, str | None]:
        return {("split", str(i), "next"): share.next for i, share in enumerate(self.split)}

    def run(self, call: Call) -> Go:
        point = (_of_caller(call) if self.by == "caller" else call.context.chance()) * 100
        for index, share in enumerate(self.split):
            point -= share.percent
            if point < 0:
                return Go(("split", str(index), "next"))
        return Go(("split", str(len(self.split) - 1), "next"))


def _of_caller(call: Call) -> float:
    key = f"{call.flow.partition('@')[0]}/{call.node}/{call.context.number}".encode("utf-8", "replace")
    return int.from_bytes(hashlib.sha256(key).digest()[:6], "big") / 2**48


NODE = Percent
