"""Calls that agents make: the agent's own phone rings first, then the number; wrap-up afterwards as for every call.

`commands` asks (`PlaceCall`), `calls` tells when the two are connected or the agent's leg is over. The customer's leg
is the talk's `channel_id` and the interaction's id, as a caller's is: hold, keys, recording and transfer are the same.
"""

import re
from typing import TYPE_CHECKING

from acd import messages as facts
from acd.domain import agents, historic
from acd.domain.effects import DialOut, HangUpCaller
from acd.domain.inputs import CustomerDialed
from acd.domain.model import Agent, Dial, Talk
from acd.domain.refusing import NotPossible
from acd.domain.state import State

if TYPE_CHECKING:
    from acd.domain.engine import Engine

NUMBER = re.compile(r"\+?[0-9]{3,20}")
RING_SECONDS = 25  # the agent's own phone
DIAL_SECONDS = 60  # the customer's
SLACK_SECONDS = 5  # the switch ends the ringing by itself; this much later we do
KILLS = 3
CANCELLED = frozenset({"NORMAL_CLEARING", "ORIGINATOR_CANCEL"})
IN_THE_WAY = {"signed-out": "signed-out", "wrap-up": "wrap-up-first"}


def place(e: "Engine", agent: Agent, number: str, caller_number: str = "") -> None:
    """Ring the agent's phone for a call to `number`. Raises NotPossible."""
    if agent.state not in ("idle", "not-ready"):
        raise NotPossible(IN_THE_WAY.get(agent.state, "in-call"))
    if not agent.registered:
        raise NotPossible("phone-lost")
    if not NUMBER.fullmatch(number) or number == agent.config.extension:
        raise NotPossible("bad-number")
    trunk, shown = "", agent.config.extension
    if number not in e.extensions:
        trunk, shown = way_out(e, agent, number, caller_number)
    _dial(e, agent, number, trunk, shown)


def way_out(e: "Engine", agent: Agent, number: str, caller_number: str) -> tuple[str, str]:
    """The trunk for a number outside and the number shown, by the agents' rules. Raises NotPossible."""
    if number in e.state.do_not_call:
        raise NotPossible("do-not-call")
    may = [trunk for trunk in e.state.trunks if any(number.startswith(begin) for begin in trunk.prefixes)]
    if not may:
        raise NotPossible("number-not-allowed")
    if not caller_number:
        trunk = may[0]
        return trunk.name, default_number(e.state, agent, list(trunk.numbers))
    for trunk in may:
        if caller_number in trunk.numbers:
            return trunk.name, caller_number
    raise NotPossible("caller-number-not-ours")


def numbers_to_show(state: State) -> list[str]:
    """The centre's numbers, of all trunks that agents may call over."""
    return list(dict.fromkeys(n for trunk in state.trunks if trunk.prefixes for n in trunk.numbers))


def default_number(state: State, agent: Agent, numbers: list[str]) -> str:
    """What is shown when nothing is chosen: the agent's, the queue's, the first; "" when there is none."""
    queue = state.queues.get(queue_of(state, agent))
    wanted = (agent.config.caller_number, queue.caller_number if queue else "")
    return next((number for number in wanted if number and number in numbers), next(iter(numbers), ""))


def queue_of(state: State, agent: Agent) -> str:
    """For which queue the agent calls: the first of its own for calls. It gives the wrap-up and the number shown."""
    usual = state.rules.default_queue
    tiers = sorted(agent.config.tiers, key=lambda t: (t.level, t.position, t.queue != usual, t.queue))
    found = (t.queue for t in tiers if t.queue in state.queues and state.queues[t.queue].channel == "voice")
    return next(found, "")


