"""`queue`: hand the caller over to the ACD. `dialplan/20_queue.xml` goes on from here."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from ivr.call import Call
from ivr.expression import Expression, parse
from ivr.nodes.base import (
    FieldPath,
    Finish,
    FlowName,
    Intent,
    Names,
    Node,
    PromptList,
    QueueName,
    VariableName,
)  # fmt: skip
from ivr.outcome import Outcome

Level = Annotated[int, Field(ge=1, le=9)]
HIGHEST_VIP = 9
HISTORIC = "historic"  # instead of an extension: whoever talked with this caller last
CONTACTS_VIP = parse("contact.vip")


def _as_levels(value: Any) -> Any:
    named = isinstance(value, list) and all(isinstance(each, str) for each in value)
    return dict.fromkeys(value, 1) if named else value


Skills = Annotated[
    dict[VariableName, Level],
    BeforeValidator(_as_levels, json_schema_input_type=dict[VariableName, Level] | list[VariableName]),
]
"""The skills that an agent must have, each with the least level: `{english: 3}`, or `[english]` for any level."""


def _contacts_vip() -> Expression:
    return CONTACTS_VIP


VipLevel = Annotated[
    Expression, Field(default_factory=_contacts_vip, json_schema_extra={"default": "contact.vip"})
]
"""How important the caller is, 0 to 9: as the contact says that a `lookup` has found, or what is computed here."""


class Queue(Node):
    """End the flow in a queue."""

    type: Literal["queue"]
    queue: QueueName
    priority: Annotated[int, Field(ge=0, le=9)] = 0
    vip_level: VipLevel
    skills: Skills = {}
    announced: bool = True  # the caller is told its place and the time
    historic: bool = (
        False  # the agent who talked with this caller last is asked first, and waited for a while
    )
    intent: Intent = ""  # what the caller wants, for the agent's pop-up
    survey: FlowName | None = None  # the flow that the caller goes through after the agent has hung up
    prompt: PromptList = []  # said before the music begins
    sample: ClassVar[str] = (
        "{type: queue, queue: service, priority: 5, vip_level: contact.vip, skills: {english: 3}, announced: false, historic: true, intent: Repairs, "
        "survey: satisfaction, prompt: please_hold}"
    )

    def ways_out(self) -> Mapping[FieldPath, str | None]:
        return {}

    def names(self) -> Names:
        return Names(
            queues={("queue",): self.queue},
            skills={("skills", name): name for name in self.skills},
            transfers={("survey",): self.survey} if self.survey else {},
        )

    def expressions(self) -> Mapping[FieldPath, Expression]:
        return asked_vip(self.vip_level)

    def run(self, call: Call) -> Finish:
        call.play(self.prompt, barge_in=False)
        extra = after_talk(self.survey) | vip(call, self.vip_level)
        if self.skills:
            extra["uckefu_skills"] = ",".join(f"{name}:{level}" for name, level in self.skills.items())
        if not self.announced:
            extra["uckefu_announced"] = "false"
        if self.historic:
            extra["uckefu_agent"] = HISTORIC
        return Finish(
            Outcome(next="queue", queue=self.queue, priority=self.priority, intent=self.intent, extra=extra)
        )


def after_talk(survey: str | None) -> dict[str, str]:
    """The channel variables that bring a caller into a flow after the agent has hung up.

    `transfer_after_bridge` is FreeSWITCH's own: it goes before `hangup_after_bridge`. The extension `after` of the
    dialplan runs `python fs_scripts.inbound after`, which takes the flow's name from `uckefu_after`.
    """
    return {"uckefu_after": survey, "transfer_after_bridge": "after:XML:uckefu"} if survey else {}


def asked_vip(level: Expression) -> dict[FieldPath, Expression]:
    """The expression, to be checked; not the one that is meant when there is none, for a flow may know no contact."""
    return {} if level == CONTACTS_VIP else {("vip_level",): level}


def vip(call: Call, level: Expression) -> dict[str, str]:
    """The channel variable with the caller's level, for the ACD; nothing for no level, or what is none."""
    value = call.value(level)
    known = isinstance(value, int | float) and not isinstance(value, bool) and value >= 1
    return {"uckefu_vip_level": str(min(int(value), HIGHEST_VIP))} if known else {}


NODE = Queue
