"""How far the events are in SQL: kept there, in the transaction that writes them, so that none counts twice."""

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from sql.models import HistoryPosition
from sql.record import upsert

log = structlog.get_logger(__name__)

NAME = "acd.events"


def read_position(session: Session) -> int:
    """The number of the last event that is in SQL, 0 for none."""
    found = session.get(HistoryPosition, NAME)
    return found.event_id if found else 0


def keep_position(session: Session, event_id: int) -> None:
    """Note it; the caller commits."""
    upsert(session, HistoryPosition, {"name": NAME}, {"event_id": event_id})


def recorded_event_id(record: Engine) -> int:
    """For the daemon's start: the last number that SQL knows, 0 when it can't be asked."""
    try:
        with Session(record) as session:
            return read_position(session)
    except SQLAlchemyError as error:
        log.warning("acd_record_not_asked", error=str(error).splitlines()[0])
        return 0
