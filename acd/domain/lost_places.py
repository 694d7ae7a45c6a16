"""A switch restarted, and its calls are gone: whoever calls again from the same number in the set time has the place back.

A switch names itself anew at each start (its core's UUID). `reconcile` hands over that name at each connect and `calls`
with each arrival, whatever comes first; a call that the switch itself brings back comes over its own channel.
"""

import re
from typing import TYPE_CHECKING

from acd import messages as facts
from acd.domain import calls
from acd.domain.model import Member

if TYPE_CHECKING:
    from acd.domain.engine import Engine

A_NUMBER = re.compile(r"\+?[0-9]{3,20}")  # nobody is known by `anonymous`


def core_seen(e: "Engine", switch: str, core: str) -> None:
    """The switch says who it is; another one than before has none of the calls that were."""
    before = e.state.cores.get(switch)
    if not core or core == before:
        return
    e.state.cores[switch] = core
    if before is None:
        return
    for member in tuple(e.state.members.values()):
        if member.switch == switch and member.state in ("waiting", "offered", "away"):
            keep(e, member)


def keep(e: "Engine", member: Member) -> None:
    """The switch has lost this caller, who did not hang up."""
    seconds = e.state.rules.redial_grace_seconds
    _forget_old(e)
    if member.is_call and not member.callback_number and A_NUMBER.fullmatch(member.number) and seconds > 0:
        until_us = e.now_us + seconds * 1_000_000
        place = [member.number, member.queue, member.place_us, member.seq, until_us]
        e.state.lost_places.setdefault(member.member_id, place)


def is_lost(e: "Engine", member: Member) -> bool:
    """Whether the switch has lost this caller."""
    return member.member_id in e.state.lost_places


def returned(e: "Engine", member: Member) -> None:
    """The switch has brought the call back after all."""
    e.state.lost_places.pop(member.member_id, None)


def take_back(e: "Engine", number: str, queue: str) -> tuple[str, tuple[int, int]] | None:
    """The first lost place of this number in this queue and whose visit it was; nobody else gets it any more."""
    _forget_old(e)
    found = [
        (place_us, seq, member_id)
        for member_id, (of, where, place_us, seq, _until) in e.state.lost_places.items()
        if (of, where) == (number, queue)
    ]
    if not found:
        return None
    place_us, seq, former = min(found)
    del e.state.lost_places[former]
    for member in e.state.members.values():
        if member.member_id == former:
            calls.close_lost_visit(e, member)
            break
    return former, (place_us, seq)


def tell(e: "Engine", member: Member, former: str) -> None:
    """Why this one is so far in front."""
    e.emit(
        facts.PlaceKept, member_id=member.member_id, interaction_id=member.interaction_id, queue=member.queue,
        former_member_id=former,
    )  # fmt: skip


def _forget_old(e: "Engine") -> None:
    kept = e.state.lost_places
    for member_id in [member_id for member_id, place in kept.items() if place[4] <= e.now_us]:
        del kept[member_id]
