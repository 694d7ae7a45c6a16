"""All that the engine remembers, and its JSON: the snapshot. A restored state behaves the same, bit for bit."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from acd.domain.estimates import Estimate
from acd.domain.inputs import QueueConfig, Rules, TrunkConfig, queue_config, trunk_config
from acd.domain.model import Agent, Member, Third
from acd.domain.timers import Timers

FORMAT = 1


class UnknownSnapshot(Exception):
    """The snapshot was written by a version whose format this one does not read."""

    code = "unknown-snapshot"


@dataclass(slots=True)
class Caller:
    """A caller's channel that came to us at least once and is not known to be over."""

    interaction_id: str
    switch: str
    seen_at_us: int  # its last arrival at our socket


@dataclass(slots=True)
class State:
    """See the module's docstring. `input_number` is the number of inputs that made this state."""

    seed: str = ""
    writer: str = ""
    now_us: int = 0
    input_number: int = 0
    event_id: int = 0
    member_seq: int = 0
    last_command: str = ""  # id in the stream of commands, so that a new writer reads on from there
    rules: Rules = field(default_factory=Rules)
    queues: dict[str, QueueConfig] = field(default_factory=dict)
    retired_queues: list[str] = field(default_factory=list)  # gone from SQL while members wait in them
    agents: dict[int, Agent] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)  # by channel id
    callers: dict[str, Caller] = field(default_factory=dict)  # by channel id
    visits: dict[str, int] = field(default_factory=dict)  # by interaction id
    ended_conversations: dict[str, None] = field(default_factory=dict)  # the last ones, oldest first
    overflowed: dict[str, list[str]] = field(
        default_factory=dict
    )  # by interaction id: limits that sent it on
    offers_made: int = 0
    paced_until_us: int = 0  # see `routing.is_paced`
    callbacks: dict[str, str] = field(default_factory=dict)  # by interaction id: the member's channel id
    left_places: dict[str, list[Any]] = field(
        default_factory=dict
    )  # by interaction id: [queue, place_us, seq]
    cores: dict[str, str] = field(default_factory=dict)  # by switch: see `SwitchConnected`
    lost_places: dict[str, list[Any]] = field(
        default_factory=dict
    )  # by member id: [number, queue, place_us, seq, until_us]
    last_agents: dict[str, int] = field(default_factory=dict)  # by the number's last digits: see `historic`
    do_not_call: tuple[str, ...] = ()
    trunks: tuple[TrunkConfig, ...] = ()
    estimates: dict[str, Estimate] = field(default_factory=dict)  # by queue
    registrations: dict[str, list[str]] = field(default_factory=dict)  # extension -> switches
    switches: dict[str, bool] = field(default_factory=dict)  # connected
    thirds: dict[str, Third] = field(default_factory=dict)  # by leg id
    timers: Timers = field(default_factory=Timers)

    def to_json(self) -> dict[str, Any]:
        """The whole state as JSON has it."""
        return {
            "format": FORMAT,
            "seed": self.seed,
            "writer": self.writer,
            "now_us": self.now_us,
            "input_number": self.input_number,
            "event_id": self.event_id,
            "member_seq": self.member_seq,
            "last_command": self.last_command,
            "rules": asdict(self.rules),
            "queues": [asdict(queue) for queue in self.queues.values()],
            "retired_queues": self.retired_queues,
            "agents": [agent.to_json() for agent in self.agents.values()],
            "members": [member.to_json() for member in self.members.values()],
            "callers": {key: [c.interaction_id, c.switch, c.seen_at_us] for key, c in self.callers.items()},
            "visits": self.visits,
            "ended_conversations": list(self.ended_conversations),
            "overflowed": self.overflowed,
            "offers_made": self.offers_made,
            "paced_until_us": self.paced_until_us,
            "callbacks": self.callbacks,
            "left_places": self.left_places,
            "cores": self.cores,
            "lost_places": self.lost_places,
            "last_agents": self.last_agents,
            "do_not_call": list(self.do_not_call),
            "trunks": [asdict(trunk) for trunk in self.trunks],
            "estimates": {name: asdict(known) for name, known in self.estimates.items()},
            "registrations": self.registrations,
            "switches": self.switches,
            "thirds": [third.to_json() for third in self.thirds.values()],
            "timers": self.timers.to_json(),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "State":
        """The same state again. Raises UnknownSnapshot."""
        if data.get("format") != FORMAT:
            raise UnknownSnapshot(f"snapshot format {data.get('format')!r}, this version reads {FORMAT}")
        plain = ("seed", "writer", "now_us", "input_number", "event_id", "member_seq", "last_command", "retired_queues", "visits",
                 "registrations", "switches")  # fmt: skip
        state = cls(**{name: data[name] for name in plain})
        # What a snapshot of an earlier version does not have begins empty.
        state.ended_conversations = dict.fromkeys(data.get("ended_conversations", ()))
        state.overflowed = data.get("overflowed", {})
        state.offers_made = data.get("offers_made", 0)
        state.paced_until_us = data.get("paced_until_us", 0)
        state.callbacks = data.get("callbacks", {})
        state.left_places = data.get("left_places", {})
        state.cores = data.get("cores", {})
        state.lost_places = data.get("lost_places", {})
        state.last_agents = data.get("last_agents", {})
        known = data.get("estimates", {})
        state.estimates = {name: Estimate.from_json(learned) for name, learned in known.items()}
        state.do_not_call = tuple(data.get("do_not_call", ()))
        state.trunks = tuple(trunk_config(trunk) for trunk in data.get("trunks", ()))
        state.thirds = {third["leg_id"]: Third.from_json(third) for third in data.get("thirds", ())}
        state.rules = Rules(**data["rules"])
        state.queues = {queue["name"]: queue_config(queue) for queue in data["queues"]}
        state.agents = {agent.agent_id: agent for agent in map(Agent.from_json, data["agents"])}
        state.members = {member.channel_id: member for member in map(Member.from_json, data["members"])}
        state.callers = {key: Caller(*values) for key, values in data["callers"].items()}
        state.timers = Timers.from_json(data["timers"])
        return state

    def dump(self) -> str:
        """The state as text, the same for the same state."""
        return json.dumps(self.to_json(), ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def load(cls, text: str | bytes) -> "State":
        """The state from `dump`'s text. The text must be nobody else's: nested objects are taken as they are."""
        return cls.from_json(json.loads(text))
