"""The ACD's view as pages may show it: how old it is, and what of it whom may see.

The ACD writes its view at each change and holds its lease (2 s) all the time: while the lease is there the last view
is true *now*, however long nothing has changed; without it the view was true when it was written.
"""

import json
from collections.abc import Callable
from typing import Any

import redis

from acd.contract import LEASE, VIEW, AcdView
from admin.telephone import WHOLE_UP_TO, masked, place
from uckefu.times import now, to_us

Show = Callable[[str, str], str]
OLDEST_SECONDS = 10
"""An older view is shown as old."""
_COLLEAGUE = (
    "status", "status_since_us", "next_status", "state", "state_since_us", "extension", "registered", "capacity",
)  # fmt: skip


def latest(bus: redis.Redis) -> tuple[AcdView | None, int | None]:
    """The latest view and the instant at which it is known to be true; (None, None) when there is none."""
    try:
        text, alive = bus.pipeline(transaction=False).get(VIEW).exists(LEASE).execute()
    except redis.RedisError:
        return None, None
    if not text:
        return None, None
    view: AcdView = json.loads(text)
    return view, to_us(now()) if alive else view.get("at_us")


def for_page(part: dict[str, Any] | None, region: str, show: Show = masked) -> dict[str, Any] | None:
    """An offer, call or wrap-up as a page may see it: the number as `show` writes it, its place in both languages."""
    if part is None:
        return None
    number = str(part.get("number", ""))
    places = {language: place(number, language, region) for language in ("zh", "en")}
    return {**as_seen(part, region, show), "region": places}


def as_seen(part: dict[str, Any], region: str, show: Show = masked) -> dict[str, Any]:
    """The same with its number as `show` writes it, and so a name that is a number (networks send such names)."""
    name = str(part.get("name") or "")
    shown = {"number": show(str(part.get("number") or ""), region)}
    if sum(c.isdigit() for c in name) > WHOLE_UP_TO:
        shown["name"] = shown["number"]
    return {**part, **shown}


def my_slice(
    view: AcdView, agent_id: int, region: str, show: Show = masked, *, sees_listening: bool = False
) -> dict[str, Any] | None:
    """What one agent sees of itself; None for an agent that the ACD does not know.

    Args:
        show: how numbers are written for it (`admin.numbers`).
        sees_listening: whether it sees a supervisor who only listens or whispers (`Centre.agents_see_listening`).
    """
    mine = view.get("agents", {}).get(str(agent_id))
    if mine is None:
        return None
    calls = {
        part: for_page(mine.get(part), region, show)
        for part in ("offer", "dial", "call", "wrap_up", "dial_failure")
    }
    if call := calls["call"]:
        calls["call"] = {**call, "supervised": _seen(call.get("supervised", []), sees_listening)}
    talks = {
        part: [for_page(one, region, show) for one in mine.get(part) or []]
        for part in ("conversations", "conversation_wrap_ups")
    }
    return {**mine, **calls, **talks}


def _seen(supervised: list[dict[str, Any]], sees_listening: bool) -> list[dict[str, Any]]:
    """The supervisors whom an agent sees in its call: those who barged in; who listens only when the centre says so."""
    return [
        {"mode": one["mode"]}
        for one in supervised
        if one["is_there"] and (sees_listening or one["mode"] == "barge")
    ]


def board(view: AcdView, region: str, show: Show = masked) -> dict[str, Any]:
    """What everybody on the staff sees: totals, queues, waiting members, colleagues' states."""
    members = [as_seen(member, region, show) for member in view.get("members", [])]
    agents = view.get("agents", {})
    return {
        "totals": view.get("totals", {}),
        "queues": view.get("queues", {}),
        "members": members,
        "agents": {id_: {key: agent.get(key) for key in _COLLEAGUE} for id_, agent in agents.items()},
    }


def live_calls(view: AcdView) -> set[str]:
    """The interactions that wait, ring or talk now."""
    calls = {member["interaction_id"] for member in view.get("members", [])}
    for agent in view.get("agents", {}).values():
        calls |= {agent[part]["interaction_id"] for part in ("offer", "dial", "call") if agent.get(part)}
    return calls
