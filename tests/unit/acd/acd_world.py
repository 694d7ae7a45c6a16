"""A small centre for the domain's tests: sentences on top of `Engine`, with a clock that only moves when told."""

from itertools import count
from typing import Any

from acd.domain.effects import Answer, Effect
from acd.domain.engine import Decision, Engine
from acd.domain.inputs import (
    AgentConfig,
    BridgeEnded,
    CallerGone,
    CommandReceived,
    Configured,
    ControlLost,
    EndpointChanged,
    Input,
    LegAnswered,
    LegEnded,
    MemberArrived,
    QueueConfig,
    Rules,
    Started,
    SwitchConnected,
    Tick,
    TierConfig,
)
from acd.domain.view import build
from acd.messages import Happened

SECOND = 1_000_000
START_US = 1_700_000_000 * SECOND


class Centre:
    """Agents 1, 2, … with extensions 1001, 1002, …; all in each queue unless `tiers` says otherwise.

    `skills` and `maximum` (of conversations) are by agent; a tier is a queue's name or a TierConfig.
    """

    def __init__(
        self,
        agents: int = 2,
        queues: tuple[QueueConfig, ...] = (QueueConfig(name="service"),),
        tiers: dict[int, list[Any]] | None = None,
        rules: Rules | None = None,
        skills: dict[int, dict[str, int]] | None = None,
        maximum: dict[int, int] | None = None,
    ) -> None:
        self.skills, self.maximum = skills or {}, maximum or {}
        self.engine = Engine()
        self.now_us = START_US
        self.log: list[Input] = []
        self.events: list[Happened] = []
        self.effects: list[Effect] = []
        self.anomalies: list[str] = []
        self.last = Decision()
        self._callers = count(1)
        self.do(Started, writer="test", seed="seed")
        self.do(SwitchConnected, switch="switch1")
        self.configure(agents, queues, tiers, rules)
        for n in range(1, agents + 1):
            self.do(EndpointChanged, switch="switch1", extension=f"{1000 + n}", registered=True)

    def configure(
        self,
        agents: int,
        queues: tuple[QueueConfig, ...],
        tiers: dict[int, list[Any]] | None = None,
        rules: Rules | None = None,
    ) -> Decision:
        names = [queue.name for queue in queues]
        configs = tuple(
            AgentConfig(
                agent_id=n,
                extension=f"{1000 + n}",
                tiers=tuple(
                    tier if isinstance(tier, TierConfig) else TierConfig(queue=tier)
                    for tier in (tiers or {}).get(n, names)
                ),
                skills=self.skills.get(n, {}),
                max_conversations=self.maximum.get(n),
            )
            for n in range(1, agents + 1)
        )
        return self.do(Configured, queues=queues, agents=configs, rules=rules or Rules())

    def do(self, kind: type[Input], **values: Any) -> Decision:
        return self.apply(kind(at_us=self.now_us, **values))

    def apply(self, event: Input) -> Decision:
        self.log.append(event)
        self.last = self.engine.apply(event)
        self.events += self.last.events
        self.effects += self.last.effects
        self.anomalies += self.last.anomalies
        return self.last

    def wait(self, seconds: float) -> None:
        """Let time pass; each timer fires at its time."""
        until = self.now_us + round(seconds * SECOND)
        while (due := self.engine.next_due_us()) is not None and due <= until:
            self.now_us = max(self.now_us, due)
            self.do(Tick)
        self.now_us = until

    # ---- sentences -----------------------------------------------------------------------------------

    def command(self, name: str, agent: int, /, **values: Any) -> Decision:
        command = {"type": name, "agent_id": agent, "command_id": "c", "actor": "agent", **values}
        return self.do(CommandReceived, command=command)

    def ready(self, *agents: int) -> None:
        for agent in agents:
            self.command("SetStatus", agent, status="ready")
            self.wait(1)

    def arrives(self, channel: str | None = None, queue: str = "service", **values: Any) -> str:
        channel = channel or f"caller-{next(self._callers)}"
        self.do(
            MemberArrived, channel_id=channel, interaction_id=channel, switch="switch1", queue=queue, **values
        )
        return channel

    def chats(self, interaction_id: str, queue: str = "chat", **values: Any) -> str:
        """A visitor's first message."""
        self.command("EnterQueue", 0, interaction_id=interaction_id, queue=queue, actor="system", **values)
        return interaction_id

    def visitor_leaves(self, interaction_id: str) -> None:
        self.command("LeaveQueue", 0, interaction_id=interaction_id, by="visitor", actor="system")

    def code(self) -> str:
        """The answer to the last command."""
        return str(next(effect.code for effect in self.last.effects if isinstance(effect, Answer)))

    def has(self, agent: int) -> list[str]:
        """The agent's conversations."""
        return list(self.agent(agent).conversations)

    def leg(self, agent: int) -> str:
        work = self.agent(agent).offer or self.agent(agent).talk
        assert work is not None, f"agent {agent} has neither an offer nor a call"
        return work.leg_id

    def answers(self, agent: int) -> str:
        leg = self.leg(agent)
        self.do(LegAnswered, leg_id=leg)
        return leg

    def phone_fails(self, agent: int, cause: str) -> None:
        """The leg is over, and the caller is in our hands again."""
        work = self.agent(agent).offer
        assert work is not None
        self.do(LegEnded, leg_id=work.leg_id, cause=cause)
        self.do(BridgeEnded, channel_id=work.channel_id, leg_id=work.leg_id, cause=cause)

    def agent_hangs_up(self, agent: int) -> None:
        talk = self.agent(agent).talk
        assert talk is not None
        self.do(LegEnded, leg_id=talk.leg_id, cause="NORMAL_CLEARING")
        self.do(CallerGone, channel_id=talk.channel_id, cause="NORMAL_CLEARING")

    def hangs_up(self, channel: str) -> None:
        self.do(CallerGone, channel_id=channel, cause="NORMAL_CLEARING")

    def loses_socket(self, channel: str) -> None:
        self.do(ControlLost, channel_id=channel)

    # ---- what is seen --------------------------------------------------------------------------------

    def agent(self, agent: int) -> Any:
        return self.engine.state.agents[agent]

    def state(self, agent: int) -> str:
        return str(self.agent(agent).state)

    def offered_to(self, channel: str) -> int | None:
        """The agent whose phone rings for this caller."""
        for agent in self.engine.state.agents.values():
            if agent.offer and agent.offer.channel_id == channel:
                return int(agent.agent_id)
        return None

    def told(self, kind: type[Happened]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def wanted(self, kind: type[Effect]) -> list[Any]:
        return [effect for effect in self.effects if isinstance(effect, kind)]

    def line(self, queue: str = "service") -> list[str]:
        """Who waits, in order."""
        rows = build(self.engine)["members"]
        return [row["interaction_id"] for row in rows if row["queue"] == queue]
