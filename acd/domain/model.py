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
    recording_paused_since_us: int | None = None
    muted_since_us: int | None = None
    direction: str = (
        "inbound"  # outbound, internal: the agent called; `channel_id` is the customer's leg all the same
    )
    consult_over: JsonObject | None = None  # how the last consult ended, for the agent who waits for it


@dataclass(slots=True)
class Third(_Record):
    """A third leg at an agent's talk (`thirds`); it keeps what the talk was about, for when it takes the caller."""

    leg_id: str
    purpose: str  # consult, watch
    mode: str  # private, customer, together; listen, whisper, barge, take-over
    actor: str  # agent, or supervisor:<user id>
    agent_id: int  # whose talk
    offer_id: str
    talk_leg_id: str
    interaction_id: str
    channel_id: str
    switch: str
    number: str  # whom it rings
    third_agent_id: int  # whose phone that is, 0 for no agent's
    began_at_us: int
    queue: str
    caller_number: str
    did: str
    intent: str
    entered_at_us: int
    direction: str
    answered_at_us: int = 0
    ending: str = ""  # joining: the caller is being connected to it; dropped: we hang it up
    kills: int = 0
    asked_queue: str = ""  # the queue that is consulted, when it is not one colleague
    tried: list[int] = field(default_factory=list)  # its agents who were rung before this one


@dataclass(slots=True)
class Dial(_Record):
    """An agent calls somebody: first the agent's own phone rings (`leg_id`), then the other one's (`channel_id`)."""

    offer_id: str
    leg_id: str
    interaction_id: str
    channel_id: str
    switch: str
    queue: str
    number: str
    caller_number: str
    direction: str
    began_at_us: int
    stage: str = "phone"
    is_cancelled: bool = False
    kills: int = 0


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
class Conversation(_Record):
    """An agent has a conversation; its member stays in the state while it lasts."""

    offer_id: str
    member_id: str
    interaction_id: str
    queue: str
    channel: str
    name: str
    number: str
    entered_at_us: int
    assigned_at_us: int


@dataclass(slots=True)
class PhoneLeg(_Record):
    """A call of the agent's phone that is none of our offers."""

    switch: str
    since_us: int


@dataclass(slots=True)
class Member(_Record):
    """A visit to a queue. `seq` breaks ties; `tried` are the agents it was offered to in this round.

    A conversation's `channel_id` is its interaction id. `head_start_us` is what its priority is worth where the queue
    lets members age; `looked_at_us` is when `line` last looked at how long it waits.
    """

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
    contact_id: int | None = None
    skills: str = ""  # as `skills.parse` reads it
    rank: int = 0  # minus the priority where a higher one always goes first
    place_us: int = 0  # since when it has its place
    head_start_us: int = 0  # what its priority is worth where the queue lets members age
    looked_at_us: int = 0
    wanted_agent: int = 0  # only this agent is asked, until `wanted_until_us`
    wanted_until_us: int = 0
    is_historic: bool = False  # that agent had this caller before; else a flow has named it
    guess_us: int = 0  # what `estimates` said when it entered, at which place, and the interval
    guess_place: int = 0
    low_us: int = 0
    high_us: int = 0
    more_legs: list[str] = field(default_factory=list)  # of the same round, when all ring at once
    bridge_leg: str = ""  # by which the switch names the bridge
    unannounced: bool = False  # the flow does not want its place and time told
    announced_us: int = 0
    callback_number: str = ""  # to be called back there
    callback_tries: int = 0
    dialing: bool = False  # the customer is being called; `channel_id` is that call's
    note: str = ""  # of the colleague who transferred it
    served_by: int = 0  # the agent who has the conversation

    @property
    def key(self) -> tuple[int, int, int, str]:
        """Its place in the queue: priority, then who came first."""
        return (self.rank, self.place_us - self.head_start_us, self.seq, self.channel_id)

    @property
    def is_call(self) -> bool:
        """Whether there is a channel of the switch."""
        return self.channel == "voice"

    @classmethod
    def from_json(cls, data: JsonObject) -> Self:
        if "place_us" not in data:  # written before places could differ from the time of entering
            at_us = data["entered_at_us"]
            data = {**data, "rank": -data["priority"], "place_us": at_us, "looked_at_us": at_us}
        return cls(**data)


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
    no_answers: int = 0  # offers that rang in vain, in a row
    offer: Offer | None = None
    talk: Talk | None = None
    wrap_up: WrapUp | None = None
    dial: Dial | None = None
    dial_failure: JsonObject | None = None  # of the last call that was not reached
    phone_legs: dict[str, PhoneLeg] = field(default_factory=dict)  # that are none of our offers
    recent_talks: list[list[str]] = field(default_factory=list)  # [offer id, interaction id], newest last
    retired: bool = False  # gone from SQL while at work
    conversations: dict[str, Conversation] = field(default_factory=dict)  # by interaction id
    conversation_wrap_ups: dict[str, WrapUp] = field(default_factory=dict)  # by offer id
    is_lost: bool = False  # no page for the grace time
    turns: dict[str, int] = field(default_factory=dict)  # by queue: the number of the last offer there
    day: int = 0  # of the two counts
    calls_today: int = 0
    talked_today_us: int = 0

    @property
    def agent_id(self) -> int:
        return self.config.agent_id

    @property
    def conversing(self) -> int:
        """How many conversations' places are taken."""
        return len(self.conversations) + len(self.conversation_wrap_ups)

    @property
    def in_call(self) -> bool:
        """Whether a call, its ringing or its wrap-up goes on, ours or the phone's own."""
        return bool(self.offer or self.dial or self.talk or self.wrap_up or self.phone_legs)

    def remember(self, offer_id: str, interaction_id: str) -> None:
        """Keep whose it was, so that a late note finds it."""
        self.recent_talks.append([offer_id, interaction_id])
        del self.recent_talks[:-RECENT_TALKS]

    def count_talk(self, day: int, talked_us: int) -> None:
        """Count a call that is over."""
        if day != self.day:
            self.day, self.calls_today, self.talked_today_us = day, 0, 0
        self.calls_today += 1
        self.talked_today_us += talked_us

    def to_json(self) -> JsonObject:
        data = {f.name: getattr(self, f.name) for f in fields(self)}
        config = self.config
        tiers = [{"queue": t.queue, "level": t.level, "position": t.position} for t in config.tiers]
        data["config"] = {
            "agent_id": self.agent_id, "extension": config.extension, "tiers": tiers, "skills": config.skills,
            "max_conversations": config.max_conversations, "caller_number": config.caller_number,
            "is_auto_answer": config.is_auto_answer,
        }  # fmt: skip
        for part in ("offer", "talk", "wrap_up", "dial"):
            data[part] = data[part] and data[part].to_json()
        for parts in _PARTS:
            data[parts] = {key: part.to_json() for key, part in data[parts].items()}
        return data

    @classmethod
    def from_json(cls, data: JsonObject) -> Self:
        parts: dict[str, type[_Record]] = {"offer": Offer, "talk": Talk, "wrap_up": WrapUp, "dial": Dial}
        built: JsonObject = {
            name: kind.from_json(data[name]) if data.get(name) else None for name, kind in parts.items()
        }
        for name, kind in _PARTS.items():
            built[name] = {key: kind.from_json(part) for key, part in data.get(name, {}).items()}
        return cls(**{**data, **built, "config": agent_config(data["config"])})


_PARTS: dict[str, type[_Record]] = {
    "phone_legs": PhoneLeg,
    "conversations": Conversation,
    "conversation_wrap_ups": WrapUp,
}
"""Fields of an agent that hold several records, by their keys."""
