"""Start, configuration, and making the state agree with what a switch really has.

Events can be lost (a restart of ours, a broken connection, a listener that fell behind), so the service compares
now and then; `differences` says what to do, and nothing is logged when there are none.
"""

from typing import TYPE_CHECKING

from acd.domain import agents, calls, line, lost_places, third_legs
from acd.domain.inputs import (
    CallerAdrift,
    CallerGone,
    Configured,
    EndpointChanged,
    Input,
    LegAnswered,
    LegEnded,
    PhoneLegStarted,
    SeenLeg,
    Started,
    SwitchConnected,
    SwitchLost,
    SwitchSeen,
)  # fmt: skip
from acd.domain.model import Agent

if TYPE_CHECKING:
    from acd.domain.engine import Engine

LEG_MARGIN_US = 2_000_000  # an offer's leg exists within that, so an older offer without one is over


def started(e: "Engine", event: Started) -> None:
    """Another process is the writer: no caller's socket is ours yet; places are kept for the grace time."""
    state = e.state
    state.writer = event.writer
    state.seed = state.seed or event.seed
    state.event_id = max(state.event_id, event.first_event_id - 1)
    for name in state.switches:
        state.switches[name] = False
    for member in tuple(state.members.values()):
        if member.is_call and not member.channel_id.startswith("callback:") and not member.dialing:
            calls.socket_lost(e, member)


def switch_connected(e: "Engine", event: SwitchConnected) -> None:
    """The event socket of a switch is ours."""
    e.state.switches[event.switch] = True
    lost_places.core_seen(e, event.switch, event.core)


def switch_lost(e: "Engine", event: SwitchLost) -> None:
    """It is gone; calls and registrations are as they were last known."""
    e.state.switches[event.switch] = False


# ---- configuration ---------------------------------------------------------------------------------------


def configured(e: "Engine", event: Configured) -> None:
    """Queues, agents and rules are these from now on; calls and places stay."""
    state = e.state
    state.rules, state.do_not_call, state.trunks = event.rules, event.do_not_call, event.trunks
    _take_queues(e, event)
    wanted = {agent.agent_id: agent for agent in event.agents}
    for agent_id in [agent_id for agent_id in state.agents if agent_id not in wanted]:
        agents.retire(e, state.agents[agent_id])
    for agent_id, config in wanted.items():
        agent = state.agents.get(agent_id)
        if agent is None:
            agent = state.agents[agent_id] = Agent(config, status_since_us=e.now_us, state_since_us=e.now_us)
        agent.config, agent.retired = config, False
        agent.registered = bool(state.registrations.get(config.extension))
    silent = e.silent
    e.rebuild()
    e.silent = silent
    for member in tuple(state.members.values()):
        line.look_again(e, member.channel_id)
    agents.day_begins(e, "")


def _take_queues(e: "Engine", event: Configured) -> None:
    """A queue that is gone from SQL stays until its last member has left it."""
    state = e.state
    queues = {queue.name: queue for queue in event.queues}
    used = {member.queue for member in state.members.values()}
    state.retired_queues = sorted(name for name in state.queues if name not in queues and name in used)
    state.queues = queues | {name: state.queues[name] for name in state.retired_queues}


# ---- what the switch has ---------------------------------------------------------------------------------


def switch_seen(e: "Engine", event: SwitchSeen) -> None:
    """Do what makes the state agree with the switch."""
    from acd.domain.engine import HANDLERS

    for fix in differences(e, event):
        HANDLERS[type(fix)](e, fix)


def differences(e: "Engine", seen: SwitchSeen) -> list[Input]:
    """The inputs that were missed, as far as one can tell; empty when the state agrees. Changes nothing."""
    legs = {leg.leg_id: leg for leg in seen.legs}
    return [
        *_callers_gone(e, seen, legs),
        *_legs_gone(e, seen, legs),
        *_legs_news(e, seen),
        *third_legs.differences(e, seen, legs),
        *_registrations(e, seen),
        *_callers_adrift(e, seen, legs),
    ]


