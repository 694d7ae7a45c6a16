"""What a run of a flow comes to: where the call goes next and what is known of the caller's wish.

The engine returns it; `fs_scripts.inbound` turns it into channel variables (docs/contracts.md).
"""

from dataclasses import dataclass, field
from typing import Literal

from ivr.events import FlowEvent

NextStep = Literal["queue", "transfer", "outside", "hangup", "gone"]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Where the call goes.

    Args:
        next: `queue`; `transfer` to an extension; `outside` over a trunk; `hangup`: the flow ended the call; `gone`:
            the caller did.
        queue: also of a transfer: where the caller goes when nobody answers there.
        target: extension or outside number.
        extra: more channel variables, by name.
    """

    next: NextStep
    queue: str = ""
    target: str = ""
    priority: int = 0
    intent: str = ""
    language: str = ""
    flow: str = ""
    extra: dict[str, str] = field(default_factory=dict)
    events: list[FlowEvent] = field(default_factory=list)

    def variables(self) -> dict[str, str]:
        """The channel variables for the dialplan and the CDR."""
        run = {"uckefu_language": self.language, "uckefu_flow": self.flow} | self.extra
        if self.next in ("hangup", "gone"):
            return run
        wish = run | {
            "uckefu_intent": self.intent,
            "uckefu_priority": str(self.priority),
            "uckefu_next": self.next,
        }
        if self.queue:
            wish["uckefu_queue"] = self.queue
        return wish if self.next == "queue" else wish | {"uckefu_target": self.target}
