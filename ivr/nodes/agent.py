"""`agent`: a named agent, else a queue. The ACD asks the agent first, and lets the caller wait for one who is signed in
but busy, as long as the queue says; then, and at once for one who is away, the queue's other agents are asked."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ivr import templates
from ivr.call import Call
from ivr.expression import Expression, parse
from ivr.nodes.base import FieldPath, Finish, FlowName, Intent, Names, Node, PromptList, QueueName
from ivr.nodes.queue import VipLevel, after_talk, asked_vip, vip
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
    vip_level: VipLevel
    intent: Intent = ""
    survey: FlowName | None = None
    prompt: PromptList = []
    sample: ClassVar[str] = (
        "{type: agent, agent: '1001', queue: service, priority: 3, vip_level: contact.vip, intent: Account manager, "
        "survey: satisfaction, prompt: please_hold}"
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

    def expressions(self) -> Mapping[FieldPath, Expression]:
        return asked_vip(self.vip_level)

    def run(self, call: Call) -> Finish:
        call.play(self.prompt, barge_in=False)
        agent = templates.fill(self.agent, call.value)
        known = bool(LOOKS_LIKE_AN_EXTENSION.compute(lambda _name: agent))
        extra = (
            after_talk(self.survey) | vip(call, self.vip_level) | ({"uckefu_agent": agent} if known else {})
        )
        wish = Outcome(
            next="queue", queue=self.queue, priority=self.priority, intent=self.intent, extra=extra
        )
        return Finish(wish)


NODE = Agent
