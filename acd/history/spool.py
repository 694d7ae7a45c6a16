"""Loads the CDRs that the switch puts into the spool: each file once, removed when its row is committed.

All that are there go in one transaction; when one of them is refused, each gets its own, and that one is set aside.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from sql.record import write_leg

log = structlog.get_logger(__name__)

AT_ONCE = 200
REFUSED = (ValueError, TypeError, AttributeError, DataError, IntegrityError)


def load_spool(record: Engine, folder: Path) -> int:
    """Load what is there; returns how many. A file that is no CDR is set aside as `<name>.bad`.

    Raises:
        SQLAlchemyError: SQL is away; the files stay.
        OSError: the folder can't be read or written.
    """
    found = list(_read(folder))
    if not found:
        return 0
    try:
        return _load(record, found)
    except REFUSED:
        return sum(_load_alone(record, path, text) for path, text in found)


def _read(folder: Path) -> Iterable[tuple[Path, str]]:
    if not folder.is_dir():
        return
    for path in sorted(folder.glob("*.json"))[:AT_ONCE]:
        try:
            yield path, path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            continue  # another loader was faster


def _load(record: Engine, found: list[tuple[Path, str]]) -> int:
    with Session(record) as session, session.begin():
        for _, text in found:
            write_leg(session, _object(text))
    # A crash between commit and here loads them again, which changes nothing.
    for path, _ in found:
        path.unlink(missing_ok=True)
    return len(found)


def _load_alone(record: Engine, path: Path, text: str) -> int:
    try:
        return _load(record, [(path, text)])
    except REFUSED as error:
        log.error("cdr_set_aside", file=path.name, error=str(error).splitlines()[0])
        path.replace(path.with_suffix(".bad"))
        return 0


def _object(text: str) -> dict[str, Any]:
    found = json.loads(text)
    if not isinstance(found, dict):
        raise TypeError("a CDR must be an object")
    return found
