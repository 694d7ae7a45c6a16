"""`play`: one or several pieces, then on. A key stops them when `barge_in` is on and counts for the next menu."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from ivr.call import Call
from ivr.nodes.base import FieldPath, Go, Node, PromptList, Target


class Play(Node):
    """Play prompts, texts, and values in any mixture."""

    type: Literal["play"]
    prompt: PromptList
    barge_in: bool = True
    next: Target | None = None
    sample: ClassVar[str] = (
        "{type: play, prompt: [welcome, {prompt: please_hold}, {text: {zh: '您是第{call.number|digits}位', "
        "en: 'Call {call.number|digits}'}}, {say: time, value: now.time}], barge_in: false, next: there}"
    )

    def ways_out(self) -> Mapping[FieldPath, str | None]:
        return {("next",): self.next}

    def run(self, call: Call) -> Go:
        call.play(self.prompt, barge_in=self.barge_in)
        return Go(("next",))


NODE = Play
