"""A supervisor at an agent's call: the socket event of the live view.

`supervise` {agent_id, mode, extension}: `listen`, `whisper`, `barge`, `take-over` or `stop`. The supervisor's own phone
rings: its own extension, or the one it names when it has none. Each act is noted before it is asked for.
"""

from typing import Literal

from flask import current_app
from flask_login import current_user
from pydantic import BaseModel, ConfigDict, Field

from acd import contract
from admin import view as views
from admin.audit import audit
from admin.desk.chat_events import refused
from admin.desk.events import Answer, ask
from admin.supervision.events import on

ACTS = {
    "listen": "call-listened", "whisper": "call-whispered", "barge": "call-barged", "take-over": "call-taken-over",
    "stop": "call-left",
}  # fmt: skip


class Supervise(BaseModel):
    """`supervise`."""

    model_config = ConfigDict(extra="forbid")
    agent_id: int = Field(ge=1)
    mode: Literal["listen", "whisper", "barge", "take-over", "stop"]
    extension: str = Field(default="", pattern=r"^[0-9]{0,16}$")


@on("supervise", Supervise)
def supervise(fields: Supervise) -> Answer:
    """Join an agent's call, change how, take it over, or leave it."""
    extension = current_user.extension or fields.extension
    if not extension and fields.mode != "stop":
        return refused("no-phone")
    if not audit(
        ACTS[fields.mode], subject=_call_of(fields.agent_id), agent=fields.agent_id, extension=extension
    ):
        return refused("try-again")
    return ask(
        contract.SuperviseCall(
            agent_id=fields.agent_id, mode=fields.mode, extension=extension,
            actor=f"supervisor:{current_user.id}",
        )
    )  # fmt: skip


def _call_of(agent_id: int) -> str:
    """The interaction that the agent talks in, for the note."""
    view, _ = views.latest(current_app.extensions["uckefu"]["bus"])
    agent = (view or {}).get("agents", {}).get(str(agent_id)) or {}
    return str((agent.get("call") or {}).get("interaction_id", f"agent:{agent_id}"))
