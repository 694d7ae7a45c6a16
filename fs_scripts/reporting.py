"""What `cdr` does after a hangup: the leg's record goes to SQL, or to the spool when the database does not answer."""

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from fs_scripts import process, spool, writers
from fs_scripts.leg_record import leg_record
from fs_scripts.switch import SwitchEvent, SwitchStream
from sql.record import write_leg

log = structlog.get_logger(__name__)


def report(stream: SwitchStream, env: SwitchEvent) -> None:
    """Write one leg; see `cdr.fsapi`."""
    process.use_switch_log()
    settings = process.settings()
    try:
        record = leg_record(env.getHeader, settings.recordings_dir, settings.switch_name)
    except ValueError as error:
        log.error("cdr_refused", reason=str(error))
        stream.write("-ERR no channel data\n")
        return
    names = {"interaction_id": record["leg"]["interaction_id"], "call_uuid": record["leg"]["id"]}
    with structlog.contextvars.bound_contextvars(**names):
        stream.write("+OK\n" if _written(record) or _spooled(record) else "-ERR not stored\n")


def _written(record: dict[str, object]) -> bool:
    try:
        with writers.place(), Session(process.engine(process.settings().sql_url)) as session:
            write_leg(session, record)
            session.commit()
    except (SQLAlchemyError, ValueError, writers.AllBusy) as error:
        log.warning("cdr_not_in_sql", reason=str(error))
        return False
    log.info("cdr_written")
    return True


def _spooled(record: dict[str, object]) -> bool:
    leg = record["leg"]
    assert isinstance(leg, dict)  # noqa: S101 - leg_record always gives one
    try:
        spool.put(process.settings().spool_dir, leg["id"], record)
    except (OSError, ValueError) as error:
        log.error("cdr_lost_but_for_this_line", reason=str(error), record=record)
        return False
    log.info("cdr_spooled")
    return True
