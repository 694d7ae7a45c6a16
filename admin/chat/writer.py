"""Messages that come quicker than transactions end share one: a commit costs the same for one as for twenty.

One green thread a process. A message that comes alone is written at once; the next transaction begins `PACE_SECONDS`
after the last one began, with whatever came meanwhile, at most one message of a conversation. Each is acknowledged
after the commit it was in. What a shared transaction can't do (SQLite, files, a message that was stored before, a
conversation that ended) is left to its caller, who does it alone.
"""

import queue
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pymysql
import structlog
from flask import Flask, current_app
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import IntegrityError, OperationalError, SQLAlchemyError

from admin.chat import numbering
from admin.chat.numbering import Draft, Place, Values
from admin.db import LONGEST_STATEMENT_SECONDS, db
from admin.server import wait_briefly
from admin.sockets import socketio
from sql.engine import make_engine

log = structlog.get_logger(__name__)
PACE_SECONDS = 0.02
MOST_TOGETHER = 100
IDLE_SECONDS = 60
LONGEST_WAIT_SECONDS = 30
"""Far beyond the database's own limits: a message must not wait for ever for a writer that failed."""
PATIENCE_MS = 5
Stored = tuple[Place, Values]
Tell = Callable[[Place, Values], None]
Ticket = tuple[Draft, Tell, "Future[Stored | None]"]


class PromptConnection(pymysql.Connection):  # type: ignore[misc]
    """Takes an answer that comes within `PATIENCE_MS` at once: with a turn of every green thread between two statements
    a transaction of 2 ms took 20 to 160. A slower one is waited for as always, while the others go on."""

    def _execute_command(self, command: int, sql: str | bytes) -> None:
        super()._execute_command(command, sql)
        wait_briefly(self._sock.fileno(), PATIENCE_MS)


def _engine_of(url: str) -> Engine:
    """The writer's own, with one connection."""
    engine = make_engine(
        url, statement_timeout_seconds=LONGEST_STATEMENT_SECONDS, pool_size=1, max_overflow=0
    )

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: Any, _record: Any, arguments: Any, options: Any) -> PromptConnection:
        return PromptConnection(*arguments, **options)

    return engine


class Writer:
    """One web process's writer.

    Args:
        app: whose database is used.
    """

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.is_running = False
        self._arrived: queue.Queue[Ticket] = queue.Queue()
        self._left: list[Ticket] = []  # of a conversation that had its turn in the last transaction
        self._connection: Connection | None = None
        self._used_at = 0.0

    def start(self) -> None:
        """Write in the background for as long as the process lives, where the database is a server."""
        with self.app.app_context():
            self.is_running = db.engine.dialect.name != "sqlite"
        if self.is_running:
            self._engine = _engine_of(self.app.config["SQLALCHEMY_DATABASE_URI"])
            socketio.start_background_task(self._write_for_ever)

    def write(self, draft: Draft, tell: Tell) -> Stored | None:
        """Store it with others, and let `tell` tell the pages after the commit, in the order of the commits.

        Returns:
            What was stored, or None when the caller must store it alone.

        Raises:
            SQLAlchemyError: nothing was stored.
        """
        if not self.is_running or draft.attachment_id:
            return None
        done: Future[Stored | None] = Future()
        self._arrived.put((draft, tell, done))
        try:
            return done.result(LONGEST_WAIT_SECONDS)
        except TimeoutError as error:
            raise SQLAlchemyError("the writer did not answer") from error

    def _write_for_ever(self) -> None:
        began = 0.0
        while True:
            first = None if self._left else self._arrived.get()
            socketio.sleep(max(0.0, began + PACE_SECONDS - time.monotonic()))
            tickets = self._take(first)
            began = time.monotonic()
            try:
                with self.app.app_context():
                    self._write(tickets)
            except Exception as error:  # whatever it is, nobody may wait for an answer that never comes
                log.exception("chat_writer_failed", messages=len(tickets))
                for _draft, _tell, done in tickets:
                    if not done.done():
                        done.set_exception(SQLAlchemyError(repr(error)))

    def _take(self, first: Ticket | None) -> list[Ticket]:
        """What comes now, in its order; a second message of a conversation waits for the next turn."""
        waiting = self._left + ([first] if first else [])
        while not self._arrived.empty():
            waiting.append(self._arrived.get())
        taken: dict[str, Ticket] = {}
        self._left = []
        for ticket in waiting:
            key = ticket[0].conversation_id
            if key in taken or len(taken) >= MOST_TOGETHER:
                self._left.append(ticket)
            else:
                taken[key] = ticket
        return list(taken.values())

    def _write(self, tickets: list[Ticket]) -> None:
        try:
            found = self._transaction([draft for draft, _tell, _done in tickets])
        except (IntegrityError, OperationalError) as error:
            if isinstance(error, OperationalError) and not _is_deadlock(error):
                raise_in(tickets, error)
                return
            found = [None] * len(
                tickets
            )  # each alone: one that was stored before must not stop its neighbours
        except SQLAlchemyError as error:
            raise_in(tickets, error)
            return
        for (_draft, tell, done), stored in zip(tickets, found, strict=True):
            if stored:
                tell(*stored)
            done.set_result(stored)

    def _transaction(self, drafts: list[Draft]) -> list[Stored | None]:
        """On a connection of its own: taking one from the pool and giving it back costs two answers of the server."""
        connection, self._connection = self._connection, None
        if connection is not None and time.monotonic() - self._used_at > IDLE_SECONDS:
            connection.invalidate()  # the server may have closed it meanwhile
            connection.close()
            connection = None
        connection = self._connection = connection or self._engine.connect()
        self._used_at = time.monotonic()
        try:
            with connection.begin():
                return numbering.together(connection, drafts)
        except IntegrityError:
            raise
        except SQLAlchemyError:
            self._connection = None
            connection.invalidate()
            connection.close()
            raise


def raise_in(tickets: list[Ticket], error: SQLAlchemyError) -> None:
    """Let everybody who waits get the error."""
    for _draft, _tell, done in tickets:
        done.set_exception(error)


def _is_deadlock(error: OperationalError) -> bool:
    """1213: the server chose this transaction to give way; nothing of it was stored."""
    return bool(error.orig is not None and error.orig.args and error.orig.args[0] == 1213)


def writer() -> Writer:
    """This process's writer."""
    made: Writer = current_app.extensions["chat_writer"]
    return made
