"""What the desktop reads from SQL: the caller, past interactions, the agent's day."""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, or_, select

from admin.db import db
from admin.telephone import spellings
from sql.models import (
    Agent,
    Contact,
    ContactNumber,
    Conversation,
    Disposition,
    Interaction,
    Invitation,
    Offer,
    StatusChange,
    SurveyAnswer,
    Talk,
    User,
)  # fmt: skip
from uckefu.times import average, elapsed, now, total

PAST = 5


def contact_of(number: str, region: str) -> Contact | None:
    """The contact with this number."""
    known = ContactNumber.number.in_(spellings(number, region))
    return db.session.scalar(select(Contact).join(ContactNumber).where(known).limit(1)) if number else None


def past_interactions(numbers: set[str], *, without: str) -> list[dict[str, Any]]:
    """The last interactions of these numbers: when, agent, disposition and note, talk time."""
    rows = db.session.execute(
        select(Interaction, Talk, User.name, Disposition)
        .outerjoin(Talk, Talk.interaction_id == Interaction.id)
        .outerjoin(Agent, Agent.id == Talk.agent_id)
        .outerjoin(User, User.id == Agent.user_id)
        .outerjoin(Disposition, Disposition.id == Talk.disposition_id)
        .where(
            or_(Interaction.from_number.in_(numbers - {""}), Interaction.to_number.in_(numbers - {""})),
            Interaction.id != without,
            Interaction.started_at.is_not(None),
        )
        .order_by(Interaction.started_at.desc(), Talk.connected_at.desc())
        .limit(PAST)
    )
    return [
        {
            "interaction_id": interaction.id,
            "started_at": interaction.started_at,
            "agent": name,
            "disposition": disposition,
            "note": talk.note if talk else "",
            "talk": elapsed(talk.connected_at, talk.ended_at) if talk else None,
        }
        for interaction, talk, name, disposition in rows
    ]


def reason_for(agent_id: int | None, interaction_id: str) -> dict[str, Any] | None:
    """Why this agent was offered the interaction, the last time it was."""
    chosen = select(Offer.reason).where(Offer.interaction_id == interaction_id, Offer.agent_id == agent_id)
    return db.session.scalar(chosen.order_by(Offer.offered_at.desc()).limit(1))


def number_of(interaction_id: str) -> str | None:
    """The customer's number of an interaction that is in the record."""
    found = db.session.get(Interaction, interaction_id)
    return found.customer_number if found else None


def took_part(agent_id: int, interaction_id: str) -> bool:
    """Whether the agent was offered it, talked in it or made it."""
    offered = select(Offer.id).where(Offer.interaction_id == interaction_id, Offer.agent_id == agent_id)
    made = select(Interaction.id).where(Interaction.id == interaction_id, Interaction.agent_id == agent_id)
    return any(db.session.scalar(found.limit(1)) is not None for found in (offered, made))


def day_begin(zone: str, instant: datetime | None = None) -> datetime:
    """Midnight of the centre's day in which `instant` lies."""
    local = (instant or now()).astimezone(ZoneInfo(zone))
    return datetime.combine(local.date(), time(), ZoneInfo(zone))


def my_day(agent_id: int, zone: str) -> dict[str, Any]:
    """The agent's own figures since midnight: from the same rows as the calls page and the reports."""
    since = day_begin(zone)
    rows = db.session.execute(
        select(Talk, Interaction.channel, Interaction.direction)
        .outerjoin(Interaction, Interaction.id == Talk.interaction_id)
        .where(Talk.agent_id == agent_id, Talk.connected_at >= since)
    ).all()
    called = [(talk, way or "inbound") for talk, channel, way in rows if channel in (None, "voice")]
    calls = [talk for talk, _way in called]
    chats = [talk for talk, channel, _way in rows if channel not in (None, "voice")]
    missed = db.session.scalar(
        select(func.count()).where(
            Offer.agent_id == agent_id, Offer.offered_at >= since, Offer.outcome == "expired"
        )
    )
    invited = dict(
        db.session.execute(
            select(Invitation.result, func.count())
            .where(Invitation.agent_id == agent_id, Invitation.made_at >= since)
            .group_by(Invitation.result)
        ).all()
    )
    ratings = _ratings(agent_id, since)
    return {
        "signed_in_at": _signed_in(agent_id, since),
        "answered": len(
            {talk.interaction_id for talk, way in called if way == "inbound"}
        ),  # twice in a call is one call
        "called": len({talk.interaction_id for talk, way in called if way == "outbound"}),
        "missed": missed or 0,
        "average_talk": average(_lengths(calls)),
        "average_wrap_up": average(elapsed(t.ended_at, t.wrap_up_ended_at) for t in calls),
        "total_talk": total(_lengths(calls)),
        "chats": len({talk.interaction_id for talk in chats}),
        "average_chat": average(_lengths(chats)),
        "invited": sum(invited.values()),
        "accepted": invited.get("accepted", 0),
        "refused": invited.get("refused", 0),
        "ratings": len(ratings),
        "rating": sum(ratings) / len(ratings) if ratings else None,
    }


