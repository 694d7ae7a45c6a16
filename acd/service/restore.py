"""Where a new writer begins: the snapshot, and every input that was logged after it, applied again.

`daemon` calls it with what `adapters.redis_log` reads.
"""

from collections.abc import AsyncIterator
from typing import Any, Protocol

import structlog

from acd.domain.engine import Decision, Engine
from acd.domain.inputs import decode_input
from acd.domain.state import State
from acd.service.record import digest

log = structlog.get_logger(__name__)


class LoggedInput(Protocol):
    """An input as the log has it."""

    @property
    def number(self) -> int: ...
    @property
    def text(self) -> str: ...
    @property
    def digest(self) -> str: ...


async def restore(state: dict[str, Any] | None, inputs: AsyncIterator[LoggedInput]) -> Engine:
    """The engine as it was when the last input had been logged. Raises UnknownSnapshot."""
    engine = Engine(State.from_json(state) if state else None)
    replayed, different = 0, 0
    async for entry in inputs:
        replayed += 1
        decision = apply_again(engine, entry)
        different += decision is not None and digest(decision) != entry.digest
    log.info("acd_restored", input_number=engine.state.input_number, replayed=replayed, different=different)
    return engine


def apply_again(engine: Engine, entry: LoggedInput) -> Decision | None:
    """Apply a logged input; None when this version can't read it, or failed at it as the writer did."""
    engine.state.input_number = entry.number - 1  # the log has a gap when Redis was away for very long
    try:
        return engine.apply(decode_input(entry.text))
    except Exception:
        log.exception("acd_input_not_replayed", number=entry.number)
        engine.state.input_number = entry.number
        engine.rebuild()
        return None
