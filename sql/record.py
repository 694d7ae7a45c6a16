"""Writing history: idempotent upserts that both writers (`fs_scripts.cdr`, `acd.history`) go through.

What flows through is plain dictionaries, straight from a hook or from a spooled JSON file. A repeated or
reordered write changes nothing, and no text from a caller's phone can make a row unwritable: what is too long is
cut to its column.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, CursorResult, Insert, String, Table, and_, update
from sqlalchemy.dialects.mysql import insert as mysql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from sql.models import Base, CallLeg, Interaction, UtcDateTime
from uckefu.times import from_us


def write_leg(session: Session, record: Mapping[str, Any]) -> None:
    """Write one leg's CDR, and what it knows of its interaction. The caller commits.

    Args:
        session: an open session.
        record: `{"leg": {…columns of CallLeg}, "interaction": {…columns of Interaction}}`; `interaction` may be
            missing. Only the columns given are written. An instant is an aware datetime, or microseconds since
            the epoch, under the column's name with or without `_us` at its end (`started_at_us`).

    Raises:
        ValueError: no `leg`, no `id`, or an unknown column.
    """
    for part, model in (("leg", CallLeg), ("interaction", Interaction)):
        values = record.get(part)
        if values is None and part == "interaction":
            continue
        if not values or not values.get("id"):
            raise ValueError(f"a CDR needs {part}.id")
        rest = {name: value for name, value in values.items() if name != "id"}
        if not upsert(session, model, {"id": values["id"]}, rest):
            raise ValueError(f"the CDR's {part} {values['id']} lacks columns that a new row needs")


def upsert(session: Session, model: type[Base], key: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    """Insert the row, or set `values` in the one that has this key; safe against a second writer. The caller commits.

    Args:
        key: the columns of the primary key, or of a unique constraint.
        values: the columns to write; those not named keep what they have, or get the model's default.

    Returns:
        False when no such row exists and the columns given are not enough to make one.

    Raises:
        ValueError: an unknown column, or an instant that is none.
    """
    table = model.__table__
    assert isinstance(table, Table)  # noqa: S101 - a mapped class of ours is always a table
    keys, sets = _row(table, key), _row(table, values)
    if _lacks_required(table, keys | sets):
        here = and_(*(table.c[name] == value for name, value in keys.items()))
        found = session.execute(update(table).where(here).values(sets or keys))
        return isinstance(found, CursorResult) and found.rowcount > 0
    session.execute(_upsert(session.get_bind().dialect.name, table, tuple(keys), tuple(sets)), keys | sets)
    return True


@lru_cache(maxsize=256)
def _upsert(dialect: str, table: Table, keys: tuple[str, ...], sets: tuple[str, ...]) -> Insert:
    """The statement, made once for these columns: making it costs more than running it."""
    if dialect == "mysql":
        to_mysql = mysql_insert(table)
        changes = {name: to_mysql.inserted[name] for name in sets} or {name: table.c[name] for name in keys}
        return to_mysql.on_duplicate_key_update(changes)
    statement = sqlite_insert(table)
    if not sets:
        return statement.on_conflict_do_nothing(index_elements=list(keys))
    return statement.on_conflict_do_update(
        index_elements=list(keys), set_={name: statement.excluded[name] for name in sets}
    )


def _row(table: Table, values: Mapping[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name, value in values.items():
        column = table.c.get(name)
        if column is None:
            column = table.c.get(name.removesuffix("_us"))
        if column is None:
            raise ValueError(f"{table.name} has no column {name!r}")
        row[column.name] = _fit(column, value)
    return row


def _fit(column: Column[Any], value: Any) -> Any:
    if isinstance(column.type, UtcDateTime) and value is not None and not isinstance(value, datetime):
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValueError(f"{column}: {value!r} is not an instant in microseconds")
        return from_us(value)
    if isinstance(value, str):
        text = value.encode("utf-8", "replace").decode("utf-8").replace("\0", "")
        return text[: column.type.length] if isinstance(column.type, String) else text
    return value


def _lacks_required(table: Table, row: Mapping[str, Any]) -> bool:
    return any(
        not c.nullable and c.default is None and c.server_default is None and c.name not in row
        and c is not table.autoincrement_column
        for c in table.columns
    )  # fmt: skip
