"""A third leg at an agent's talk: a colleague or number that the agent consults, or a supervisor's phone.

It eavesdrops on the agent's leg, so that the talk itself stays what it is: whatever becomes of us, agent and caller go
on talking. What is common to both purposes is here; `consult` and `supervision` are on top, `third_legs` hears what
the switch tells.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from acd.domain import agents
from acd.domain.effects import DialThird, DropThird, JoinThird
from acd.domain.model import Agent, PhoneLeg, Talk, Third
from acd.domain.refusing import NotPossible

if TYPE_CHECKING:
    from acd.domain.engine import Engine

RING_SECONDS = 30
SLACK_SECONDS = 5  # the switch ends the ringing by itself; this much later we do
KILL_SECONDS = 2
JOIN_SECONDS = 6  # the caller and the third one are connected within that
LEG_MARGIN_US = 4_000_000  # the leg exists within that


def of_talk(e: "Engine", talk: Talk | None, purpose: str) -> list[Third]:
    """The third legs of this talk, those that we let go left out."""
    if talk is None:
        return []
    found = (third for third in e.state.thirds.values() if third.offer_id == talk.offer_id)
    return [third for third in found if third.purpose == purpose and third.ending != "dropped"]


def phone_in_the_way(e: "Engine", extension: str) -> str:
    """Why this extension can't be rung for a third leg: `away`, `busy`; "" when it can."""
    if not e.state.registrations.get(extension):
        return "away"
    agent = e.state.agents.get(e.extensions.get(extension, 0))
    if agent is None:
        return ""
    is_free = agent.state in ("idle", "not-ready", "signed-out") and not agent.phone_legs
    return "" if is_free else "busy"


def begin(
    e: "Engine", agent: Agent, talk: Talk, purpose: str, mode: str, number: str,
    *, trunk: str = "", shown: str = "", actor: str = "agent", asked_queue: str = "", tried: Sequence[int] = (),
) -> Third:  # fmt: skip
    """Ring a third phone; the agent whose it is counts as busy from now on."""
    e.state.offers_made += 1
    leg_id = e.leg_id_for(f"third:{e.state.offers_made}")
    other = None if trunk else e.state.agents.get(e.extensions.get(number, 0))
    third = e.state.thirds[leg_id] = Third(
        leg_id=leg_id, purpose=purpose, mode=mode, actor=actor, agent_id=agent.agent_id, offer_id=talk.offer_id,
        talk_leg_id=talk.leg_id, interaction_id=talk.interaction_id, channel_id=talk.channel_id, switch=talk.switch,
        number=number, third_agent_id=other.agent_id if other else 0, began_at_us=e.now_us, queue=talk.queue,
        caller_number=talk.number, did=talk.did, intent=talk.intent, entered_at_us=talk.entered_at_us,
        direction=talk.direction, asked_queue=asked_queue, tried=list(tried),
    )  # fmt: skip
    if other:
        other.phone_legs[leg_id] = PhoneLeg(talk.switch, e.now_us + LEG_MARGIN_US)
        e.legs[leg_id] = other.agent_id
        agents.rest(e, other)
    config = e.state.queues.get(asked_queue)
    seconds = config.offer_timeout_seconds if config else RING_SECONDS
    e.arm("third", leg_id, seconds + SLACK_SECONDS)
    e.effect(
        DialThird(talk.switch, talk.channel_id, leg_id, talk.leg_id, talk.interaction_id, purpose, mode, number, trunk,
                  shown or agent.config.extension, seconds)
    )  # fmt: skip
    return third


def drop(e: "Engine", third: Third) -> None:
    """Hang the third leg up; asked again while it is not heard to be over."""
    third.ending = "dropped"
    third.kills += 1
    e.effect(DropThird(third.switch, third.channel_id, third.leg_id))
    e.arm("third", third.leg_id, KILL_SECONDS)


def join(e: "Engine", third: Third) -> None:
    """The caller goes on with the third one, the agent's talk ends by that. Raises NotPossible."""
    if not third.answered_at_us:
        raise NotPossible("not-answered-yet")
    third.ending = "joining"
    e.effect(JoinThird(third.switch, third.channel_id, third.leg_id, third.talk_leg_id, music(e, third)))
    e.arm("third", third.leg_id, JOIN_SECONDS)


def music(e: "Engine", third: Third) -> str:
    """What is heard by whoever is on hold in this talk."""
    queue = e.state.queues.get(third.queue)
    return queue.music if queue else "local_stream://moh"
