"""How queues route and what agents can do: settings that the ACD reads, beside `Queue`, `Tier` and `Agent`.

A queue or an agent without a row here has the defaults. `acd.adapters.sql_config` reads them.
"""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from sql.models.base import Base, UtcDateTime


class QueueRouting(Base):
    """One queue's settings. `limits`, `announcements` and `callback` are objects as `acd.domain.inputs` has them."""

    __tablename__ = "queue_routing"
    queue_id: Mapped[int] = mapped_column(ForeignKey("queue.id", ondelete="CASCADE"), primary_key=True)
    skills: Mapped[str] = mapped_column(String(500), default="")  # `english >= 3; after 60 s: english >= 1`
    tier_wait_seconds: Mapped[int] = mapped_column(default=0)  # 0: all levels at once, in their order
    ageing_seconds: Mapped[int] = mapped_column(
        default=0
    )  # waiting that long is worth one priority; 0: never
    historic_wait_seconds: Mapped[int] = mapped_column(default=60)
    limits: Mapped[dict[str, object] | None] = mapped_column(JSON)
    announcements: Mapped[dict[str, object] | None] = mapped_column(JSON)
    callback: Mapped[dict[str, object] | None] = mapped_column(JSON)
    # For calls from inside (8000 to 8999, "" for none), and whether its phones are paged or ring.
    number: Mapped[str] = mapped_column(String(4), default="", server_default="")
    is_paged: Mapped[bool] = mapped_column(default=False, server_default="0")
    # What its agents' own calls show; "": as the trunk has it.
    caller_number: Mapped[str] = mapped_column(String(32), default="", server_default="")


class AgentRouting(Base):
    """One agent's own limits."""

    __tablename__ = "agent_routing"
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id", ondelete="CASCADE"), primary_key=True)
    max_conversations: Mapped[int | None] = mapped_column()  # None: as the rules say
    # What the agent's own calls show; "": as the queue has it.
    caller_number: Mapped[str] = mapped_column(String(32), default="", server_default="")
    auto_answer: Mapped[bool] = mapped_column(
        default=False, server_default="0"
    )  # the phone answers by itself


class AgentSkill(Base):
    """A skill of an agent, and how good the agent is at it (1 to 9)."""

    __tablename__ = "agent_skill"
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    level: Mapped[int] = mapped_column(default=1)


class RoutingRule(Base):
    """One of the centre's rules, by its name in `acd.domain.inputs.Rules`; a truth is 0 or 1."""

    __tablename__ = "routing_rule"
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[int] = mapped_column()


class DoNotCall(Base):
    """A number that is never called back, in digits as callers key it or in E.164."""

    __tablename__ = "do_not_call"
    number: Mapped[str] = mapped_column(String(32), primary_key=True)
    reason: Mapped[str] = mapped_column(String(255), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
