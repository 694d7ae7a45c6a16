"""What the engine wants done: each effect goes to a switch or to the page that asked. The service carries them out.

An effect is a wish, not a fact: what comes of it returns as an input.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Effect:
    """Something to do outside."""


@dataclass(frozen=True, slots=True)
class CallEffect(Effect):
    """Something to do to a caller's channel."""

    switch: str
    channel_id: str


@dataclass(frozen=True, slots=True)
class PlayMusic(CallEffect):
    """Let the caller hear the queue's music until something else happens."""

    music: str


@dataclass(frozen=True, slots=True)
class Announce(CallEffect):
    """Say something to a caller who waits, then music again.

    items: ("position", place), ("estimate", from minutes, to minutes), ("prompt", name). listen: its keys matter.
    """

    language: str
    items: tuple[tuple[str | int, ...], ...]
    listen: bool


@dataclass(frozen=True, slots=True)
class OfferCall(CallEffect):
    """Ring the agent's phone for this caller; `leg_id` is the new leg's UUID. `others` ring at the same time."""

    interaction_id: str
    offer_id: str
    leg_id: str
    agent_id: int
    extension: str
    timeout_seconds: int
    music: str
    others: tuple[tuple[str, str, int, str], ...] = ()  # leg id, offer id, agent id, extension
    is_auto_answer: bool = False

    @property
    def leg_ids(self) -> list[str]:
        """All legs."""
        return [self.leg_id, *(other[0] for other in self.others)]


@dataclass(frozen=True, slots=True)
class PagePhones(CallEffect):
    """Let phones answer by themselves and hear the caller. `legs`: leg id, extension."""

    interaction_id: str
    legs: tuple[tuple[str, str], ...]
    timeout_seconds: int


@dataclass(frozen=True, slots=True)
class RefuseLeg(CallEffect):
    """End a leg that rings a phone whose agent is in a call: whoever calls it hears that it is busy."""


@dataclass(frozen=True, slots=True)
class Withdraw(CallEffect):
    """Stop the ringing of `leg_id`; the caller stays, even when the phone was answered in this very moment."""

    leg_id: str
    cause: str


@dataclass(frozen=True, slots=True)
class LetGo(CallEffect):
    """The visit is over, the call is not: the dialplan goes on at `place`, `uckefu_queue_result` says why.

    At `overflow` it runs the flow `flow`.
    """

    result: str
    place: str = "fallback"
    flow: str = ""


@dataclass(frozen=True, slots=True)
class DialBack(CallEffect):
    """Call a customer back; `channel_id` is the new call's UUID. Answered, it goes to the queue's extension."""

    interaction_id: str
    queue: str
    number: str
    trunk: str
    caller_id: str
    language: str
    timeout_seconds: int


@dataclass(frozen=True, slots=True)
class FetchCaller(CallEffect):
    """Let the caller come (back) to the queue's `socket`, whatever it hears now; its place is kept."""


@dataclass(frozen=True, slots=True)
class HangUpCaller(CallEffect):
    """End the call; `by` goes into `uckefu_hangup_by` first."""

    by: str


@dataclass(frozen=True, slots=True)
class TransferCaller(CallEffect):
    """Blind transfer: `kind` is queue or extension."""

    kind: str
    target: str


@dataclass(frozen=True, slots=True)
class HoldLeg(CallEffect):
    """Put the call on hold, or take it off; the caller hears `music` meanwhile."""

    leg_id: str
    on: bool
    music: str


@dataclass(frozen=True, slots=True)
class DialOut(CallEffect):
    """Ring the agent's phone (`leg_id`); answered, it calls the number: `channel_id` is that call's UUID.

    Without a `trunk` the number is an extension.
    """

    interaction_id: str
    offer_id: str
    leg_id: str
    agent_id: int
    extension: str
    number: str
    trunk: str
    caller_number: str
    direction: str
    ring_seconds: int
    dial_seconds: int
    is_auto_answer: bool = False


@dataclass(frozen=True, slots=True)
class AnswerPhone(CallEffect):
    """Ask the phone that rings to answer by itself."""

    leg_id: str


@dataclass(frozen=True, slots=True)
class MuteLeg(CallEffect):
    """The agent's leg is not heard, or is again."""

    leg_id: str
    on: bool


@dataclass(frozen=True, slots=True)
class PressKeys(CallEffect):
    """Send DTMF to the caller's end."""

    digits: str


@dataclass(frozen=True, slots=True)
class MaskRecording(CallEffect):
    """Silence in the call's recording, or sound again."""

    on: bool


@dataclass(frozen=True, slots=True)
class DialThird(CallEffect):
    """Ring a third phone for the talk on `talk_leg_id`; answered, it is heard as `mode` says. `trunk`: outside."""

    leg_id: str
    talk_leg_id: str
    interaction_id: str
    purpose: str
    mode: str
    number: str
    trunk: str
    shown: str
    timeout_seconds: int


@dataclass(frozen=True, slots=True)
class SteerThird(CallEffect):
    """Change who hears whom, from `was` to `mode`; on hold one hears `music`."""

    leg_id: str
    talk_leg_id: str
    was: str
    mode: str
    music: str


@dataclass(frozen=True, slots=True)
class JoinThird(CallEffect):
    """The caller talks with the third one from now on; the agent's leg ends by that."""

    leg_id: str
    talk_leg_id: str
    music: str


@dataclass(frozen=True, slots=True)
class DropThird(CallEffect):
    """Hang the third leg up."""

    leg_id: str


@dataclass(frozen=True, slots=True)
class GuardCaller(CallEffect):
    """While the agent consults, the end of its leg must not end the call: the dialplan's `consulted` goes on with
    `leg_id`, or with the queue when that is empty."""

    on: bool
    leg_id: str


@dataclass(frozen=True, slots=True)
class Answer(Effect):
    """The reply to a command."""

    command_id: str
    ok: bool
    code: str = "ok"
    message: str = ""


@dataclass(frozen=True, slots=True)
class ReadConfiguration(Effect):
    """Read queues, agents and tiers from SQL again."""
