"""A supervisor at an agent's call: listen, whisper to the agent, barge in, take over, stop.

The supervisor's own phone rings; the pages check the permission and note each act before it is asked for.
"""

from typing import TYPE_CHECKING

from acd import messages as asked
from acd.domain import thirds
from acd.domain.effects import SteerThird
from acd.domain.model import Agent, Third
from acd.domain.refusing import NotPossible

if TYPE_CHECKING:
    from acd.domain.engine import Engine

MODES = ("listen", "whisper", "barge", "take-over")
IN_THE_WAY = {"away": "your-phone-away", "busy": "your-phone-busy"}


def command(e: "Engine", agent: Agent, wanted: asked.SuperviseCall) -> None:
    """Do what the supervisor asks for. Raises NotPossible."""
    if not wanted.actor.startswith("supervisor:"):
        raise NotPossible("forbidden")
    mine = [t for t in e.state.thirds.values() if t.purpose == "watch" and t.actor == wanted.actor]
    going = [third for third in mine if third.ending != "dropped"]
    if wanted.mode == "stop":
        _stop(e, going)
        return
    if wanted.mode not in MODES:
        raise NotPossible("bad-command", f"mode {wanted.mode!r}")
    if agent.talk is None:
        raise NotPossible("no-call")
    if not going:
        _begin(e, agent, wanted)
    elif going[0].offer_id != agent.talk.offer_id:
        raise NotPossible("watching-another")
    else:
        _change(e, going[0], wanted.mode)


def _stop(e: "Engine", going: list[Third]) -> None:
    if not going:
        raise NotPossible("not-watching")
    for third in going:
        thirds.drop(e, third)


def _begin(e: "Engine", agent: Agent, wanted: asked.SuperviseCall) -> None:
    talk = agent.talk
    if talk is None or wanted.extension == agent.config.extension:
        raise NotPossible("own-call")
    if why := thirds.phone_in_the_way(e, wanted.extension):
        raise NotPossible(IN_THE_WAY[why])
    third = thirds.begin(e, agent, talk, "watch", wanted.mode, wanted.extension, actor=wanted.actor)
    _tell(e, third, wanted.mode)


def _change(e: "Engine", third: Third, mode: str) -> None:
    if third.ending:
        raise NotPossible("too-late")
    was, third.mode = third.mode, mode
    if not third.answered_at_us:
        return  # the phone still rings; it begins with the last one asked for, once it is there
    if mode == "take-over":
        thirds.join(e, third)
    elif mode != was:
        _steer(e, third, was)
    _tell(e, third, mode)


def answered(e: "Engine", agent: Agent, third: Third) -> None:
    """The supervisor is there; what it wants may be another thing by now than what was dialled for."""
    if third.mode == "take-over":
        thirds.join(e, third)
    else:
        _steer(e, third, "ringing")
    _tell(e, third, third.mode)


def _steer(e: "Engine", third: Third, was: str) -> None:
    e.effect(SteerThird(third.switch, third.channel_id, third.leg_id, third.talk_leg_id, was, third.mode, ""))


def over(e: "Engine", agent: Agent, third: Third, cause: str) -> None:
    """The supervisor has left."""
    _tell(e, third, "stop")


def _tell(e: "Engine", third: Third, mode: str) -> None:
    e.emit(
        asked.CallSupervised, offer_id=third.offer_id, interaction_id=third.interaction_id,
        agent_id=third.agent_id, mode=mode, by=third.actor,
    )  # fmt: skip
