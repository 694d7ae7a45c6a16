"""`survey`: satisfaction from 1 to 5, and a comment if wanted; tied to the interaction.

Stands in the flow that a `queue` or `agent` node names as `survey`: the dialplan brings the caller there after the agent
has hung up. The answer goes to `spool/survey/` (`ivr.filing`) and into the CDR's variable `uckefu_survey_score`.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ivr.call import Call
from ivr.events import KeyPressed, NothingKeyed, Rated, Recorded
from ivr.nodes.base import FieldPath, Go, Node, PromptList, Target, VariableName
from ivr.taping import tape


class Survey(Node):
    """Ask for a rating."""

    type: Literal["survey"]
    prompt: PromptList = ["survey_score"]
    best: Annotated[int, Field(ge=2, le=9)] = 5
    variable: VariableName = "score"
    timeout_seconds: Annotated[float, Field(ge=1, le=60)] = 5
    retries: Annotated[int, Field(ge=0, le=5)] = 1
    invalid: PromptList = []
    comment_up_to: Annotated[int, Field(ge=0, le=9)] = 0  # who rates so low is asked for a comment; 0 nobody
    comment_prompt: PromptList = ["survey_comment"]
    comment_seconds: Annotated[int, Field(ge=5, le=300)] = 60
    thanks: PromptList = ["survey_thanks"]
    next: Target | None = None
    no_input: Target | None = None
    waits: ClassVar[bool] = True
    sample: ClassVar[str] = (
        "{type: survey, prompt: survey_score, best: 5, variable: score, timeout_seconds: 4, retries: 1, "
        "invalid: invalid_key, comment_up_to: 2, comment_prompt: survey_comment, comment_seconds: 30, "
        "thanks: survey_thanks, next: there, no_input: there}"
    )

    def ways_out(self) -> Mapping[FieldPath, str | None]:
        return {("next",): self.next, ("no_input",): self.no_input}

    def sets(self) -> Mapping[FieldPath, str]:
        return {("variable",): self.variable}

    def run(self, call: Call) -> Go:
        score = self._score(call)
        if score is None:
            return Go(("no_input",))
        call.record(Rated, score=score)
        call.set(self.variable, score)
        call.extra["uckefu_survey_score"] = str(score)
        call.session.set_variable("uckefu_survey_score", str(score))  # at once: the caller may hang up now
        at = call.context.now()
        call.context.filing.put("survey", call.context.interaction_id, self._answer(call, score), at)
        if score <= self.comment_up_to:
            self._comment(call, score)
        call.play(self.thanks, barge_in=True)
        return Go(("next",))

    def _score(self, call: Call) -> int | None:
        for tries_left in reversed(range(self.retries + 1)):
            key = call.ask(self.prompt, self.timeout_seconds, barge_in=True)
            good = key.isdigit() and 1 <= int(key) <= self.best
            if key:
                call.record(KeyPressed, key=key, known=good)
            else:
                call.record(NothingKeyed)
            if good:
                return int(key)
            if tries_left and key:
                call.forget_keys()
                call.play(self.invalid, barge_in=True)
        return None

    def _comment(self, call: Call, score: int) -> None:
        call.play(self.comment_prompt, barge_in=True)
        taped = tape(call, "survey", self.comment_seconds, silence_seconds=4, min_seconds=1, beep=True)
        if taped is None:
            return
        path, seconds = taped
        answer = self._answer(call, score) | {"comment": str(path), "seconds": round(seconds, 1)}
        kept = call.context.filing.put("survey", call.context.interaction_id, answer, call.context.now())
        call.record(Recorded, kind="survey", seconds=round(seconds, 1), kept=kept)

    def _answer(self, call: Call, score: int) -> dict[str, object]:
        return {
            "interaction_id": call.context.interaction_id, "score": score, "best": self.best,
            "flow": call.flow, "node": call.node, "at": call.context.now().isoformat(),
        }  # fmt: skip


NODE = Survey
