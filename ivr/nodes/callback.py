"""`callback`: offer to call back when it is the caller's turn. The ACD keeps the place in the queue.

Whoever accepts goes to the queue with `uckefu_callback_number`: the ACD takes the place under that number and ends the
call. (An ACD that doesn't know the variable yet lets the caller wait as ever.)
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ivr.call import Call
from ivr.events import DigitsCollected, KeyPressed, NothingKeyed
from ivr.keying import Keying
from ivr.nodes.base import FieldPath, Finish, Go, Intent, Key, Names, Node, PromptList, QueueName, Target
from ivr.outcome import Outcome
from ivr.pattern import Pattern

CALLABLE = Pattern(r"\+?[0-9]{5,16}")
KEYED = Pattern("[0-9]{5,16}")


class Callback(Node):
    """Offer a callback."""

    type: Literal["callback"]
    queue: QueueName
    priority: Annotated[int, Field(ge=0, le=9)] = 0
    intent: Intent = ""
    prompt: PromptList = ["callback_offer"]
    this_number: Key = "1"
    other_number: Key = "2"
    number_prompt: PromptList = ["callback_number"]
    number_pattern: Pattern = Field(default_factory=lambda: KEYED, json_schema_extra={"default": str(KEYED)})
    thanks: PromptList = ["callback_thanks"]
    timeout_seconds: Annotated[float, Field(ge=1, le=60)] = 5
    retries: Annotated[int, Field(ge=0, le=5)] = 2
    declined: Target | None = None
    waits: ClassVar[bool] = True
    sample: ClassVar[str] = (
        "{type: callback, queue: service, priority: 2, intent: Callback, prompt: callback_offer, this_number: '1', "
        "other_number: '2', number_prompt: callback_number, number_pattern: '1[0-9]{10}', thanks: callback_thanks, "
        "timeout_seconds: 4, retries: 1, declined: there}"
    )

    def ways_out(self) -> Mapping[FieldPath, str | None]:
        return {("declined",): self.declined}

    def names(self) -> Names:
        return Names(queues={("queue",): self.queue})

    def run(self, call: Call) -> Go | Finish:
        key = call.ask(self.prompt, self.timeout_seconds, barge_in=True)
        number = call.context.number
        if key:
            call.record(KeyPressed, key=key, known=key in (self.this_number, self.other_number))
        else:
            call.record(NothingKeyed)
        # A withheld number can't be called back: the caller is asked for one.
        if key == self.other_number or (key == self.this_number and not CALLABLE.matches(number)):
            number = self._keyed(call)
        elif key != self.this_number:
            return Go(("declined",))
        if not number:
            return Go(("declined",))
        call.play(self.thanks, barge_in=False)
        wish = Outcome(
            next="queue", queue=self.queue, priority=self.priority, intent=self.intent,
            extra={"uckefu_callback_number": number},
        )  # fmt: skip
        return Finish(wish)

    def _keyed(self, call: Call) -> str:
        keying = Keying(least=1, most=16, terminator="#", first_seconds=self.timeout_seconds, digit_seconds=3)
        for _ in range(self.retries + 1):
            digits = keying.take(call, self.number_prompt, barge_in=True)
            if digits is None:
                call.record(NothingKeyed)
                continue
            good = self.number_pattern.matches(digits) and CALLABLE.matches(digits)
            call.record(DigitsCollected, digits=digits, accepted=good)
            if good:
                return digits
        return ""


NODE = Callback
