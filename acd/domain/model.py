"""The engine's state: agents, members, offers, talks and queues, as plain objects with JSON forms.

What is here is the truth; what can be derived from it (the order of those who wait, free agents, counts) is in
`board.Board` and is rebuilt after a restart.
"""

from dataclasses import dataclass, field, fields
from typing import Any, Self

from acd.domain.inputs import AgentConfig, agent_config

JsonObject = dict[str, Any]
RECENT_TALKS = 20


class _Record:
    """JSON for the flat dataclasses below; the field list is read once a class."""

    __slots__ = ()

    def to_json(self) -> JsonObject:
        """All fields, as JSON has them."""
        return {f.name: getattr(self, f.name) for f in fields(self)}  # type: ignore[arg-type]

    @classmethod
    def from_json(cls, data: JsonObject) -> Self:
        """The same object again."""
        return cls(**data)


@dataclass(slots=True)
class Offer(_Record):
    """One member offered to one agent. `ending` is the outcome that was decided while the phone still rings."""

    offer_id: str
    leg_id: str
    member_id: str
    interaction_id: str
    channel_id: str
    switch: str
    agent_id: int
    queue: str
    number: str
    did: str
    intent: str
    entered_at_us: int
    made_at_us: int
    expires_at_us: int
    reason: JsonObject
    ending: str = ""
    kills: int = 0  # how often we have asked the switch to stop the ringing


@dataclass(slots=True)
class Talk(_Record):
    """An agent and a caller talk."""

    offer_id: str
    leg_id: str
    interaction_id: str
    channel_id: str
    switch: str
    queue: str
    number: str
    did: str
    intent: str
    entered_at_us: int
    connected_at_us: int
    held_since_us: int | None = None


@dataclass(slots=True)
class WrapUp(_Record):
    """The time after a talk."""

    offer_id: str
    interaction_id: str
    queue: str
    number: str
    connected_at_us: int
    ended_at_us: int
    ends_at_us: int


@dataclass(slots=True)
class PhoneLeg(_Record):
    """A call of the agent's phone that is none of our offers."""

    switch: str
    since_us: int


@dataclass(slots=True)
class Member(_Record):
    """A caller's visit to a queue. `seq` breaks ties; `tried` are the agents it was offered to in this round."""

    member_id: str
    interaction_id: str
    channel_id: str
    switch: str
    channel: str
    queue: str
    priority: int
    number: str
    name: str
    did: str
    language: str
    intent: str
    entered_at_us: int
    seq: int
    state: str = "waiting"
    attended: bool = True  # its socket is ours
    leg_id: str = ""  # of the offer or talk that goes on
    offers_made: int = 0
    tried: list[int] = field(default_factory=list)
    fetched: bool = False  # told to come back to our socket, once each time it is away
    overdue: bool = False  # has waited too long while an offer went on

    @property
    def key(self) -> tuple[int, int, int, str]:
        """Its place in the queue: priority, then who came first."""
        return (-self.priority, self.entered_at_us, self.seq, self.channel_id)


@dataclass(slots=True)
class Agent:
    """An agent: `status` is what was chosen, `state` what goes on."""

    config: AgentConfig
    status: str = "offline"
    status_since_us: int = 0
    next_status: str | None = None  # chosen while a call goes on
    next_status_by: str = ""
    state: str = "signed-out"
    state_since_us: int = 0
    idle_since_us: int = 0
    registered: bool = False
    windows: list[str] = field(default_factory=list)  # pages that are open
    page_gone_since_us: int | None = None  # a page was open, now none is
    paused_until_us: int = 0
    failures: int = 0  # of the phone, in a row
    offer: Offer | None = None
    talk: Talk | None = None
    wrap_up: WrapUp | None = None
    phone_legs: dict[str, PhoneLeg] = field(default_factory=dict)  # that are none of our offers
    recent_talks: list[list[str]] = field(default_factory=list)  # [offer id, interaction id], newest last
    retired: bool = False  # gone from SQL while at work

    @property
    def agent_id(self) -> int:
        return self.config.agent_id

    def load(self) -> dict[str, int]:
        """What the agent has now, by channel."""
        return {
            "voice": sum(work is not None for work in (self.offer, self.talk, self.wrap_up))
            + len(self.phone_legs)
        }

    def remember_talk(self, talk: Talk) -> None:
        """Keep who it was, so that a late note finds it."""
        self.recent_talks.append([talk.offer_id, talk.interaction_id])
        del self.recent_talks[:-RECENT_TALKS]

    def to_json(self) -> JsonObject:
        data = {f.name: getattr(self, f.name) for f in fields(self)}
        tiers = [{"queue": t.queue, "level": t.level, "position": t.position} for t in self.config.tiers]
        data["config"] = {"agent_id": self.agent_id, "extension": self.config.extension, "tiers": tiers}
        for part in ("offer", "talk", "wrap_up"):
            data[part] = data[part] and data[part].to_json()
        data["phone_legs"] = {leg_id: leg.to_json() for leg_id, leg in self.phone_legs.items()}
        return data

    @classmethod
    def from_json(cls, data: JsonObject) -> Self:
        parts: dict[str, type[_Record]] = {"offer": Offer, "talk": Talk, "wrap_up": WrapUp}
        built = {name: kind.from_json(data[name]) if data[name] else None for name, kind in parts.items()}
        legs = {leg_id: PhoneLeg.from_json(leg) for leg_id, leg in data["phone_legs"].items()}
        return cls(**{**data, **built, "phone_legs": legs, "config": agent_config(data["config"])})