def _signed_in(agent_id: int, since: datetime) -> datetime | None:
    """Since when today: midnight for who was there then, else the first status that is not the end of one."""
    own = select(StatusChange).where(StatusChange.agent_id == agent_id)
    before = db.session.scalar(
        own.where(StatusChange.at < since).order_by(StatusChange.at.desc(), StatusChange.id.desc()).limit(1)
    )
    if before is not None and before.status != "offline":
        return since
    first = own.where(StatusChange.at >= since, StatusChange.status != "offline").order_by(StatusChange.at)
    found = db.session.scalar(first.limit(1))
    return found.at if found else None


def _lengths(talks: list[Talk]) -> list[timedelta]:
    """How long the agent was in each interaction that is over; who came back to it has one, as on the calls page."""
    lengths: dict[str, timedelta] = {}
    for talk in talks:
        length = elapsed(talk.connected_at, talk.ended_at)
        if length is not None:
            lengths[talk.interaction_id] = lengths.get(talk.interaction_id, timedelta(0)) + length
    return list(lengths.values())


def _ratings(agent_id: int, since: datetime) -> list[float]:
    """Of five: what customers gave for the conversations and, asked by a survey, for the calls of the agent."""
    mine = select(Talk.interaction_id).where(Talk.agent_id == agent_id, Talk.connected_at >= since)
    chats = db.session.scalars(
        select(Conversation.rating).where(Conversation.id.in_(mine), Conversation.rating > 0)
    )
    calls = db.session.execute(
        select(SurveyAnswer.score, SurveyAnswer.best).where(
            SurveyAnswer.interaction_id.in_(mine), SurveyAnswer.best > 0
        )
    )
    return [*(float(stars or 0) for stars in chats), *(5 * score / best for score, best in calls)]


RECENT = 30


def recent(agent_id: int, zone: str) -> list[dict[str, Any]]:
    """What the agent served or missed today, the latest first: talks with their disposition, offers that expired."""
    since = day_begin(zone)
    talks = db.session.execute(
        select(Talk, Interaction, Disposition, Conversation.name)
        .join(Interaction, Interaction.id == Talk.interaction_id)
        .outerjoin(Disposition, Disposition.id == Talk.disposition_id)
        .outerjoin(Conversation, Conversation.id == Talk.interaction_id)
        .where(Talk.agent_id == agent_id, Talk.connected_at >= since, Talk.ended_at.is_not(None))
        .order_by(Talk.connected_at.desc())
        .limit(RECENT)
    )
    missed = db.session.execute(
        select(Offer, Interaction)
        .join(Interaction, Interaction.id == Offer.interaction_id)
        .where(Offer.agent_id == agent_id, Offer.offered_at >= since, Offer.outcome == "expired")
        .order_by(Offer.offered_at.desc())
        .limit(RECENT)
    )
    rows = [
        {
            "at": talk.connected_at, "offer_id": talk.id, "interaction": interaction, "disposition": disposition,
            "talk": elapsed(talk.connected_at, talk.ended_at), "missed": False, "name": name or "",
        }
        for talk, interaction, disposition, name in talks
    ] + [
        {
            "at": offer.offered_at, "offer_id": offer.id, "interaction": interaction, "disposition": None, "talk": None,
            "missed": True, "name": "",
        }
        for offer, interaction in missed
    ]  # fmt: skip
    return sorted(rows, key=lambda row: row["at"], reverse=True)[:RECENT]
