"""What the reporting hook does with a leg that has ended: its record goes to the spool, one file a leg.

`cdr.fsapi` calls `report`; `acd.history` loads the files into SQL, many in one transaction, within a second. So a hangup
costs the switch one small file: no database, slow, locked or down, ever holds a call's thread.
"""

import structlog

from fs_scripts import process, spool
from fs_scripts.leg_record import leg_record
from fs_scripts.switch import SwitchEvent, SwitchStream

log = structlog.get_logger(__name__)


def report(stream: SwitchStream, env: SwitchEvent) -> None:
    """Keep one leg's record; see `cdr.fsapi`."""
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
        stream.write("+OK\n" if _spooled(record) else "-ERR not stored\n")


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
