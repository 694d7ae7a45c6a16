"""Ends an ACD that stands still: stopped, stuck in a loop, or starved; `acd.__main__` starts it, `Daemon` feeds it.

A process that is dead gives its callers back at once: its sockets close, and the dialplan goes on to the other ACD, or to
music until this one is there again. One that only stands still would keep them: the kernel goes on taking connections
for it, and a caller would hear silence for ever. So a small process of its own waits for signs of life over a pipe, and
kills this one when none come; whoever started it starts it again.
"""

import asyncio
import os
import select
import signal
from contextlib import suppress

BEAT_SECONDS = 0.5
STALL_SECONDS = 5.0


class Watchdog:
    """The pipe to the process that watches. Start it before there are threads, an event loop or sockets.

    Args:
        seconds: how long this process may stand still; 0 for ever, and nothing is started.
    """

    def __init__(self, seconds: float = STALL_SECONDS) -> None:
        self._pipe = -1
        if seconds <= 0:
            return
        watched = os.getpid()
        hearing, self._pipe = os.pipe()
        os.set_blocking(self._pipe, False)
        if os.fork() == 0:
            os.close(self._pipe)
            try:
                watch(hearing, watched, seconds)
            finally:
                os._exit(0)
        os.close(hearing)

    async def feed(self) -> None:
        """Say for ever that the event loop turns."""
        while self._pipe >= 0:
            with suppress(BlockingIOError):  # full, so the watchdog has enough to read
                try:
                    os.write(self._pipe, b".")
                except BrokenPipeError:  # somebody killed it: better unwatched than not at all
                    return
            await asyncio.sleep(BEAT_SECONDS)


def watch(pipe: int, watched: int, seconds: float) -> None:
    """In the process that watches: return when the watched one has ended, or kill it when it stands still.

    Time is counted in waits of our own, so that a machine that slept (with both of us) costs nobody's life.
    """
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the whole group gets them; we end with the pipe
    missed, most = 0, max(1, round(seconds / BEAT_SECONDS))
    has_begun = False
    while missed < most:
        readable, _, _ = select.select([pipe], [], [], BEAT_SECONDS)
        if readable:
            if not os.read(pipe, 4096):
                return
            missed, has_begun = 0, True
        elif has_begun:  # it may take its time to start
            missed += 1
    if os.getppid() == watched:
        os.write(2, b'{"process": "acd", "level": "critical", "event": "acd_stood_still_and_was_killed"}\n')
        os.kill(watched, signal.SIGKILL)
