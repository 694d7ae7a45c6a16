"""What happened: interactions, call legs, queue visits, offers, wrap-ups, status changes.

Two writers, each with columns of its own: `fs_scripts.cdr` (from the switch's reporting hook: `CallLeg`, and
of `Interaction` what the caller's leg knows) and `acd.history` (from the ACD's event stream: the rest).
Both upsert by the natural key, so a repeated or reordered write changes nothing.
"""

from datetime import datetime

from sqlalchemy import JSON, BigInteger, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from sql.models.base import Base, UtcDateTime


class Interaction(Base):
    """One conversation on any channel. `id` is the interaction id: the UUID of the caller's first channel."""

    __tablename__ = "interaction"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    channel: Mapped[str] = mapped_column(String(16), default="voice")
    direction: Mapped[str] = mapped_column(String(16), default="inbound")
    from_number: Mapped[str] = mapped_column(String(64), default="", index=True)
    to_number: Mapped[str] = mapped_column(String(64), default="")
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"), index=True)
    language: Mapped[str] = mapped_column(String(8), default="")
    flow: Mapped[str] = mapped_column(String(64), default="")
    intent: Mapped[str] = mapped_column(String(128), default="")  # what the caller chose in the flow
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    answered_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime
    )  # by the switch (flow), not by the agent
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Written by acd.history:
    queue_name: Mapped[str] = mapped_column(String(32), default="", index=True)  # the last queue
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"), index=True)  # the last who talked
    queued_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    connected_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # first talk with an agent
    # Written by fs_scripts.cdr:
    hangup_by: Mapped[str] = mapped_column(String(16), default="")  # caller, agent, system
    hangup_cause: Mapped[str] = mapped_column(String(64), default="")  # Q.850 name
    recording: Mapped[str] = mapped_column(String(255), default="")  # path below recordings_dir
    switch_name: Mapped[str] = mapped_column(String(32), default="")

    @property
    def customer_number(self) -> str:
        """The other end: who called us, or whom an agent called."""
        return self.from_number if self.direction == "inbound" else self.to_number


class CallLeg(Base):
    """One channel of the switch, from its CDR. `id` is the channel's UUID."""

    __tablename__ = "call_leg"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    interaction_id: Mapped[str] = mapped_column(String(36), index=True)
    direction: Mapped[str] = mapped_column(String(16))
    role: Mapped[str] = mapped_column(String(16), default="")  # caller, agent, transfer
    from_number: Mapped[str] = mapped_column(String(64), default="")
    to_number: Mapped[str] = mapped_column(String(64), default="")
    agent_id: Mapped[int | None] = mapped_column()
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ringing_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    hung_up_first: Mapped[bool | None] = mapped_column()  # this leg's far end ended the call
    hangup_cause: Mapped[str] = mapped_column(String(64), default="")
    sip_call_id: Mapped[str] = mapped_column(String(255), default="")
    detail: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)


class QueueVisit(Base):
    """One stay of one member in one queue. `id` is the member id."""

    __tablename__ = "queue_visit"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    interaction_id: Mapped[str] = mapped_column(String(36), index=True)
    queue_name: Mapped[str] = mapped_column(String(32), index=True)
    entered_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    left_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    result: Mapped[str] = mapped_column(
        String(16), default=""
    )  # answered, abandoned, timeout, transferred, failed
    agent_id: Mapped[int | None] = mapped_column()


class Offer(Base):
    """One offer of one member to one agent."""

    __tablename__ = "offer"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    member_id: Mapped[str] = mapped_column(String(64), index=True)
    interaction_id: Mapped[str] = mapped_column(String(36), index=True)
    agent_id: Mapped[int] = mapped_column(index=True)
    leg_id: Mapped[str] = mapped_column(String(36), default="")
    offered_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    outcome: Mapped[str] = mapped_column(
        String(16), default=""
    )  # accepted, declined, expired, withdrawn, failed
    reason: Mapped[dict[str, object]] = mapped_column(JSON, default=dict)  # why this agent


class Talk(Base):
    """One agent's part of an interaction: talk, then wrap-up with disposition and note. `id` is the offer's id."""

    __tablename__ = "talk"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    interaction_id: Mapped[str] = mapped_column(String(36), index=True)
    agent_id: Mapped[int] = mapped_column(index=True)
    queue_name: Mapped[str] = mapped_column(String(32), default="")
    connected_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    wrap_up_ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    wrap_up_result: Mapped[str] = mapped_column(String(16), default="")  # finished, timeout
    disposition_id: Mapped[int | None] = mapped_column(ForeignKey("disposition.id"))
    note: Mapped[str] = mapped_column(Text, default="")


class StatusChange(Base):
    """An agent's status from `at` on. `id` is the ACD's event number, so a replay writes nothing twice."""

    __tablename__ = "status_change"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    agent_id: Mapped[int] = mapped_column(index=True)
    status: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    by: Mapped[str] = mapped_column(String(16), default="agent")  # agent, system, supervisor


class HistoryPosition(Base):
    """How far a reader of a stream has come; written in the transaction that writes what it read."""

    __tablename__ = "history_position"
    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    event_id: Mapped[int] = mapped_column(BigInteger)
