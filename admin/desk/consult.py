"""Socket events of an attended transfer: `consult` {kind, target} asks a colleague or a number, `consult-to` {to} says
to whom the agent talks, completes the transfer or ends the consultation."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from acd import contract
from admin.desk.events import Answer, ask, on


class ConsultRequest(BaseModel):
    """`consult`: an agent's id as text, or an extension or number."""

    model_config = ConfigDict(extra="forbid")
    kind: Literal["agent", "number"]
    target: str = Field(pattern=r"^\+?[0-9]{1,20}$")


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
