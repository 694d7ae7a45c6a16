"""What the scripts use of the switch's own objects, as protocols: FreeSWITCH's `Event` and `Stream`."""

from typing import Protocol


class SwitchEvent(Protocol):
    """FreeSWITCH's `Event`: the parameters of a look-up, or a channel's data after its hangup."""

    def getHeader(self, name: str) -> str | None: ...  # noqa: N802


class SwitchStream(Protocol):
    """FreeSWITCH's `Stream`: where an API command's reply goes."""

    def write(self, text: str) -> object: ...
