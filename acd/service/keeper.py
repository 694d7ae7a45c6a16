"""What happens besides deciding: the view for the pages, and snapshots, each no more often than it must.

`writer` starts one; both tasks end with the process or when another one writes.
"""

import asyncio
import json
import time

from acd.domain.view import build
from acd.service.core import Core
from acd.service.ports import Journal

VIEW_SECONDS = 0.05  # the shortest time between two views
SNAPSHOT_SECONDS = 30.0
SNAPSHOT_INPUTS = 2000


class Keeper:
    """Publishes and keeps the state of a core."""

    def __init__(self, core: Core, journal: Journal) -> None:
        self._core, self._journal = core, journal
        self._kept_number = core.engine.state.input_number

    async def publish_views(self) -> None:
        """Publish the view after each change; changes that come thick and fast share one."""
        while True:
            await self._core.changed.wait()
            self._core.changed.clear()
            began = time.monotonic()
            view = json.dumps(build(self._core.engine), ensure_ascii=False, separators=(",", ":"))
            building = time.monotonic() - began
            await self._journal.show(view)
            # Never more than a twentieth of the time goes into views, however many wait.
            await asyncio.sleep(max(VIEW_SECONDS, 20 * building))

    async def keep_snapshots(self) -> None:
        """Write a snapshot now and then, so that a restart replays little."""
        last = time.monotonic()
        while True:
            await asyncio.sleep(1)
            news = self._core.engine.state.input_number - self._kept_number
            if news >= SNAPSHOT_INPUTS or (news and time.monotonic() - last >= SNAPSHOT_SECONDS):
                last = time.monotonic()
                await self.snapshot()

    async def snapshot(self) -> None:
        """Write one now."""
        number = self._core.engine.state.input_number
        await self._journal.snapshot(number, self._core.engine.state.dump())
        self._kept_number = number
