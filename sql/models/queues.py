"""Queues, who serves them, and the outcomes an agent can choose."""

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from sql.models.base import Base
from sql.models.people import Agent


class Queue(Base):
    """A queue of members waiting for an agent. `name` is what flows and logs say."""

    __tablename__ = "queue"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(32), unique=True)
    title_zh: Mapped[str] = mapped_column(String(64))
    title_en: Mapped[str] = mapped_column(String(64))
    channel: Mapped[str] = mapped_column(String(16), default="voice")
    strategy: Mapped[str] = mapped_column(String(32), default="longest-idle")
    offer_timeout_seconds: Mapped[int] = mapped_column(default=20)
    wrap_up_seconds: Mapped[int] = mapped_column(default=30)
    max_wait_seconds: Mapped[int] = mapped_column(default=600)
    service_level_seconds: Mapped[int] = mapped_column(default=20)
    music: Mapped[str] = mapped_column(String(128), default="local_stream://moh")
    tiers: Mapped[list["Tier"]] = relationship(back_populates="queue", cascade="all, delete-orphan")


class Tier(Base):
    """An agent's level and position in a queue."""

    __tablename__ = "tier"
    queue_id: Mapped[int] = mapped_column(ForeignKey("queue.id"), primary_key=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"), primary_key=True)
    level: Mapped[int] = mapped_column(default=1)
    position: Mapped[int] = mapped_column(default=1)
    queue: Mapped[Queue] = relationship(back_populates="tiers")
    agent: Mapped[Agent] = relationship()


class Disposition(Base):
    """An outcome that the agent chooses in wrap-up."""

    __tablename__ = "disposition"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    title_zh: Mapped[str] = mapped_column(String(64))
    title_en: Mapped[str] = mapped_column(String(64))
    position: Mapped[int] = mapped_column(default=0)
    active: Mapped[bool] = mapped_column(default=True)
