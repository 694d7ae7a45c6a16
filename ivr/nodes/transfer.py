"""`transfer`: send the caller to an extension. `dialplan/20_queue.xml` rings it and has a way out when nobody answers."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ivr.call import Call
from ivr.nodes.base import FieldPath, Finish, Node, PromptList, listed
from ivr.outcome import Outcome


class Transfer(Node):
    """End the flow at an extension."""

    type: Literal["transfer"]
    extension: Annotated[str, Field(pattern=r"^[0-9*#]{1,20}$")]
    intent: Annotated[str, Field(max_length=128)] = ""
    prompt: PromptList = []
    sample: ClassVar[str] = "{type: transfer, extension: '1001', intent: Front desk, prompt: please_hold}"

    def ways_out(self) -> Mapping[FieldPath, str | None]:
        return {}

    def prompts(self) -> Mapping[FieldPath, str]:
        return listed("prompt", self.prompt)

    def run(self, call: Call) -> Finish:
        call.play(self.prompt, barge_in=False)
        return Finish(Outcome(next="transfer", target=self.extension, intent=self.intent))


NODE = Transfer
