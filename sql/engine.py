"""How every process opens the record: SQLite by default, MariaDB or MySQL through PyMySQL.

`make_engine` is called once in each `__main__` (and per worker in admin); nothing connects before the first use,
so a database that is down never keeps a process from starting.
"""

from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from uckefu.settings import SettingRefused

SETTING = "UCKEFU_DATABASE_URL"
MYSQL_NAMES = ("mysql", "mariadb")


def make_engine(
    url: str,
    *,
    connect_timeout_seconds: int = 2,
    statement_timeout_seconds: int = 10,
    pool_size: int = 5,
    max_overflow: int = 10,
) -> Engine:
    """Return an engine with our settings for `url`.

    Args:
        url: `sqlite:///FILE`, `mysql://…` or `mariadb://…`; the driver is PyMySQL whatever the URL says.
        connect_timeout_seconds: the longest wait for a connection to a server.
        statement_timeout_seconds: the longest wait for an answer, or for SQLite's write lock.
        pool_size: connections to a server that are kept.
        max_overflow: further ones at a peak.

    Raises:
        SettingRefused: no URL, or a kind of database that this project is not tested on.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise SettingRefused(SETTING, "…", str(error)) from error
    kind = parsed.get_backend_name()
    if kind == "sqlite":
        return _sqlite(parsed, statement_timeout_seconds)
    if kind in MYSQL_NAMES:
        options = _mysql_options(connect_timeout_seconds, statement_timeout_seconds)
        return create_engine(
            parsed.set(drivername="mysql+pymysql"), pool_size=pool_size, max_overflow=max_overflow, **options
        )
    raise SettingRefused(SETTING, parsed.render_as_string(hide_password=True), "use sqlite, mysql or mariadb")


def _sqlite(url: URL, statement_timeout_seconds: int) -> Engine:
    engine = create_engine(url)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        # WAL lets the pages read while the CDR hook writes; the timeout comes first, the switch to WAL takes a lock.
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {statement_timeout_seconds * 1000}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = NORMAL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    return engine


def _mysql_options(connect_timeout_seconds: int, statement_timeout_seconds: int) -> dict[str, Any]:
    return {
        "pool_pre_ping": True,
        "pool_recycle": 1800,
        # Without gap locks two writers that upsert new rows side by side don't deadlock.
        "isolation_level": "READ COMMITTED",
        "connect_args": {
            "charset": "utf8mb4",
            "init_command": "SET time_zone = '+00:00'",
            "connect_timeout": connect_timeout_seconds,
            "read_timeout": statement_timeout_seconds,
            "write_timeout": statement_timeout_seconds,
        },
    }
