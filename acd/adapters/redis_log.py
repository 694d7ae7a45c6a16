"""Reading the log back: the state that a new writer starts from, and the export for `log`, `why` and `replay`."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from acd.adapters.redis_connection import Bus
from acd.adapters.redis_journal import BASE
from acd.contract import EVENTS, INPUTS, SNAPSHOT

PAGE = 1000


@dataclass(frozen=True, slots=True)
class Entry:
    """An input of the log."""

    number: int
    text: str
    digest: str


@dataclass(frozen=True, slots=True)
class Start:
    """Where a log begins: the state before its first input, None for nothing."""

    number: int
    state: dict[str, Any] | None


async def read_snapshot(bus: Bus, key: str = SNAPSHOT) -> Start:
    """The snapshot under `key`, or an empty start."""
    text = await bus.get(key)
    if not text:
        return Start(0, None)
    data = json.loads(text)
    return Start(int(data["last_input_id"].partition("-")[0]), data["state"])


async def read_base(bus: Bus) -> Start:
    """Where the kept log begins."""
    return await read_snapshot(bus, BASE)


async def read_inputs(bus: Bus, after: int) -> AsyncIterator[Entry]:
    """The inputs with a number above `after`, in order."""
    while True:
        rows = await bus.xrange(INPUTS, min=f"({after}-0", count=PAGE)
        for row_id, fields in rows:
            after = int(row_id.partition("-")[0])
            yield Entry(after, fields["data"], fields.get("out", ""))
        if len(rows) < PAGE:
            return


async def read_events(bus: Bus, after: int = 0) -> AsyncIterator[dict[str, Any]]:
    """The events with an id above `after`, in order, as JSON objects."""
    while True:
        rows = await bus.xrange(EVENTS, min=f"({after}-0", count=PAGE)
        for row_id, fields in rows:
            after = int(row_id.partition("-")[0])
            yield json.loads(fields["data"])
        if len(rows) < PAGE:
            return


async def last_number(bus: Bus, stream: str) -> int:
    """The number of the newest entry of the stream of inputs or events, 0 when there is none."""
    rows = await bus.xrevrange(stream, count=1)
    return int(rows[0][0].partition("-")[0]) if rows else 0
