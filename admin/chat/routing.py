"""What the chat asks of call routing: a place in a queue, and the way out. Messages never pass through here.

Nothing waits for the answer: `keeper` asks again for every open conversation that the ACD's view lacks.
"""

from flask import current_app

from acd import contract
from acd.contract import AcdClient
from admin.chat.historic import last_agent
from sql.models import Conversation


def _acd() -> AcdClient:
    client: AcdClient = current_app.extensions["uckefu"]["acd"]
    return client


def enter(
    conversation: Conversation, *, number: str = "", contact_id: int | None = None, intent: str = ""
) -> None:
    """Ask for an agent; asking again while it waits or is served changes nothing."""
    _acd().tell(
        contract.EnterQueue(
            agent_id=0, actor="system", interaction_id=conversation.id, queue=conversation.queue_name, channel="chat",
            name=conversation.name, number=number, contact_id=contact_id, language=conversation.language,
            intent=intent[:128],
            historic_agent_id=conversation.agent_id or last_agent(conversation, contact_id),
        )
    )  # fmt: skip


def leave(conversation_id: str, *, by: str, agent_id: int | None = None) -> None:
    """It has ended: out of the queue, or off the agent's capacity."""
    if by == "agent" and agent_id is not None:
        _acd().tell(contract.EndConversation(agent_id=agent_id, interaction_id=conversation_id))
    else:
        ended_by = "visitor" if by == "visitor" else "system"
        _acd().tell(
            contract.LeaveQueue(agent_id=0, actor="system", interaction_id=conversation_id, by=ended_by)
        )
