"""Run by Alembic for each command; `sql.migrate` hands over the engine."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from sql.models import Base, UtcDateTime


def render_item(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """Write our own column type by its name into a new version file."""
    if kind == "type" and isinstance(item, UtcDateTime):
        autogen.imports.add("from sql.models.base import UtcDateTime")
        return "UtcDateTime()"
    return False


def run() -> None:
    """Run the migrations on the engine that `sql.migrate.configuration` was given."""
    with context.config.attributes["engine"].connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=True,  # SQLite cannot alter a column in place.
            render_item=render_item,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
