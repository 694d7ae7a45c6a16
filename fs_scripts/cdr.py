"""After a hangup: `api_reporting_hook=python fs_scripts.cdr` writes the leg's CDR to SQL, or to the spool.

The switch calls `fsapi` once a channel, on that channel's own thread, also when the caller has hung up. A database
that does not answer within about a second gets the record later, from the spool.
"""

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from fs_scripts import process, spool, writers
from fs_scripts.leg_record import leg_record
from fs_scripts.switch import SwitchEvent, SwitchStream
from sql.record import write_leg

log = structlog.get_logger(__name__)


def fsapi(session: object, stream: SwitchStream, env: SwitchEvent, args: str) -> None:
    """Write one leg.

    Args:
        session: unused; FreeSWITCH gives the text "na" here.
        stream: gets `+OK`, or `-ERR` when the record is in the log only.
        env: the channel's data, about 13 kB of headers.
        args: unused.
    """
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
