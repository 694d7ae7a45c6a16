"""How much an agent can do at once: the one place that says whether there is room for one more.

`Engine` asks it for each channel; `load` counts what the agent has now, by channel, offers included.
"""

from collections.abc import Mapping
from typing import Protocol


class Capacity(Protocol):
    """A capacity model."""

    def has_room(self, load: Mapping[str, int], channel: str) -> bool:
        """Whether an agent with this load can take one more of `channel`."""


class OneThingAtATime:
    """Nothing beside anything else: the model for agents who only take calls."""

    def has_room(self, load: Mapping[str, int], channel: str) -> bool:
        return not any(load.values())
