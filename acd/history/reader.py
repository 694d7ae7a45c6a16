"""Reads the stream of events and writes it to SQL, a batch a transaction, with the position in the same one.

A database or Redis that is away costs time, never an event: the batch is tried again. When SQL refuses an event for
good, the batch is written one by one, and that event is logged and passed over: one bad row never stops history.
"""

from typing import Any

import redis
import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from acd.contract import EVENTS
from acd.history.position import keep_position, read_position
from acd.history.rows import write_event
from acd.messages import decode_event

log = structlog.get_logger(__name__)

BATCH = 200
REFUSED = (DataError, IntegrityError, ValueError, KeyError, TypeError)


class EventReader:
    """Takes events from Redis to SQL.

    Args:
        bus: a client with `decode_responses=True` whose answers may take longer than the longest wait.
    """

    def __init__(self, bus: redis.Redis, record: Engine) -> None:
        self._bus, self._record = bus, record

    def step(self, wait_seconds: float) -> int:
        """Write the next events, waiting for some when there are none; returns how many there were.

        Raises:
            RedisError, SQLAlchemyError: away; nothing was written, call again.
        """
        with Session(self._record) as session:
            position = read_position(session)
        # redis-py's hints don't tell blocking answers from awaitable ones.
        stream: Any = self._bus
        found = stream.xread({EVENTS: f"{position}-0"}, count=BATCH, block=max(1, round(wait_seconds * 1000)))
        rows = found[0][1] if found else []
        if not rows:
            return 0
        batch = [(int(str(row_id).partition("-")[0]), fields["data"]) for row_id, fields in rows]
        try:
            self._write(batch)
        except REFUSED:
            self._write_one_by_one(batch)
        return len(rows)

    def _write(self, batch: list[tuple[int, str]]) -> None:
        with Session(self._record, autoflush=False) as session, session.begin():
            for _, text in batch:
                write_event(session, decode_event(text))
            keep_position(session, batch[-1][0])

    def _write_one_by_one(self, batch: list[tuple[int, str]]) -> None:
        with Session(self._record) as session, session.begin():
            for event_id, text in batch:
                self._write_alone(session, event_id, text)
            keep_position(session, batch[-1][0])

    def _write_alone(self, session: Session, event_id: int, text: str) -> None:
        try:
            with session.begin_nested():
                write_event(session, decode_event(text))
        except REFUSED as error:
            log.error(
                "history_event_refused", event_id=event_id, error=str(error).splitlines()[0], event_text=text
            )
