"""The database of the pages: Flask-SQLAlchemy's session over the plain models of `sql.models`.

One pool per process, opened as every process opens the record (`sql.engine`), but sized for many green threads:
with the library's own 5 + 10 connections the slowest hundredth of messages took 1.5 s.
"""

from typing import Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Engine

from sql.engine import make_engine

POOL_SIZE = 20
LONGEST_STATEMENT_SECONDS = 5
LONGEST_LOCK_SECONDS = 2
"""SQLite waits for its lock without letting other green threads run, so that wait is short."""


class Database(SQLAlchemy):
    """Flask-SQLAlchemy with the engine that every process uses."""

    def _make_engine(self, bind_key: str | None, options: dict[str, Any], app: Flask) -> Engine:
        url = app.config["SQLALCHEMY_DATABASE_URI"]
        seconds = LONGEST_LOCK_SECONDS if url.startswith("sqlite") else LONGEST_STATEMENT_SECONDS
        return make_engine(url, statement_timeout_seconds=seconds, pool_size=POOL_SIZE, max_overflow=0)


db = Database()
