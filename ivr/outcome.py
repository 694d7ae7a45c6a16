"""What a run of a flow comes to: where the call goes next and what is known of the caller's wish.

The engine returns it; `fs_scripts.inbound` turns it into channel variables (docs/contracts.md).
"""

from dataclasses import dataclass, field
from typing import Literal

from ivr.events import FlowEvent

NextStep = Literal["queue", "transfer", "hangup", "gone"]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Where the call goes. `hangup`: the flow ended the call; `gone`: the caller did."""

    next: NextStep
    queue: str = ""
    target: str = ""
    priority: int = 0
    intent: str = ""
    language: str = ""
    flow: str = ""
    events: list[FlowEvent] = field(default_factory=list)

    def variables(self) -> dict[str, str]:
        """The channel variables for the dialplan and the CDR."""
        run = {"uckefu_language": self.language, "uckefu_flow": self.flow}
        if self.next in ("hangup", "gone"):
            return run
        wish = run | {
            "uckefu_intent": self.intent,
            "uckefu_priority": str(self.priority),
            "uckefu_next": self.next,
        }
        if self.next == "queue":
            return wish | {"uckefu_queue": self.queue}
        return wish | {"uckefu_target": self.target}
