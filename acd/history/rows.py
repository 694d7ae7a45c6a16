"""What each event changes in SQL: upserts by natural key, so writing an event again changes nothing.

`reader` calls `write_event` in the order of the events.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from acd.messages import (
    AgentStatusChanged,
    CallConnected,
    CallDialed,
    CallEnded,
    CallNotReached,
    ConversationAssigned,
    ConversationEnded,
    Happened,
    MemberEntered,
    MemberLeft,
    OfferEnded,
    OfferMade,
    TalkNoted,
    WrapUpEnded,
)
from sql.models import Agent, Disposition, Interaction, Offer, QueueVisit, StatusChange, Talk
from sql.record import upsert


def write_event(session: Session, event: Happened) -> None:
    """Write what the event says; the caller commits. An event that says nothing to history is passed over."""
    write = WRITERS.get(type(event))
    if write:
        write(session, event)


def _entered(session: Session, event: MemberEntered) -> None:
    visit = {"interaction_id": event.interaction_id, "queue_name": event.queue, "entered_at": event.at_us}
    upsert(session, QueueVisit, {"id": event.member_id}, visit)
    known = session.get(Interaction, event.interaction_id)
    values: dict[str, Any] = {"queue_name": event.queue}
    if known is None or known.queued_at is None:
        values["queued_at"] = event.at_us
    if known is None:  # who calls is told while the call lasts, not when its record comes
        values["from_number"] = event.number
    if known is None and event.channel != "voice":  # the service that made it may be slower than we are
        values |= {"channel": event.channel, "started_at": event.at_us}
    upsert(session, Interaction, {"id": event.interaction_id}, values)


def _left(session: Session, event: MemberLeft) -> None:
    values = {"left_at": event.at_us, "result": event.result, "agent_id": event.agent_id}
    upsert(session, QueueVisit, {"id": event.member_id}, values)


def _offered(session: Session, event: OfferMade) -> None:
    values = {
        "member_id": event.member_id, "interaction_id": event.interaction_id, "agent_id": event.agent_id,
        "leg_id": event.leg_id, "offered_at": event.at_us, "reason": event.reason,
    }  # fmt: skip
    upsert(session, Offer, {"id": event.offer_id}, values)


def _offer_ended(session: Session, event: OfferEnded) -> None:
    upsert(session, Offer, {"id": event.offer_id}, {"ended_at": event.at_us, "outcome": event.outcome})


def _assigned(session: Session, event: ConversationAssigned) -> None:
    """Nobody has to answer a conversation: its offer is made and accepted in the same instant."""
    offer = {
        "member_id": event.member_id, "interaction_id": event.interaction_id, "agent_id": event.agent_id,
        "offered_at": event.at_us, "ended_at": event.at_us, "outcome": "accepted", "reason": event.reason,
    }  # fmt: skip
    upsert(session, Offer, {"id": event.offer_id}, offer)
    _connected(session, event)


def _connected(session: Session, event: CallConnected | ConversationAssigned) -> None:
    talk = {
        "interaction_id": event.interaction_id, "agent_id": event.agent_id, "queue_name": event.queue,
        "connected_at": event.at_us,
    }  # fmt: skip
    upsert(session, Talk, {"id": event.offer_id}, talk)
    known = session.get(Interaction, event.interaction_id)
    values: dict[str, Any] = {}
    if session.get(Agent, event.agent_id):  # gone from SQL since: the talk still names it
        values["agent_id"] = event.agent_id
    if known is None or known.connected_at is None:
        values["connected_at"] = event.at_us
    upsert(session, Interaction, {"id": event.interaction_id}, values)


def _dialed(session: Session, event: CallDialed) -> None:
    """The row stands before the customer's leg is over, and also when there never is one."""
    values = {
        "channel": "voice", "direction": "outbound" if event.queue else "internal", "from_number": event.caller_number,
        "to_number": event.number, "queue_name": event.queue, "started_at": event.at_us,
    }  # fmt: skip
    if session.get(Agent, event.agent_id):
        values["agent_id"] = event.agent_id
    if session.get(Interaction, event.interaction_id) is None:
        upsert(session, Interaction, {"id": event.interaction_id}, values)
    else:
        upsert(session, Interaction, {"id": event.interaction_id}, {"queue_name": event.queue})


def _not_reached(session: Session, event: CallNotReached) -> None:
    by = "agent" if event.why in ("phone", "cancelled") else "system"
    values = {"ended_at": event.at_us, "hangup_cause": event.cause, "hangup_by": by}
    upsert(session, Interaction, {"id": event.interaction_id}, values)


def _ended(session: Session, event: CallEnded | ConversationEnded) -> None:
    values: dict[str, Any] = {"ended_at": event.at_us}
    if event.wrap_up_seconds <= 0:
        values["wrap_up_ended_at"] = event.at_us
    upsert(session, Talk, {"id": event.offer_id}, values)


def _wrapped_up(session: Session, event: WrapUpEnded) -> None:
    upsert(
        session,
        Talk,
        {"id": event.offer_id},
        {"wrap_up_ended_at": event.at_us, "wrap_up_result": event.result},
    )


def _noted(session: Session, event: TalkNoted) -> None:
    known = None if event.disposition_id is None else session.get(Disposition, event.disposition_id)
    values = {"note": event.note, "disposition_id": known.id if known else None}
    upsert(session, Talk, {"id": event.offer_id}, values)


def _status(session: Session, event: AgentStatusChanged) -> None:
    values = {"agent_id": event.agent_id, "status": event.status, "at": event.at_us, "by": event.by}
    upsert(session, StatusChange, {"id": event.event_id}, values)


WRITERS: dict[type[Happened], Callable[[Session, Any], None]] = {
    MemberEntered: _entered,
    MemberLeft: _left,
    OfferMade: _offered,
    OfferEnded: _offer_ended,
    CallConnected: _connected,
    CallDialed: _dialed,
    CallNotReached: _not_reached,
    CallEnded: _ended,
    ConversationAssigned: _assigned,
    ConversationEnded: _ended,
    WrapUpEnded: _wrapped_up,
    TalkNoted: _noted,
    AgentStatusChanged: _status,
}
