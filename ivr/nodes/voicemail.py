"""`voicemail`: greet, beep, record. A caller who hangs up has finished the message; it is kept in any case.

The file and who is to be told go to `spool/voicemail/` (`ivr.filing`); the pages make an interaction of it there.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ivr.call import Call
from ivr.events import Recorded
from ivr.nodes.base import FieldPath, Go, Names, Node, PromptList, QueueName, Target
from ivr.taping import tape


class Voicemail(Node):
    """Take a message."""

    type: Literal["voicemail"]
    prompt: PromptList = ["leave_message"]
    beep: bool = True
    max_seconds: Annotated[int, Field(ge=5, le=600)] = 120
    min_seconds: Annotated[float, Field(ge=0, le=10)] = 1  # a shorter one is no message
    silence_seconds: Annotated[int, Field(ge=2, le=30)] = 5  # so much silence ends it
    queue: QueueName | None = None  # whose message it is
    notify: list[Annotated[str, Field(pattern=r"^[^\s,;<>]{1,128}$")]] = []  # logins and mail addresses
    thanks: PromptList = ["message_thanks"]
    next: Target | None = None
    nothing: Target | None = None  # no message was left; as `next` when left out
    sample: ClassVar[str] = (
        "{type: voicemail, prompt: leave_message, beep: true, max_seconds: 60, min_seconds: 1, silence_seconds: 4, "
        "queue: service, notify: [supervisor, desk@example.com], thanks: message_thanks, next: there, nothing: there}"
    )

    def ways_out(self) -> Mapping[FieldPath, str | None]:
        ways: dict[FieldPath, str | None] = {("next",): self.next}
        return ways | ({("nothing",): self.nothing} if self.nothing is not None else {})

    def names(self) -> Names:
        return Names(queues={("queue",): self.queue} if self.queue else {})

    def run(self, call: Call) -> Go:
        call.play(self.prompt, barge_in=True)
        taped = tape(
            call, "voicemail", self.max_seconds, self.silence_seconds, self.min_seconds, beep=self.beep
        )
        if taped is None:
            return Go(("nothing",)) if self.nothing is not None else Go(("next",))
        path, seconds = taped
        context = call.context
        record = {
            "interaction_id": context.interaction_id, "number": context.number, "did": context.did, "path": str(path),
            "seconds": round(seconds, 1), "queue": self.queue or "", "notify": self.notify, "language": call.language,
            "flow": call.flow, "node": call.node, "at": context.now().isoformat(),
        }  # fmt: skip
        kept = context.filing.put("voicemail", context.interaction_id, record, context.now())
        call.record(Recorded, kind="voicemail", seconds=round(seconds, 1), kept=kept)
        call.play(self.thanks, barge_in=True)
        return Go(("next",))


NODE = Voicemail
