"""How the ACD opens Redis: short waits, no retries behind our back, since a late write must not come twice."""

from typing import Any

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

ANSWER_SECONDS = 1.0

Bus = Any
"""A `redis.asyncio.Redis` with decoded answers. Its own hints don't tell blocking results from awaitable ones."""


def open_redis(url: str, *, answer_seconds: float = ANSWER_SECONDS) -> Bus:
    """A client for `redis://…` or `unix://…`; nothing connects before the first command.

    Args:
        answer_seconds: how long a command may take before Redis counts as away.
    """
    client: Bus = redis.asyncio.from_url(
        url,
        decode_responses=True,
        socket_timeout=answer_seconds,
        socket_connect_timeout=answer_seconds,
        retry=Retry(NoBackoff(), 0),
    )
    return client