def _dial(e: "Engine", agent: Agent, number: str, trunk: str, shown: str) -> None:
    e.state.offers_made += 1
    name = f"call:{e.state.offers_made}"
    channel_id, leg_id = e.leg_id_for(f"{name}:customer"), e.leg_id_for(name)
    direction, queue = ("outbound", queue_of(e.state, agent)) if trunk else ("internal", "")
    switch = next(iter(e.state.registrations.get(agent.config.extension, ())), "")
    dial = agent.dial = Dial(
        offer_id=f"{channel_id}:out", leg_id=leg_id, interaction_id=channel_id, channel_id=channel_id, switch=switch,
        queue=queue, number=number, caller_number=shown, direction=direction, began_at_us=e.now_us,
    )  # fmt: skip
    agent.dial_failure = None
    e.legs[leg_id] = e.dialled[channel_id] = agent.agent_id
    e.move_agent(agent, "dials")
    e.arm("dial-out", leg_id, RING_SECONDS + SLACK_SECONDS)
    e.emit(facts.CallDialed, queue=queue, number=number, caller_number=shown, **_who(agent, dial))
    e.effect(
        DialOut(switch, channel_id, channel_id, dial.offer_id, leg_id, agent.agent_id, agent.config.extension, number,
                trunk, shown, direction, RING_SECONDS, DIAL_SECONDS, agent.config.is_auto_answer)
    )  # fmt: skip


def customer_dialed(e: "Engine", event: CustomerDialed) -> None:
    """The agent's phone has answered; the number rings, or will."""
    agent = e.state.agents.get(e.dialled.get(event.channel_id, 0))
    if agent and agent.dial and agent.dial.stage == "phone":
        agent.dial.stage = "customer"
        e.arm("dial-out", agent.dial.leg_id, DIAL_SECONDS + SLACK_SECONDS)


def connected(e: "Engine", agent: Agent, dial: Dial) -> None:
    """The two talk."""
    _forget(e, agent, dial)
    e.legs[dial.leg_id] = agent.agent_id
    agent.talk = Talk(
        offer_id=dial.offer_id, leg_id=dial.leg_id, interaction_id=dial.interaction_id, channel_id=dial.channel_id,
        switch=dial.switch, queue=dial.queue, number=dial.number, did=dial.caller_number, intent="",
        entered_at_us=dial.began_at_us, connected_at_us=e.now_us, direction=dial.direction,
    )  # fmt: skip
    agent.remember(dial.offer_id, dial.interaction_id)
    if dial.direction == "outbound":
        historic.remember(e, dial.number, agent.agent_id)
    e.emit(facts.CallConnected, queue=dial.queue, **_who(agent, dial))
    e.move_agent(agent, "answered")


def not_reached(e: "Engine", agent: Agent, dial: Dial, cause: str) -> None:
    """The agent's leg is over before the two talked: say why, and rest."""
    _forget(e, agent, dial)
    is_cancelled = dial.is_cancelled or (dial.stage == "customer" and cause in CANCELLED)
    why = "cancelled" if is_cancelled else dial.stage
    if not is_cancelled:
        agent.dial_failure = {
            "number": dial.number, "interaction_id": dial.interaction_id, "why": why, "cause": cause, "at_us": e.now_us,
        }  # fmt: skip
    e.emit(facts.CallNotReached, why=why, cause=cause, **_who(agent, dial))
    if agent.next_status:
        agents.set_status(e, agent, agent.next_status, agent.next_status_by)
    agents.rest(e, agent, keep_idle_since=True)


def cancel(e: "Engine", agent: Agent, dial: Dial) -> None:
    """The agent does not want the call any more."""
    dial.is_cancelled = True
    _kill(e, dial)


def overdue(e: "Engine", leg_id: str) -> None:
    """Timer: nobody answered, or the end was not reported."""
    agent = e.state.agents.get(e.legs.get(leg_id, 0))
    if agent is None or agent.dial is None or agent.dial.leg_id != leg_id:
        return
    if agent.dial.kills < KILLS:
        _kill(e, agent.dial)
        return
    e.anomaly(f"the end of leg {leg_id} was not reported")
    not_reached(e, agent, agent.dial, "NO_ANSWER")


def _kill(e: "Engine", dial: Dial) -> None:
    dial.kills += 1
    e.effect(HangUpCaller(dial.switch, dial.leg_id, "agent"))
    e.arm("dial-out", dial.leg_id, SLACK_SECONDS)


def _forget(e: "Engine", agent: Agent, dial: Dial) -> None:
    e.cancel("dial-out", dial.leg_id)
    e.legs.pop(dial.leg_id, None)
    e.dialled.pop(dial.channel_id, None)
    agent.dial = None


def _who(agent: Agent, dial: Dial) -> dict[str, str | int]:
    return {"offer_id": dial.offer_id, "interaction_id": dial.interaction_id, "agent_id": agent.agent_id}
