"""`log`: write a line, with variables in it, into the log and the call's events."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

import structlog
from pydantic import Field

from ivr import templates
from ivr.call import Call
from ivr.events import Logged
from ivr.nodes.base import FieldPath, Go, Node, Target
from ivr.templates import Template

logger = structlog.get_logger(__name__)


class Log(Node):
    """Write a log line."""

    type: Literal["log"]
    message: Annotated[Template, Field(min_length=1)]
    level: Literal["info", "warning", "error"] = "info"
    next: Target | None = None
    sample: ClassVar[str] = (
        "{type: log, message: 'Order {order} of {call.number}', level: warning, next: there}"
    )

    def ways_out(self) -> Mapping[FieldPath, str | None]:
        return {("next",): self.next}

    def patterns(self) -> Mapping[FieldPath, str]:
        return {("message",): self.message}

    def run(self, call: Call) -> Go:
        message = templates.fill(self.message, call.value)
        call.record(Logged, level=self.level, message=message)
        write = {"info": logger.info, "warning": logger.warning, "error": logger.error}[self.level]
        write(
            "flow_says",
            message=message,
            flow=call.flow,
            node=call.node,
            interaction_id=call.context.interaction_id,
        )
        return Go(("next",))


NODE = Log
