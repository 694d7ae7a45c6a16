"""Socket events of an attended transfer: `consult` {kind, target} asks a colleague, a queue or a number, `consult-to` {to} says
to whom the agent talks, completes the transfer or ends the consultation."""

import re
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, model_validator

from acd import contract
from admin.desk.events import Answer, ask, on


class ConsultRequest(BaseModel):
    """`consult`: an agent's id as text, a queue's name, or an extension or number."""

    model_config = ConfigDict(extra="forbid")
    kind: Literal["agent", "queue", "number"]
    target: str

    @model_validator(mode="after")
    def fits(self) -> Self:
        """A name or digits."""
        wanted = r"[A-Za-z0-9_-]{1,32}" if self.kind == "queue" else r"\+?[0-9]{1,20}"
        if not re.fullmatch(wanted, self.target):
            raise ValueError("target")
        return self


class SteerRequest(BaseModel):
    """`consult-to`."""

    model_config = ConfigDict(extra="forbid")
    to: Literal["private", "customer", "together", "complete", "end"]


@on("consult", ConsultRequest)
def consult(agent_id: int, fields: ConsultRequest) -> Answer:
    """Ring the third one while the customer hears music."""
    return ask(contract.ConsultCall(agent_id=agent_id, kind=fields.kind, target=fields.target))


@on("consult-to", SteerRequest)
def steer(agent_id: int, fields: SteerRequest) -> Answer:
    """Swap, three-way, complete, end."""
    return ask(contract.SteerConsult(agent_id=agent_id, to=fields.to))
