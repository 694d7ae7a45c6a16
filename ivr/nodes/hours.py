"""`hours`: is the centre open now? The office hours are the centre's (`instance/centre.yml`)."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from ivr.call import Call
from ivr.nodes.base import FieldPath, Go, Node, Target


class Hours(Node):
    """Branch by the office hours."""

    type: Literal["hours"]
    open: Target | None = None
    closed: Target | None = None
    sample: ClassVar[str] = "{type: hours, open: there, closed: there}"

    def ways_out(self) -> Mapping[FieldPath, str | None]:
        return {("open",): self.open, ("closed",): self.closed}

    def run(self, call: Call) -> Go:
        return Go(("open",) if call.context.centre.is_open(call.context.now()) else ("closed",))


NODE = Hours
