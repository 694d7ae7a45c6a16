"""`record`: start, stop, pause or resume the recording of the call, e.g. pause while a card number is keyed."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from ivr.call import Call
from ivr.events import RecordingChanged
from ivr.nodes.base import FieldPath, Go, Node, Target


class Record(Node):
    """Switch the recording. It ends with the flow; the talk with an agent has its own."""

    type: Literal["record"]
    action: Literal["start", "stop", "pause", "resume"]
    next: Target | None = None
    sample: ClassVar[str] = "{type: record, action: start, next: there}"

    def ways_out(self) -> Mapping[FieldPath, str | None]:
        return {("next",): self.next}

    def run(self, call: Call) -> Go:
        recorder = call.recorder
        if self.action == "start":
            done = recorder.start(call.context.now())
        elif self.action == "stop":
            done = recorder.stop()
        else:
            done = recorder.pause(self.action == "pause")
        call.record(RecordingChanged, action=self.action, done=done)
        return Go(("next",))


NODE = Record
