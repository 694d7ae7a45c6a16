"""How the ACD opens Redis: short waits, no retries behind our back, since a late write must not come twice."""

import asyncio
from typing import Any

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

ANSWER_SECONDS = 1.0

Bus = Any
"""A `redis.asyncio.Redis` with decoded answers. Its own hints don't tell blocking results from awaitable ones."""


class _Patient(redis.asyncio.Redis):
    """A client whose commands end after `answer_seconds`, with TimeoutError.

    redis-py's own `socket_timeout` goes through `asyncio.wait_for`, which on Python 3.11 loses a cancellation that comes
    together with an answer: a task of ours would then live on after its end.
    """

    answer_seconds = ANSWER_SECONDS

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        async with asyncio.timeout(self.answer_seconds):
            return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]


def open_redis(url: str, *, answer_seconds: float = ANSWER_SECONDS) -> Bus:
    """A client for `redis://…` or `unix://…`; nothing connects before the first command.

    Args:
        answer_seconds: how long a command may take before Redis counts as away.
    """
    client: Bus = _Patient.from_url(
        url,
        decode_responses=True,
        socket_timeout=None,
        socket_connect_timeout=None,
        retry=Retry(NoBackoff(), 0),
    )
    client.answer_seconds = answer_seconds
    return client
