"""Keeps the flows' contact files true: after each change of a contact, a number or the blacklist `refresh` writes them.

The call path reads files, never the database (`ivr.contacts`). A file has `name`, `vip`, `company` and `id`; for a
number on the blacklist also `blocked` and, when it ends, `blocked_until` (local time, as `now.datetime` in a flow).
"""

import threading
from pathlib import Path
from typing import Any

import redis
import structlog
from flask import Flask, current_app
from sqlalchemy import or_, select
from sqlalchemy.exc import SQLAlchemyError

from admin.db import db
from admin.server import off_the_loop
from admin.shell import centre
from admin.sockets import socketio
from ivr.contacts import write
from sql.models import BlacklistEntry, Contact, ContactNumber
from uckefu.times import now, shown

log = structlog.get_logger(__name__)
LOCK_SECONDS = 30
_here = threading.Lock()
"""Threads of this process write one after the other; processes agree by a lock in Redis."""


def folder() -> Path:
    """Where the files are; `fs_scripts` reads them there."""
    return Path(current_app.extensions["uckefu"]["settings"].instance) / "contacts"


def refresh() -> bool:
    """Write all contact files from the record. Returns whether it was done; a failure is logged and costs nothing else."""
    bus: redis.Redis = current_app.extensions["uckefu"]["bus"]
    lock = bus.lock("uckefu:contacts:writing", timeout=LOCK_SECONDS, blocking_timeout=5)
    try:
        held = bool(lock.acquire())
    except redis.RedisError:
        held = False  # without the bus two processes may write at once: each file is whole all the same
    try:
        with _here:
            off_the_loop(write, folder(), _everything(), centre().region)
    except (OSError, SQLAlchemyError) as error:
        db.session.rollback()
        log.error("contact_files_not_written", error=str(error))
        return False
    finally:
        if held:
            _release(lock)
    return True


def _release(lock: Any) -> None:
    try:
        lock.release()
    except (redis.RedisError, redis.exceptions.LockError) as error:
        log.warning("contact_lock_lost", error=str(error))


def _everything() -> dict[str, dict[str, Any]]:
    rows = db.session.execute(
        select(ContactNumber.number, Contact.id, Contact.name, Contact.company, Contact.vip_level)
        .join(Contact, Contact.id == ContactNumber.contact_id)
        .where(Contact.merged_into_id.is_(None))
    )
    known: dict[str, dict[str, Any]] = {
        number: {"id": id_, "name": name, "company": company, "vip": vip}
        for number, id_, name, company, vip in rows
    }
    lasting = select(BlacklistEntry).where(
        or_(BlacklistEntry.expires_at.is_(None), BlacklistEntry.expires_at > now())
    )
    zone = centre().timezone
    for entry in db.session.scalars(lasting):
        one = known.setdefault(entry.number, {"id": 0, "name": "", "company": "", "vip": 0})
        until = shown(entry.expires_at, zone)
        one |= {"blocked": True, "blocked_until": f"{until:%Y-%m-%dT%H:%M:%S}" if until else ""}
    return known


def init_app(app: Flask) -> None:
    """Write the files once at the start: contacts may have come into the record by another way."""

    def first() -> None:
        with app.app_context():
            refresh()

    if not app.testing:
        socketio.start_background_task(first)
