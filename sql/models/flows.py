"""What calls leave behind on their way through flows: runs and counts by day, voicemails, survey answers.

One writer, `ivr.reader` (it reads the spools that `ivr.filing` writes); the flow, voicemail and calls pages read.
"""

from datetime import date, datetime

from sqlalchemy import JSON, BigInteger, Date, Float, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from sql.models.base import Base, UtcDateTime


class FlowRun(Base):
    """One call's way through a flow. `id` is the interaction's and the instant it began, so that a second reading counts nothing twice."""

    __tablename__ = "flow_run"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    interaction_id: Mapped[str] = mapped_column(String(36), index=True)
    flow: Mapped[str] = mapped_column(String(64))
    version: Mapped[int] = mapped_column(default=0)
    began_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    ended: Mapped[str] = mapped_column(String(16), default="")  # queue, transfer, outside, hangup, gone
    last_node: Mapped[str] = mapped_column(String(64), default="")


class FlowCount(Base):
    """How often a way out of a node was taken on a day of the centre; `way` "" is the node itself, `!left` a hangup there."""

    __tablename__ = "flow_count"
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    flow: Mapped[str] = mapped_column(String(64), primary_key=True)
    node: Mapped[str] = mapped_column(String(64), primary_key=True)
    way: Mapped[str] = mapped_column(String(96), primary_key=True)
    count: Mapped[int] = mapped_column(default=0)
    milliseconds: Mapped[int] = mapped_column(BigInteger, default=0)  # all stays together, of the node itself


class Voicemail(Base):
    """A message that a caller left. `id` is the spooled file's; `path` is below the instance folder."""

    __tablename__ = "voicemail"
    id: Mapped[str] = mapped_column(String(96), primary_key=True)
    interaction_id: Mapped[str] = mapped_column(String(36), index=True)
    number: Mapped[str] = mapped_column(String(64), default="")
    did: Mapped[str] = mapped_column(String(64), default="")
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    seconds: Mapped[float] = mapped_column(Float, default=0)
    path: Mapped[str] = mapped_column(String(255), default="")
    queue_name: Mapped[str] = mapped_column(String(32), default="", index=True)
    notify: Mapped[list[str]] = mapped_column(JSON, default=list)
    language: Mapped[str] = mapped_column(String(8), default="")
    flow: Mapped[str] = mapped_column(String(96), default="")
    node: Mapped[str] = mapped_column(String(64), default="")
    heard_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime
    )  # somebody began to listen; who, the audit has
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    done_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    note: Mapped[str] = mapped_column(Text, default="")


class SurveyAnswer(Base):
    """A caller's rating of an interaction; the comment comes later than the score, with the same key."""

    __tablename__ = "survey_answer"
    id: Mapped[str] = mapped_column(String(128), primary_key=True)  # interaction and node
    interaction_id: Mapped[str] = mapped_column(String(36), index=True)
    score: Mapped[int] = mapped_column()
    best: Mapped[int] = mapped_column(default=5)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    flow: Mapped[str] = mapped_column(String(96), default="")
    node: Mapped[str] = mapped_column(String(64), default="")
    comment: Mapped[str] = mapped_column(String(255), default="")  # path below the instance folder
    seconds: Mapped[float] = mapped_column(Float, default=0)
