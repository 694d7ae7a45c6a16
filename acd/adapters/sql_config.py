"""Queues, agents and tiers from SQL, as the engine's `Configured`. Read in a thread, with an end to every wait."""

import asyncio
import re
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from typing import Any

import structlog
from sqlalchemy import Engine, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from acd.domain.inputs import (
    AgentConfig,
    AnnouncementConfig,
    CallbackConfig,
    Configured,
    LimitConfig,
    QueueConfig,
    Rules,
    TierConfig,
    TrunkConfig,
)
from acd.domain.skills import BadSkills, parse
from acd.service.clock import set_within
from acd.service.core import Core
from sql.models import (
    Agent,
    AgentRouting,
    AgentSkill,
    DoNotCall,
    Queue,
    QueueRouting,
    RoutingRule,
    Tier,
    User,
)
from uckefu.centre import Centre
from uckefu.times import from_us, shown

log = structlog.get_logger(__name__)

PLACES = ("queue", "flow", "voicemail", "message", "callback", "fallback")
READ_SECONDS = 10.0
LOOK_SECONDS = 30.0


def read_configuration(record: Engine, at_us: int, centre: Centre | None = None) -> Configured:
    """What SQL and the centre's settings have. Raises SQLAlchemyError."""
    centre = centre or Centre(timezone="UTC")
    with Session(record) as session:
        queues = session.scalars(select(Queue).order_by(Queue.id)).all()
        routing = {row.queue_id: row for row in session.scalars(select(QueueRouting))}
        return Configured(
            at_us=at_us,
            queues=tuple(_queue(queue, routing.get(queue.id)) for queue in queues),
            agents=tuple(_agents(session, {queue.id: queue.name for queue in queues})),
            rules=_rules(session, day_offset_seconds(centre.timezone, at_us)),
            do_not_call=tuple(session.scalars(select(DoNotCall.number).order_by(DoNotCall.number))),
            trunks=tuple(
                TrunkConfig(name=name, prefixes=tuple(rights.prefixes), numbers=tuple(rights.to_show()))
                for name, rights in sorted(centre.trunks.items())
            ),
        )


def day_offset_seconds(zone: str, at_us: int) -> int:
    """How far the zone is ahead of UTC now."""
    at = shown(from_us(at_us), zone)
    offset = at.utcoffset() if at else None
    return round(offset.total_seconds()) if offset else 0


def _agents(session: Session, names: dict[int, str]) -> Iterator[AgentConfig]:
    tiers: dict[int, list[TierConfig]] = {}
    for tier in session.scalars(select(Tier).order_by(Tier.queue_id, Tier.agent_id)):
        config = TierConfig(queue=names[tier.queue_id], level=tier.level, position=tier.position)
        tiers.setdefault(tier.agent_id, []).append(config)
    skills: dict[int, dict[str, int]] = {}
    for skill in session.scalars(select(AgentSkill).order_by(AgentSkill.agent_id, AgentSkill.name)):
        skills.setdefault(skill.agent_id, {})[skill.name] = skill.level
    found = session.execute(
        select(Agent.id, Agent.extension, AgentRouting)
        .join(User, User.id == Agent.user_id)
        .join(AgentRouting, AgentRouting.agent_id == Agent.id, isouter=True)
        .where(User.active)
        .order_by(Agent.id)
    )
    for agent_id, extension, own in found:
        yield AgentConfig(
            agent_id=agent_id, extension=extension, tiers=tuple(tiers.get(agent_id, ())),
            skills=skills.get(agent_id, {}), max_conversations=own.max_conversations if own else None,
            caller_number=own.caller_number if own else "", is_auto_answer=bool(own and own.auto_answer),
        )  # fmt: skip


def _rules(session: Session, offset: int) -> Rules:
    """The rules that SQL has, the defaults for the others."""
    kinds = {field.name: type(field.default) for field in fields(Rules)}
    given: dict[str, Any] = {}
    for row in session.scalars(select(RoutingRule).order_by(RoutingRule.name)):
        kind = kinds.get(row.name)
        if kind in (int, bool) and row.value >= 0:
            given[row.name] = kind(row.value)
        else:
            log.warning("acd_rule_not_read", rule=row.name, value=row.value)
    return Rules(**{**given, "day_offset_seconds": offset})


