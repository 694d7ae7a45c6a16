"""What a switch's lists can't show yet. FreeSWITCH writes `show channels` and `show registrations` behind its events.

`esl_client` notes each event here and has what it then reads from the lists corrected: 0.2 s of delay were seen on an
idle FreeSWITCH 1.10.12, and without this a caller who has just arrived would be taken for gone.
"""

import time
from collections.abc import Callable, Iterable

from acd.adapters.legs import extension_of_event
from acd.domain.inputs import SeenLeg
from esl import Event

DELAY_SECONDS = 3.0


class Lately:
    """The legs and registrations that began or ended in the last seconds.

    Args:
        clock: seconds that only go forward.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._legs: dict[str, tuple[float, SeenLeg | None]] = {}  # None: it has ended
        self._phones: dict[str, float] = {}  # registered at

    def note(self, event: Event) -> None:
        """Take an event."""
        now = self._clock()
        if event.name == "CHANNEL_CREATE":
            self._legs[event.uuid] = now, SeenLeg(leg_id=event.uuid, extension=extension_of_event(event))
        elif event.name in ("CHANNEL_HANGUP", "CHANNEL_HANGUP_COMPLETE"):
            self._legs[event.uuid] = now, None
        elif event.subclass == "sofia::register":
            self._phones[event.get("from-user") or event.get("username") or ""] = now
        elif event.subclass:
            self._phones.pop(event.get("from-user") or event.get("username") or "", None)

    def legs(self, shown: Iterable[SeenLeg]) -> tuple[SeenLeg, ...]:
        """The legs that there are: those shown but for the ended ones, and those that can't be shown yet."""
        self._forget()
        there = {leg.leg_id: leg for leg in shown}
        for leg_id, (_, leg) in self._legs.items():
            if leg is None:
                there.pop(leg_id, None)
            else:
                there.setdefault(leg_id, leg)
        return tuple(there.values())

    def registered(self, shown: Iterable[str]) -> tuple[str, ...]:
        """The extensions that are registered. One that has just left may still be shown: its phone may have another."""
        self._forget()
        return tuple(sorted({*shown, *self._phones}))

    def _forget(self) -> None:
        since = self._clock() - DELAY_SECONDS
        self._legs = {leg_id: entry for leg_id, entry in self._legs.items() if entry[0] >= since}
        self._phones = {extension: at for extension, at in self._phones.items() if at >= since}
