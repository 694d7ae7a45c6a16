"""How many legs may be at the database at once. `reporting` takes a place for each.

The engine's pool would let the next one wait half a minute for a connection; here it waits a second, then spools.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

PLACES = threading.BoundedSemaphore(10)
WAIT_SECONDS = 1.0


class AllBusy(Exception):
    """Every connection to the database is in use, for longer than a hangup may wait."""


@contextmanager
def place() -> Iterator[None]:
    """A place at the database.

    Raises:
        AllBusy: none came free in time.
    """
    if not PLACES.acquire(timeout=WAIT_SECONDS):
        raise AllBusy("all database connections are busy")
    try:
        yield
    finally:
        PLACES.release()
