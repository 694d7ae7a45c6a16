"""What the parts of the built-in switch know of each other.

`dialplan`, `commands` and `eventsocket` see the switch only as these protocols, so they are tested without
SIP; `switch` and `channel` implement them. Names and meanings are FreeSWITCH's.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from softswitch.events import Event, Wants

OnEvent = Callable[[Event], None]


class Channel(Protocol):
    """One leg. Every method may be called from any thread; the ones that wait say so."""

    uuid: str
    name: str  # sofia/internal/1001@127.0.0.1:5060
    direction: str  # inbound, outbound (as the switch sees it)
    variables: dict[str, str]  # read and written under the channel's own lock through the two methods below

    def get_variable(self, name: str) -> str | None:
        """A channel variable, or a caller-profile field (`uuid`, `destination_number`, `caller_id_number`...)."""

    def set_variable(self, name: str, value: str | None) -> None:
        """Set a variable; None or '' removes it."""

    def execute(self, application: str, argument: str = "", event_uuid: str = "") -> None:
        """Run an application on the calling (the channel's own) thread and return when it is done.

        Publishes CHANNEL_EXECUTE and CHANNEL_EXECUTE_COMPLETE with `Application-UUID` = `event_uuid` or a new one.
        """

    def queue_execute(
        self,
        application: str,
        argument: str = "",
        event_uuid: str = "",
        *,
        loops: int = 1,
        lock: bool = False,
    ) -> None:
        """Queue an application (a `sendmsg` of the event socket); the channel's thread runs it in turn.

        As in FreeSWITCH it also runs inside a playback or wait that goes on; `lock` (`event-lock: true`) lets
        nothing else of the queue run until this one is done.
        """

    def park(self, until: Callable[[], bool]) -> None:
        """Run what is queued, on the calling (the channel's own) thread, until `until()` is true.

        Returns too when the leg is hung up or transferred. Publishes CHANNEL_PARK and CHANNEL_UNPARK.
        `until` must be quick; call `wake` when its answer may have changed. (The `socket` application.)
        """

    def wake(self) -> None:
        """Have the channel's thread look again at what it waits for."""

    def play_aside(self, source: str, *, loop: bool = False) -> None:
        """Play to this leg without occupying its thread (`uuid_displace`, `uuid_broadcast` on a bridged leg)."""

    def hangup(self, cause: str = "NORMAL_CLEARING") -> None:
        """End the leg; returns at once."""

    def break_application(self, *, everything: bool = False) -> None:
        """Stop the playback or wait that runs now (`uuid_break`); with `everything` also what is queued behind it."""

    def transfer(self, extension: str, dialplan: str = "XML", context: str = "") -> None:
        """Leave what runs and route anew (`uuid_transfer`); a bridged peer is hung up or goes its own way as in FreeSWITCH."""

    def event_data(self) -> dict[str, str]:
        """The headers that channel events carry: Unique-ID, Channel-State, Caller-*, variable_*."""

    @property
    def is_up(self) -> bool:
        """Not yet hung up."""

    @property
    def is_answered(self) -> bool:
        """Answered."""

    @property
    def bridged_to(self) -> str | None:
        """UUID of the leg that this one talks with."""


class Switch(Protocol):
    """The switch as API commands see it."""

    def channel(self, uuid: str) -> Channel | None:
        """The live leg with this UUID."""

    def channels(self) -> Sequence[Channel]:
        """All live legs, oldest first."""

    def publish(self, event: Event) -> None:
        """Send an event to every subscriber, in one order for all."""

    def subscribe(self, listener: OnEvent, wants: Wants | None = None) -> Callable[[], None]:
        """Call `listener` for each event, on the publisher's thread (it must not block); returns the unsubscriber.

        `wants` says which channel events are made for it; all when left out.
        """

    def originate(
        self, dial_string: str, variables: Mapping[str, str], timeout_seconds: float
    ) -> tuple[Channel | None, str]:
        """Dial; wait for the answer. Returns the answered leg, or None and the hangup cause."""

    def bridge_legs(self, uuid: str, other_uuid: str) -> bool:
        """Connect two answered legs (`uuid_bridge`); False when either is gone."""

    def hold(self, uuid: str, on: bool) -> bool:
        """`uuid_hold`: re-INVITE the leg sendonly and play its peer the hold music; False when it is gone."""

    def displace(self, uuid: str, source: str, on: bool) -> bool:
        """`uuid_displace`: the leg hears `source`, its peer silence; False when it is gone or that is so already."""

    def mute(self, uuid: str, on: bool) -> bool:
        """`uuid_audio`: nobody hears what the leg says, and no recording does; False when it is gone."""

    def phone_event(self, uuid: str, event: str) -> bool:
        """`uuid_phone_event`: NOTIFY with this event within the leg's dialog; False when it is gone."""

    def record(self, uuid: str, path: str, action: str) -> bool:
        """`uuid_record`: action is start, stop, mask or unmask."""

    def registrations(self) -> Sequence[Mapping[str, str]]:
        """Rows of `show registrations`: reg_user, realm, token, url, expires, network_ip, network_port..."""

    def reload(self) -> None:
        """`reloadxml`: read the configuration again; a broken file keeps the last good one and raises `ConfigError`."""