def _queue(queue: Queue, routing: QueueRouting | None) -> QueueConfig:
    plain = QueueConfig(
        name=queue.name,
        strategy=queue.strategy,
        offer_timeout_seconds=max(1, queue.offer_timeout_seconds),
        wrap_up_seconds=max(0, queue.wrap_up_seconds),
        max_wait_seconds=max(1, queue.max_wait_seconds),
        music=queue.music,
        channel=queue.channel,
    )
    if routing is None:
        return plain
    return replace(
        plain,
        skills=_skills(queue.name, routing.skills),
        tier_wait_seconds=max(0, routing.tier_wait_seconds),
        ageing_seconds=max(0, routing.ageing_seconds),
        historic_wait_seconds=max(0, routing.historic_wait_seconds),
        limits=tuple(_limits(queue.name, routing.limits or {})),
        callback=_callback(queue.name, routing.callback),
        announcements=tuple(_announcements(queue.name, routing.announcements or {})),
        caller_number=routing.caller_number,
        number=routing.number,
        is_paged=routing.is_paged,
    )


def _limits(queue: str, given: dict[str, Any]) -> Iterator[LimitConfig]:
    """`{"length": {"value": 20, "to": "queue", "target": "sales"}, "time": …, "nobody": …}`"""
    for when in ("nobody", "length", "time"):
        limit = given.get(when)
        if limit is None:
            continue
        to, target = str(limit.get("to", "fallback")), str(limit.get("target", ""))
        if to not in PLACES or not re.fullmatch(r"[^\x00-\x1f]{0,64}", target):
            log.warning("acd_limit_not_read", queue=queue, limit=when)
            continue
        yield LimitConfig(when=when, value=max(0, int(limit.get("value", 0))), to=to, target=target)


def _announcements(queue: str, given: dict[str, Any]) -> Iterator[AnnouncementConfig]:
    """`{"items": [{"after_seconds": 20, "every_seconds": 60, "say": "position"}, …]}`"""
    for each in given.get("items", ()):
        try:
            made = AnnouncementConfig(**each)
        except TypeError as error:
            log.warning("acd_announcement_not_read", queue=queue, error=str(error))
            continue
        plain = all(isinstance(getattr(made, name), int) for name in ("after_seconds", "every_seconds"))
        if plain and made.say in ("position", "estimate", "prompt") and made.after_seconds >= 0:
            yield made
        else:
            log.warning("acd_announcement_not_read", queue=queue, error=str(each))


def _callback(queue: str, given: dict[str, Any] | None) -> CallbackConfig | None:
    """`{"trunk": "gateway1", "caller_id": "4001", "opens": "09:00", "closes": "20:00", "attempts": 3, …}`"""
    if not given:
        return None
    try:
        return CallbackConfig(
            trunk=str(given.get("trunk", "")),
            caller_id=str(given.get("caller_id", "")),
            opens_minute=_minute(str(given.get("opens", "00:00"))),
            closes_minute=_minute(str(given.get("closes", "24:00"))),
            attempts=max(1, int(given.get("attempts", 3))),
            retry_seconds=max(1, int(given.get("retry_seconds", 300))),
            dial_seconds=max(5, int(given.get("dial_seconds", 40))),
        )
    except (ValueError, TypeError) as error:
        log.warning("acd_callback_not_read", queue=queue, error=str(error))
        return None


def _minute(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return min(1440, int(hours) * 60 + int(minutes or 0))


def _skills(queue: str, text: str) -> str:
    try:
        parse(text)
    except BadSkills as error:
        log.warning("acd_queue_skills_not_read", queue=queue, error=str(error))
        return ""
    return text


class ConfigurationReader:
    """Keeps the engine's configuration what SQL says; while SQL is down, the last one is used."""

    def __init__(self, core: Core, record: Engine, centre: Callable[[], Centre] = Centre) -> None:
        self._core, self._record, self._centre = core, record, centre
        self._look = asyncio.Event()
        self._known: Configured | None = None

    def look_soon(self) -> None:
        """Somebody changed something: read now."""
        self._look.set()

    async def run(self) -> None:
        """Read now and then, and when asked."""
        while True:
            await self.read()
            self._look.clear()
            await set_within(self._look, LOOK_SECONDS)

    async def read(self) -> bool:
        """Read once; True when SQL answered. What has not changed is not told."""
        try:
            async with asyncio.timeout(READ_SECONDS):
                found = await asyncio.to_thread(
                    read_configuration, self._record, self._core.now_us(), self._centre()
                )
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            log.warning(
                "acd_configuration_unreadable", error=str(error).splitlines()[0] if str(error) else "timeout"
            )
            return False
        if self._known is None or not _same(self._known, found):
            self._core.submit(found)
            self._known = found
            log.info("acd_configured", queues=len(found.queues), agents=len(found.agents))
        return True


def _same(a: Configured, b: Configured) -> bool:
    return replace(a, at_us=0) == replace(b, at_us=0)
