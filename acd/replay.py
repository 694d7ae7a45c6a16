"""`python -m acd log` and `python -m acd replay`: a recorded log as JSON lines, and every decision of it made again.

A log begins with the state before its first input. A replay stops at the first decision that differs.
"""

import json
import sys
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import IO, Any

from acd.adapters.redis_connection import Bus
from acd.adapters.redis_log import Entry, read_base, read_inputs
from acd.domain.engine import Engine
from acd.domain.state import State
from acd.service.record import digest
from acd.service.restore import apply_again


class BadLog(Exception):
    """The file is no log of ours; the message has the line."""

    code = "bad-log"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a replay found. `different_at` is the number of the first input that was decided differently, or None."""

    inputs: int
    events: int
    different_at: int | None
    state: str


async def export(bus: Bus) -> AsyncIterator[str]:
    """The lines of the log that Redis has."""
    start = await read_base(bus)
    yield json.dumps({"start": {"number": start.number, "state": start.state}}, ensure_ascii=False)
    async for entry in read_inputs(bus, start.number):
        yield json.dumps(
            {"number": entry.number, "out": entry.digest, "input": json.loads(entry.text)}, ensure_ascii=False
        )


def replay(lines: Iterable[str]) -> Outcome:
    """Make every decision again and compare. Raises BadLog."""
    rows = (_row(number, line) for number, line in enumerate(lines, 1) if line.strip())
    first: dict[str, Any] = next(rows, {})
    if "start" not in first:
        raise BadLog("line 1: a log begins with its start")
    state = first["start"]["state"]
    engine = Engine(State.from_json(state) if state else None)
    inputs = events = 0
    for row in rows:
        entry = Entry(int(row["number"]), json.dumps(row["input"], ensure_ascii=False), str(row["out"]))
        decision = apply_again(engine, entry)
        inputs += 1
        events += len(decision.events) if decision else 0
        if decision is None or digest(decision) != entry.digest:
            return Outcome(inputs, events, entry.number, engine.state.dump())
    return Outcome(inputs, events, None, engine.state.dump())


def report(stream: IO[str]) -> int:
    """Replay a file and print what was found as JSON; the exit code is 1 when a decision differs."""
    outcome = replay(stream)
    found = {"inputs": outcome.inputs, "events": outcome.events, "different_at": outcome.different_at}
    sys.stdout.write(json.dumps(found) + "\n")
    return 0 if outcome.different_at is None else 1


def _row(number: int, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise BadLog(f"line {number}: {error}") from error
    if not isinstance(row, dict) or not ({"start"} <= set(row) or {"number", "input", "out"} <= set(row)):
        raise BadLog(f"line {number}: neither a start nor an input")
    return row
