"""Reads the stream of events and writes it to SQL, a batch a transaction, with the position in the same one.

A database or Redis that is away costs time, never an event: the batch is tried again. An event that SQL refuses for
good is logged and passed over, so that one bad row never stops history.
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
        with Session(self._record) as session, session.begin():
            for row_id, fields in rows:
                position = int(str(row_id).partition("-")[0])
                self._write(session, position, fields["data"])
            keep_position(session, position)
        return len(rows)

    def _write(self, session: Session, event_id: int, text: str) -> None:
        try:
            with session.begin_nested():
                write_event(session, decode_event(text))
        except (DataError, IntegrityError, ValueError, KeyError, TypeError) as error:
            log.error(
                "history_event_refused", event_id=event_id, error=str(error).splitlines()[0], event_text=text
            )
