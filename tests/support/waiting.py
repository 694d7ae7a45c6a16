"""Waiting for a fact, with a deadline; the only clock in the tests."""

import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")


def wait_until(
    fact: Callable[[], Value], *, seconds: float = 10, what: str = "", every: float = 0.05
) -> Value:
    """Ask `fact` until it is true and return what it gave.

    Args:
        fact: asked again and again; it must return quickly.
        seconds: how long to go on.
        what: said in the error, e.g. "the agent to be idle".

    Raises:
        TimeoutError: it was not true in time.
    """
    deadline = time.monotonic() + seconds
    while True:
        value = fact()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(
                f"waited {seconds} s in vain for {what or fact}; the last answer was {value!r}"
            )
        time.sleep(every)
