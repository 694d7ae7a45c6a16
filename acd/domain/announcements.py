"""What those who wait are told: their place, an honest estimate, prompts, and offers that a key takes up.

Each queue has its announcements, each at its times. One timer a member (`announce`) looks at what is due; what is said
is the truth of that moment. A key leads into a flow (a callback, a voicemail); whoever comes back from it has its place.
"""

from math import ceil
from typing import TYPE_CHECKING

from acd import messages as facts
from acd.domain import calls, estimates
from acd.domain.effects import Announce, LetGo
from acd.domain.inputs import AnnouncementConfig, KeyPressed
from acd.domain.model import Member

if TYPE_CHECKING:
    from acd.domain.engine import Engine

MINUTE_US = 60_000_000
LOOK_AGAIN_SECONDS = 2
Item = tuple[str | int, ...]


def arm(e: "Engine", member: Member) -> None:
    """Look at the member when the next announcement is due."""
    waited = (e.now_us - member.entered_at_us) // 1_000_000
    times = [_next(each, waited) for each in e.state.queues[member.queue].announcements]
    due = min((at for at in times if at is not None), default=None)
    if due is not None:
        e.state.timers.arm("announce", member.channel_id, member.entered_at_us + due * 1_000_000)


def due(e: "Engine", channel_id: str) -> None:
    """Timer: say what is due, unless a phone rings for the caller in this moment."""
    member = e.state.members.get(channel_id)
    if member is None or member.state not in ("waiting", "offered", "away"):
        return
    if member.state != "waiting":
        e.arm("announce", channel_id, LOOK_AGAIN_SECONDS)
        return
    config = e.state.queues[member.queue]
    waited = (e.now_us - member.entered_at_us) // 1_000_000
    said = max(-1, (member.announced_us - member.entered_at_us) // 1_000_000 if member.announced_us else -1)
    items: list[Item] = []
    for each in config.announcements:
        if _times(each, waited) > _times(each, said) and (item := _item(e, member, each)):
            items.append(item)
    member.announced_us = e.now_us
    listen = any(each.key for each in config.announcements)
    if items:
        e.effect(Announce(member.switch, channel_id, member.language, tuple(items), listen))
    arm(e, member)


def pressed(e: "Engine", event: KeyPressed) -> None:
    """A caller who waits takes up an offer."""
    member = e.state.members.get(event.channel_id)
    if member is None or member.state != "waiting":
        return
    for each in e.state.queues[member.queue].announcements:
        if each.key and each.key == event.key and each.flow:
            e.emit(
                facts.MemberOverflowed, member_id=member.member_id, interaction_id=member.interaction_id,
                queue=member.queue, limit="key", to="flow", target=each.flow,
            )  # fmt: skip
            e.state.left_places[member.interaction_id] = [member.queue, member.place_us, member.seq]
            e.effect(LetGo(member.switch, member.channel_id, "key", "overflow", each.flow))
            calls.leave(e, member, "transferred")
            return


def _item(e: "Engine", member: Member, each: AnnouncementConfig) -> Item | None:
    if each.say == "prompt":
        return ("prompt", each.prompt) if each.prompt else None
    if member.unannounced:
        return None
    if each.say == "position":
        return ("position", e.board.queues[member.queue].position(member.channel_id))
    interval = estimates.now_us(e, member) if each.say == "estimate" else None
    if interval is None:
        return None  # nothing is known, so nothing is promised
    return ("estimate", interval[0] // MINUTE_US, max(1, ceil(interval[1] / MINUTE_US)))


def _times(each: AnnouncementConfig, waited: int) -> int:
    """How often it has been due after so many seconds."""
    if waited < each.after_seconds:
        return 0
    return 1 + (waited - each.after_seconds) // each.every_seconds if each.every_seconds > 0 else 1


def _next(each: AnnouncementConfig, waited: int) -> int | None:
    """The next second at which it is due."""
    if waited < each.after_seconds:
        return each.after_seconds
    if each.every_seconds <= 0:
        return None
    return each.after_seconds + _times(each, waited) * each.every_seconds
