"""A queue's limits: too many wait, somebody waits too long, nobody is signed in; and where the member goes then.

`engine` calls `check_entered` after each match, `line` arms the timer, `board` tells of deserted queues. Each limit of a
queue sends one interaction on at most once, so two queues that overflow into each other don't play ball with a caller.
"""

from typing import TYPE_CHECKING

from acd import messages as facts
from acd.domain import calls, conversations, estimates, line
from acd.domain.effects import LetGo
from acd.domain.inputs import LimitConfig
from acd.domain.model import Member

if TYPE_CHECKING:
    from acd.domain.engine import Engine

FLOWS = {"voicemail": "voicemail", "message": "message", "callback": "callback"}
"""Places that are flows, with the flow's name when the setting has none."""
LOOK_AGAIN_SECONDS = 1


def check_entered(e: "Engine", member: Member) -> None:
    """The member has just come and was not matched: is there a place for it?"""
    queue = e.board.queues[member.queue]
    for limit in queue.config.limits:
        if limit.when == "length" and queue.position(member.channel_id) > max(0, limit.value):
            if _send(e, member, limit):
                return
        elif limit.when == "nobody" and not queue.staffed_levels():
            if limit.value <= 0 and _send(e, member, limit):
                return
            if e.state.timers.due_us("nobody", member.queue) is None:
                e.arm("nobody", member.queue, limit.value)


def waited(e: "Engine", channel_id: str) -> None:
    """Timer: as long as the limit says. While a phone rings or the caller is away, it is looked at again soon."""
    member = e.state.members.get(channel_id)
    if member is None or member.state not in ("waiting", "offered", "away"):
        return
    if member.state != "waiting":
        e.arm("limit", channel_id, LOOK_AGAIN_SECONDS)
        return
    for limit in e.state.queues[member.queue].limits:
        if limit.when == "time" and _send(e, member, limit):
            return


def deserted(e: "Engine", queue: str) -> None:
    """The last agent of the queue has signed out."""
    limits = e.state.queues[queue].limits
    seconds = [limit.value for limit in limits if limit.when == "nobody"]
    if seconds and e.board.queues[queue].seats and e.state.timers.due_us("nobody", queue) is None:
        e.arm("nobody", queue, max(0, min(seconds)))


def still_deserted(e: "Engine", queue: str) -> None:
    """Timer: nobody has signed in meanwhile, so whoever waits goes on."""
    board = e.board.queues.get(queue)
    if board is None or board.staffed_levels():
        return
    for channel_id in sorted(board.seats, key=lambda channel_id: board.seats[channel_id][1]):
        for limit in board.config.limits:
            if limit.when == "nobody" and _send(e, e.state.members[channel_id], limit):
                break


def _send(e: "Engine", member: Member, limit: LimitConfig) -> bool:
    """Send the member on; False when it can't be or was sent on here before, so it waits on."""
    mark = f"{member.queue}/{limit.when}"
    marks = e.state.overflowed.setdefault(member.interaction_id, [])
    if mark in marks or (limit.to == "queue" and not _is_other_queue(e, member, limit.target)):
        return False
    marks.append(mark)
    e.emit(
        facts.MemberOverflowed, member_id=member.member_id, interaction_id=member.interaction_id, queue=member.queue,
        limit=limit.when, to=limit.to, target=limit.target,
    )  # fmt: skip
    if limit.to == "queue":
        _to_queue(e, member, limit.target)
    elif member.is_call:
        flow = "" if limit.to == "fallback" else limit.target or FLOWS.get(limit.to, "")
        place = "overflow" if flow else "fallback"
        e.state.left_places[member.interaction_id] = [member.queue, member.place_us, member.seq]
        e.effect(LetGo(member.switch, member.channel_id, f"overflow-{limit.when}", place, flow))
        calls.leave(e, member, "transferred")
    else:
        conversations.give_up(e, member, "timeout")
    return True


def _is_other_queue(e: "Engine", member: Member, name: str) -> bool:
    queue = e.state.queues.get(name)
    return queue is not None and name != member.queue and (queue.channel == "voice") == member.is_call


def _to_queue(e: "Engine", member: Member, queue: str) -> None:
    """A new visit there; how long it has waited already counts for its place."""
    estimates.left(e, member)
    e.move_member(member, "left")
    e.emit(
        facts.MemberLeft, member_id=member.member_id, interaction_id=member.interaction_id, queue=member.queue,
        result="transferred", channel=member.channel,
    )  # fmt: skip
    line.forget(e, member)
    line.enter_again(e, member, queue, place=(member.place_us, member.seq))
