"""The recording of a call while it is in a flow: started, stopped and paused by `record` nodes, stopped at the flow's end.

The talk with an agent has a recording of its own, which the dialplan starts (`uckefu_recording`).
"""

from datetime import datetime
from pathlib import Path

from ivr.filing import Filing
from ivr.session import Session


class Recorder:
    """The flow's recording of one call; at most one at a time."""

    def __init__(self, session: Session, filing: Filing, interaction_id: str) -> None:
        self.session, self.filing, self.interaction_id = session, filing, interaction_id
        self.path: Path | None = None
        self.paused = False

    def start(self, at: datetime) -> bool:
        """Begin; False when one runs already or there is no place for it."""
        if self.path is not None:
            return False
        path = self.filing.audio_path("flow-recordings", self.interaction_id, at)
        if path is None:
            return False
        self.session.start_recording(path)
        self.path, self.paused = path, False
        return True

    def stop(self) -> bool:
        """End; False when none runs."""
        if self.path is None:
            return False
        path, self.path = self.path, None
        self.session.stop_recording(path)
        return True

    def pause(self, on: bool) -> bool:
        """Silence in the recording from now on, or speech again; False when that changes nothing."""
        if self.path is None or self.paused == on:
            return False
        self.session.mask_recording(self.path, on)
        self.paused = on
        return True
