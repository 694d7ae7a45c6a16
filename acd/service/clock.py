"""The clock of the inputs: wall time that never goes back, whatever is done to the system's clock."""

import asyncio
import time


class SteadyClock:
    """Runs with the monotonic clock from `max(wall time, not_before_us)` on, and follows the wall when that is ahead."""

    def __init__(self, not_before_us: int = 0) -> None:
        self._offset_us = max(time.time_ns() // 1000, not_before_us) - time.monotonic_ns() // 1000

    def now_us(self) -> int:
        """Microseconds since the epoch."""
        steady = time.monotonic_ns() // 1000
        wall = time.time_ns() // 1000
        if wall > steady + self._offset_us:
            self._offset_us = wall - steady
        return steady + self._offset_us


async def set_within(event: asyncio.Event, seconds: float | None) -> bool:
    """Wait for the event; False when it did not come in time. None waits for ever.

    Not `asyncio.wait_for`: on Python 3.11 that one can lose a cancellation that comes together with the event.
    """
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
