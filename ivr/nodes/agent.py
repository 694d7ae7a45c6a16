"""`agent`: a named agent, else a queue. The dialplan rings the extension; nobody there: the caller goes to the queue."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ivr import templates
from ivr.call import Call
from ivr.expression import parse
from ivr.nodes.base import FieldPath, Finish, FlowName, Intent, Names, Node, PromptList, QueueName
from ivr.nodes.queue import after_talk
from ivr.outcome import Outcome
from ivr.templates import Template

LOOKS_LIKE_AN_EXTENSION = parse("matches(agent, '[0-9]{1,16}')")


class Agent(Node):
    """End the flow at an agent."""

    type: Literal["agent"]
    agent: Annotated[Template, Field(min_length=1, json_schema_extra={"format": "agent"})]
    """The agent's extension, or a variable that has it: `{contact.agent}`."""
    queue: QueueName
    priority: Annotated[int, Field(ge=0, le=9)] = 0
    intent: Intent = ""
    survey: FlowName | None = None
    prompt: PromptList = []
    sample: ClassVar[str] = (
        "{type: agent, agent: '1001', queue: service, priority: 3, intent: Account manager, survey: satisfaction, "
        "prompt: please_hold}"
    )

    def ways_out(self) -> Mapping[FieldPath, str | None]:
        return {}

    def names(self) -> Names:
        return Names(
            queues={("queue",): self.queue},
            agents={} if "{" in self.agent else {("agent",): self.agent},
            transfers={("survey",): self.survey} if self.survey else {},
        )

    def patterns(self) -> Mapping[FieldPath, str]:
        return {("agent",): self.agent}

    def run(self, call: Call) -> Finish:
        call.play(self.prompt, barge_in=False)
        agent = templates.fill(self.agent, call.value)
        known = bool(LOOKS_LIKE_AN_EXTENSION.compute(lambda _name: agent))
        extra = after_talk(self.survey) | ({"uckefu_agent": agent} if known else {})
        wish = Outcome(
            next="transfer" if known else "queue", target=agent if known else "", queue=self.queue,
            priority=self.priority, intent=self.intent, extra=extra,
        )  # fmt: skip
        return Finish(wish)


NODE = Agent
