"""Loads CDRs that the switch could not write to SQL: each file once, removed when its row is committed."""

import json
from pathlib import Path

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from sql.record import write_leg

log = structlog.get_logger(__name__)

AT_ONCE = 200


def load_spool(record: Engine, folder: Path) -> int:
    """Load what is there; returns how many. A file that is no CDR is set aside as `<name>.bad`.

    Raises:
        SQLAlchemyError: SQL is away; the files stay.
        OSError: the folder can't be read or written.
    """
    if not folder.is_dir():
        return 0
    loaded = 0
    for path in sorted(folder.glob("*.json"))[:AT_ONCE]:
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            continue  # another loader was faster
        try:
            with Session(record) as session, session.begin():
                write_leg(session, json.loads(text))
        except (ValueError, TypeError, AttributeError, DataError, IntegrityError) as error:
            log.error("cdr_set_aside", file=path.name, error=str(error).splitlines()[0])
            path.replace(path.with_suffix(".bad"))
            continue
        # A crash between commit and here loads it again, which changes nothing.
        path.unlink(missing_ok=True)
        loaded += 1
    return loaded
