"""`hangup`: say goodbye and end the call."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ivr.call import Call
from ivr.nodes.base import FieldPath, Finish, Node, PromptList
from ivr.outcome import Outcome


class Hangup(Node):
    """End the call."""

    type: Literal["hangup"]
    prompt: PromptList = []
    cause: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{2,63}$")] = "NORMAL_CLEARING"
    sample: ClassVar[str] = "{type: hangup, prompt: [closed, goodbye], cause: NORMAL_CLEARING}"

    def ways_out(self) -> Mapping[FieldPath, str | None]:
        return {}

    def run(self, call: Call) -> Finish:
        call.play(self.prompt, barge_in=False)
        call.session.hangup(self.cause)
        return Finish(Outcome(next="hangup"))


NODE = Hangup
