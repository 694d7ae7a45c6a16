"""Queues, agents and tiers from SQL, as the engine's `Configured`. Read in a thread, with an end to every wait."""

import asyncio

import structlog
from sqlalchemy import Engine, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from acd.domain.inputs import AgentConfig, Configured, QueueConfig, Rules, TierConfig
from acd.service.clock import set_within
from acd.service.core import Core
from sql.models import Agent, Queue, Tier, User

log = structlog.get_logger(__name__)

READ_SECONDS = 10.0
LOOK_SECONDS = 30.0


def read_configuration(record: Engine, at_us: int, rules: Rules | None = None) -> Configured:
    """What SQL has. Raises SQLAlchemyError."""
    with Session(record) as session:
        queues = session.scalars(select(Queue).where(Queue.channel == "voice").order_by(Queue.id)).all()
        names = {queue.id: queue.name for queue in queues}
        tiers: dict[int, list[TierConfig]] = {}
        for tier in session.scalars(select(Tier).order_by(Tier.queue_id, Tier.agent_id)):
            if tier.queue_id in names:
                config = TierConfig(queue=names[tier.queue_id], level=tier.level, position=tier.position)
                tiers.setdefault(tier.agent_id, []).append(config)
        agents = session.execute(
            select(Agent.id, Agent.extension)
            .join(User, User.id == Agent.user_id)
            .where(User.active)
            .order_by(Agent.id)
        ).all()
        return Configured(
            at_us=at_us,
            queues=tuple(_queue(queue) for queue in queues),
            agents=tuple(
                AgentConfig(agent_id=i, extension=e, tiers=tuple(tiers.get(i, ()))) for i, e in agents
            ),
            rules=rules or Rules(),
        )


def _queue(queue: Queue) -> QueueConfig:
    return QueueConfig(
        name=queue.name,
        strategy=queue.strategy,
        offer_timeout_seconds=max(1, queue.offer_timeout_seconds),
        wrap_up_seconds=max(0, queue.wrap_up_seconds),
        max_wait_seconds=max(1, queue.max_wait_seconds),
        music=queue.music,
        channel=queue.channel,
    )


class ConfigurationReader:
    """Keeps the engine's configuration what SQL says; while SQL is down, the last one is used."""

    def __init__(self, core: Core, record: Engine) -> None:
        self._core, self._record = core, record
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
                found = await asyncio.to_thread(read_configuration, self._record, self._core.now_us())
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
    return (a.queues, a.agents, a.rules) == (b.queues, b.agents, b.rules)
