"""The SIP users: read from SQL at most every few seconds, kept in memory and in a file of mode 600.

`directory.xml_fetch` asks at each REGISTER and INVITE. The whole table is read at once: it is small, a caller who
tries a thousand user names costs nothing, and when the database is away the phones go on with what was last known.
"""

import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import structlog
from sqlalchemy import Engine, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from sql.models import Agent, User

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class SipUser:
    """Somebody who may register a phone. `a1_hash` is MD5(extension:domain:password)."""

    extension: str
    a1_hash: str
    name: str


Table = dict[str, SipUser]


class UserTable:
    """The users by extension.

    Args:
        engine: gives the database.
        cache_file: where the last known users are kept.
        clock: seconds that only go forward.
        fresh_seconds: how long a table is used before the database is asked again; also after a failure.
    """

    def __init__(
        self,
        engine: Callable[[], Engine],
        cache_file: Path,
        clock: Callable[[], float] = time.monotonic,
        fresh_seconds: float = 5.0,
    ) -> None:
        self.engine, self.cache_file, self.clock, self.fresh_seconds = (
            engine,
            cache_file,
            clock,
            fresh_seconds,
        )
        self._lock = threading.Lock()  # guards the two fields below; never held over SQL or files
        self._table: Table | None = None
        self._due_at = float("-inf")

    def find(self, extension: str) -> SipUser | None:
        """The user with this extension, or None."""
        with self._lock:
            table, mine = self._table, self.clock() >= self._due_at
            if mine:  # one thread asks the database; the others go on with the table that there is
                self._due_at = self.clock() + self.fresh_seconds
        if mine or table is None:
            table = self._refreshed(table)
        return table.get(extension)

    def _refreshed(self, old: Table | None) -> Table:
        try:
            table = self._read()
        except SQLAlchemyError as error:
            log.error("directory_database_away", error=str(error))
            table = self._kept() if old is None else old
        else:
            if table != old:
                self._keep(table)
        with self._lock:
            self._table = table
        return table

    def _read(self) -> Table:
        query = select(Agent.extension, Agent.a1_hash, User.name).join(User).where(User.active)
        with Session(self.engine()) as session:
            return {
                row.extension: SipUser(row.extension, row.a1_hash, row.name) for row in session.execute(query)
            }

    def _kept(self) -> Table:
        try:
            rows = json.loads(self.cache_file.read_text(encoding="utf-8"))
            return {row["extension"]: SipUser(**row) for row in rows}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, KeyError) as error:
            log.error("directory_cache_unreadable", path=str(self.cache_file), error=str(error))
            return {}

    def _keep(self, table: Table) -> None:
        part = self.cache_file.with_suffix(f".{os.getpid()}-{threading.get_ident()}.part")
        try:
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                json.dump([asdict(user) for user in table.values()], stream)
            part.replace(self.cache_file)
        except OSError as error:
            log.warning("directory_cache_not_written", path=str(self.cache_file), error=str(error))