def _callers_adrift(e: "Engine", seen: SwitchSeen, legs: dict[str, SeenLeg]) -> list[Input]:
    """A restarted ACD keeps the places, but the callers' channels are still where its forerunner left them."""
    return [
        CallerAdrift(at_us=seen.at_us, channel_id=member.channel_id)
        for member in e.state.members.values()
        if member.state == "away"
        and not member.fetched
        and member.switch == seen.switch
        and member.channel_id in legs
    ]


def _callers_gone(e: "Engine", seen: SwitchSeen, legs: dict[str, SeenLeg]) -> list[Input]:
    return [
        CallerGone(at_us=seen.at_us, channel_id=channel_id, cause="LOST")
        for channel_id, caller in e.state.callers.items()
        if caller.switch == seen.switch
        and caller.seen_at_us < seen.asked_at_us - (LEG_MARGIN_US if _is_dialing(e, channel_id) else 0)
        and channel_id not in legs
    ]


def _is_dialing(e: "Engine", channel_id: str) -> bool:
    member = e.state.members.get(channel_id)
    return member is not None and member.dialing


def _legs_gone(e: "Engine", seen: SwitchSeen, legs: dict[str, SeenLeg]) -> list[Input]:
    gone = []
    for agent in e.state.agents.values():
        offer, talk = agent.offer, agent.talk
        member = e.state.members.get(offer.channel_id) if offer else None
        if member and member.dialing:
            continue  # the agent's phone does not ring before the customer has answered
        if offer and offer.switch == seen.switch and offer.made_at_us < seen.asked_at_us - LEG_MARGIN_US:
            gone.append(
                (offer.leg_id, "ORIGINATOR_CANCEL")
            )  # nobody knows how it ended: no blame for the agent
        dial = agent.dial
        if dial and dial.switch == seen.switch and dial.began_at_us < seen.asked_at_us - 2 * LEG_MARGIN_US:
            gone.append((dial.leg_id, "LOST"))
        if talk and talk.switch == seen.switch and talk.connected_at_us < seen.asked_at_us:
            gone.append((talk.leg_id, "LOST"))
        for leg_id, leg in agent.phone_legs.items():
            if leg.switch == seen.switch and leg.since_us < seen.asked_at_us:
                gone.append((leg_id, "LOST"))
    return [LegEnded(at_us=seen.at_us, leg_id=leg, cause=cause) for leg, cause in gone if leg not in legs]


def _legs_news(e: "Engine", seen: SwitchSeen) -> list[Input]:
    news: list[Input] = []
    for leg in seen.legs:
        if leg.leg_id in e.dialled and leg.bridged:
            dial = e.state.agents[e.dialled[leg.leg_id]].dial
            if dial:
                news.append(LegAnswered(at_us=seen.at_us, leg_id=dial.leg_id))
        agent_id = e.legs.get(leg.leg_id)
        if agent_id is None and leg.extension in e.extensions:
            started = PhoneLegStarted(
                at_us=seen.at_us, leg_id=leg.leg_id, extension=leg.extension, switch=seen.switch
            )
            news.append(started)
        elif agent_id is not None and leg.bridged:
            offer = e.state.agents[agent_id].offer
            if offer and offer.leg_id == leg.leg_id and not offer.ending:
                news.append(LegAnswered(at_us=seen.at_us, leg_id=leg.leg_id))
    return news


def _registrations(e: "Engine", seen: SwitchSeen) -> list[Input]:
    now = set(seen.registered)
    known = {extension for extension, switches in e.state.registrations.items() if seen.switch in switches}
    changes = [(extension, True) for extension in sorted(now - known)]
    changes += [(extension, False) for extension in sorted(known - now)]
    return [
        EndpointChanged(at_us=seen.at_us, switch=seen.switch, extension=extension, registered=registered)
        for extension, registered in changes
    ]
