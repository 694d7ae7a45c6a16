"""Joining a call that goes on: listen to it, talk into it, or take one of its legs over.

`uuid_transfer LEG eavesdrop:OTHER inline` and the like come here (the ACD's consult, three-way and supervision). The
audio is a few more cells of the media process's matrix; nothing is re-negotiated, and the two who talk notice nothing.
Follows mod_dptools and switch_ivr_eavesdrop_session.
"""

import structlog

from softswitch.applications import Application
from softswitch.channel import Leg

logger = structlog.get_logger("softswitch.dialplan")
_KEYS = {"0": (False, False), "1": (True, False), "2": (False, True), "3": (True, True)}
"""Key -> heard by the target's partner, heard by the target."""


def eavesdrop(leg: Leg, argument: str) -> None:
    """eavesdrop UUID: hear both sides; `eavesdrop_whisper_bleg` is heard by that leg, `…_aleg` by its partner.

    Keys 0 to 3 change that and `*` leaves, unless `eavesdrop_enable_dtmf` is false.
    """
    said = leg.is_true("eavesdrop_whisper_aleg"), leg.is_true("eavesdrop_whisper_bleg")
    has_keys = leg.get_variable("eavesdrop_enable_dtmf") is None or leg.is_true("eavesdrop_enable_dtmf")
    _listen_in(leg, argument.strip(), said, has_keys=has_keys)


def three_way(leg: Leg, argument: str) -> None:
    """three_way UUID: talk with both sides."""
    _listen_in(leg, argument.strip(), (True, True), has_keys=False)


def intercept(leg: Leg, argument: str) -> None:
    """intercept [-bleg] UUID: talk with that leg (its partner), whatever it does now; goes on when it is gone."""
    words = argument.split()
    found = leg.switch.find(words[-1]) if words else None
    if found is not None and words[0] == "-bleg":
        found = leg.switch.find(found.bridged_to)
    if found is None or not found.is_up:
        logger.info("intercept: no such leg", argument=argument, call_uuid=leg.uuid)
        return
    leg.answer()
    leg.switch.bridge_legs(leg.uuid, found.uuid)


def _listen_in(leg: Leg, uuid: str, said: tuple[bool, bool], *, has_keys: bool) -> None:
    target = leg.switch.find(uuid)
    if target is None or target is leg:
        logger.error("eavesdrop: no such leg", target=uuid, call_uuid=leg.uuid)
        return
    ears = _Ears(leg)
    unwatch = target.watch(leg.wake)
    try:
        while leg.is_ready and target.is_up:
            peer = _peer_of(target)
            ears.become(target, peer, said)
            leg.wait_until(
                lambda peer=peer: (  # type: ignore[misc]
                    not target.is_up or _peer_of(target) is not peer or bool(leg.digits) or leg.flags.stop
                )
            )
            if leg.take_stop():
                return
            digit = leg.take_digit()
            if digit is not None and has_keys and digit.digit == "*":
                return
            if digit is not None and has_keys:
                said = _KEYS.get(digit.digit, said)
    finally:
        unwatch()
        ears.close()


def _peer_of(target: Leg) -> Leg | None:
    bridge = target.bridge
    return None if bridge is None or bridge.ended else bridge.peer_of(target)


class _Ears:
    """What the leg added to the matrix, so that just that is taken away again."""

    def __init__(self, leg: Leg) -> None:
        self._leg = leg
        self._now: set[tuple[str, str]] = set()

    def become(self, target: Leg, peer: Leg | None, said: tuple[bool, bool]) -> None:
        """Hear these two and be heard by them as `said` has it: (the partner, the target)."""
        own = self._leg.uuid
        wanted = {(own, target.uuid)} | ({(target.uuid, own)} if said[1] else set())
        if peer is not None:
            wanted |= {(own, peer.uuid)} | ({(peer.uuid, own)} if said[0] else set())
        self._set(wanted)

    def close(self) -> None:
        """Hear and be heard no more."""
        self._set(set())

    def _set(self, wanted: set[tuple[str, str]]) -> None:
        media = self._leg.audio.media
        for listener, talker in sorted(self._now - wanted):
            media.disconnect(listener, talker)
        for listener, talker in sorted(wanted - self._now):
            media.connect(listener, talker)
        self._now = wanted


APPLICATIONS = {
    "eavesdrop": Application(eavesdrop, needs_media=True),
    "three_way": Application(three_way, needs_media=True),
    "intercept": Application(intercept),
}
