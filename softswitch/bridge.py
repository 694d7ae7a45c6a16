"""Two legs that talk: the bridge itself, its events, and what happens when it ends.

`applications.bridge` and `uuid_bridge` run `talk` on the first leg's thread; the second leg's thread runs
`Bridge.serve`. The audio is connected in the media process, so nothing here carries it. Follows
switch_ivr_multi_threaded_bridge.
"""

import threading
import time

from softswitch.caller import now_us
from softswitch.channel import Leg

DECIDE_SECONDS = 2.0  # for the other leg's thread to see that the bridge has ended


class Bridge:
    """The state that both threads share."""

    def __init__(self, first: Leg, second: Leg) -> None:
        self.first = first
        self.second = second
        self.ended = False
        self._lock = threading.RLock()

    def peer_of(self, leg: Leg) -> Leg:
        """The other one."""
        return self.second if leg is self.first else self.first

    @property
    def is_whole(self) -> bool:
        """Both legs are still in it."""
        return not self.ended and self.first.is_ready and self.second.is_ready

    def connect(self) -> None:
        """Let them hear each other, unless one is on hold."""
        with self._lock:
            if self.ended:
                return
            media = self.first.audio.media
            media.connect(self.first.uuid, self.second.uuid)
            media.connect(self.second.uuid, self.first.uuid)

    def disconnect(self) -> None:
        """They don't hear each other any more."""
        media = self.first.audio.media
        media.disconnect(self.first.uuid, self.second.uuid)
        media.disconnect(self.second.uuid, self.first.uuid)

    def end(self) -> None:
        """End it for both; may be called twice."""
        with self._lock:
            if self.ended:
                return
            self.ended = True
            self.disconnect()
        for leg in (self.first, self.second):
            if leg.plays:  # hold music runs inside the bridge
                leg.break_application()
            else:
                leg.wake()

    def hold(self, leg: Leg, on: bool) -> None:
        """`leg` is (not) listening: its partner hears music meanwhile, and it nothing. Any thread.

        The two stay connected, so that a recording of the bridge goes on through a hold.
        """
        peer = self.peer_of(leg)
        leg.audio.media.set_direction(leg.uuid, "inactive" if on else "sendrecv")
        if not on:
            peer.break_application(everything=bool(peer.plays))
        elif music := hold_music(leg, peer):
            peer.queue_execute("playback", music)

    def serve(self, leg: Leg) -> None:
        """A leg's own thread: relay its keys until the bridge ends or it must leave."""
        peer = self.peer_of(leg)
        while leg.wait_until(lambda: self.ended or not peer.is_ready or bool(leg.digits)):
            if self.ended or not peer.is_ready:
                break
            digit = leg.take_digit()
            if digit is not None:
                leg.audio.media.send_dtmf(peer.uuid, digit.digit, min(max(digit.milliseconds, 40), 2000))
        self.end()
        if peer.hangup_cause:
            leg.set_variable("bridge_hangup_cause", peer.hangup_cause)


def hold_music(leg: Leg, peer: Leg) -> str:
    """What the partner of a held leg hears: `hold_music` of either; "silence" for nothing."""
    music = (
        peer.get_variable("temp_hold_music")
        or leg.get_variable("hold_music")
        or peer.get_variable("hold_music")
    )
    if music is None:
        return leg.switch.hold_music(leg)
    return "" if music.lower() in ("silence", "indicate_hold") else music


def talk(first: Leg, second: Leg) -> None:
    """First leg's own thread: bridge the two until one goes; then do what the first leg's variables say."""
    if not first.is_answered and second.is_answered:
        first.answer()
    if not first.is_ready or not second.is_up:
        second.hangup("ORIGINATOR_CANCEL")
        return
    bridge = Bridge(first, second)
    first.bridge = second.bridge = bridge
    first.times.bridged = second.times.bridged = now_us()
    second.set_variable("call_uuid", first.uuid)
    ends = {"Bridge-A-Unique-ID": first.uuid, "Bridge-B-Unique-ID": second.uuid}
    _bind(first, second)
    first.publish("CHANNEL_BRIDGE", ends)
    _note(first, second)
    _note(second, first)
    bridge.connect()
    for leg in (first, second):
        leg.switch.legs_connected(leg)
    first.wake()  # who listens in to it hears its new partner
    second.go("CS_EXCHANGE_MEDIA")
    second.publish("CALL_UPDATE", {"Direction": "SEND", "Bridged-To": first.uuid})
    first.publish("CALL_UPDATE", {"Direction": "SEND", "Bridged-To": second.uuid})
    bridge.serve(first)
    _part(bridge)
    first.publish("CHANNEL_UNBRIDGE", ends)
    _after(first, second)


def _bind(first: Leg, second: Leg) -> None:
    first.set_variable("signal_bond", second.uuid)
    second.set_variable("signal_bond", first.uuid)
    first.set_variable("originate_signal_bond", None)


def _note(leg: Leg, peer: Leg) -> None:
    leg.set_variables({"last_bridge_to": peer.uuid, "bridge_uuid": peer.uuid, "bridge_channel": peer.name})


def _part(bridge: Bridge) -> None:
    """The second leg is on its way before UNBRIDGE is told, as in FreeSWITCH.

    By now either leg may be in its next bridge (`uuid_bridge`), which must not be taken away from it.
    """
    first, second = bridge.first, bridge.second
    if second.is_ready and second.state == "CS_EXCHANGE_MEDIA":
        _leave(second)
    is_last = second.bridge is bridge
    for leg in (first, second):
        if leg.bridge is bridge:
            leg.bridge = None
    if first.hangup_cause:
        second.set_variable("bridge_hangup_cause", first.hangup_cause)
    if second.hangup_cause:
        first.set_variable("bridge_hangup_cause", second.hangup_cause)
    if second.is_up and is_last:  # a leg that is gone reports the call that it was part of
        second.set_variable("call_uuid", second.uuid)


def _leave(second: Leg) -> None:
    """Unless its variables say otherwise the second leg's own thread hangs it up; wait for it to decide."""
    changed = threading.Event()
    deadline = time.monotonic() + DECIDE_SECONDS
    unwatch = second.watch(changed.set)
    try:
        while second.is_ready and second.state == "CS_EXCHANGE_MEDIA" and time.monotonic() < deadline:
            changed.wait(0.1)
            changed.clear()
    finally:
        unwatch()


def _after(first: Leg, second: Leg) -> None:
    """hangup_after_bridge and its kin; a transfer goes first."""
    if not first.is_ready or first.state == "CS_SOFT_EXECUTE":
        return
    cause = second.hangup_cause or "NORMAL_CLEARING"
    if first.is_true("park_after_bridge"):
        first.park(lambda: False)
    elif after := first.get_variable("transfer_after_bridge"):
        extension, plan, context, *_ = [*after.split(":"), "", ""]
        first.transfer(extension, plan, context)
    elif first.is_true("hangup_after_bridge") or first.get_variable("hangup_after_bridge") == "explicit":
        first.hangup(cause)
