"""`queue`: hand the caller over to the ACD. `dialplan/20_queue.xml` goes on from here."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ivr.call import Call
from ivr.nodes.base import NAME_PATTERN, FieldPath, Finish, Node, PromptList, listed
from ivr.outcome import Outcome


class Queue(Node):
    """End the flow in a queue."""

    type: Literal["queue"]
    queue: Annotated[str, Field(pattern=NAME_PATTERN, max_length=32, json_schema_extra={"format": "queue"})]
    priority: Annotated[int, Field(ge=0, le=9)] = 0
    intent: Annotated[str, Field(max_length=128)] = ""  # what the caller wants, for the agent's pop-up
    prompt: PromptList = []  # said before the music begins
    sample: ClassVar[str] = "{type: queue, queue: service, priority: 5, intent: Repairs, prompt: please_hold}"

    def ways_out(self) -> Mapping[FieldPath, str | None]:
        return {}

    def prompts(self) -> Mapping[FieldPath, str]:
        return listed("prompt", self.prompt)

    def run(self, call: Call) -> Finish:
        call.play(self.prompt, barge_in=False)
        return Finish(Outcome(next="queue", queue=self.queue, priority=self.priority, intent=self.intent))


NODE = Queue
