"""Migrations, without an ini file: `python -m sql`, the supervisor and the tests come here.

A new version: change `sql/models`, run `python -m sql revision "what changed"`, read the file that it made.
"""

from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Engine

from sql.models import Base

FOLDER = Path(__file__).resolve().parent / "migrations"


def configuration(engine: Engine) -> Config:
    """Alembic's configuration for this project and `engine`."""
    made = Config()
    made.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    made.set_main_option("path_separator", "os")
    made.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    made.attributes["engine"] = engine
    return made


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the database to `revision`; nothing happens when it is there already."""
    command.upgrade(configuration(engine), revision)


def downgrade(engine: Engine, revision: str = "base") -> None:
    """Take the database back to `revision`."""
    command.downgrade(configuration(engine), revision)


def make_revision(engine: Engine, message: str) -> None:
    """Write a new version file, `0002_…`, with the differences between the models and the database."""
    number = len(list((FOLDER / "versions").glob("[0-9]*.py"))) + 1
    command.revision(configuration(engine), message, autogenerate=True, rev_id=f"{number:04d}")


def current(engine: Engine) -> str | None:
    """The version that the database is at, None for an empty one."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def differences(engine: Engine) -> list[Any]:
    """What the models have and the database lacks, or the other way round; empty when they agree."""
    with engine.connect() as connection:
        return list(compare_metadata(MigrationContext.configure(connection), Base.metadata))
