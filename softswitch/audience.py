"""Who of the event socket's listeners hears which event, so that an event nobody wants is never made.

`softswitch.eventsocket` keeps one. A listener is either bound to a channel (a call that was handed out, `myevents`)
or wide: it asked for events of all channels. Changed on the event socket's loop only; `wants` is asked on any thread.
"""

from typing import TYPE_CHECKING

from esl.event import Event

if TYPE_CHECKING:
    from softswitch.listener import Listener


class Audience:
    """See the module's text."""

    def __init__(self) -> None:
        self._everybody: dict[Listener, str] = {}  # and the channel that it is bound to, '' for none
        self._wide: tuple[Listener, ...] = ()
        self._bound: dict[str, tuple[Listener, ...]] = {}

    def __len__(self) -> int:
        return len(self._everybody)

    def everybody(self) -> tuple["Listener", ...]:
        """All listeners."""
        return tuple(self._everybody)

    def place(self, listener: "Listener") -> None:
        """A listener has come, or asked for other events than before."""
        uuid = listener.channel.uuid if listener.channel is not None else ""
        self._everybody[listener] = uuid
        if uuid and listener not in self._bound.get(uuid, ()):
            self._bound[uuid] = (*self._bound.get(uuid, ()), listener)
        is_wide = listener.subscription.enabled and not listener.subscription.own_uuid
        if is_wide != (listener in self._wide):
            others = tuple(each for each in self._wide if each is not listener)
            self._wide = (*others, listener) if is_wide else others

    def remove(self, listener: "Listener") -> None:
        """It has left."""
        uuid = self._everybody.pop(listener, "")
        self._wide = tuple(each for each in self._wide if each is not listener)
        if rest := tuple(each for each in self._bound.pop(uuid, ()) if each is not listener):
            self._bound[uuid] = rest

    def wants(self, name: str, uuid: str) -> bool:
        """Whether an event of this name and channel may be for somebody."""
        bound = self._bound.get(uuid, ())
        if bound and name == "CHANNEL_HANGUP_COMPLETE":
            return True  # by it a listener knows that its channel is down, whatever it asked for
        return any(listener.subscription.may_want(name) for listener in self._wide + bound)

    def of(self, event: Event) -> tuple["Listener", ...]:
        """Who may get this event, each once; a listener decides for itself whether it wants it."""
        headers = event.headers
        found = self._wide
        for uuid in {headers.get("Unique-ID", ""), headers.get("Job-Owner-UUID", "")}:
            found += tuple(each for each in self._bound.get(uuid, ()) if each not in found)
        return found
